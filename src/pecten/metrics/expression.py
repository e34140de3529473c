"""Whether a face does what the performer did."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from pecten.errors import ShapeError
from pecten.geometry import similarity
from pecten.types import Points

Track = Float64[np.ndarray, "_frames _points 2"]
"""Landmarks of one face over time, px."""

Curve = Float64[np.ndarray, " _frames"]


@dataclass(frozen=True)
class Scheme:
    """Which landmark is what.

    Attributes:
        outer_eye_corners: Right, left.
        mouth: Pairs (upper, lower) of inner-lip points.
        right_eye: Pairs (upper, lower) of lid points.
        left_eye: Pairs (upper, lower) of lid points.
    """

    outer_eye_corners: tuple[int, int]
    mouth: tuple[tuple[int, int], ...]
    right_eye: tuple[tuple[int, int], ...]
    left_eye: tuple[tuple[int, int], ...]


MESH = Scheme((33, 263), ((13, 14),), ((159, 145), (158, 153)), ((386, 374), (385, 380)))
"""Of the 478."""

IBUG = Scheme((36, 45), ((61, 67), (62, 66), (63, 65)), ((37, 41), (38, 40)), ((43, 47), (44, 46)))
"""Of the 68."""


# fmt: off
MESH_PARTS = {
    "mouth": (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185,
              78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191),
    "eyes": (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246,
             263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466),
    "brows": (70, 63, 105, 66, 107, 55, 65, 52, 53, 46, 300, 293, 334, 296, 336, 285, 295, 282, 283, 276),
}
"""Of the 478: lips, lids and brows."""
# fmt: on

IBUG_PARTS = {"mouth": tuple(range(48, 68)), "eyes": tuple(range(36, 48)), "brows": tuple(range(17, 27))}
"""Of the 68."""


@dataclass(frozen=True)
class Agreement:
    """How well one performance follows another.

    Attributes:
        landmark_error: Mean distance after alignment, in inter-ocular distances.
        mouth: Correlation of the mouth's opening over time; NaN if it never moves.
        eyes: Correlation of the eyes' opening, mean of both.
    """

    landmark_error: float
    mouth: float
    eyes: float


def interocular_px(landmarks: Points, scheme: Scheme = MESH) -> float:
    """Measure the distance of the outer eye corners."""
    right, left = scheme.outer_eye_corners
    return float(np.linalg.norm(landmarks[left] - landmarks[right]))


def landmark_error(found: Points, truth: Points, scheme: Scheme = MESH) -> float:
    """Measure how far a face's landmarks are off once place, size and tilt are taken out.

    Args:
        found: Landmarks of the face to judge, px.
        truth: The same landmarks of the performance, px, in any picture.
        scheme: What the landmarks are.
    Returns:
        Mean distance, in inter-ocular distances of the truth.
    Raises:
        ShapeError: if the counts differ.
    """
    aligned = similarity.apply(similarity.fit_similarity(found, truth), found)
    return float(np.linalg.norm(aligned - truth, axis=1).mean()) / interocular_px(truth, scheme)


def part_errors(
    found: Track, truth: Track, parts: Mapping[str, tuple[int, ...]] = MESH_PARTS, scheme: Scheme = MESH
) -> dict[str, Curve]:
    """Measure how far the landmarks of each part are off, frame by frame, once place, size and tilt are taken out.

    The whole face is aligned, not each part: a mouth in the wrong place is wrong.

    Args:
        found: Landmarks of the face to judge, px.
        truth: The same landmarks of the true face, px, in any picture.
        parts: Name and landmarks of each.
        scheme: What the landmarks are.
    Returns:
        For each part its mean distance on every frame, in inter-ocular distances of the truth.
    Raises:
        ShapeError: if frames or landmarks differ in number.
    """
    if found.shape != truth.shape:
        raise ShapeError(f"performances {found.shape} and {truth.shape}: give equal frames and landmarks")
    apart = np.array(
        [
            np.linalg.norm(similarity.apply(similarity.fit_similarity(one, other), one) - other, axis=1)
            / interocular_px(other, scheme)
            for one, other in zip(found, truth, strict=True)
        ]
    ).reshape(truth.shape[:2])
    return {name: apart[:, list(points)].mean(axis=1) for name, points in parts.items()}


def opening(track: Track, pairs: tuple[tuple[int, int], ...], scheme: Scheme = MESH) -> Curve:
    """Measure how far open a mouth or an eye is.

    Args:
        track: Landmarks, px.
        pairs: (upper, lower) landmarks, as in a scheme.
        scheme: What the landmarks are.
    Returns:
        One a frame, in inter-ocular distances.
    """
    upper, lower = np.array(pairs).T
    right, left = scheme.outer_eye_corners
    gap = np.linalg.norm(track[:, upper] - track[:, lower], axis=2).mean(axis=1)
    curve: Curve = gap / np.linalg.norm(track[:, left] - track[:, right], axis=1)
    return curve


def correlation(one: Curve, other: Curve) -> float:
    """Correlate two curves (Pearson); NaN if either is constant, or empty."""
    if len(one) != len(other):
        raise ShapeError(f"curves of {len(one)} and {len(other)} frames: give equal lengths")
    if not len(one):
        return float("nan")
    a, b = one - one.mean(), other - other.mean()
    size = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / size if size > 1e-12 else float("nan")


def agreement(found: Track, truth: Track, scheme: Scheme = MESH) -> Agreement:
    """Compare two performances, frame by frame.

    Args:
        found: Landmarks of the swapped face, px.
        truth: Landmarks of the performance, px.
        scheme: What the landmarks are.
    Raises:
        ShapeError: if frames or landmarks differ in number.
    """
    if found.shape != truth.shape:
        raise ShapeError(f"performances {found.shape} and {truth.shape}: give equal frames and landmarks")
    error = float(np.mean([landmark_error(one, other, scheme) for one, other in zip(found, truth, strict=True)]))
    mouth, right, left = (
        correlation(opening(found, pairs, scheme), opening(truth, pairs, scheme))
        for pairs in (scheme.mouth, scheme.right_eye, scheme.left_eye)
    )
    return Agreement(error, mouth, (right + left) / 2)
