"""Frames drawn evenly over pose and expression, as a function of (seed, identity, images seen)."""

import numpy as np
from jaxtyping import Float32, Float64, Int64

from pecten.errors import ShapeError

BINS = 8
"""Of each descriptor's range; a bin counts by its occupation."""

LIMIT = 8.0
"""Most that one frame may outweigh the mean frame: a single odd frame must not be seen all the time."""


def descriptors(landmarks: Float32[np.ndarray, "_frames 478 2"]) -> Float64[np.ndarray, "_frames 4"]:
    """Describe each face by yaw, pitch, mouth opening and eye opening.

    Args:
        landmarks: Mesh points in px, any scale.
    Returns:
        Unitless figures that grow with each; not angles, only fit for ordering.
    """
    points = landmarks.astype(np.float64)
    right, left, nose = points[:, 33], points[:, 263], points[:, 1]
    mouth = points[:, [61, 291]].mean(axis=1)
    eyes = (right + left) / 2
    width = _length(left - right)
    across = (left - right) / width[:, None]
    down = np.stack([-across[:, 1], across[:, 0]], axis=1)
    yaw = ((nose - eyes) * across).sum(axis=1) / width
    pitch = ((nose - eyes) * down).sum(axis=1) / np.maximum(_length(mouth - eyes), 1e-6)
    opening = _length(points[:, 13] - points[:, 14]) / width
    lids = sum(_length(points[:, a] - points[:, b]) for a, b in ((160, 144), (158, 153), (385, 380), (387, 373)))
    return np.stack([yaw, pitch, opening, lids / width], axis=1)


def balance(described: Float64[np.ndarray, "_frames _figures"]) -> Float64[np.ndarray, " _frames"]:
    """Give rare frames more weight.

    Args:
        described: From `descriptors`.
    Returns:
        Probabilities: the mean over descriptors of one over the occupation of a frame's bin, limited and normalised.
    Raises:
        ShapeError: if there is no frame.
    """
    if len(described) == 0:
        raise ShapeError("no frames to draw from: give at least one usable frame")
    weights = np.zeros(len(described))
    for column in described.T:
        edges = np.linspace(column.min(), column.max(), BINS + 1)
        bins = np.clip(np.searchsorted(edges, column, side="right") - 1, 0, BINS - 1)
        counts = np.bincount(bins, minlength=BINS)
        weights += 1 / (counts[bins] * np.count_nonzero(counts))
    weights = np.minimum(weights / weights.mean(), LIMIT)
    probabilities: Float64[np.ndarray, " _frames"] = weights / weights.sum()
    return probabilities


def draw(
    probabilities: Float64[np.ndarray, " _frames"], count: int, seed: tuple[int, ...]
) -> Int64[np.ndarray, " _count"]:
    """Draw frames with replacement, spread evenly over the probabilities (systematic sampling), in random order.

    Args:
        probabilities: From `balance`.
        count: How many.
        seed: Non-negative integers; equal seeds give equal draws.
    """
    source = np.random.default_rng(list(seed))
    order = source.permutation(len(probabilities))
    marks = (np.arange(count) + source.uniform()) / count
    chosen = np.searchsorted(np.cumsum(probabilities[order]), marks, side="right")
    return source.permutation(order[np.minimum(chosen, len(order) - 1)]).astype(np.int64)


def _length(vectors: Float64[np.ndarray, "_frames 2"]) -> Float64[np.ndarray, " _frames"]:
    lengths: Float64[np.ndarray, " _frames"] = np.linalg.norm(vectors, axis=1)
    return lengths
