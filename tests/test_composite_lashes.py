"""Lashes drawn anew: on shut eyes, where the lids meet, in the decoded light, and nowhere else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lash_support import blinks, eyes, lashes, shut_mesh
from pecten.colour.display import light_from_display
from pecten.composite.lashes import with_lashes
from pecten.dataset.lashes import seen_lashes
from pecten.types import Image

PICTURES = seen_lashes(blinks(), 96, 64)
NEAR = np.s_[190:240, 130:390]
BAR = 3.0


def error(face: Image, truth: Image) -> float:
    return float(np.sqrt(np.mean((face[NEAR] - truth[NEAR]) ** 2)))


@pytest.mark.parametrize(
    ("by", "tilt", "light"), [((0.0, 0.0), 0.0, 1.0), ((5.0, -4.0), 0.08, 0.5), ((-3.0, 2.0), -0.1, 1.6)]
)
def test_a_bar_becomes_lashes(by: tuple[float, float], tilt: float, light: float) -> None:
    """In place and in the decoded light, on faces that were not footage."""
    mesh = shut_mesh(by, tilt)
    truth, decoded = lashes(mesh, light), lashes(mesh, light, BAR)
    drawn = with_lashes(decoded, eyes(mesh), PICTURES, 0.3)
    assert error(drawn, truth) < 0.6 * error(decoded, truth)
    broad = [light_from_display(face)[NEAR].mean() for face in (drawn, truth)]
    assert broad[0] == pytest.approx(broad[1], rel=0.03)


def test_strokes_lie_where_they_belong() -> None:
    mesh = shut_mesh((4.0, 3.0))
    drawn = with_lashes(lashes(mesh, bar=BAR), eyes(mesh), PICTURES, 0.3)
    off = {k: error(drawn, np.roll(lashes(mesh), k, axis=1)) for k in (-2, -1, 0, 1, 2)}
    assert min(off, key=lambda k: off[k]) == 0


@pytest.mark.parametrize(("openness", "share"), [(0.5, 1.0), (0.55, 0.5), (0.6, 0.0), (1.0, 0.0)])
def test_how_open_the_plate_s_eyes_are_counts(openness: float, share: float) -> None:
    mesh = shut_mesh()
    decoded = lashes(mesh, bar=BAR)
    whole = with_lashes(decoded, eyes(mesh), PICTURES, 0.3)
    some = with_lashes(decoded, eyes(mesh), PICTURES, openness)
    change = np.abs(light_from_display(some) - light_from_display(decoded)).sum()
    assert change == pytest.approx(
        share * np.abs(light_from_display(whole) - light_from_display(decoded)).sum(), rel=0.02
    )


def test_an_eye_that_does_not_look_shut_is_left() -> None:
    mesh = shut_mesh()
    open_ = np.full((512, 512, 3), 0.6, np.float32)
    y, x = np.indices((512, 512))
    for eye in eyes(mesh):
        open_[np.hypot(x - eye.middle[0], 2 * (y - eye.middle[1])) < 20] = 0.9
        open_[np.hypot(x - eye.middle[0], y - eye.middle[1]) < 9] = 0.1
    assert with_lashes(open_, eyes(mesh), PICTURES, 0.3) is open_


def test_both_eyes_or_neither() -> None:
    mesh = shut_mesh()
    decoded = lashes(mesh, bar=BAR)
    decoded[:, :256] = 0.6
    assert with_lashes(decoded, eyes(mesh), PICTURES, 0.3) is decoded


def test_a_performer_of_whom_nothing_is_kept_is_left() -> None:
    mesh = shut_mesh()
    decoded = lashes(mesh, bar=BAR)
    assert with_lashes(decoded, eyes(mesh), np.zeros_like(PICTURES), 0.3) is decoded


@settings(max_examples=25, deadline=None)
@given(across=st.floats(-300, 300), down=st.floats(-300, 300), tilt=st.floats(-0.5, 0.5))
def test_nothing_else_changes(across: float, down: float, tilt: float) -> None:
    mesh = shut_mesh((across, down), tilt)
    face = np.linspace(0.1, 0.9, 512 * 512 * 3, dtype=np.float32).reshape(512, 512, 3)
    face = np.minimum(face, lashes(shut_mesh(), bar=BAR))
    before = face.copy()
    drawn = with_lashes(face, eyes(mesh), PICTURES, 0.3)
    np.testing.assert_array_equal(face, before)
    assert np.isfinite(drawn).all()
    y, x = np.indices((512, 512))
    far = np.ones((512, 512), bool)
    for eye in eyes(mesh):
        half = np.linalg.norm(eye.lids[0] - eye.lids[8]) / 2
        far &= np.hypot(*(np.stack([x, y]) - ((eye.lids[0] + eye.lids[8]) / 2)[:, None, None])) > 1.9 * half
    np.testing.assert_array_equal(drawn[far], face[far])


def test_a_small_face_gets_small_lashes() -> None:
    mesh = shut_mesh()
    small = (mesh + 0.5) / 4 - 0.5
    decoded = lashes(small, bar=0.8, side=128)
    drawn = with_lashes(decoded, eyes(small), PICTURES, 0.3)
    assert drawn.shape == decoded.shape
    assert 0.01 < np.abs(drawn - decoded).max() < 0.6
