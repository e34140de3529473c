"""A turned face ends at its far silhouette; the mesh says only roughly where, the picture says it to the pixel."""

import cv2
import numpy as np

from pecten.composite.matte import refine
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

_FADE = 0.05
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
    zone = _far_zone(landmarks, len(matte))
    if zone is None or not finite(plate):
        return matte
    reach = max(3, round(len(matte) * REACH))
    x, y, width, height = cv2.boundingRect((zone > 0).view(np.uint8))
    around = 2 * reach
    box = np.s_[max(0, y - around) : y + height + around, max(0, x - around) : x + width + around]
    here, weight = np.ascontiguousarray(matte[box]), np.ascontiguousarray(zone[box])
    told = _told_apart(here, np.ascontiguousarray(plate[box]), weight, reach)
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


def _far_zone(landmarks: Points, size: int) -> Mask | None:
    """Weight the far side of a turned face between brow and mouth; None for a face that is not turned."""
    yaw = pose(landmarks).yaw_rad
    turned = float(np.clip((abs(yaw) - TURNED[0]) / (TURNED[1] - TURNED[0]), 0, 1))
    if turned == 0:
        return None
    down = landmarks[152] - landmarks[10]
    height = float(np.linalg.norm(down))
    down = down / height
    far = np.array([down[1], -down[0]]) * np.sign(yaw)
    bridge = landmarks[6]
    edge = float(((landmarks - bridge) @ far).max())
    brow = float(((landmarks[[*RIGHT_BROW, *LEFT_BROW]] - bridge) @ down).min())
    mouth = float((landmarks[13] - bridge) @ down)
    across, along = np.meshgrid(*(np.arange(size, dtype=np.float32),) * 2)
    out = ((across - bridge[0]) * far[0] + (along - bridge[1]) * far[1]) / max(edge, 1e-6)
    low = (across - bridge[0]) * down[0] + (along - bridge[1]) * down[1]
    fade = _FADE * height
    weight = np.clip((out - _BESIDE[0]) / (_BESIDE[1] - _BESIDE[0]), 0, 1)
    weight *= np.clip((low - brow + fade) / fade, 0, 1) * np.clip((mouth - low + fade) / fade, 0, 1)
    weight *= turned
    zone: Mask = weight.astype(np.float32)
    return zone if zone.any() else None


def _told_apart(matte: Mask, plate: Image, zone: Mask, reach: int) -> tuple[Mask, float] | None:
    """Map colours to 1 inside and 0 outside; return with it how clearly they differ."""
    # As far from the edge as it may be wrong.
    gap, wide = reach // 2, 2 * reach
    depth = cv2.distanceTransform((matte >= 0.5).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3)
    off = cv2.distanceTransform((matte < 0.5).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3)
    asked = zone > 0.5 * zone.max()
    inside, outside = (plate[asked & (d > gap) & (d < wide)].astype(np.float64) for d in (depth, off))
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
