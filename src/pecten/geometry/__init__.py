"""Transforms, resampling and pyramids: arithmetic on arrays."""
