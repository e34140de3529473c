"""Pictures and masks combined at OpenCV's speed: NumPy broadcasts three channels slowly."""

import cv2
import numpy as np

from pecten.errors import ShapeError
from pecten.types import Image, Mask


def times(image: Image, share: Mask) -> Image:
    """Multiply every channel of a picture by a mask."""
    spread: Image = cv2.merge([share, share, share])
    return np.asarray(cv2.multiply(image, spread, dst=spread))


def chosen(image: Image, where: np.ndarray, elsewhere: Image) -> Image:
    """Take a picture's pixels where a condition holds and another's elsewhere, bit for bit.

    Args:
        image: Taken where `where` is true.
        where: (height, width) of bool.
        elsewhere: Taken where it is not; never changed.
    """
    result: Image = cv2.copyTo(image, where.view(np.uint8), elsewhere.copy())
    return result


def finite(image: Image) -> bool:
    """Say whether every value is a number."""
    # A sum passes on what is not a number, but may overflow; only then is every value looked at.
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(image.sum())) or bool(np.isfinite(image).all())


def check_sizes(plate: Image, face: Image, matte: Mask) -> None:
    """Refuse pictures that do not lie on each other.

    Raises:
        ShapeError: if sizes differ.
    """
    if plate.shape != face.shape or plate.shape[:2] != matte.shape:
        raise ShapeError(f"plate {plate.shape}, face {face.shape} and matte {matte.shape} differ: give equal sizes")
