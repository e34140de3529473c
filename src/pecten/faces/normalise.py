"""Where a face lies: the similarity that takes it from the plate to the normalised crop, and its pose."""

from typing import NamedTuple, TypeVar

import numpy as np
from jaxtyping import Float64

from pecten.errors import ShapeError
from pecten.faces.mean import MEAN_MESH
from pecten.faces.mesh import LEFT_BROW, MESH_POINTS, MESH_TO_68, RIGHT_BROW, RIGID
from pecten.geometry import similarity as sim
from pecten.geometry.warp import warp
from pecten.types import Affine, ByteImage, Image, Points

_SHARES = (
    ((33, 133, 263, 362), 8.0),
    (RIGHT_BROW + LEFT_BROW, 10.0),
    (MESH_TO_68[27:36], 9.0),
    (MESH_TO_68[48:60], 20.0),
)
"""What the normalisation is fitted on: corners of the eyes, brows, nose and lips, each with about the say that it has
among the 68 landmarks, however many mesh points it has. The lids are left out: a blink is not a move of the head."""

FIT_POINTS = np.array([point for group, _ in _SHARES for point in group])
"""The mesh points that the normalisation is fitted on."""

FIT_WEIGHTS: Float64[np.ndarray, " _points"] = np.concatenate([np.full(len(g), say / len(g)) for g, say in _SHARES])
"""The say of each of them."""

MEAN_FACE: Points = MEAN_MESH[FIT_POINTS, :2]
"""Where they lie in a crop of `CANONICAL_SIZE`, in which the irises are at (368, 414) and (656, 414)."""

FACE_CENTRE = (512.0, 540.0)
"""The point of the normalised crop, in px, whose path through the plate is smoothed."""

AnyImage = TypeVar("AnyImage", Image, ByteImage)


class Pose(NamedTuple):
    """Turn of a head; 0 looks into the lens."""

    yaw_rad: float
    """Positive towards the picture's right."""
    pitch_rad: float
    """Positive down."""
    roll_rad: float
    """Positive counter-clockwise in the picture."""


def crop_from_plate(landmarks: Points) -> Affine:
    """Fit the similarity that takes a face to the normalised crop.

    Args:
        landmarks: The 478 mesh points, in plate px.
    Returns:
        Maps plate px to px of a crop of `CANONICAL_SIZE`.
    Raises:
        ShapeError: if there are not 478 points, or they coincide.
    """
    return fit(_whole(landmarks)[FIT_POINTS])


def fit(points: Points) -> Affine:
    """Fit the normalisation to the `FIT_POINTS` alone, in plate px.

    Raises:
        ShapeError: if there are not as many, or they coincide.
    """
    return sim.fit_similarity(points, MEAN_FACE, FIT_WEIGHTS)


def crop(image: AnyImage, crop_from_plate: Affine, size: int) -> AnyImage:
    """Cut a normalised crop out of a plate: one resampling, anti-aliased where it shrinks.

    Args:
        image: The plate, floats or bytes.
        crop_from_plate: To a crop of `CANONICAL_SIZE`, whatever `size` is.
        size: Side of the crop, in px.
    Returns:
        The crop, in the plate's encoding; beyond the plate's edge its last pixels go on.
    """
    result: AnyImage = warp(image, sim.at_size(crop_from_plate, size), size, size, "cubic", "replicate")
    return result


def pose(landmarks: Points) -> Pose:
    """Estimate the turn of the head, by fitting the mean face in three dimensions under a distant camera.

    Args:
        landmarks: The 478 mesh points, in plate px.
    Raises:
        ShapeError: if there are not 478 points, or they coincide.
    """
    x, y, z = rotation(landmarks)
    return Pose(float(np.arctan2(x[2], z[2])), float(np.arcsin(np.clip(y[2], -1, 1))), float(np.arctan2(-y[0], y[1])))


def rotation(landmarks: Points) -> Float64[np.ndarray, "3 3"]:
    """Estimate the turn of the head as a matrix, from its own axes to the picture's and towards the viewer.

    Args:
        landmarks: The 478 mesh points, in plate px.
    Raises:
        ShapeError: if there are not 478 points, or they coincide.
    """
    seen = _whole(landmarks)[list(RIGID)]
    solid = MEAN_MESH[list(RIGID)]
    seen, solid = seen - seen.mean(axis=0), solid - solid.mean(axis=0)
    camera = np.linalg.lstsq(solid, seen, rcond=None)[0].T
    u, singular, vt = np.linalg.svd(camera, full_matrices=False)
    if singular[-1] <= 0:
        raise ShapeError("cannot find a pose: the landmarks lie on one line")
    x, y = u @ vt
    return np.stack([x, y, np.cross(x, y)])


def box_of(landmarks: Points) -> tuple[float, float, float, float]:
    """Return the upright box around landmarks, x0, y0, x1, y1."""
    (x0, y0), (x1, y1) = landmarks.min(axis=0).tolist(), landmarks.max(axis=0).tolist()
    return x0, y0, x1, y1


def _whole(landmarks: Points) -> Points:
    if len(landmarks) != MESH_POINTS:
        raise ShapeError(f"{len(landmarks)} landmarks, but the mesh has {MESH_POINTS}: give the whole mesh")
    return landmarks
