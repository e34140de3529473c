"""Carry a face beyond its trained mask, so that no band takes in what was never trained."""

import cv2
import numpy as np
from jaxtyping import Bool

from pecten.composite.pixels import chosen, finite, times
from pecten.errors import ShapeError
from pecten.geometry import pyramid
from pecten.types import Image

Known = Bool[np.ndarray, "_height _width"]


def extend(image: Image, known: Known) -> Image:
    """Fill what is not known with a smooth continuation of what is.

    Args:
        image: Unbounded. What stands at unknown pixels has no influence, even if it is not a number.
        known: True where the picture is kept, bit for bit.
    Returns:
        The filled picture; zero everywhere if nothing is known.
    Raises:
        ShapeError: if picture and known area differ in size.
    Reference:
        Gortler, Grzeszczuk, Szeliski and Cohen 1996, section 3.4 (pull, push).
    """
    if image.shape[:2] != known.shape:
        raise ShapeError(f"picture {image.shape[:2]} and known area {known.shape}: give equal sizes")
    weight = known.astype(np.float32)
    weighted = times(image, weight) if finite(image) else chosen(image, known, np.zeros_like(image))
    pictures, weights = [weighted], [weight]
    while max(weights[-1].shape) > 1:
        pictures.append(np.asarray(cv2.pyrDown(pictures[-1]), np.float32))
        weights.append(np.asarray(cv2.pyrDown(weights[-1]), np.float32))
    filled = pictures[-1] / max(float(weights[-1].reshape(-1)[0]), 1e-12)
    for picture, weight in zip(reversed(pictures[1:-1]), reversed(weights[1:-1]), strict=True):
        coarse = pyramid.expand(filled, *weight.shape)
        # A level's average counts in full once a quarter of its footprint was known; the coarser fill takes the rest.
        share = np.minimum(weight * np.float32(4), np.float32(1))
        filled = times(picture, share / np.maximum(weight, np.float32(1e-12))) + times(coarse, 1 - share)
    if len(pictures) > 1:
        filled = pyramid.expand(filled, *known.shape)
    return np.asarray(cv2.copyTo(image, known.view(np.uint8), filled), np.float32)


def numbers_only(plate: Image) -> Image:
    """Fill pixels that are not numbers from those around them; a plate without any is returned as it is."""
    return plate if finite(plate) else extend(plate, np.isfinite(plate).all(axis=2))
