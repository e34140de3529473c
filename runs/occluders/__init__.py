"""Occluders drawn by formulas, their exact mattes, and the pictures that a network learns to cut them from.

Every occluder is a sprite: premultiplied RGBA, display-coded, `SPRITE_SIZE` px square, in the wide frame of
`frame.py` (the normalised crop and a margin around it), so that it can be shifted, turned and enlarged without its
cut end coming into the picture.
"""
