"""The coding that networks and the blend work in: like a display's, and with room for every light."""

import numpy as np

from pecten.colour.transfer import Encoding, from_linear, to_linear
from pecten.types import Image

_KNEE_CODED = 0.8
_KNEE_LIGHT = float(to_linear(np.full((1, 1, 3), _KNEE_CODED, np.float32), Encoding.SRGB)[0, 0, 0])
# The slope of the sRGB curve at the knee, so that light and its first derivative go on smoothly.
_KNEE_SLOPE = 1.055 / 2.4 * _KNEE_LIGHT ** (1 / 2.4 - 1)
# Puts 16 times diffuse white at 1.
_SHOULDER = 0.0612995
_RATE = _KNEE_SLOPE * _SHOULDER


def display_from_light(light: Image) -> Image:
    """Code linear light as a display would have it, with a logarithmic shoulder in place of a clip.

    It is the sRGB curve up to 0.8 (light of 0.6, brighter than skin outside of its highlights) and a logarithm of the
    same slope from there: 16 times diffuse white comes to 1. Bands and resampling behave as they do on video, and
    a specular of any strength neither rings nor is lost. Negative light is mirrored.

    Args:
        light: Linear light, diffuse white at 1.
    Returns:
        Display-coded, unclipped.
    """
    size = np.abs(light)
    low = from_linear(np.minimum(size, np.float32(_KNEE_LIGHT)), Encoding.SRGB)
    # A sum of two parts, each constant where the other works, costs a third of choosing pixel by pixel.
    size -= np.float32(_KNEE_LIGHT)
    np.maximum(size, 0, out=size)
    size /= np.float32(_SHOULDER)
    np.log1p(size, out=size)
    size *= np.float32(_RATE)
    low += size
    signed: Image = np.copysign(low, light, out=low)
    return signed


def light_from_display(display: Image) -> Image:
    """Undo `display_from_light`.

    Args:
        display: Display-coded.
    Returns:
        Linear light.
    """
    size = np.abs(display)
    low = to_linear(np.minimum(size, np.float32(_KNEE_CODED)), Encoding.SRGB)
    size -= np.float32(_KNEE_CODED)
    np.maximum(size, 0, out=size)
    size /= np.float32(_RATE)
    np.expm1(size, out=size)
    size *= np.float32(_SHOULDER)
    low += size
    signed: Image = np.copysign(low, display, out=low)
    return signed
