"""Plates in: video files and image sequences, one frame at a time."""
