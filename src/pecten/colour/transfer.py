"""Transfer curves: between the numbers in a file and linear light.

Every curve is odd (f(-x) = -f(x)) or goes on in a straight line beyond its end, and none clips, so each has an exact
inverse.
"""

from enum import StrEnum

import cv2
import numpy as np

from pecten.types import Image

_VIDEO_GAMMA = 2.4
_SRGB_SLOPE = 12.92
_SRGB_OFFSET = 0.055
_SRGB_GAMMA = 2.4
_SRGB_LINEAR_BREAK = 0.0031308
_SRGB_CODED_BREAK = _SRGB_SLOPE * _SRGB_LINEAR_BREAK

# ITU-R BT.2100 table 4; light is in units of diffuse white, 203 cd/m2 (BT.2408 table 1).
_PQ_M1, _PQ_M2 = 2610 / 16384, 2523 / 4096 * 128
_PQ_C1, _PQ_C2, _PQ_C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
_PQ_WHITE = 203 / 10000

# BT.2100 table 5; light is scene light in units of diffuse white, which BT.2408 puts at 75 % of the signal.
_HLG_A = 0.17883277
_HLG_B = 1 - 4 * _HLG_A
_HLG_C = 0.5 - _HLG_A * float(np.log(4 * _HLG_A))
_HLG_WHITE = float((np.exp((0.75 - _HLG_C) / _HLG_A) + _HLG_B) / 12)

# Kodak's 10-bit printing density: white at code 685, black at 95, 0.002 density a code, a negative's gamma of 0.6.
_CINEON_RATE = 1023 * 0.002 / 0.6 * float(np.log(10))
_CINEON_WHITE = 685 / 1023
_CINEON_BLACK = float(np.exp(_CINEON_RATE * (95 / 1023 - _CINEON_WHITE)))
_CINEON_LEAST = float(np.exp(-_CINEON_RATE * _CINEON_WHITE))


class Encoding(StrEnum):
    """How the numbers of an image relate to light, where no configuration of colour spaces is needed to say it."""

    REC709 = "rec709"
    """Video for a BT.1886 display: light is the number to the power 2.4."""
    SRGB = "srgb"
    """IEC 61966-2-1, the curve of most stills."""
    LINEAR = "linear"
    """Proportional to light, unclipped, of Rec. 709 primaries."""
    PQ = "pq"
    """BT.2100 perceptual quantisation, BT.2020 primaries."""
    HLG = "hlg"
    """BT.2100 hybrid log-gamma, BT.2020 primaries."""
    CINEON = "cineon"
    """Kodak printing density, of film scans."""


def to_linear(image: Image, encoding: Encoding) -> Image:
    """Turn coded numbers into linear light; primaries stay what they are.

    BT.709 specifies a camera curve, but graded video is judged on a BT.1886 display: its pure power is the one that is
    undone here.

    Args:
        image: RGB in `encoding`.
        encoding: How `image` is coded.
    Returns:
        Linear light, diffuse white at 1; `image` itself when it is linear already.
    Reference:
        ITU-R BT.1886 annex 1 with a black level of 0; IEC 61966-2-1; ITU-R BT.2100 tables 4 (EOTF) and 5 (inverse
        OETF); Kennel and Snider 1993, Gray-scale transformations of Cineon digital film data.
    """
    if encoding is Encoding.LINEAR:
        return image
    if encoding is Encoding.CINEON:
        return _cineon_to_linear(image)
    size = np.abs(image)
    if encoding is Encoding.REC709:
        light = _power(size, _VIDEO_GAMMA)
    elif encoding is Encoding.PQ:
        light = _pq_to_linear(size)
    elif encoding is Encoding.HLG:
        curve = (np.exp((np.maximum(size, 0.5) - _HLG_C) / _HLG_A) + _HLG_B) / (12 * _HLG_WHITE)
        light = np.where(size <= 0.5, size * size / (3 * _HLG_WHITE), curve)
    else:
        dark = size <= _SRGB_CODED_BREAK
        light = size + _SRGB_OFFSET
        light /= 1 + _SRGB_OFFSET
        light = _power(light, _SRGB_GAMMA)
        size /= _SRGB_SLOPE
        np.copyto(light, size, where=dark)
    linear: Image = np.copysign(light, image, out=light).astype(np.float32, copy=False)
    return linear


def from_linear(image: Image, encoding: Encoding) -> Image:
    """Turn linear light into coded numbers: the inverse of `to_linear`.

    Args:
        image: Linear light.
        encoding: The coding wanted.
    Returns:
        RGB in `encoding`; `image` itself when linear is wanted.
    Reference:
        As for `to_linear`.
    """
    if encoding is Encoding.LINEAR:
        return image
    if encoding is Encoding.CINEON:
        return _cineon_from_linear(image)
    light = np.abs(image)
    if encoding is Encoding.REC709:
        coded = _power(light, 1 / _VIDEO_GAMMA)
    elif encoding is Encoding.PQ:
        coded = _pq_from_linear(light)
    elif encoding is Encoding.HLG:
        scene = light * _HLG_WHITE
        curve = _HLG_A * np.log(np.maximum(12 * scene, 1) - _HLG_B) + _HLG_C
        coded = np.where(scene <= 1 / 12, np.sqrt(3 * scene), curve)
    else:
        dark = light <= _SRGB_LINEAR_BREAK
        coded = _power(light, 1 / _SRGB_GAMMA)
        coded *= 1 + _SRGB_OFFSET
        coded -= _SRGB_OFFSET
        light *= _SRGB_SLOPE
        np.copyto(coded, light, where=dark)
    signed: Image = np.copysign(coded, image, out=coded).astype(np.float32, copy=False)
    return signed


def _power(values: np.ndarray, exponent: float) -> np.ndarray:
    # OpenCV's takes a third of NumPy's time and is as exact as single precision: a millionth of the value.
    if values.size == 0 or values.dtype != np.float32:
        return np.asarray(values**exponent)
    return np.asarray(cv2.pow(values.reshape(1, -1), exponent)).reshape(values.shape)


def _pq_to_linear(size: np.ndarray) -> np.ndarray:
    # The powers lie near 1 and differences of them count, so single precision would lose a code of 16 bits.
    power = size.astype(np.float64) ** (1 / _PQ_M2)
    light = np.maximum(power - _PQ_C1, 0) / (_PQ_C2 - _PQ_C3 * power)
    return np.asarray(light ** (1 / _PQ_M1) / _PQ_WHITE)


def _pq_from_linear(light: np.ndarray) -> np.ndarray:
    power = (light.astype(np.float64) * _PQ_WHITE) ** _PQ_M1
    return np.asarray(((_PQ_C1 + _PQ_C2 * power) / (1 + _PQ_C3 * power)) ** _PQ_M2)


def _cineon_to_linear(image: Image) -> Image:
    # Below code 0 the tangent goes on.
    exposure = np.where(
        image >= 0,
        np.exp(_CINEON_RATE * (np.maximum(image, 0) - _CINEON_WHITE)),
        _CINEON_LEAST * (1 + _CINEON_RATE * image),
    )
    linear: Image = ((exposure - _CINEON_BLACK) / (1 - _CINEON_BLACK)).astype(np.float32)
    return linear


def _cineon_from_linear(image: Image) -> Image:
    exposure = image.astype(np.float64) * (1 - _CINEON_BLACK) + _CINEON_BLACK
    coded: Image = np.where(
        exposure >= _CINEON_LEAST,
        np.log(np.maximum(exposure, _CINEON_LEAST)) / _CINEON_RATE + _CINEON_WHITE,
        (exposure / _CINEON_LEAST - 1) / _CINEON_RATE,
    ).astype(np.float32)
    return coded
