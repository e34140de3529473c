"""Sharpness: a decoded face blurred as its plate is, or sharpened a little where it is the softer one.

Both show the same kind of thing in the same place, so their power spectra differ by contrast, by noise and, growing
with the square of frequency, by blur: the slope tells one Gaussian from the other, whoever the two people are.
"""

import cv2
import numpy as np
from jaxtyping import Float64

from pecten.composite.contrast import luma
from pecten.composite.pixels import finite
from pecten.composite.spectrum import (
    LEAST_PATCHES,
    LEAST_POWER,
    RADIUS,
    Power,
    mean_power,
    noise_floor,
    shared_spots,
)
from pecten.errors import ShapeError
from pecten.types import Image, Mask

EDGES = np.array([1 / 16, 0.09, 0.125, 0.16, 0.2, 0.25, 0.3, 0.36, 0.42])
"""Of the bands of frequency, in cycles a px; what lies above is as much noise as detail."""

VARIANCES = np.concatenate([-np.geomspace(0.5, 0.02, 12), [0.0], np.geomspace(0.02, 12, 48)])
"""Of the Gaussians tried, px squared; negative sharpens."""

FAR = 3.0
"""Variance beyond which a picture of half the size shows more."""

UNCERTAIN = 0.1
"""Variance that two equally sharp faces may differ by, from one person to another; so much is not blurred for."""

SHARPEST = 0.6
"""Greatest strength of sharpening: more only brings out how a face was decoded."""

LEAST_BLUR_PX = 0.2
"""A sampled Gaussian below this is none."""

OVERSHOOT = 0.1
"""How far sharpening may leave the range of a pixel's neighbours, as a share of that range."""

RESTORED = 0.4
"""Strength that gives back what cutting out, enlarging and putting back a crop takes from its finest detail."""

_BINOMIAL = np.array([1, 2, 1], np.float32) / 4


def softness(face: Image, plate: Image, where: Mask) -> float | None:
    """Measure by how much softer a plate is than the face that is put into it.

    Args:
        face: Decoded face.
        plate: Crop of the plate, same size and coding.
        where: Weight; only squares that lie mostly where it is at least one half are looked at (skin and features that
            both share, no beard).
    Returns:
        Variance of the Gaussian that blurs the face as the plate is, px squared; negative if the face is the softer
        one. None if too little is shared.
    Raises:
        ShapeError: if sizes differ.
    """
    if face.shape != plate.shape or face.shape[:2] != where.shape:
        raise ShapeError(f"face {face.shape}, plate {plate.shape} and weight {where.shape} differ: give equal sizes")
    if not (finite(face) and finite(plate)):
        return None
    found = _softness(luma(face), luma(plate), where)
    if found is not None and found > FAR and min(where.shape) >= 128:
        half = [np.asarray(cv2.pyrDown(picture), np.float32) for picture in (luma(face), luma(plate), where)]
        coarser = _softness(half[0], half[1], half[2])
        return found if coarser is None else max(found, 4 * coarser)
    return found


def match_sharpness(face: Image, variance: float) -> Image:
    """Blur a face as its plate is, or sharpen it within limits.

    Args:
        face: Decoded face at its own size, unbounded.
        variance: From `softness`, perhaps smoothed over frames.
    """
    if variance > 0:
        deviation = float(np.sqrt(max(variance - UNCERTAIN, 0)))
        if deviation < LEAST_BLUR_PX:
            return face
        blurred: Image = cv2.GaussianBlur(face, (0, 0), deviation, borderType=cv2.BORDER_REFLECT_101)
        return blurred
    # The strength whose gain at a quarter of a cycle a px is that of the Gaussian's inverse.
    strength = 2 * (float(np.exp(-2 * np.pi**2 * variance / 16)) - 1)
    return sharpen(face, min(strength, SHARPEST))


def sharpen(image: Image, strength: float) -> Image:
    """Raise the finest detail without ringing.

    Args:
        image: Unbounded.
        strength: Gain of the highest frequency less one; 0 changes nothing.
    Returns:
        No value leaves the range of its eight neighbours by more than a tenth of that range.
    """
    if strength <= 0:
        return image
    smooth = cv2.sepFilter2D(image, -1, _BINOMIAL, _BINOMIAL, borderType=cv2.BORDER_REFLECT_101)
    raised = cv2.addWeighted(image, 1 + strength, smooth, -strength, 0)
    around = np.ones((3, 3), np.uint8)
    low, high = cv2.erode(image, around), cv2.dilate(image, around)
    slack = cv2.subtract(high, low) * np.float32(OVERSHOOT)
    return np.asarray(cv2.min(cv2.max(raised, cv2.subtract(low, slack)), cv2.add(high, slack)))


def _softness(face: Mask, plate: Mask, where: Mask) -> float | None:
    spots = shared_spots(where)
    if len(spots) < LEAST_PATCHES:
        return None
    power = mean_power(plate, spots)
    of_face, of_plate = _by_band(mean_power(face, spots)), _by_band(power)
    if min(of_face[0], of_plate[0]) < 10 * LEAST_POWER:
        return None
    floor = noise_floor(power)
    middle = (EDGES[1:] + EDGES[:-1]) / 2
    best, least = 0.0, np.inf
    for variance in VARIANCES:
        blurred = of_face * np.exp(-4 * np.pi**2 * variance * middle**2) / of_plate
        contrast, noise = _non_negative(blurred, 1 / of_plate, 2 * floor)
        error = float((np.log(np.maximum(contrast * blurred + noise / of_plate, 1e-9)) ** 2).sum())
        if error < least:
            best, least = float(variance), error
    return best


def _non_negative(detail: np.ndarray, noise: np.ndarray, most: float) -> tuple[float, float]:
    """Fit a * detail + b * noise = 1 with a, b >= 0 and b <= most."""
    matrix = np.stack([detail, noise], axis=1)
    a, b = np.linalg.lstsq(matrix, np.ones(len(detail)), rcond=None)[0]
    if a > 0 and 0 <= b <= most:
        return float(a), float(b)
    b = min(max(float(b), 0.0), most) if a > 0 else most
    rest = 1 - b * noise
    return max(float(detail @ rest / (detail @ detail)), 0.0), b


def _by_band(power: Power) -> Float64[np.ndarray, " bands"]:
    index = np.digitize(RADIUS, EDGES)
    return np.array([power[index == band].mean() for band in range(1, len(EDGES))])
