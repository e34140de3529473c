"""Hair of the target's own head that lies within the face's matte: a fringe's ends, strands on a temple, a sideburn.

The network that tells what covers a face has learnt strands from drawings and takes hair that grows beside the face for
its edge. Light tells more: where the plate stays far darker than the relit face, outside of all features and joined to
what lies beyond the matte, no skin is seen.
"""

import cv2
import numpy as np

from pecten.composite.light import Light, departure
from pecten.composite.matte import reaching
from pecten.faces.mesh import LEFT_BROW, LEFT_SOCKET, NOSE, OUTER_LIPS, RIGHT_BROW, RIGHT_SOCKET
from pecten.faces.region import draw, hull
from pecten.types import Mask, Points

DARKER = (0.5, 0.9)
"""Logarithm of face to plate, in odds, as a mean of the channels: from which hair begins, and is sure. Skin in a shadow
that the light has no term for lies below."""

_FEATURES = (*RIGHT_BROW, *LEFT_BROW, *RIGHT_SOCKET, *LEFT_SOCKET, *NOSE, *OUTER_LIPS)
_CHEEKS = (213, 192, 138, 433, 416, 367)
_JAW = (136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365)
"""Between the cheeks and down to the jaw a beard is the face's."""

_MARGIN = 0.02
"""Around the features, as a share of the crop's side."""

_BELOW = 0.1
"""How far below the jaw nothing is told, as a share of the face's height: beards end there, necks are in shadow."""

_ABOVE = 0.5
"""How far above the brows a face ends, as a share of how far they lie above the eyes: brows reach beyond their mesh."""

_TOP, _CHIN = 10, 152


def head_hair(light: Light, landmarks: Points, size: int) -> Mask:
    """Tell the head's hair from the face on the light's own grid: 1 is hair, 0 face.

    A beard on the jaw, the chin and around the mouth is the face's, and none.

    Args:
        light: Of the frame.
        landmarks: The mesh, in px of a square crop.
        size: Side of that crop.
    """
    grid = len(light.trusted)
    known = np.isfinite(light.ratio).all(axis=2)
    if not known.any():
        return np.zeros((grid, grid), np.float32)
    darker = np.where(known, -departure(light).mean(axis=2), np.float32(0))
    low, high = DARKER
    hair = np.clip((darker - np.float32(low)) * np.float32(1 / (high - low)), 0, 1)
    # Cells that the matte's edge cuts had no part in the fit; they take their neighbours' values.
    hair = np.where(known, hair, cv2.dilate(hair, np.ones((5, 5), np.uint8)))
    hair = hair * _beside(landmarks * (grid / size), grid)
    return np.asarray(hair * reaching(hair > 0.25, ~known), np.float32)


def _beside(landmarks: Points, grid: int) -> Mask:
    """Weight what lies beside the features and above the jaw."""
    brows, sockets = (
        np.concatenate([landmarks[list(part)] for part in pair])
        for pair in ((RIGHT_BROW, LEFT_BROW), (RIGHT_SOCKET, LEFT_SOCKET))
    )
    higher = brows + _ABOVE * (brows.mean(axis=0) - sockets.mean(axis=0))
    lower = landmarks[list(_JAW)] + _BELOW * (landmarks[_CHIN] - landmarks[_TOP])
    points = np.concatenate([landmarks[[*_FEATURES, *_CHEEKS]], higher, lower])
    face = draw([hull(points)], grid)
    away = cv2.distanceTransform((face < 0.5).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.asarray(np.clip(away / np.float32(_MARGIN * grid) - 1, 0, 1), np.float32)
