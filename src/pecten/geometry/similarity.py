"""Similarity and affine transforms of the plane."""

import numpy as np
from jaxtyping import Float64

from pecten.errors import ShapeError
from pecten.types import CANONICAL_SIZE, Affine, Points


def fit_similarity(source: Points, target: Points, weights: Float64[np.ndarray, " _points"] | None = None) -> Affine:
    """Fit the similarity (scale, rotation, shift) that takes `source` closest to `target`.

    Args:
        source: Points in px.
        target: The same points elsewhere, in px.
        weights: The say of each point; None gives all the same.
    Returns:
        The least-squares similarity without reflection.
    Raises:
        ShapeError: if the counts differ, fewer than two points are given, or all source points coincide.
    Reference:
        Umeyama 1991, equations 40 to 43.
    """
    if source.shape != target.shape or len(source) < 2:
        raise ShapeError(
            f"cannot fit a similarity to {source.shape[0]} and {target.shape[0]} points: give equal counts"
        )
    share = np.full(len(source), 1 / len(source)) if weights is None else weights / weights.sum()
    source_mean, target_mean = share @ source, share @ target
    a, b = source - source_mean, (target - target_mean) * share[:, None]
    variance = (share @ a**2).sum()
    if variance <= 0:
        raise ShapeError("cannot fit a similarity: all source points coincide")
    u, singular, vt = np.linalg.svd(b.T @ a)
    sign = np.array([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt)) or 1.0])
    scaled_rotation = (u * sign) @ vt * ((singular * sign).sum() / variance)
    shift = target_mean - scaled_rotation @ source_mean
    return np.column_stack([scaled_rotation, shift])


def similarity(scale: float, rotation_rad: float, shift_px: tuple[float, float]) -> Affine:
    """Make a similarity from its four parameters."""
    c, s = scale * np.cos(rotation_rad), scale * np.sin(rotation_rad)
    return np.array([[c, -s, shift_px[0]], [s, c, shift_px[1]]], dtype=np.float64)


def invert(transform: Affine) -> Affine:
    """Return the transform that undoes `transform`."""
    linear = np.linalg.inv(transform[:, :2])
    return np.column_stack([linear, -linear @ transform[:, 2]])


def compose(outer: Affine, inner: Affine) -> Affine:
    """Return the transform that applies `inner`, then `outer`."""
    return np.column_stack([outer[:, :2] @ inner[:, :2], outer[:, :2] @ inner[:, 2] + outer[:, 2]])


def apply(transform: Affine, points: Points) -> Points:
    """Move points (px) by a transform."""
    moved: Points = points @ transform[:, :2].T + transform[:, 2]
    return moved


def scale_of(transform: Affine) -> float:
    """Return the linear scale of a similarity (square root of the area it multiplies by)."""
    return float(np.sqrt(abs(np.linalg.det(transform[:, :2]))))


def resize(from_size: int, to_size: int) -> Affine:
    """Return the transform between two sizes of one square picture, with pixel centres at integers."""
    ratio = to_size / from_size
    return np.array([[ratio, 0.0, (ratio - 1) / 2], [0.0, ratio, (ratio - 1) / 2]])


def at_size(crop_from_plate: Affine, size: int) -> Affine:
    """Convert a stored transform (to a crop of `CANONICAL_SIZE`) to one that makes a crop of `size` px."""
    return compose(resize(CANONICAL_SIZE, size), crop_from_plate)
