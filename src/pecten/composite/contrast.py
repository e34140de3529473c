"""Contrast of a decoded face brought to that of its plate, before they are blended."""

import itertools
from collections.abc import Sequence
from enum import StrEnum

import cv2
import numpy as np
from jaxtyping import Float64

from pecten.errors import ShapeError
from pecten.types import Image, Mask

LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
"""Weights of ITU-R BT.709."""

LIMITS = (0.7, 1.4)
"""A gain beyond these is taken for a wrong estimate, not for light."""

SUPERPIXELS = (1, 2, 4, 8, 16, 25, 50, 100, 200)
"""Sides of the averaged squares, in px, of the nine resolutions of Matkovic et al."""


class ContrastMethod(StrEnum):
    """How contrast is measured."""

    GLOBAL = "global"
    STD = "std"


def contrast_gain(
    face: Image,
    plate: Image,
    matte: Mask,
    method: ContrastMethod | str = ContrastMethod.GLOBAL,
    limits: tuple[float, float] = LIMITS,
) -> float:
    """Measure by how much a face's contrast must grow to equal its plate's.

    Args:
        face: Decoded face, display-coded.
        plate: The plate under it, in the same coding.
        matte: Coverage; contrast is measured where it is at least one half.
        method: "global" (Matkovic's factor) or "std" (standard deviation of luma).
        limits: Least and greatest gain.
    Returns:
        The gain; 1 if there is nothing to measure.
    """
    measure = global_contrast if ContrastMethod(method) is ContrastMethod.GLOBAL else _deviation
    inside = matte >= 0.5
    of_face, of_plate = measure(luma(face), inside), measure(luma(plate), inside)
    if not (of_face > 1e-6 and np.isfinite(of_plate)):
        return 1.0
    return float(np.clip(of_plate / of_face, *limits))


def correct_contrast(face: Image, matte: Mask, gain: float) -> Image:
    """Scale a face's contrast about its own mean colour inside the matte: mean + gain * (face - mean).

    Args:
        face: Any coding, unbounded.
        matte: The mean is taken where it is at least one half.
        gain: 1 changes nothing.
    """
    inside = (matte >= 0.5).astype(np.uint8)
    if gain == 1.0 or not inside.any():
        return face
    mean = np.array(cv2.mean(face, inside)[:3])
    corrected: Image = face * np.float32(gain) + (mean * (1 - gain)).astype(np.float32)
    return corrected


def smooth_gains(
    gains: Float64[np.ndarray, "frames *rest"], window: int = 9, starts: Sequence[int] = ()
) -> Float64[np.ndarray, "frames *rest"]:
    """Smooth gains (or the coefficients of light) over time, never across a cut.

    Args:
        gains: One or more a frame; NaN where a frame has no face, which stays NaN and is passed over.
        window: Frames under the Hann window, odd; 1 changes nothing.
        starts: Frames at which something new begins (cuts, another track).
    Raises:
        ShapeError: if the window is not odd and positive.
    """
    if window < 1 or window % 2 == 0:
        raise ShapeError(f"a smoothing window of {window} frames: give an odd number")
    weights = np.hanning(window + 2)[1:-1]
    smoothed = gains.copy()
    edges = sorted({0, *(start for start in starts if 0 < start < len(gains)), len(gains)})
    for first, last in itertools.pairwise(edges):
        part = gains[first:last]
        valid = np.isfinite(part)
        around = [(window // 2, window // 2), *[(0, 0)] * (gains.ndim - 1)]
        known, counted = (np.pad(each, around) for each in (np.where(valid, part, 0.0), valid.astype(np.float64)))
        total, count = (
            sum(weight * each[k : k + len(part)] for k, weight in enumerate(weights)) for each in (known, counted)
        )
        smoothed[first:last] = np.where(valid, total / np.maximum(count, 1e-12), np.nan)
    return smoothed


def global_contrast(luma: Mask, inside: np.ndarray) -> float:
    """Measure the global contrast factor of a region of a picture.

    Local contrast is the mean absolute difference of perceptual lightness to the four neighbours, at nine resolutions;
    resolutions at which the region has shrunk to nothing are passed over.

    Args:
        luma: Display-coded luma.
        inside: True where contrast counts.
    Reference:
        Matkovic, Neumann, Neumann, Psik and Purgathofer 2005, equations 1 to 6.
    """
    # Lightness 100 sqrt(linear luminance), with the display's power of 2.2 as in the paper.
    lightness = np.float32(100) * np.maximum(luma, 0) ** np.float32(1.1)
    factor = 0.0
    for index, side in enumerate(SUPERPIXELS, start=1):
        height, width = luma.shape[0] // side, luma.shape[1] // side
        if height < 2 or width < 2:
            break
        whole = np.s_[: height * side, : width * side]
        small = cv2.resize(lightness[whole], (width, height), interpolation=cv2.INTER_AREA)
        cover = cv2.resize(inside[whole].astype(np.float32), (width, height), interpolation=cv2.INTER_AREA) >= 0.999
        position = index / len(SUPERPIXELS)
        weight = (-0.406385 * position + 0.334573) * position + 0.0877526
        factor += weight * _local_contrast(small, cover)
    return factor


def _local_contrast(lightness: Mask, inside: np.ndarray) -> float:
    total, pairs = 0.0, 0
    for one, other in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        both = inside[one] & inside[other]
        total += float(np.abs(lightness[one] - lightness[other])[both].sum(dtype=np.float64))
        pairs += int(both.sum())
    return total / pairs if pairs else 0.0


def _deviation(luma: Mask, inside: np.ndarray) -> float:
    return float(luma[inside].std(dtype=np.float64)) if inside.any() else 0.0


def luma(image: Image) -> Mask:
    return cv2.transform(image, LUMA[None])
