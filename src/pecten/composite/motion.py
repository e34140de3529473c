"""Motion blur: how long the plate's shutter stood open, and a face that moved as long.

How far a head moved from frame to frame is known from its crops. A blur along that way is looked for in the plate: its
power spectrum, against the decoded face's, must fall along the motion as a shutter's does and not across it. What a
plate does not show is not made up.
"""

import itertools
from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float64

from pecten.composite.contrast import luma
from pecten.composite.pixels import finite
from pecten.composite.spectrum import (
    FX,
    FY,
    LEAST_PATCHES,
    RADIUS,
    Power,
    mean_power,
    noise_floor,
    shared_spots,
)
from pecten.errors import ShapeError
from pecten.types import Image, Mask

Motion = Float64[np.ndarray, "2"]
"""Way from frame to frame, x and y, px of the crop."""

LEAST_MOTION_PX = 3.0
"""A head that moves less tells nothing about the shutter."""

FAR_PX = 10.0
"""Farther ways are looked at on a picture of half the size, down to `SMALLEST_PX`."""

SMALLEST_PX = 128

LEAST_BLUR_PX = 1.0
"""A blur shorter than this is not seen."""

SECTOR = np.cos(np.deg2rad(30))
EDGES = np.array([1 / 32, 1 / 16, 0.09, 0.125, 0.16, 0.2, 0.25, 0.3])
SHUTTERS = np.linspace(0, 1.2, 49)
"""Open shares of a frame's time that are tried."""

CONVINCING = 0.5
"""A blur is believed if it leaves less than this share of the error that none leaves."""


def shutter(face: Image, plate: Image, where: Mask, motion: Motion) -> float | None:
    """Measure which share of a frame's time the plate's shutter was open, beyond what the face has of its blur.

    Args:
        face: Decoded face.
        plate: Crop of the plate, same size and coding.
        where: Weight; squares that lie mostly where it is at least one half are looked at.
        motion: Of the head at this frame.
    Returns:
        0 for a plate that moves sharply, 0.5 for 180 degrees; None if the head hardly moves or nothing is shared.
    Raises:
        ShapeError: if sizes differ.
    """
    if face.shape != plate.shape or face.shape[:2] != where.shape:
        raise ShapeError(f"face {face.shape}, plate {plate.shape} and weight {where.shape} differ: give equal sizes")
    way = float(np.hypot(*motion))
    if way < LEAST_MOTION_PX or not (finite(face) and finite(plate)):
        return None
    face_luma, plate_luma, shared = luma(face), luma(plate), where
    while way > FAR_PX and min(shared.shape) >= 2 * SMALLEST_PX:
        # A blur as long as the squares is better seen on a smaller picture.
        face_luma, plate_luma, shared = (
            np.asarray(cv2.pyrDown(picture), np.float32) for picture in (face_luma, plate_luma, shared)
        )
        motion, way = motion / 2, way / 2
    spots = shared_spots(shared)
    if len(spots) < LEAST_PATCHES:
        return None
    errors = _errors(mean_power(face_luma, spots), mean_power(plate_luma, spots), motion, way)
    best = int(errors.argmin())
    return float(SHUTTERS[best]) if errors[best] < CONVINCING * errors[0] else 0.0


def smooth_shutters(
    shutters: Float64[np.ndarray, " frames"], window: int = 9, starts: Sequence[int] = ()
) -> Float64[np.ndarray, " frames"]:
    """Take the median over time, never across a cut: a shot has one shutter, and a single frame may mistake it.

    Args:
        shutters: One a frame; NaN where a frame does not tell, which takes its neighbours'.
        window: Frames, odd.
        starts: Frames at which something new begins.
    """
    edges = sorted({0, *(start for start in starts if 0 < start < len(shutters)), len(shutters)})
    smoothed = np.full(len(shutters), np.nan)
    for first, last in itertools.pairwise(edges):
        for middle in range(first, last):
            near = shutters[max(first, middle - window // 2) : min(last, middle + window // 2 + 1)]
            known = near[np.isfinite(near)]
            if len(known):
                smoothed[middle] = np.median(known)
    return smoothed


def blur_along(image: Image, way: Motion) -> Image:
    """Blur a picture as if it had moved evenly while a shutter was open.

    Args:
        image: Unbounded.
        way: Moved in that time, px; a way too short to be seen changes nothing.
    """
    length = float(np.hypot(*way))
    if length < LEAST_BLUR_PX:
        return image
    blurred: Image = cv2.filter2D(image, -1, _kernel(way, length), borderType=cv2.BORDER_REFLECT_101)
    return blurred


def _errors(of_face: Power, of_plate: Power, motion: Motion, way: float) -> Float64[np.ndarray, " shutters"]:
    """Compare, for each shutter, how the plate's power falls along the motion with what it should.

    What both directions share (contrast, defocus) cancels.
    """
    along = (FX * motion[0] + FY * motion[1]) / way
    across = (FX * motion[1] - FY * motion[0]) / way
    noise = noise_floor(of_plate)
    error = np.full((2, len(SHUTTERS)), 0.0)
    for low, high in itertools.pairwise(EDGES):
        ring = (low < RADIUS) & (high >= RADIUS)
        there, beside = ring & (np.abs(along) > SECTOR * RADIUS), ring & (np.abs(across) > SECTOR * RADIUS)
        if not (there.any() and beside.any()):
            continue
        sharp = of_face[there].mean() / of_face[beside].mean()
        # A box of time is a sinc of frequency.
        falls = (np.sinc(np.abs(along[there])[:, None] * way * SHUTTERS) ** 2).mean(axis=0)
        for row, level in enumerate((0.5 * noise, 1.5 * noise)):
            rest = max(float(of_plate[beside].mean()) - level, 0.1 * level)
            expected = rest * sharp * falls + level
            weight = rest / (rest + level)
            error[row] += weight * np.log(float(of_plate[there].mean()) / expected) ** 2
    return np.asarray(error.min(axis=0))


def _kernel(way: Motion, length: float) -> Float64[np.ndarray, "side side"]:
    """Spread points along a line over their pixels, bilinearly."""
    reach = int(np.ceil(length / 2)) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    count = max(16, int(8 * length))
    times = (np.arange(count) + 0.5) / count - 0.5
    for x, y in np.stack([times * way[0], times * way[1]], axis=1) + reach:
        column, row = int(x), int(y)
        fx, fy = x - column, y - row
        kernel[row : row + 2, column : column + 2] += np.outer([1 - fy, fy], [1 - fx, fx])
    return np.asarray(kernel / kernel.sum())
