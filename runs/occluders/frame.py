"""The wide frame: the normalised crop and 15 % of its side around it, in which crops and sprites are kept."""

import numpy as np

CROP = 1024
MARGIN = 154
WIDE = CROP + 2 * MARGIN
"""Side of the wide frame, in px of the normalised crop."""

SPRITE_SIZE = 320
CROP_SIZE = 384
"""Side of a stored clean crop of the wide frame, in px."""

# Where parts of the mean face lie in the normalised crop, in px.
EYES = ((368.0, 414.0), (656.0, 414.0))
NOSE = (512.0, 570.0)
MOUTH = (512.0, 712.0)
CHIN = (512.0, 880.0)
BROW = (512.0, 330.0)
CM = 45.7
"""A centimetre on the face, in px of the normalised crop."""


def wide(points: np.ndarray, size: int = SPRITE_SIZE) -> np.ndarray:
    """Take points of the normalised crop to px of a picture of the wide frame."""
    ratio = size / WIDE
    return (np.asarray(points, np.float64) + MARGIN + 0.5) * ratio - 0.5


def length(crop_px: float, size: int = SPRITE_SIZE) -> float:
    """Take a length in px of the normalised crop to px of a picture of the wide frame."""
    return crop_px * size / WIDE
