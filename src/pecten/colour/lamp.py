"""What a thing scatters has its own colour, what its surface mirrors has the lamp's: both told from one picture."""

import numpy as np

from pecten.types import Image, Mask

GREY = 0.1
"""Sine of the angle between a thing's colour and grey, below which colour tells nothing."""


def told_apart(light: Image, colour: np.ndarray) -> tuple[Mask, Image]:
    """Split linear light into an amount of white, and what has a thing's own colour.

    Args:
        light: Linear, of one thing of one colour.
        colour: That colour, linear; its length is how much the thing usually scatters.
    Returns:
        Of each pixel the lamp's white, below the darkest channel, and the rest that is the thing's. Where the colour is
        grey, all of the darkest channel is the lamp's.
    Reference:
        Shafer 1985 (dichromatic reflection).
    """
    least = light.min(axis=2)
    length = float(np.linalg.norm(colour))
    white = np.full(3, 3**-0.5)
    hue = colour / max(length, 1e-9)
    if length < 1e-6 or np.linalg.norm(np.cross(hue, white)) < GREY:
        return least, np.zeros_like(light)
    parts = light @ np.linalg.pinv(np.stack([hue, white], axis=1)).T.astype(np.float32)
    # Less than none of the thing's colour is a lamp of another colour; and no lamp adds more than there is.
    lamp = np.where(parts[..., 0] < 0, least, np.minimum(parts[..., 1] * np.float32(3**-0.5), least))
    # Under a warm lamp, what a brown iris seems to scatter more than it usually does is the lamp's as well.
    scattered = np.clip(parts[..., :1], 0, np.float32(length)) * hue.astype(np.float32)
    return np.asarray(lamp, np.float32), np.asarray(scattered, np.float32)
