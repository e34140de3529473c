"""How far a head is turned, where the mesh no longer tells: in profile its eyes lie close together."""

import numpy as np
from jaxtyping import Float64

from pecten.faces.detect import Detection, Detector, overlap
from pecten.faces.normalise import Pose, box_of, pose
from pecten.geometry import similarity as sim
from pecten.geometry.warp import warp
from pecten.types import CANONICAL_SIZE, Affine, ByteImage, Points

ASKED_DEG = 30.0
"""Turn, as the mesh has it, from which the detector is asked."""

TRUSTED_DEG = 48.0
"""Turn, as the detector has it, from which it counts: the mesh is right up to about 45 degrees."""

_WIDE: Float64[np.ndarray, " _known"] = np.array([0.30, 0.36, 0.41, 0.475, 0.52, 0.65, 0.78, 1.0])
_TURNED_DEG: Float64[np.ndarray, " _known"] = np.array([75.0, 70.0, 65.0, 60.0, 56.0, 45.0, 32.0, 0.0])
"""From eye to eye, over eyes to mouth, as the detector sees them at so many degrees: means over heads that are drawn
(`runs/draw_turning_head.py`) and, up to 45 degrees, rendered."""

_SIDE_PX, _REACH = 256, 1.6
"""Of the square that the detector looks at: in its px, and over the normalised crop's."""


def turn(image: ByteImage, landmarks: Points, crop_from_plate: Affine, detector: Detector) -> Pose:
    """Estimate the turn of a head, up to profile.

    The mesh goes on showing both halves of a face of which only one is seen: its own turn hardly grows beyond 40
    degrees. The detector's five points come closer together as far as a face is found at all.

    Args:
        image: The plate, display-coded.
        landmarks: The 478 mesh points, in plate px.
        crop_from_plate: The face's normalisation.
        detector: Asked only where the mesh has the head turned already.
    """
    by_mesh = pose(landmarks)
    if abs(by_mesh.yaw_rad) < np.radians(ASKED_DEG):
        return by_mesh
    seen = _seen(image, landmarks, crop_from_plate, detector)
    if seen is None:
        return by_mesh
    turned = float(np.interp(eyes_apart(seen), _WIDE, _TURNED_DEG))
    if turned < TRUSTED_DEG or np.radians(turned) < abs(by_mesh.yaw_rad):
        return by_mesh
    return by_mesh._replace(yaw_rad=float(np.copysign(np.radians(turned), by_mesh.yaw_rad)))


def eyes_apart(one: Detection) -> float:
    """Return how far apart a detection's eyes are, over how far its mouth is below them."""
    eyes, mouth = one.points[:2], one.points[3:]
    low = float(np.linalg.norm(mouth.mean(axis=0) - eyes.mean(axis=0)))
    return float(np.linalg.norm(eyes[1] - eyes[0])) / max(low, 1e-6)


def _seen(image: ByteImage, landmarks: Points, crop_from_plate: Affine, detector: Detector) -> Detection | None:
    """Detect a face anew in an upright square around it; None where the detector sees none there."""
    scale = _SIDE_PX / (CANONICAL_SIZE * _REACH)
    shift = (_SIDE_PX - CANONICAL_SIZE * scale) / 2
    square = sim.compose(sim.similarity(scale, 0.0, (shift, shift)), crop_from_plate)
    here = box_of(sim.apply(square, landmarks))
    faces = detector.detect(warp(image, square, _SIDE_PX, _SIDE_PX, "linear", "replicate"))
    return max(faces, key=lambda one: overlap(one.box, here), default=None)
