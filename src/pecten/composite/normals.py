"""Where a face's surface looks, from its landmarks: what a light does to a face depends on little else."""

import cv2
import numpy as np
from jaxtyping import Float32
from scipy.spatial import Delaunay

from pecten.composite.extend import extend
from pecten.errors import ShapeError
from pecten.faces.mean import MEAN_MESH
from pecten.faces.mesh import MESH_POINTS, RIGID
from pecten.types import Points

NormalMap = Float32[np.ndarray, "_height _width 3"]
"""Unit vectors: x to the picture's right, y down, z towards the lens."""

SIDE_PX = 64
"""Light has no detail, so neither has its map."""

# Of the map's side: wide enough to close the gaps between landmarks.
_SPREAD = 1 / 40


def normal_map(landmarks: Points, size: int, side_px: int = SIDE_PX) -> NormalMap:
    """Map the surface of a face: the mean head turned as this one, placed by its landmarks, smooth between them.

    Args:
        landmarks: The 478 mesh points, in px of a square picture.
        size: Side of that picture, in px.
        side_px: Side of the map.
    Raises:
        ShapeError: if there are not 478 points, or they lie on one line.
    """
    if len(landmarks) != MESH_POINTS:
        raise ShapeError(f"{len(landmarks)} landmarks, but the mesh has {MESH_POINTS}: give the whole mesh")
    turned = _NORMALS @ _rotation(landmarks).T
    places = np.rint((landmarks[: len(turned)] + 0.5) * (side_px / size) - 0.5).astype(int)
    held = ((places >= 0) & (places < side_px)).all(axis=1)
    sums = np.zeros((side_px, side_px, 4), np.float32)
    rows, columns = places[held, 1], places[held, 0]
    np.add.at(sums, (rows, columns), np.column_stack([turned[held], np.ones(int(held.sum()))]).astype(np.float32))
    sums = np.asarray(cv2.GaussianBlur(sums, (0, 0), side_px * _SPREAD))
    count = sums[..., 3]
    known = count > 0.02 * count.max()
    surface = np.ascontiguousarray(sums[..., :3] / np.maximum(count, np.float32(1e-9))[..., None])
    surface = extend(surface, known)
    length = np.linalg.norm(surface, axis=2, keepdims=True)
    return np.asarray(surface / np.maximum(length, np.float32(1e-6)), np.float32)


def _rotation(landmarks: Points) -> np.ndarray:
    """Fit the turn of the mean head under a distant camera; rows are the picture's axes on the head."""
    seen, solid = landmarks[list(RIGID)], MEAN_MESH[list(RIGID)]
    camera = np.linalg.lstsq(solid - solid.mean(axis=0), seen - seen.mean(axis=0), rcond=None)[0].T
    u, singular, vt = np.linalg.svd(camera, full_matrices=False)
    if singular[-1] <= 0:
        raise ShapeError("no surface to be found: the landmarks lie on one line")
    x, y = u @ vt
    return np.stack([x, y, np.cross(x, y)])


def _mean_normals() -> np.ndarray:
    # The irises, last in the mesh, lie before the surface.
    surface = MEAN_MESH[: MESH_POINTS - 10]
    corners = Delaunay(surface[:, :2]).simplices
    one, two, three = (surface[corners[:, k]] for k in range(3))
    across = np.cross(two - one, three - one)
    across *= np.sign(across[:, 2:])
    normals = np.zeros_like(surface)
    for k in range(3):
        np.add.at(normals, corners[:, k], across)
    return np.asarray(normals / np.linalg.norm(normals, axis=1, keepdims=True))


_NORMALS = _mean_normals()
