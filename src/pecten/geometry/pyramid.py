"""Laplacian pyramids of any size, split and merged without loss."""

import itertools

import cv2
import numpy as np
from jaxtyping import Float32

from pecten.errors import ShapeError

Plane = Float32[np.ndarray, "_height _width"] | Float32[np.ndarray, "_height _width _channels"]
"""One or more channels on one grid."""


def levels_for(size: int | tuple[int, int], coarsest: int = 4) -> int:
    """Count the levels of a pyramid whose coarsest picture is still at least `coarsest` px on its short side.

    Args:
        size: Side in px, or (height, width).
        coarsest: Least short side of the last level, in px.
    Returns:
        At least 1.
    """
    side = size if isinstance(size, int) else min(size)
    levels = 1
    while (side + 1) // 2 >= coarsest and side > 1:
        side = (side + 1) // 2
        levels += 1
    return levels


def gaussian(image: Plane, levels: int) -> list[Plane]:
    """Blur and halve a picture again and again.

    Args:
        image: Any number of channels.
        levels: Length of the result, 1 or more.
    Returns:
        The picture itself, then each smaller one; sample i of level n lies at pixel i * 2**n.
    Raises:
        ShapeError: if `levels` is less than 1.
    Reference:
        Burt and Adelson 1983, section 2 (REDUCE).
    """
    if levels < 1:
        raise ShapeError(f"a pyramid of {levels} levels: give 1 or more")
    pyramid = [image]
    for _ in range(levels - 1):
        pyramid.append(_like(cv2.pyrDown(pyramid[-1]), image))
    return pyramid


def expand(image: Plane, height: int, width: int) -> Plane:
    """Double a picture to a size that halves back to its own.

    Args:
        image: A level of a pyramid.
        height: Height of the next finer level, in px.
        width: Width of the next finer level, in px.
    Reference:
        Burt and Adelson 1983, section 2 (EXPAND).
    """
    return _like(cv2.pyrUp(image, dstsize=(width, height)), image)


def split(image: Plane, levels: int) -> list[Plane]:
    """Split a picture into bands, finest first; the last one is what remains, a small blurred picture.

    Args:
        image: Any number of channels, unbounded.
        levels: Number of bands, 1 or more.
    Raises:
        ShapeError: if `levels` is less than 1.
    Reference:
        Burt and Adelson 1983, section 3.
    """
    blurred = gaussian(image, levels)
    bands = [fine - expand(coarse, *fine.shape[:2]) for fine, coarse in itertools.pairwise(blurred)]
    return [*bands, blurred[-1]]


def merge(bands: list[Plane]) -> Plane:
    """Put the bands of `split` together again."""
    if not bands:
        raise ShapeError("no bands to merge: give at least one")
    image = bands[-1]
    for band in reversed(bands[:-1]):
        image = band + expand(image, *band.shape[:2])
    return image


def _like(picture: Plane, model: Plane) -> Plane:
    # OpenCV drops a last axis of length 1.
    return picture[..., None] if picture.ndim < model.ndim else picture
