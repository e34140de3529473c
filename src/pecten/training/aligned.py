"""Footage moved to where a decoder draws: both show one face, a pixel or two apart."""

import cv2
import numpy as np
from jaxtyping import UInt8

from pecten.types import Image

_SIDE = 512
"""Of the pictures that the lengths below are for, in px."""
_LONGEST = 5.0
_SMOOTH = 4.0
"""Blur of the motion: hair must not find other hair."""
_EVEN = 12.0
_SOFTER = 1.0
_FLAT = 2.5
_CONTRAST, _MIDDLE = 40.0, 128.0
_PATCH_PX, _STRIDE_PX = 12, 4
_LEAST_SIDE = 64
"""Smaller faces have no detail that lies elsewhere."""

Grey = UInt8[np.ndarray, "_side _side"]


def moved_onto(shown: Image, footage: Image) -> Image:
    """Move footage to where a decoder shows the same.

    A decoder tells places from a latent, to a pixel or so. Light, and how sharp either is, are evened out first.

    Args:
        shown: What a decoder made of the footage, display-coded.
        footage: The crop itself.
    Returns:
        The crop, each part moved by a few px at most; one of less than 64 px as it is.
    Reference:
        Kroeger, Timofte, Dai and Van Gool 2016 (dense inverse search).
    """
    if len(footage) < _LEAST_SIDE:
        return footage
    scale = len(footage) / _SIDE
    finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    finder.setFinestScale(0)
    finder.setPatchSize(_PATCH_PX)
    finder.setPatchStride(_STRIDE_PX)
    softer = np.asarray(cv2.GaussianBlur(footage, (0, 0), _SOFTER))
    first, second = (_evened(picture, _EVEN * scale) for picture in (shown, softer))
    flow = finder.calc(first, second, np.zeros((*first.shape, 2), np.float32))
    length = np.hypot(flow[..., 0], flow[..., 1])
    held = flow * np.minimum(1, _LONGEST * scale / np.maximum(length, np.float32(1e-3)))[..., None]
    smooth = cv2.GaussianBlur(held, (0, 0), max(_SMOOTH * scale, 1.0))
    line = np.arange(len(footage), dtype=np.float32)
    x, y = line + smooth[..., 0], line[:, None] + smooth[..., 1]
    return np.asarray(cv2.remap(footage, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))


def _evened(picture: Image, sigma: float) -> Grey:
    """Return grey of one brightness and contrast all over, but for what is flat."""
    grey = cv2.cvtColor(np.clip(picture, 0, 1), cv2.COLOR_RGB2GRAY) * np.float32(255)
    apart = grey - cv2.GaussianBlur(grey, (0, 0), sigma)
    spread = np.sqrt(cv2.GaussianBlur(apart * apart, (0, 0), sigma))
    return np.asarray(np.clip(apart / (spread + _FLAT) * _CONTRAST + _MIDDLE, 0, 255), np.uint8)
