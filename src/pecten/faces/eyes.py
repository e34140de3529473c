"""Eyes as the mesh has them: an opening between lids, and an iris."""

from typing import NamedTuple

import cv2
import numpy as np

from pecten.faces.mesh import LEFT_EYE, LEFT_IRIS, RIGHT_EYE, RIGHT_IRIS
from pecten.types import Mask, Points

EYES = ((RIGHT_EYE, RIGHT_IRIS), (LEFT_EYE, LEFT_IRIS))
"""Of the mesh: around each opening, and each iris's middle, then four points of its rim."""

LEAST_RADIUS_PX = 2.5
"""Of an iris: smaller ones show nothing."""

_SUBPIXEL = 4
_RIM_PX = 1.0


class Eye(NamedTuple):
    """One eye in a square crop, in px.

    Attributes:
        lids: Around the opening.
        middle: Of the iris.
        radii: Of the iris, across and down.
    """

    lids: Points
    middle: Points
    radii: Points

    @property
    def is_told(self) -> bool:
        """Whether the iris is somewhere, and large enough to show something."""
        return bool(self.radii.min() >= LEAST_RADIUS_PX and np.isfinite(self.middle).all())

    @property
    def openness(self) -> float:
        """Height of the opening by the iris's own."""
        return float(np.ptp(self.lids[:, 1]) / max(2 * self.radii[1], 1e-6))

    @property
    def width(self) -> float:
        """Of the opening, in px."""
        return float(np.ptp(self.lids[:, 0]))

    def around(self, reach: int, shape: tuple[int, ...]) -> tuple[slice, slice] | None:
        """Return the rows and columns around the iris; None outside a picture of this shape."""
        return around(self.middle, reach, shape)


def around(middle: np.ndarray, reach: int, shape: tuple[int, ...]) -> tuple[slice, slice] | None:
    """Return the rows and columns around a place; None outside a picture of this shape."""
    if not np.isfinite(middle).all():
        return None
    left, top = (max(0, int(value) - reach) for value in middle)
    ends = zip(middle, shape[1::-1], strict=True)
    right, bottom = (min(limit, int(value) + reach + 1) for value, limit in ends)
    return (slice(top, bottom), slice(left, right)) if right > left and bottom > top else None


def turned_by(right: Eye, left: Eye) -> float:
    """Return the logarithm of the widths of both openings, the wider by the other: 0 for a face from the front."""
    return float(abs(np.log(max(right.width, 1e-3) / max(left.width, 1e-3))))


def eyes_of(mesh: Points) -> list[Eye]:
    """Return both eyes of a face.

    Args:
        mesh: Its 478 points, px of an upright crop.
    """
    found = []
    for lids, iris in EYES:
        middle, right, top, left, bottom = (mesh[point] for point in iris)
        radii = np.array([np.linalg.norm(right - left), np.linalg.norm(top - bottom)]) / 2
        found.append(Eye(mesh[list(lids)], middle, radii))
    return found


def opening(lids: Points, size: tuple[int, int]) -> Mask:
    """Fill an eye's opening on a grid of a size (width, height), fading inward: a lid's rim is as bright as a lamp."""
    drawn = np.zeros(size[::-1], np.uint8)
    corners = np.round(lids * 2**_SUBPIXEL).astype(np.int32)
    cv2.fillPoly(drawn, [corners], 255, shift=_SUBPIXEL)
    soft = np.asarray(cv2.GaussianBlur(drawn, (0, 0), _RIM_PX), np.float32)
    return np.asarray(np.clip(soft * np.float32(2 / 255) - 1, 0, 1))
