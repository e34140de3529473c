"""A turned face ends at its far silhouette; the mesh says only roughly where, the picture says it to the pixel."""

from typing import NamedTuple

import cv2
import numpy as np

from pecten.composite.blend import enlarge
from pecten.composite.matte import inner_distance, reaching, refine
from pecten.composite.pixels import finite
from pecten.faces.mesh import LEFT_BROW, RIGHT_BROW
from pecten.faces.normalise import pose
from pecten.types import Image, Mask, Points

TURNED = (0.30, 0.45)
"""Turn, in radians, from which a silhouette is looked for, and at which it is wholly believed."""

REACH = 1 / 32
"""How far the mesh may be wrong about it, as a share of the crop's side."""

CLEAR = (1.0, 3.0)
"""Distance between the colours inside and outside, in squared deviations, at which they begin to differ, and do."""

_BESIDE = (0.3, 0.55)
"""From the nose's bridge to the far edge, where the zone begins and where it is whole."""

_BROWS = [*RIGHT_BROW, *LEFT_BROW]
_TIP, _CHIN = 1, 152
_FADE = 0.05
_RIM = 3.0
_GAP = 1.25
_DEEPEST = 1.5
_LEAST_SAMPLES = 48
_STEEP = 6.0
_TOLERANCE = 0.1


def at_silhouette(matte: Mask, landmarks: Points, plate: Image) -> Mask:
    """Move a turned face's far edge, from the brow to the mouth, onto the picture's own.

    Colours a little inside and a little outside the edge are told apart as well as a line of colours can, and the edge
    is drawn where that line says; where they do not differ, the edge stays.

    Args:
        matte: Of the whole face, hard-edged, in a square crop.
        landmarks: The 478 mesh points, in px of that crop.
        plate: The crop, display-coded.
    Reference:
        Fisher 1936 (linear discriminant); He, Sun and Tang 2013 (guided filter).
    """
    axes = _turned(landmarks)
    return matte if axes is None else _moved(matte, _far_zone(landmarks, len(matte), axes), plate)


def within_decoded(matte: Mask, landmarks: Points, decoded: Image, plate: Image) -> Mask:
    """Take from a turned face's far rim, from the nose's tip to the chin, neither face fills.

    Beyond its own silhouette a decoder shows what it likes. Beside the lips of a face that is turned far, the mesh lies
    beyond that, and a beard before a dark background does not tell; there the plate is to stay. Further up an eye may
    touch the silhouette, and the plate tells.

    Args:
        matte: As found in the plate.
        landmarks: As for `at_silhouette`.
        decoded: The decoded face, display-coded, of any size.
        plate: The crop, display-coded, as large as the matte.
    """
    turn = _turned(landmarks)
    if turn is None or not (finite(decoded) and finite(plate)):
        return matte
    rim, reach = _far_rim(matte, landmarks, turn), _reach(len(matte))
    beyond, depth = rim > 0.5, turn.weight * _DEEPEST * reach
    for picture in (enlarge(decoded, len(matte)), plate):
        told = _told_apart(matte, picture, rim, reach, _GAP) if rim.any() else None
        if told is None:
            return matte
        beyond &= cv2.GaussianBlur(told[0], (0, 0), reach / 8) < 0.5
        # The further a face is turned, and the clearer both are, the deeper: nothing goes at once.
        depth *= told[1]
    beyond &= inner_distance(matte) < depth
    # Lips may have the colour, too; what is not the face goes on beyond the matte.
    beyond = reaching(beyond, matte < 0.5)
    kept = 1 - cv2.GaussianBlur(beyond.astype(np.float32), (0, 0), 1.0)
    return np.asarray(np.minimum(matte, kept), np.float32)


def _moved(matte: Mask, zone: Mask, picture: Image) -> Mask:
    """Move a matte's edge within a zone onto the picture's own, where inside and outside differ."""
    if not (zone.any() and finite(picture)):
        return matte
    reach = _reach(len(matte))
    x, y, width, height = cv2.boundingRect((zone > 0).view(np.uint8))
    around = 2 * reach
    box = np.s_[max(0, y - around) : y + height + around, max(0, x - around) : x + width + around]
    here, weight = np.ascontiguousarray(matte[box]), np.ascontiguousarray(zone[box])
    told = _told_apart(here, np.ascontiguousarray(picture[box]), weight, reach, 0.5)
    if told is None:
        return matte
    seen, clear = told
    moved = refine(here, cv2.merge([seen] * 3), reach, _TOLERANCE)
    window = (2 * reach + 1, 2 * reach + 1)
    # What the filter does where there is no edge: so the two are of one kind, and may be mixed.
    still = cv2.blur(cv2.blur(here, window), window)
    mixed = still + weight * np.float32(clear) * (moved - still)
    result = matte.copy()
    hard = np.clip((mixed - np.float32(0.5)) * np.float32(_STEEP) + np.float32(0.5), 0, 1)
    result[box] = np.where(weight > 0, hard, here)
    return result


def _reach(size: int) -> int:
    return max(3, round(size * REACH))


class _Turn(NamedTuple):
    """How a face is turned: by how much it counts, and which ways its far side and its chin lie."""

    weight: float
    far: np.ndarray
    down: np.ndarray
    height: float


def _turned(landmarks: Points) -> _Turn | None:
    yaw = pose(landmarks).yaw_rad
    weight = float(np.clip((abs(yaw) - TURNED[0]) / (TURNED[1] - TURNED[0]), 0, 1))
    if weight == 0:
        return None
    down = landmarks[_CHIN] - landmarks[10]
    height = float(np.linalg.norm(down))
    down = down / height
    return _Turn(weight, np.array([down[1], -down[0]]) * np.sign(yaw), down, height)


def _far_rim(matte: Mask, landmarks: Points, turn: _Turn) -> Mask:
    """Weight what lies along a matte's far edge, from the nose's tip to the chin."""
    size, wide = len(matte), _RIM * _reach(len(matte))
    outward, inward = (
        cv2.warpAffine(matte, np.array([[1.0, 0.0, x], [0.0, 1.0, y]]), (size, size), flags=cv2.INTER_LINEAR)
        for x, y in (wide * turn.far, -wide * turn.far)
    )
    rim = np.asarray(cv2.blur(np.clip(outward - inward, 0, 1), (_reach(size), _reach(size))))
    tip, chin = (float((landmarks[point] - landmarks[6]) @ turn.down) for point in (_TIP, _CHIN))
    low, fade = _along(size, landmarks[6], turn.down), np.float32(_FADE * turn.height)
    rim *= np.clip((low - tip) / fade, 0, 1) * np.clip((chin - low) / fade, 0, 1)
    return rim


def _along(size: int, origin: np.ndarray, axis: np.ndarray) -> Mask:
    """Measure how far each pixel lies from a point along an axis."""
    columns, rows = ((np.arange(size) - origin[k]) * axis[k] for k in range(2))
    return np.asarray(rows[:, None] + columns[None], np.float32)


def _far_zone(landmarks: Points, size: int, turn: _Turn) -> Mask:
    """Weight the far side of a turned face between brow and mouth."""
    bridge = landmarks[6]
    edge = float(((landmarks - bridge) @ turn.far).max())
    brow, mouth = (float(((landmarks[points] - bridge) @ turn.down).min()) for points in (_BROWS, [13]))
    out = _along(size, bridge, turn.far) / np.float32(max(edge, 1e-6))
    low = _along(size, bridge, turn.down)
    fade = np.float32(_FADE * turn.height)
    weight = np.clip((out - _BESIDE[0]) / (_BESIDE[1] - _BESIDE[0]), 0, 1)
    weight *= np.clip((low - brow + fade) / fade, 0, 1) * np.clip((mouth - low + fade) / fade, 0, 1)
    weight *= np.float32(turn.weight)
    return weight


def _told_apart(matte: Mask, plate: Image, zone: Mask, reach: int, gap: float) -> tuple[Mask, float] | None:
    """Map colours to 1 inside and 0 outside; return with it how clearly they differ."""
    # As far from the edge as it may be wrong.
    near, wide = (gap * reach, (gap + 1.5) * reach)
    depth = cv2.distanceTransform((matte >= 0.5).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3)
    off = cv2.distanceTransform((matte < 0.5).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3)
    asked = zone > 0.5 * zone.max()
    inside, outside = (plate[asked & (d > near) & (d < wide)].astype(np.float64) for d in (depth, off))
    if min(len(inside), len(outside)) < _LEAST_SAMPLES:
        return None
    apart = inside.mean(axis=0) - outside.mean(axis=0)
    spread = np.cov(inside.T) + np.cov(outside.T) + 1e-4 * np.eye(3)
    line = np.linalg.solve(spread, apart)
    distance = float(apart @ line)
    clear = float(np.clip((distance - CLEAR[0]) / (CLEAR[1] - CLEAR[0]), 0, 1))
    if clear == 0:
        return None
    line /= distance
    told = cv2.transform(plate, line.astype(np.float32)[None]) - np.float32(outside.mean(axis=0) @ line)
    seen: Mask = np.clip(told, 0, 1)
    return seen, clear
