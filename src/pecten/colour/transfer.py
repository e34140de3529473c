"""Transfer curves: between the numbers in a file, linear light, and what the network sees."""

from enum import StrEnum

import numpy as np

from pecten.types import ByteImage, Image

_VIDEO_GAMMA = 2.4
_SRGB_SLOPE = 12.92
_SRGB_OFFSET = 0.055
_SRGB_GAMMA = 2.4
_SRGB_LINEAR_BREAK = 0.0031308
_SRGB_CODED_BREAK = _SRGB_SLOPE * _SRGB_LINEAR_BREAK


class Encoding(StrEnum):
    """How the numbers of an image relate to light."""

    REC709 = "rec709"
    """Video for a BT.1886 display: light is the number to the power 2.4."""
    SRGB = "srgb"
    """IEC 61966-2-1, the curve of most stills."""
    LINEAR = "linear"
    """Proportional to light, unclipped."""


def to_linear(image: Image, encoding: Encoding) -> Image:
    """Turn coded numbers into linear light.

    Values below 0 are mirrored and values above 1 follow the curve, so nothing is clipped. BT.709 specifies a camera
    curve, but graded video is judged on a BT.1886 display: its pure power is the one that is undone here.

    Args:
        image: RGB in `encoding`.
        encoding: How `image` is coded.
    Returns:
        Linear light; `image` itself when it is linear already.
    Reference:
        ITU-R BT.1886 annex 1 with a black level of 0; IEC 61966-2-1.
    """
    if encoding is Encoding.LINEAR:
        return image
    size = np.abs(image)
    if encoding is Encoding.REC709:
        light = size**_VIDEO_GAMMA
    else:
        curve = ((size + _SRGB_OFFSET) / (1 + _SRGB_OFFSET)) ** _SRGB_GAMMA
        light = np.where(size <= _SRGB_CODED_BREAK, size / _SRGB_SLOPE, curve)
    linear: Image = np.copysign(light, image).astype(np.float32, copy=False)
    return linear


def from_linear(image: Image, encoding: Encoding) -> Image:
    """Turn linear light into coded numbers: the inverse of `to_linear`.

    Args:
        image: Linear light.
        encoding: The coding wanted.
    Returns:
        RGB in `encoding`; `image` itself when linear is wanted.
    Reference:
        ITU-R BT.1886 annex 1 with a black level of 0; IEC 61966-2-1.
    """
    if encoding is Encoding.LINEAR:
        return image
    light = np.abs(image)
    if encoding is Encoding.REC709:
        coded = light ** (1 / _VIDEO_GAMMA)
    else:
        curve = (1 + _SRGB_OFFSET) * light ** (1 / _SRGB_GAMMA) - _SRGB_OFFSET
        coded = np.where(light <= _SRGB_LINEAR_BREAK, light * _SRGB_SLOPE, curve)
    signed: Image = np.copysign(coded, image).astype(np.float32, copy=False)
    return signed


def to_display(image: Image, encoding: Encoding) -> Image:
    """Turn an image into what the network sees.

    Video and stills are display-coded already and pass unchanged; linear light gets the sRGB curve.

    Args:
        image: RGB in `encoding`.
        encoding: How `image` is coded.
    Returns:
        Display-coded RGB, unclipped.
    """
    return from_linear(image, Encoding.SRGB) if encoding is Encoding.LINEAR else image


def from_display(image: Image, encoding: Encoding) -> Image:
    """Undo `to_display`.

    Args:
        image: Display-coded RGB.
        encoding: The coding wanted.
    Returns:
        RGB in `encoding`.
    """
    return to_linear(image, Encoding.SRGB) if encoding is Encoding.LINEAR else image


def convert(image: Image, source: Encoding, wanted: Encoding) -> Image:
    """Recode an image for a file of another kind.

    Between the two display codings the numbers pass unchanged, as editing systems do; only a step to or from linear
    light applies a curve.

    Args:
        image: RGB in `source`.
        source: How `image` is coded.
        wanted: The coding wanted.
    Returns:
        RGB in `wanted`; `image` itself when no curve applies.
    """
    if source is wanted or Encoding.LINEAR not in (source, wanted):
        return image
    return from_linear(image, wanted) if source is Encoding.LINEAR else to_linear(image, source)


def display_bytes(image: Image, encoding: Encoding) -> ByteImage:
    """Turn an image into what networks and people look at: display-coded, 8 bits."""
    shown = to_display(image, encoding) * np.float32(255) + np.float32(0.5)
    return np.clip(shown, 0, 255, out=shown).astype(np.uint8)
