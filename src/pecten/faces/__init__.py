"""Faces in a plate: found, followed, steadied and normalised."""
