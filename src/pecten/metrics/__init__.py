"""Figures that compare pictures, faces and motion."""
