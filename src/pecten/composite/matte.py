"""Mattes that only ever shrink: each band of a face is let in where its footprint fits inside."""

from enum import StrEnum

import cv2
import numpy as np

from pecten.composite.pixels import chosen, times
from pecten.errors import ShapeError
from pecten.types import Image, Mask

EDGE_PX = 4.0
"""Width of the ramp at a face's outermost edge, which no band passes."""

_STRAY = 0.04
"""Coverage that refining leaves where there is none."""


def reaching(part: np.ndarray, beyond: np.ndarray) -> np.ndarray:
    """Return the pieces of a part that touch, or lie on, what is beyond; both are truth values of one shape."""
    _, pieces = cv2.connectedComponents((part | beyond).view(np.uint8))
    return np.asarray(part & np.isin(pieces, np.unique(pieces[beyond])))


def inner_distance(matte: Mask) -> Mask:
    """Measure how deep each pixel lies inside a matte, in px.

    Args:
        matte: Coverage in [0, 1]; what is at least one half counts as inside. Beyond the picture is outside.
    Returns:
        0 outside, and at the outermost inner pixels the share by which they are covered (so an antialiased edge stays
        smooth); then rising by 1 a px.
    """
    inside = (matte >= 0.5).view(np.uint8)
    depth = np.zeros_like(matte)
    x, y, width, height = cv2.boundingRect(inside)
    box = np.s_[y : y + height, x : x + width]
    if width == 0:
        return depth
    rimmed = cv2.copyMakeBorder(inside[box], 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    deep: Mask = np.ascontiguousarray(cv2.distanceTransform(rimmed, cv2.DIST_L2, cv2.DIST_MASK_5)[1:-1, 1:-1])
    # The nearest outer pixel's centre is one away; the edge itself lies at its uncovered half.
    deep -= np.float32(1.5)
    deep += matte[box]
    depth[box] = cv2.threshold(deep, 0, 0, cv2.THRESH_TOZERO, dst=deep)[1]
    return depth


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
    t: Mask = distance * np.float32(1 / width_px) if erosion_px == 0 else (distance - erosion_px) * (1 / width_px)
    np.clip(t, 0, 1, out=t)
    cover: Mask = t * np.float32(-2)
    cover += np.float32(3)
    cover *= t
    cover *= t
    return cover


def band_mattes(distances: list[Mask], reach: float = 3.0, erosion: float = 0.0) -> list[Mask]:
    """Make a matte for each band of a pyramid, softer and further inside with every level.

    A band of level n holds detail of about 2**n px, and a sample of it spreads as far. So its matte starts
    `erosion` * 2**n px inside the face and is full another `reach` * 2**n px further in: inside the face the bands
    dissolve over a length that suits them, and outside it nothing changes. No ramp takes more than half of the face's
    depth, so the coarse bands of a small region (lips, eyes) are still let in at its middle.

    Args:
        distances: Gaussian pyramid of the matte's `inner_distance`, a level a band.
        reach: Length of the ramp, in samples of the band's own level.
        erosion: Shrinking before the ramp starts, in samples of the band's own level.
    Raises:
        ShapeError: if a length is not positive.
    """
    if reach <= 0 or erosion < 0:
        raise ShapeError(
            f"band mattes with reach {reach}, erosion {erosion}: give a positive and a non-negative number"
        )
    mattes = []
    for level, distance in enumerate(distances):
        deepest = max(float(distance.max()), 1.0)
        shrink = min(1.0, 0.5 * deepest / ((reach + erosion) * 2**level))
        mattes.append(ramp(distance, shrink * reach * 2**level, shrink * erosion * 2**level))
    return mattes


class MatteMode(StrEnum):
    """What a matte that somebody else made does to the one that was found."""

    REPLACE = "replace"
    MULTIPLY = "multiply"
    ADD = "add"
    HOLDOUT = "holdout"


def combine(own: Mask, given: Mask, mode: MatteMode) -> Mask:
    """Combine the matte that was found with a given one.

    Args:
        own: Coverage.
        given: Coverage, same size.
        mode: "replace" takes the given one alone; "multiply" keeps what both cover; "add" what either does; "holdout"
            takes away what the given one covers.
    Raises:
        ShapeError: if sizes differ.
    """
    if own.shape != given.shape:
        raise ShapeError(f"mattes of {own.shape} and {given.shape}: give equal sizes")
    if mode is MatteMode.REPLACE:
        return given
    combined: Mask = np.maximum(own, given)
    if mode is not MatteMode.ADD:
        combined = own * (given if mode is MatteMode.MULTIPLY else 1 - given)
    return combined


def mix(plate: Image, result: Image, matte: Mask) -> Image:
    """Show `result` as far as the matte covers it: where it is 0 the plate bit for bit, where it is 1 the result."""
    mixed = times(result, matte) + times(plate, 1 - matte)
    return chosen(chosen(mixed, matte > 0, plate), matte < 1, result)


def refine(matte: Mask, guide: Image, radius_px: int, tolerance: float = 0.02) -> Mask:
    """Bring a coarse matte's edges onto those of a picture.

    Args:
        matte: Coverage, enlarged from a smaller one.
        guide: The picture it belongs to, display-coded, same size.
        radius_px: How far edges may move.
        tolerance: Contrast, in display-coded levels, below which the picture counts as even.
    Raises:
        ShapeError: if sizes differ.
    Reference:
        He, Sun and Tang 2013, Guided Image Filtering, equations 5, 6 and 8, on luma.
    """
    if matte.shape != guide.shape[:2]:
        raise ShapeError(f"matte {matte.shape} and picture {guide.shape[:2]}: give equal sizes")
    if matte.min() == matte.max():
        return matte
    luma: Mask = np.clip(np.nan_to_num(guide), 0, 1) @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    window = (2 * radius_px + 1, 2 * radius_px + 1)
    mean_luma, mean = cv2.blur(luma, window), cv2.blur(matte, window)
    variance = np.maximum(cv2.blur(luma * luma, window) - mean_luma * mean_luma, 0)
    slope = (cv2.blur(luma * matte, window) - mean_luma * mean) / (variance + np.float32(tolerance**2))
    level = mean - slope * mean_luma
    refined = cv2.blur(slope, window) * luma + cv2.blur(level, window)
    # What hardly covers must not cover at all, nor what is nearly whole let grain through.
    stretched: Mask = np.clip((refined - np.float32(_STRAY)) * np.float32(1 / (1 - 2 * _STRAY)), 0, 1)
    return stretched
