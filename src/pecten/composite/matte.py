"""Mattes that only ever shrink: each band of a face is let in where its footprint fits inside."""

import cv2
import numpy as np

from pecten.errors import ShapeError
from pecten.geometry import pyramid
from pecten.types import Mask


def inner_distance(matte: Mask) -> Mask:
    """Measure how deep each pixel lies inside a matte, in px.

    Args:
        matte: Coverage in [0, 1]; what is at least one half counts as inside. Beyond the picture is outside.
    Returns:
        0 outside, and at the outermost inner pixels the share by which they are covered (so an antialiased edge stays
        smooth); then rising by 1 a px.
    """
    inside = np.pad((matte >= 0.5).astype(np.uint8), 1)
    deep = np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_5), np.float32)[1:-1, 1:-1]
    # The nearest outer pixel's centre is one away; the edge itself lies at its uncovered half.
    distance: Mask = np.maximum(deep - np.float32(1.5) + matte, 0) * (deep > 0)
    return distance


def feather(matte: Mask, width_px: float) -> Mask:
    """Soften a matte inward only: 0 at its edge, 1 at `width_px` inside it.

    Args:
        matte: Coverage in [0, 1].
        width_px: Width of the ramp; 0 leaves the matte as it is.
    """
    if width_px < 1e-3:
        return matte
    return ramp(inner_distance(matte), width_px)


def ramp(distance: Mask, width_px: float, erosion_px: float = 0.0) -> Mask:
    """Turn inner distance into coverage by a smooth step that starts at `erosion_px` and ends `width_px` further in."""
    t: Mask = np.clip((distance - np.float32(erosion_px)) * np.float32(1 / width_px), 0, 1)
    cover: Mask = t * t * (np.float32(3) - np.float32(2) * t)
    return cover


def band_mattes(matte: Mask, levels: int, reach: float = 3.0, erosion: float = 0.0) -> list[Mask]:
    """Make a matte for each band of a pyramid, softer and further inside with every level.

    A band of level n holds detail of about 2**n px, and a sample of it spreads as far. So its matte starts
    `erosion` * 2**n px inside the face and is full another `reach` * 2**n px further in: inside the face the bands
    dissolve over a length that suits them, and outside it nothing changes. No ramp takes more than half of the face's
    depth, so the coarse bands of a small region (lips, eyes) are still let in at its middle.

    Args:
        matte: Coverage in [0, 1] at the finest level.
        levels: Number of bands.
        reach: Length of the ramp, in samples of the band's own level.
        erosion: Shrinking before the ramp starts, in samples of the band's own level.
    Raises:
        ShapeError: if `levels` is less than 1, or a length is not positive.
    """
    if reach <= 0 or erosion < 0:
        raise ShapeError(
            f"band mattes with reach {reach} and erosion {erosion}: give a positive and a non-negative number"
        )
    distances = pyramid.gaussian(inner_distance(matte), levels)
    mattes = []
    for level, distance in enumerate(distances):
        deepest = max(float(distance.max()), 1.0)
        shrink = min(1.0, 0.5 * deepest / ((reach + erosion) * 2**level))
        mattes.append(ramp(distance, shrink * reach * 2**level, shrink * erosion * 2**level))
    return mattes
