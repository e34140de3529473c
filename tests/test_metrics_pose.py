"""Known turns of a known solid are found, and known errors are what they are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pecten.errors import ShapeError
from pecten.faces import normalise
from pecten.faces.mean import MEAN_MESH
from pecten.faces.mesh import RIGID
from pecten.metrics.pose import pose_errors, read_turns

SOLID = MEAN_MESH[list(RIGID)].copy()


def seen(turns: np.ndarray, scale: float = 0.4) -> np.ndarray:
    """Photograph the mean face from afar: turned about the upright axis, after nodding, after tilting."""
    pictures = []
    for yaw, pitch, roll in turns:
        cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
        turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
        turn = (
            turn @ np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]]) @ np.array([[cr, sr, 0], [-sr, cr, 0], [0, 0, 1]])
        )
        pictures.append(scale * (MEAN_MESH @ turn.T)[:, :2] + [300.0, 200.0])
    return np.stack(pictures)


angle = st.floats(-0.9, 0.9)


@settings(deadline=None, max_examples=30)
@given(st.tuples(angle, angle, angle))
def test_known_turns_are_found(turn: tuple[float, float, float]) -> None:
    turns = np.array([turn])
    np.testing.assert_allclose(read_turns(seen(turns)[:, list(RIGID)], SOLID), turns, atol=1e-9)
    np.testing.assert_allclose(normalise.pose(seen(turns)[0]), turn, atol=1e-9)


def test_errors_of_known_size() -> None:
    truth = np.radians([[10.0, 5, -3], [-40, 0, 8], [0, 0, 0]])
    wrong = np.radians([[2.0, 0, 0], [0, 0, -4], [0, 3, 0]])
    errors = pose_errors(truth + wrong, truth)
    np.testing.assert_allclose(np.stack([errors.yaw, errors.pitch, errors.roll], axis=1), np.abs(np.degrees(wrong)))
    np.testing.assert_allclose(errors.turn, [2, 4, 3], atol=1e-9)
    # A whole turn is none, and an error of two angles is more than either.
    assert pose_errors(truth + np.array([0, 0, 2 * np.pi]), truth).roll == pytest.approx(0, abs=1e-9)
    both = pose_errors(np.radians([[3.0, 4, 0]]), np.zeros((1, 3))).turn[0]
    assert both == pytest.approx(5, abs=0.01)


def test_a_constant_bias_can_be_taken_out() -> None:
    truth = np.stack([np.sin(np.arange(40) / 6) * 0.5, np.cos(np.arange(40) / 9) * 0.2, np.zeros(40)], axis=1)
    biased = truth + np.radians([0.0, 6.0, 0.0])
    assert pose_errors(biased, truth).pitch == pytest.approx(6)
    assert pose_errors(biased, truth, settled=True).turn.max() < 0.5
    still = np.zeros_like(truth)
    assert pose_errors(still, truth, settled=True).yaw.mean() > 10


def test_mistakes_are_named() -> None:
    with pytest.raises(ShapeError, match="equal counts"):
        read_turns(np.zeros((2, 10, 2)), np.zeros((9, 3)))
    with pytest.raises(ShapeError, match="one line"):
        read_turns(np.linspace(0, 9, 10)[None, :, None].repeat(2, axis=2), SOLID[:10])
    with pytest.raises(ShapeError, match="as many"):
        pose_errors(np.zeros((2, 3)), np.zeros((3, 3)))
