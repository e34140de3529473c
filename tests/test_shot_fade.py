"""Where a swap fades, and where it must not."""

from itertools import pairwise

import numpy as np
import pytest

from faces_support import mean_landmarks
from pecten.faces.records import FaceFrame
from pecten.shot.fade import fades

SIZE = 400


def face(index: int, track: int = 0, yaw_deg: float = 0.0, score: float = 1.0, shift: float = 0.0) -> FaceFrame:
    """Return a face of 270 px in the middle of a plate of 400 px, or moved to its right."""
    landmarks = mean_landmarks(0.3, 46 + shift, 40.0)
    return FaceFrame(
        index, index, track, (0.0, 0.0, 1.0, 1.0), score, landmarks, 0.0, np.eye(2, 3), np.radians(yaw_deg), 0.0, 0.0
    )


def weights(faces: list[FaceFrame], frames: int = 4) -> dict[int, float]:
    """Return each frame's weight."""
    return {i: fade.weight for i, fade in fades({f.index: f for f in faces}, SIZE, SIZE, frames).items()}


def test_a_face_that_is_simply_there_is_whole_to_its_first_and_last_frame() -> None:
    assert set(weights([face(k) for k in range(3, 12)]).values()) == {1.0}


def test_a_face_lost_in_its_track_fades_out_and_in() -> None:
    held = [face(k) for k in (*range(12), *range(15, 30))]
    found = fades({f.index: f for f in held}, SIZE, SIZE, 4)
    out = [found[k].weight for k in range(6, 12)]
    assert out[:2] == [1, 1]
    assert sorted(out, reverse=True) == out
    assert 0 < out[-1] < 0.2
    assert [found[k].weight for k in range(15, 21)] == pytest.approx(out[::-1])
    assert found[11].reason == "face lost"
    assert found[2].reason == ""


def test_another_track_is_another_matter() -> None:
    assert set(weights([face(k, track=0) for k in range(5)] + [face(k, track=1) for k in range(8, 12)]).values()) == {1}


@pytest.mark.parametrize(
    ("change", "reason"), [("yaw_deg", "turned beyond 53 degrees"), ("shift", "face leaves the picture")]
)
def test_a_face_that_goes_is_gone_softly(change: str, reason: str) -> None:
    path = {"yaw_deg": 9.0, "shift": 40.0}[change]
    faces = [face(k, **{change: path * k}) for k in range(11)]
    found = fades({f.index: f for f in faces}, SIZE, SIZE, 3)
    values = [found[k].weight for k in range(11)]
    assert values[0] == 1
    assert values[-1] == 0
    assert found[10].reason == reason
    assert sorted(values, reverse=True) == values
    assert max(a - b for a, b in pairwise(values)) < 0.6


def test_a_face_hardly_seen_fades_and_no_frames_let_it_pop() -> None:
    faces = [face(k, score=0.5 if k == 5 else 1.0) for k in range(11)]
    soft = weights(faces, 3)
    assert soft[5] == 0
    assert 0 < soft[4] == soft[6] < soft[3] < 1
    hard = weights(faces, 0)
    assert [hard[k] for k in (4, 5, 6)] == [1, 0, 1]


def test_one_frame_that_is_told_wrong_does_not_fade_a_face() -> None:
    assert set(weights([face(k, yaw_deg=70.0 if k == 5 else 40.0) for k in range(11)]).values()) == {1.0}
    assert weights([face(k, yaw_deg=70.0 if k >= 5 else 40.0) for k in range(11)])[8] == 0


def test_a_face_turned_as_far_as_the_mesh_holds_is_whole() -> None:
    assert set(weights([face(k, yaw_deg=52.0) for k in range(5)]).values()) == {1.0}
    assert set(weights([face(k, yaw_deg=64.5) for k in range(5)]).values()) == {0.0}
