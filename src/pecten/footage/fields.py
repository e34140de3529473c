"""Whether a frame holds two moments, line by line, as interlaced video does."""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float32

from pecten.types import Image

_LEAST_STEP = 0.05
"""How far a line must stand out from its neighbours, black to white being 1."""

_LEAST_SHARE = 0.004
"""Share of the picture that is combed where something moves."""

_TIMES_A_FIELD = 3.0
"""How many times as combed a frame is as its own fields: grain and fine detail comb both alike."""


def is_combed(image: Image) -> bool:
    """Say whether a frame is woven of two moments.

    At a moving edge lines alternate between two moments; within one field they do not.

    Args:
        image: A frame, display-coded.
    """
    luma = image.mean(axis=2)
    share = _alternating(luma)
    return share > _LEAST_SHARE and share > _TIMES_A_FIELD * max(_alternating(luma[::2]), _alternating(luma[1::2]))


def look_combed(images: Iterable[Image]) -> bool:
    """Say whether any of a clip's frames is woven of two moments."""
    return any(is_combed(image) for image in images)


def _alternating(luma: Float32[np.ndarray, "_rows _columns"]) -> float:
    """Return the share of pixels from which four lines go up and down in turn."""
    steps = np.diff(luma, axis=0)
    up, down = steps > _LEAST_STEP, steps < -_LEAST_STEP
    turns = (up[:-2] & down[1:-1] & up[2:]) | (down[:-2] & up[1:-1] & down[2:])
    return float(turns.mean()) if turns.size else 0.0
