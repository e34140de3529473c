"""Shapes and protocols that every stage shares.

Images in NumPy are (height, width, channels), as OpenCV, PyAV and OpenImageIO hold them; tensors inside the
comb are (batch, channels, height, width). Points are (x, y) pixels with centres at integers. Transforms read
right to left: `crop_from_plate` maps plate pixels to crop pixels. Sizes carry an underscore in the aliases because a
function often takes two pictures of different size (a plate and a crop); where sizes must agree, it says so itself.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Float64, UInt8

Image = Float32[np.ndarray, "_height _width 3"]
"""RGB, 0..1 for display-coded video; linear images may exceed 1."""

Mask = Float32[np.ndarray, "_height _width"]
"""Coverage in [0, 1]."""

ByteImage = UInt8[np.ndarray, "_height _width 3"]
"""RGB, 8 bits, display-coded."""

Points = Float64[np.ndarray, "_points 2"]
"""(x, y) pixels, centres at integers."""

Affine = Float64[np.ndarray, "2 3"]
"""Maps column vectors (x, y, 1) to (x, y)."""

CANONICAL_SIZE = 1024
"""Side of the normalised crop, in px, that every stored `crop_from_plate` refers to."""


Seal = Callable[[Path, Path], None]
"""Signs a finished file before it gets its name: (where it lies now, its final place)."""


@runtime_checkable
class Progress(Protocol):
    """What a long stage calls after each unit of work."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Report that `done` of `total` units of `stage` are finished."""


def silent(stage: str, done: int, total: int) -> None:
    """Report nothing."""
