"""Crops of one performer, ready to learn from."""
