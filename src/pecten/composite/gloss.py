"""What shines on skin, told apart by its colour: skin scatters red, and what it mirrors has the lamp's own colour.

Another skin's tone is a gain on what the skin scatters. What shines on it, the white of the eyes, teeth and grey hair
are no lighter on light skin and no darker on dark skin, and are to be held back from most of that gain.
"""

import cv2
import numpy as np

from pecten.types import Image, Mask

SHARE_OF_GAIN = 0.3
"""Of the gain's logarithm, what gloss follows: some of a gain is light, which what shines does follow."""

MATT = 0.3
"""Share of a face that is redder than what is taken for skin without gloss."""

MOST = 0.85
"""Of a pixel that is taken for gloss: no face is a mirror."""

TELLING = (0.6, 0.8)
"""Tints up to which skin and gloss differ in colour, and from which they do not (a blue light, a grey picture)."""

BRIGHTEST = 0.975
DARKEST = 0.03


def blueness(picture: Image) -> Mask:
    """Divide blue by red, in a rough linear light whose shoulder has been undone.

    Args:
        picture: Display-coded, unbounded.
    Returns:
        About 0.1 to 0.3 on skin, 1 on what is grey or white; 1 also where the picture is no number.
    """
    # A display's curve is near enough to a square; x / (1 - x) undoes how bright colours pale.
    light = np.square(np.clip(picture[..., ::2], DARKEST, BRIGHTEST))
    light /= 1 - light
    ratio: Mask = np.nan_to_num(light[..., 1] / light[..., 0], nan=1.0)
    return ratio


def tint_of(blue: Mask, known: np.ndarray) -> float:
    """Return the blueness of skin without gloss; not a number where nothing is known.

    Args:
        blue: From `blueness`.
        known: True on the face.
    """
    return float(np.quantile(blue[known], MATT)) if known.any() else float("nan")


def held_back(blue: Mask, tint: float) -> Mask:
    """Say how much of a gain's logarithm each pixel follows: 1 on matt skin, `SHARE_OF_GAIN` on mirrors.

    Args:
        blue: From `blueness`.
        tint: From `tint_of`; not a number holds nothing back.
    Reference:
        Shafer 1985 (dichromatic reflection: what a body scatters and what its surface mirrors add).
    """
    if not tint < TELLING[1]:
        return np.ones_like(blue)
    told = min((TELLING[1] - tint) / (TELLING[1] - TELLING[0]), 1.0)
    share: Mask = np.clip((blue - np.float32(tint)) * np.float32(1 / (1 - tint)), 0, np.float32(MOST))
    share *= np.float32(-(1 - SHARE_OF_GAIN) * told)
    share += 1
    return share


def halved(picture: Image) -> Image:
    """Shrink to half the size: gloss is told by colour, which codecs keep at half the size, and with less noise."""
    height, width = picture.shape[:2]
    return np.asarray(cv2.resize(picture, (-(-width // 2), -(-height // 2)), interpolation=cv2.INTER_AREA))
