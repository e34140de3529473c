"""The main job on the footage that ships with the package."""
