"""Where a swap cannot hold, it fades: a turn into profile, a face that leaves the picture or is lost."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pecten.faces.quality import outside
from pecten.faces.records import FaceFrame

PROFILE_DEG = (53.0, 64.0)
"""Turn at which a face begins to fade, and at which nothing of it is left: the mesh has no far side beyond."""

_TURNS_ALIKE = 2
"""Frames on either side whose median says how far a face is turned."""

PRESENCE = (0.5, 0.9)
"""Probability of a face at which nothing of it is left, and from which it is whole."""

OUTSIDE = (0.25, 0.6)
"""Share of a face's outline beyond the picture from which it fades, and at which nothing of it is left."""


@dataclass(frozen=True)
class Fade:
    """How much of a face is held on one frame.

    Attributes:
        weight: 1 whole, 0 none.
        reason: Why it is less than whole.
    """

    weight: float
    reason: str = ""


def fades(faces: Mapping[int, FaceFrame], width: int, height: int, frames: int = 5) -> dict[int, Fade]:
    """Find how much of a face each frame holds.

    A face that is lost in the middle of its track takes `frames` frames to go and to come back. The first and last
    frames of a track fade only where the face is seen to go (presence, turn, edge of the picture): at a cut it is whole
    up to the cut.

    Args:
        faces: By frame index.
        width: Of the plate, in px.
        height: Likewise.
        frames: Least number of frames from none to whole; 0 lets the face pop.
    """
    result: dict[int, Fade] = {}
    for track in {face.track for face in faces.values()}:
        own = {index: face for index, face in faces.items() if face.track == track}
        held = {index: _held(face, _turn_deg(index, own), width, height) for index, face in own.items()}
        for before, after in pairwise(sorted(own)):
            if after > before + 1:
                held |= dict.fromkeys((before + 1, after - 1), Fade(0.0, "face lost"))
        result |= {index: _softened(index, held, frames) for index in own}
    return result


def _turn_deg(index: int, faces: Mapping[int, FaceFrame]) -> float:
    """Return the median turn around a frame, of as many frames before it as after."""
    pairs = [(index - k, index + k) for k in range(1, _TURNS_ALIKE + 1)]
    near = [index, *(i for pair in pairs if all(i in faces for i in pair) for i in pair)]
    return float(np.degrees(np.median([abs(faces[i].yaw_rad) for i in near])))


def _held(face: FaceFrame, turn: float, width: int, height: int) -> Fade:
    """Judge one frame by what is seen on it, and a turn in degrees; the worst counts."""
    judged = [
        Fade(1 - _step(turn, PROFILE_DEG), f"turned beyond {PROFILE_DEG[0]:g} degrees"),
        Fade(_step(face.score, PRESENCE), "face hardly seen"),
        Fade(1 - _step(outside(face.landmarks, width, height), OUTSIDE), "face leaves the picture"),
    ]
    return min(judged, key=lambda one: one.weight)


def _softened(index: int, held: Mapping[int, Fade], frames: int) -> Fade:
    """Let the weight change by no more than a frame's share: the lower envelope of slopes around every frame."""
    near = [index, *(i for i in range(index - frames, index + frames + 1) if i in held and i != index)]
    weight, reason = min(
        ((held[i].weight + (abs(i - index) / (frames + 1)), held[i].reason) for i in near), key=lambda pair: pair[0]
    )
    return Fade(1.0) if weight >= 1 else Fade(_step(weight, (0.0, 1.0)), reason)


def _step(value: float, between: tuple[float, float]) -> float:
    """Rise smoothly from 0 at the first to 1 at the second."""
    t = min(max((value - between[0]) / (between[1] - between[0]), 0.0), 1.0)
    return t * t * (3 - 2 * t)
