"""The coding that networks and the blend work in: like a display's, and with room for every light."""

import numpy as np

from pecten.colour.transfer import Encoding, from_linear, to_linear
from pecten.types import Image

# The slope of the sRGB curve at 1, so that light and its first derivative go on smoothly.
_RATE = np.float32(1.055 / 2.4)


def display_from_light(light: Image) -> Image:
    """Code linear light as a display would have it, going on above white without a clip.

    It is the sRGB curve up to diffuse white and a logarithm of the same slope from there: 0.3 a stop, 2.2 at 16 times
    white. Bands and resampling behave as they do on video, and a specular of any strength neither rings nor is lost.
    Negative light is mirrored.

    Args:
        light: Linear light, diffuse white at 1.
    Returns:
        Display-coded, unclipped.
    """
    size = np.abs(light)
    low = from_linear(np.minimum(size, np.float32(1)), Encoding.SRGB)
    # Few pixels are brighter than white, and logarithms are slow.
    bright = size > 1
    if bright.any():
        low[bright] += np.log(size[bright]) * _RATE
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
    low = to_linear(np.minimum(size, np.float32(1)), Encoding.SRGB)
    bright = size > 1
    if bright.any():
        low[bright] += np.expm1((size[bright] - np.float32(1)) / _RATE)
    signed: Image = np.copysign(low, display, out=low)
    return signed


def bounded(display: Image) -> Image:
    """Bring display-coded values into 0 to 1, as networks take them.

    What is brighter than white is scaled down whole, so that a highlight keeps its hue: cut off channel by channel, the
    shine on a warm skin turns white and then blue.

    Args:
        display: Display-coded, unclipped.
    Returns:
        Display-coded; `display` is left as it is.
    """
    if not display.max(initial=0) <= 1:
        red, green, blue = (display[..., channel] for channel in range(3))
        display = display / np.maximum(np.maximum(red, green), np.maximum(blue, np.float32(1)))[..., None]
    limited: Image = np.maximum(display, np.float32(0))
    return limited
