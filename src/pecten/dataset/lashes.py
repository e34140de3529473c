"""What a performer's lashes look like on shut eyes: the few frames that show them, brought to one place."""

from collections.abc import Sequence

import cv2
import numpy as np

from pecten.dataset.crops import CropSet
from pecten.dataset.irises import FRONTAL
from pecten.faces.eyes import Eye, eyes_of, turned_by
from pecten.faces.lid_line import LEAST_HALF_PX, Pictures, contrast_at, lid_line
from pecten.types import Image, Mask

FRAMES = 24
"""That are looked at: those with the most shut eyes."""

SHUT = 0.45
"""Openness of the less shut eye, up to which both are taken to be."""

TOGETHER = 5
"""Frames whose median is kept: more of them, in other light and turned otherwise, blur the strokes."""

ALIKE = 0.8
"""Correlation with the frame that all are brought to, below which one shows something else: a dark open eye."""

_LEAST_FRAMES = 2
_BLUR = 1.0
_STEPS, _ENOUGH = 40, 1e-4


def seen_lashes(crops: CropSet, width: int, height: int) -> Pictures:
    """Return the right and the left eye, shut, as a performer's footage shows them.

    Args:
        crops: One performer's.
        width: Of the pictures, in px; see `pecten.faces.lid_line`.
        height: Likewise.
    Returns:
        Light divided by the same blurred; all zero where the eyes are too small or never shut.
    Reference:
        Evangelidis and Psarakis 2008 (enhanced correlation coefficient), for bringing one onto the other.
    """
    eyes = [eyes_of(mesh.astype(np.float64)) for mesh in crops.landmarks]
    chosen = _shut(eyes)
    pictures = np.zeros((2, height, width, 3), np.float32)
    for k in (0, 1):
        shown = []
        for frame in chosen:
            line = lid_line(eyes[frame][k].lids)
            if line is not None and line.half >= LEAST_HALF_PX:
                picture = crops.images[frame].astype(np.float32) / np.float32(255)
                shown.append(contrast_at(picture, line, width, height))
        if len(shown) >= _LEAST_FRAMES:
            pictures[k] = _together(shown)
    return pictures


def _shut(eyes: Sequence[Sequence[Eye]]) -> list[int]:
    openness = np.array([max(eye.openness for eye in pair) for pair in eyes])
    turned = np.array([turned_by(*pair) for pair in eyes])
    shut = np.isfinite(openness) & (openness < SHUT) & (turned < FRONTAL)
    return [int(frame) for frame in np.argsort(openness, kind="stable") if shut[frame]][:FRAMES]


def _together(shown: Sequence[Image]) -> Image:
    """Return the median of those that are most like the most usual one, all brought onto it; zero if none are."""
    dark = [cv2.GaussianBlur(np.log(one.mean(axis=2)), (0, 0), _BLUR) for one in shown]
    likeness = np.corrcoef(np.stack([one.ravel() for one in dark]))
    usual = int(np.argmax(np.median(likeness, axis=1)))
    height, width = dark[usual].shape
    brought: list[tuple[float, Image]] = []
    for position, (one, picture) in enumerate(zip(dark, shown, strict=True)):
        if position == usual:
            brought.append((1.0, picture))
        elif (found := _onto(dark[usual], one)) is not None and found[0] >= ALIKE:
            way = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
            moved = cv2.warpAffine(picture, found[1], (width, height), flags=way, borderMode=cv2.BORDER_REPLICATE)
            brought.append((found[0], moved))
    if len(brought) < _LEAST_FRAMES:
        return np.zeros_like(shown[0])
    best = sorted(brought, key=lambda pair: -pair[0])[:TOGETHER]
    return np.asarray(np.median([picture for _, picture in best], axis=0), np.float32)


def _onto(usual: Mask, other: Mask) -> tuple[float, np.ndarray] | None:
    """Return how alike two are once one is moved onto the other, and how it is; None where no way is found."""
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, _STEPS, _ENOUGH)
    still, everywhere = np.eye(2, 3, dtype=np.float32), np.full(usual.shape, 255, np.uint8)
    try:
        alike, move = cv2.findTransformECC(usual, other, still, cv2.MOTION_AFFINE, stop, everywhere, 3)
    except cv2.error:
        return None
    return float(alike), move
