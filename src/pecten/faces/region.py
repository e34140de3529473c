"""Which part of a picture a face covers, as a hard-edged matte."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from pecten.errors import ShapeError
from pecten.faces.mean import MEAN_MESH
from pecten.faces.mesh import (
    INNER_LIPS,
    LEFT_BROW,
    LEFT_SOCKET,
    MESH_POINTS,
    NOSE,
    OUTER_LIPS,
    OVAL,
    RIGHT_BROW,
    RIGHT_SOCKET,
)
from pecten.faces.normalise import pose
from pecten.types import Mask, Points

_SUPERSAMPLING = 4
_FIXED_POINT_BITS = 4
# Of the way from the oval to the face's middle: the mesh's oval runs along the head's outline, and the matte must not.
_INSET = 0.04
# Of the way from the brows to the top of the oval.
_FOREHEAD = 0.55
_SURFACE_INSET = 0.06
# Of the face's height: how far below the mesh's chin the matte reaches.
_CHIN = 0.04
_LIPS_GROWTH = 1.18
# A head turned further than this, in radians, shows a silhouette on its far side.
_TURN_FROM = 0.35
# How far the mesh reaches beyond it: of the face's height, for each radian more; measured up to a turn of 45 degrees.
_OVERREACH = 0.08
_MOST_BEYOND = 0.8
# The picture's side over the width of the rim that stays clear.
_RIM = 64


def _triangulate() -> NDArray[np.intp]:
    """Cover the mesh within the oval and below the brows' upper edge with triangles, in the mean face."""
    brow_line = MEAN_MESH[[*RIGHT_BROW, *LEFT_BROW], 1].min()
    inner = [i for i in range(MESH_POINTS) if i not in OVAL and MEAN_MESH[i, 1] >= brow_line]
    triangles: NDArray[np.intp] = np.array(inner, dtype=np.intp)[Delaunay(MEAN_MESH[inner, :2]).simplices]
    return triangles


_TRIANGLES = _triangulate()


def face_matte(landmarks: Points, size: int, further_rad: float = 0.0) -> Mask:
    """Draw the matte of a face: from beneath the chin to a little above the brows.

    Args:
        landmarks: The 478 mesh points, in px of the picture to be made.
        size: Side of the square picture, in px.
        further_rad: How much further the head is known to be turned than the mesh has it.
    Returns:
        Coverage: 1 inside, 0 outside and along the picture's edge, between only on pixels that the edge crosses.
    Raises:
        ShapeError: if there are not 478 points.
    """
    return draw(_full(_whole(landmarks), further_rad), size)


def feature_matte(landmarks: Points, size: int) -> Mask:
    """Draw what speaks in a face: both eyes' sockets up to the brows, and the lips with a rim of skin.

    Args, Returns, Raises:
        As for `face_matte`.
    """
    full = face_matte(landmarks, size)
    # Part of a turned face's far eye lies behind the nose, and of its lips beyond the cheek.
    parts: Mask = np.minimum(full, draw([*_lips(landmarks), *_eyes(landmarks)], size))
    return parts


def _whole(landmarks: Points) -> Points:
    if len(landmarks) != MESH_POINTS:
        raise ShapeError(f"{len(landmarks)} landmarks, but the mesh has {MESH_POINTS}: give the whole mesh")
    return landmarks


def draw(shapes: Sequence[Points], size: int) -> Mask:
    """Draw the union of closed shapes.

    Args:
        shapes: Corners in px of the picture to be made.
        size: Side of the square picture, in px; its rim stays clear.
    """
    canvas = np.zeros((size * _SUPERSAMPLING, size * _SUPERSAMPLING), dtype=np.uint8)
    # A supersampled pixel's centre lies a fraction of a pixel from the picture's.
    placed = (np.concatenate([np.zeros((0, 2)), *shapes]) + 0.5) * _SUPERSAMPLING - 0.5
    fixed = np.rint(placed * 2**_FIXED_POINT_BITS).astype(np.int32)
    begin = 0
    for shape in shapes:
        # One by one: of shapes filled together, what two of them cover would be a hole.
        cv2.fillPoly(canvas, [fixed[begin : begin + len(shape)]], 255, shift=_FIXED_POINT_BITS)
        begin += len(shape)
    # A turned cheek may reach the picture's edge; a matte that did would end there in a hard line.
    rim = -(-size // _RIM) * _SUPERSAMPLING
    canvas[:rim] = canvas[-rim:] = canvas[:, :rim] = canvas[:, -rim:] = 0
    small = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA)
    matte: Mask = small.astype(np.float32) / np.float32(255)
    return matte


def _full(landmarks: Points, further_rad: float = 0.0) -> list[Points]:
    landmarks = _far_side_drawn_in(landmarks, further_rad)
    oval = landmarks[list(OVAL)]
    middle = landmarks[[6, 197, 195, 5]].mean(axis=0)
    outline = oval + _INSET * (middle - oval)
    outline = _under_chin(_lower_forehead(outline, landmarks), landmarks)
    # Of a turned head the nose and the far cheek stand out of the oval: they come from the surface itself.
    surface = landmarks + _SURFACE_INSET * (middle - landmarks)
    return [rounded(outline), *surface[_TRIANGLES]]


def _far_side_drawn_in(landmarks: Points, further_rad: float) -> Points:
    """Bring a turned face's far cheek and brow back to its silhouette: the mesh reaches out into the background."""
    yaw = pose(landmarks).yaw_rad
    beyond = abs(yaw) + further_rad - _TURN_FROM
    if beyond <= 0:
        return landmarks
    down = landmarks[152] - landmarks[10]
    height = float(np.linalg.norm(down))
    far = np.array([down[1], -down[0]]) / height * np.sign(yaw)
    along = (landmarks - landmarks[6]) @ far
    # The nose is seen whole, and the mesh is right about it.
    along[list(NOSE)] = 0.0
    share = np.clip(along / max(float(along.max()), 1e-6), 0.0, 1.0) ** 2
    drawn: Points = landmarks - np.outer(_OVERREACH * height * min(beyond, _MOST_BEYOND) * share, far)
    return drawn


def _lower_forehead(outline: Points, landmarks: Points) -> Points:
    """Bring the top of the oval down to a little above the brows, along the face's own vertical."""
    brows = landmarks[[*RIGHT_BROW, *LEFT_BROW]]
    down = landmarks[152] - landmarks[10]
    down = down / np.linalg.norm(down)
    brow_line = float((brows @ down).min())
    heights = outline @ down
    top = float(heights.min())
    above = np.maximum(brow_line - heights, 0.0)
    if top >= brow_line:
        return outline
    lowered: Points = outline + np.outer(above * (1 - _FOREHEAD), down)
    return lowered


def _under_chin(outline: Points, landmarks: Points) -> Points:
    """Carry the lower edge on beneath the chin, along the face's own vertical: a beard hangs below the jaw."""
    down = landmarks[152] - landmarks[10]
    height = float(np.linalg.norm(down))
    down = down / height
    mouth = float(landmarks[13] @ down)
    chin = float(landmarks[152] @ down)
    depth = np.clip((outline @ down - mouth) / max(chin - mouth, 1e-6), 0.0, 1.0)
    lowered: Points = outline + np.outer(_CHIN * height * depth, down)
    return lowered


def _lips(landmarks: Points) -> list[Points]:
    outer = landmarks[list(OUTER_LIPS)]
    middle = landmarks[list(INNER_LIPS)].mean(axis=0)
    return [rounded(middle + _LIPS_GROWTH * (outer - middle))]


def _eyes(landmarks: Points) -> list[Points]:
    return [rounded(hull(landmarks[list(socket)])) for socket in (RIGHT_SOCKET, LEFT_SOCKET)]


def hull(points: Points) -> Points:
    """Return the convex hull, corner by corner."""
    return np.asarray(cv2.convexHull(points.astype(np.float32)), dtype=np.float64).reshape(-1, 2)


def rounded(outline: Points, times: int = 2) -> Points:
    """Cut the corners of a closed outline (Chaikin 1974)."""
    for _ in range(times):
        onward = np.roll(outline, -1, axis=0)
        outline = np.stack([0.75 * outline + 0.25 * onward, 0.25 * outline + 0.75 * onward], axis=1).reshape(-1, 2)
    return outline
