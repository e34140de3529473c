"""Power spectra of small squares that a plate and a decoded face share."""

import cv2
import numpy as np
from jaxtyping import Float64

from pecten.types import Mask

PATCH_PX = 32
STEP_PX = 12
MOST_PATCHES = 36
LEAST_PATCHES = 6

LEAST_NOISE = 0.002
"""Standard deviation, display-coded: half a code of 8 bits."""

CORNER = 0.5
"""Beyond this frequency little detail is left; noise has no more power anywhere than about twice what is there."""

Power = Float64[np.ndarray, "32 17"]
"""Mean power of windowed squares, half a plane of frequencies as `numpy.fft.rfft2` lays it out."""

FX, FY = np.fft.rfftfreq(PATCH_PX)[None], np.fft.fftfreq(PATCH_PX)[:, None]
RADIUS = np.hypot(FX, FY)

_HANN = np.hanning(PATCH_PX + 1)[:-1]
_WINDOW = np.outer(_HANN, _HANN).astype(np.float32)
LEAST_POWER = LEAST_NOISE**2 * float((_WINDOW.astype(np.float64) ** 2).sum())
"""Power of the least noise."""


def shared_spots(where: Mask) -> np.ndarray:
    """Lay out the middles of squares that lie mostly where a weight is at least one half.

    Args:
        where: Weight.
    Returns:
        (spots, 2) of whole px, x and y.
    """
    half = PATCH_PX // 2
    share = cv2.blur((where >= 0.5).astype(np.float32), (24, 24), borderType=cv2.BORDER_CONSTANT)
    y, x = np.mgrid[half : where.shape[0] - half + 1 : STEP_PX, half : where.shape[1] - half + 1 : STEP_PX]
    y, x = y.reshape(-1), x.reshape(-1)
    kept = np.flatnonzero(share[np.minimum(y, len(share) - 1), np.minimum(x, share.shape[1] - 1)] > 0.5)
    if len(kept) > MOST_PATCHES:
        kept = kept[np.linspace(0, len(kept) - 1, MOST_PATCHES).astype(int)]
    return np.stack([x[kept], y[kept]], axis=1)


def mean_power(picture: Mask, spots: np.ndarray) -> Power:
    """Average the power spectra of squares.

    Args:
        picture: Luma.
        spots: From `shared_spots`, at least one.
    """
    half = PATCH_PX // 2
    patches = np.array([picture[y - half : y + half, x - half : x + half] for x, y in spots], np.float32)
    patches -= np.einsum("nij,ij->n", patches, _WINDOW / _WINDOW.sum())[:, None, None]
    power = (np.abs(np.fft.rfft2(patches * _WINDOW)) ** 2).mean(axis=0).astype(np.float64)
    # As if every picture had some noise: power far below it is the window's leakage, not detail.
    return np.asarray(power + LEAST_POWER)


def noise_floor(power: Power) -> float:
    """Return the mean power in the corners of a spectrum."""
    return float(power[RADIUS > CORNER].mean())
