"""Motion of every pixel of a part of a face: for mouth and eyes, whose parts move apart from each other."""

import cv2
import numpy as np
from jaxtyping import UInt8

from pecten.types import Points

_MARGIN_PX = 28
"""Around the points: what moves with them, and room for what they move."""
_LEAST_PX, _WHOLE_PX = 64, 8

Picture = UInt8[np.ndarray, "_side _side"]


def there_and_back(first: Picture, second: Picture, start: Points, expected: Points) -> tuple[Points, Points]:
    """Follow points from one picture to another and, as a check, back again.

    A window that slides as a whole sees one motion, of whatever has most contrast in it; between a lip and a beard that
    is the beard. Small patches that agree with their neighbours see how the motion changes from one to the other.

    Args:
        first, second: The pictures, little moved.
        start: Points of the first, in px.
        expected: About where they are in the second; only says how much of the pictures to look at.
    Returns:
        Where they are in the second, and where those are in the first.
    Reference:
        Kroeger, Timofte, Dai and Van Gool 2016, Fast Optical Flow using Dense Inverse Search.
    """
    low, high = _box(np.concatenate([start, expected]), len(first))
    part = np.s_[low[1] : high[1], low[0] : high[0]]
    before, after = np.ascontiguousarray(first[part]), np.ascontiguousarray(second[part])
    arrived = _followed(before, after, start - low)
    return arrived + low, _followed(after, before, arrived) + low


def _box(points: Points, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first and last but one pixel (x, y) of the part to look at."""
    low = np.floor((points.min(axis=0) - _MARGIN_PX) / _WHOLE_PX) * _WHOLE_PX
    high = np.ceil((points.max(axis=0) + _MARGIN_PX) / _WHOLE_PX) * _WHOLE_PX
    low = np.clip(low, 0, side - _LEAST_PX)
    return low.astype(int), np.clip(high, low + _LEAST_PX, side).astype(int)


def _followed(first: np.ndarray, second: np.ndarray, start: Points) -> Points:
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    # The finest scale is the pictures' own: half of it sees outer lips a fifth worse.
    flow.setFinestScale(0)
    # Half of the usual iterations see as much.
    flow.setGradientDescentIterations(8)
    flow.setVariationalRefinementIterations(3)
    motion = flow.calc(first, second, np.zeros((*first.shape, 2), np.float32))
    places = start.astype(np.float32)[:, None]
    moved = cv2.remap(motion, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(start + moved[:, 0], np.float64)
