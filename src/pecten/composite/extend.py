"""Carry a face beyond its trained mask, so that no band takes in what was never trained."""

import cv2
import numpy as np

from pecten.errors import ShapeError
from pecten.geometry import pyramid
from pecten.types import Image, Mask


def extend(image: Image, known: Mask) -> Image:
    """Fill what is not known with a smooth continuation of what is.

    Args:
        image: Unbounded. What stands at unknown pixels has no influence, even if it is not a number.
        known: Trust in [0, 1]; pixels at 1 are kept as they are, in between the fill is mixed in.
    Returns:
        The filled picture; zero everywhere if nothing is known.
    Raises:
        ShapeError: if picture and trust differ in size.
    Reference:
        Gortler, Grzeszczuk, Szeliski and Cohen 1996, section 3.4 (pull, push).
    """
    if image.shape[:2] != known.shape:
        raise ShapeError(f"picture {image.shape[:2]} and known area {known.shape}: give equal sizes")
    weighted = np.where(known[..., None] > 0, image, np.float32(0)) * known[..., None]
    pictures, weights = [weighted], [known]
    while max(weights[-1].shape) > 1:
        pictures.append(cv2.pyrDown(pictures[-1]))
        weights.append(cv2.pyrDown(weights[-1]))
    filled = pictures[-1] / max(float(weights[-1].reshape(-1)[0]), 1e-12)
    for picture, weight in zip(reversed(pictures[:-1]), reversed(weights[:-1]), strict=True):
        coarse = pyramid.expand(filled, *weight.shape)
        # A pixel of a coarse level that saw anything known is worth its own average; the coarser fill takes the rest.
        filled = picture * _trust(weight)[..., None] + coarse * (1 - np.minimum(weight * 4, 1))[..., None]
    return np.where(known[..., None] >= 1, image, filled)


def _trust(weight: Mask) -> Mask:
    # Times 4: a level's average counts in full once a quarter of its footprint was known.
    trust: Mask = np.minimum(weight * 4, 1) / np.maximum(weight, np.float32(1e-12))
    return trust
