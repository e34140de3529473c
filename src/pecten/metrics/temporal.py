"""How restless a picture or a face is over time."""

from collections import deque
from collections.abc import Iterable

import numpy as np
from jaxtyping import Float64

from pecten.errors import ShapeError
from pecten.types import Image, Mask


def restlessness(frames: Iterable[Image], regions: Iterable[Mask] | Mask | None = None) -> float:
    """Measure the mean absolute second difference over time.

    Steady light and steady change have none; flicker has much, and so do grain and fast motion.

    Args:
        frames: In order, of one size; read once, three held at a time.
        regions: Weight of each pixel: one for all frames, or one a frame (the middle frame's counts); None weights all
            alike.
    Returns:
        In the pictures' own unit.
    Raises:
        ShapeError: if there are fewer than three frames or nothing is covered.
    """
    window: deque[tuple[Image, Mask | None]] = deque(maxlen=3)
    total = weight = 0.0
    masks = None if regions is None or isinstance(regions, np.ndarray) else iter(regions)
    for frame in frames:
        window.append((frame, regions if isinstance(regions, np.ndarray) else None if masks is None else next(masks)))
        if len(window) < 3:
            continue
        (before, _), (now, mask), (after, _) = window
        change = np.abs(before - 2 * now + after).mean(axis=2)
        cover = np.ones(change.shape, np.float32) if mask is None else mask
        total += float((change * cover).sum(dtype=np.float64))
        weight += float(cover.sum(dtype=np.float64))
    if weight <= 0:
        raise ShapeError(
            "no second difference to measure: give three frames or more and a region that covers something"
        )
    return total / weight


def flicker(frames: Iterable[Image], truth: Iterable[Image], region: Mask | None = None) -> float:
    """Compare a shot's restlessness with the truth's, or with its own plate's.

    Args:
        frames: The shot to judge.
        truth: What it should be.
        region: Weight of each pixel.
    Returns:
        1 if both are equally restless, more if the shot flickers.
    Raises:
        ShapeError: if there is too little to measure, or the truth stands still.
    """
    quiet = restlessness(truth, region)
    if quiet <= 0:
        raise ShapeError("the truth stands still, so flicker has no measure: use restlessness")
    return restlessness(frames, region) / quiet


def jitter(track: Float64[np.ndarray, "_frames _points 2"], unit_px: float = 1.0) -> float:
    """Measure how much points tremble: root mean square second difference over time.

    Args:
        track: Points of one track, px.
        unit_px: What the result is counted in, say the inter-ocular distance.
    Raises:
        ShapeError: if there are fewer than three frames.
    """
    if len(track) < 3:
        raise ShapeError(f"{len(track)} frames have no second difference: give three or more")
    second = track[2:] - 2 * track[1:-1] + track[:-2]
    return float(np.sqrt((second**2).sum(axis=2).mean())) / unit_px
