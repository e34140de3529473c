"""How restless a picture or a face is over time."""

from collections import deque
from collections.abc import Iterable

import cv2
import numpy as np
from jaxtyping import Float32, Float64

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


Motion = Float32[np.ndarray, "_height _width 2"]
"""Where each pixel of a frame lies in the next, px from its own place."""


def motion(before: Image, after: Image) -> Motion:
    """Find how a picture moves from one frame to the next.

    Args:
        before: Display-coded.
        after: The next frame.
    Raises:
        ShapeError: if sizes differ.
    Reference:
        Kroeger, Timofte, Dai and Van Gool 2016 (dense inverse search).
    """
    if before.shape != after.shape:
        raise ShapeError(f"frames {before.shape} and {after.shape}: give one size")
    grey = [np.rint(np.clip(frame, 0, 1).mean(axis=2) * 255).astype(np.uint8) for frame in (before, after)]
    finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow = finder.calc(grey[0], grey[1], np.zeros((*grey[0].shape, 2), np.float32))
    return np.asarray(flow, np.float32)


def change_along(before: Image, after: Image, moved: Motion, region: Mask, sigma_px: float = 3.0) -> float:
    """Measure how much a picture changes from one frame to the next once its motion is undone.

    Args:
        before: Any coding.
        after: The next frame.
        moved: From `motion`, perhaps of another picture that moves alike (the plate).
        region: Weight of each pixel.
        sigma_px: Of a blur first, so that flicker counts and grain does not; 0 for none.
    Returns:
        Mean absolute change, in the pictures' own unit.
    Raises:
        ShapeError: if nothing is covered.
    """
    total = float(region.sum(dtype=np.float64))
    if not total > 0:
        raise ShapeError("the region is empty: give one that covers something")
    if sigma_px > 0:
        before, after = (np.asarray(cv2.GaussianBlur(frame, (0, 0), sigma_px)) for frame in (before, after))
    columns, rows = np.meshgrid(*(np.arange(count, dtype=np.float32) for count in (region.shape[1], region.shape[0])))
    back = cv2.remap(after, columns + moved[..., 0], rows + moved[..., 1], cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)
    return float((np.abs(back - before).mean(axis=2) * region).sum(dtype=np.float64)) / total


def changes_along(
    frames: Iterable[Image], guides: Iterable[Image], regions: Iterable[Mask], sigma_px: float = 3.0
) -> Float64[np.ndarray, " _frames"]:
    """Measure on each frame of a shot how much it changed since the last one, once the motion of a guide is undone.

    Args:
        frames: The shot to judge, in order.
        guides: What moves alike and is known to be right, frame by frame: the plate, or the truth.
        regions: Weight of each pixel, frame by frame; the earlier frame's counts.
        sigma_px: As for `change_along`.
    Returns:
        Mean absolute change, in the pictures' own unit; NaN on the first frame.
    Raises:
        ShapeError: if nothing is covered, or sizes differ.
    """
    changes: list[float] = []
    last: tuple[Image, Image, Mask] | None = None
    for frame, guide, region in zip(frames, guides, regions, strict=True):
        changes.append(
            float("nan") if last is None else change_along(last[0], frame, motion(last[1], guide), last[2], sigma_px)
        )
        last = frame, guide, region
    return np.array(changes)


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
