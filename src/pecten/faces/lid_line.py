"""Where the lids of a shut eye meet, and places told from there: how far along the line, how far below it."""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32, Float64

from pecten.colour.display import light_from_display
from pecten.types import Image, Points

SPAN = 1.5
"""How far pictures of shut eyes reach to either side of the middle, in halves of the eye's width."""

ABOVE, BELOW = 0.8, 1.2
"""How far they reach above and below the line, likewise."""

ASPECT = 2 * SPAN / (ABOVE + BELOW)
"""Of those pictures."""

BROAD = 0.19
"""Blur that tells light from lashes, likewise."""

LEAST_HALF_PX = 5.0
"""Half the width of an eye, below which lashes are less than a pixel high."""

CONTRASTS = (0.02, 8.0)

_DARKEST = 1e-4
_CORNERS = (0, 8)
_MIDDLE = (3, 4, 5, 11, 12, 13)
"""Of the points around an opening: those half-way between the corners, on both lids."""

Pictures = Float32[np.ndarray, "2 _height _width 3"]
"""Of the right and the left eye, shut: light, divided by the same blurred by `BROAD`."""

Vector = Float64[np.ndarray, "2"]
Map = Float32[np.ndarray, "_height _width"]


class LidLine(NamedTuple):
    """A parabola through the corners of an eye, px of an upright crop.

    Attributes:
        middle: Between the corners.
        along: Unit vector from the left corner in the picture to the right one.
        half: Half the eye's width.
        sag: How far the lids hang below the straight line, half-way.
    """

    middle: Vector
    along: Vector
    half: float
    sag: float

    @property
    def below(self) -> Vector:
        """Unit vector across the line, downwards."""
        return np.array([-self.along[1], self.along[0]])

    def places(self, width: int, height: int) -> tuple[Map, Map]:
        """Return where the pixels of a picture of the shut eye lie, x and y in the crop.

        Args:
            width: Of the picture, in px; it spans `SPAN` to either side.
            height: It spans from `ABOVE` to `BELOW`.
        """
        along, down = np.meshgrid(
            ((np.arange(width) + 0.5) / width * 2 - 1) * SPAN,
            (np.arange(height) + 0.5) / height * (ABOVE + BELOW) - ABOVE,
        )
        across = self.sag * np.maximum(0, 1 - along**2) + down * self.half
        x, y = (self.middle[k] + along * self.half * self.along[k] + across * self.below[k] for k in (0, 1))
        return np.asarray(x, np.float32), np.asarray(y, np.float32)

    def found_in(self, x: Map, y: Map, width: int, height: int) -> tuple[Map, Map]:
        """Return where places of the crop lie in a picture of the shut eye, in its px: the inverse of `places`."""
        right, down = x - self.middle[0], y - self.middle[1]
        along = (right * self.along[0] + down * self.along[1]) / self.half
        across = right * self.below[0] + down * self.below[1]
        away = (across - self.sag * np.maximum(0, 1 - along**2)) / self.half
        column = (along / SPAN + 1) / 2 * width - 0.5
        row = (away + ABOVE) / (ABOVE + BELOW) * height - 0.5
        return np.asarray(column, np.float32), np.asarray(row, np.float32)


def lid_line(lids: Points) -> LidLine | None:
    """Find the line of an eye's lids; None where the corners are one point or unknown.

    Args:
        lids: The 16 points around its opening, `pecten.faces.eyes.Eye.lids`.
    """
    left, right = sorted((lids[corner] for corner in _CORNERS), key=lambda corner: float(corner[0]))
    width = float(np.linalg.norm(right - left))
    if not (np.isfinite(lids).all() and width > 0):
        return None
    middle, along = (left + right) / 2, (right - left) / width
    sag = float((lids[list(_MIDDLE)].mean(axis=0) - middle) @ np.array([-along[1], along[0]]))
    return LidLine(middle, along, width / 2, sag)


def contrast_at(face: Image, line: LidLine, width: int, height: int) -> Image:
    """Return light at an eye, divided by the same blurred by `BROAD`, as a picture of the shut eye.

    Args:
        face: Crop, display-coded.
        line: Of the eye's lids.
        width: Of the picture, in px.
        height: Likewise.
    """
    x, y = line.places(width, height)
    near = cv2.remap(face, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    light = np.maximum(light_from_display(near.clip(0, None)), np.float32(_DARKEST))
    broad = cv2.GaussianBlur(light, (0, 0), BROAD * width / (2 * SPAN))
    return np.asarray((light / broad).clip(*CONTRASTS), np.float32)
