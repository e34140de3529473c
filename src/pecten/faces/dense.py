"""Motion of every pixel of a part of a face: for mouth and eyes, whose parts move apart from each other."""

import cv2
import numpy as np
from jaxtyping import UInt8

from pecten.types import Points

_MARGIN_PX = 28
"""Around the points: what moves with them, and room for what they move."""
_LEAST_PX, _WHOLE_PX = 64, 8
_CELL_PX = 4
_REACH_CELLS = 3.0
"""How far, in cells of so many px, a landmark's motion reaches."""

Picture = UInt8[np.ndarray, "_side _side"]


def there_and_back(
    first: Picture, second: Picture, start: Points, expected: Points, mesh: Points, moved: Points
) -> tuple[Points, Points]:
    """Follow points from one picture to another and, as a check, back again.

    A window that slides as a whole sees one motion, of whatever has most contrast in it; between a lip and a beard that
    is the beard. Small patches that agree with their neighbours see how the motion changes from one to the other. They
    agree too well where a mouth opens fast; so the second picture is first warped back by the motion of the mesh, and
    they see what is left.

    Args:
        first, second: The pictures, little moved.
        start: Points of the first, in px.
        expected: About where they are in the second; only says how much of the pictures to look at.
        mesh: Landmarks all over the face in the first, in px.
        moved: Where they are in the second.
    Returns:
        Where the points are in the second, and where those are in the first.
    Reference:
        Kroeger, Timofte, Dai and Van Gool 2016, Fast Optical Flow using Dense Inverse Search.
    """
    low, high = _box(np.concatenate([start, expected]), len(first))
    field = _spread_out(mesh - low, moved - mesh, high - low)
    before, after = np.ascontiguousarray(first[low[1] : high[1], low[0] : high[0]]), _pulled(second, field, low)
    arrived = _followed(before, after, start - low)
    returned = _followed(after, before, arrived)
    return arrived + _sampled(field, arrived) + low, returned + low


def _spread_out(places: Points, motions: Points, size: np.ndarray) -> np.ndarray:
    """Return the motion at every pixel of a part (width, height) as its nearest points have it, softly."""
    wide, high = (size // _CELL_PX).tolist()
    cells = np.rint((places + 0.5) / _CELL_PX - 0.5).astype(int)
    inside = ((cells >= 0) & (cells < (wide, high))).all(axis=1)
    sums = np.zeros((high, wide, 3), np.float32)
    np.add.at(sums, (cells[inside, 1], cells[inside, 0]), np.column_stack([motions, np.ones(len(motions))])[inside])
    near, far = (cv2.GaussianBlur(sums, (0, 0), reach) for reach in (_REACH_CELLS, 4 * _REACH_CELLS))
    # What is far from all points moves as those around do, and without any not at all.
    heard = near + np.float32(1e-3) * far
    field = heard[..., :2] / np.maximum(heard[..., 2:], 1e-9)
    return np.asarray(cv2.resize(field, (int(size[0]), int(size[1])), interpolation=cv2.INTER_LINEAR))


def _pulled(picture: Picture, field: np.ndarray, low: np.ndarray) -> np.ndarray:
    """Return the part of a picture from `low` on, warped back by a motion."""
    down, across = np.indices(field.shape[:2], dtype=np.float32)
    x, y = across + np.float32(low[0]) + field[..., 0], down + np.float32(low[1]) + field[..., 1]
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


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
    return np.asarray(start + _sampled(motion, start))


def _sampled(field: np.ndarray, places: Points) -> Points:
    at = places.astype(np.float32)[:, None]
    found = cv2.remap(field, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found[:, 0], np.float64)
