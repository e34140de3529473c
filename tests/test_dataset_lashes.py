"""Lashes as footage shows them on shut eyes: a few frames brought to one place."""

import numpy as np
import pytest

from lash_support import blinks, eyes, footage, lashes, shut_mesh
from pecten.dataset.lashes import seen_lashes
from pecten.faces.lid_line import contrast_at, lid_line

WIDTH, HEIGHT = 96, 64


def truth(eye: int) -> np.ndarray:
    mesh = shut_mesh()
    line = lid_line(eyes(mesh)[eye].lids)
    assert line is not None
    return contrast_at(lashes(mesh), line, WIDTH, HEIGHT)


def likeness(seen: np.ndarray, eye: int) -> float:
    return float(np.corrcoef(seen[eye].ravel(), truth(eye).ravel())[0, 1])


@pytest.mark.parametrize("light", [1.0, 0.3])
def test_strokes_are_kept_whatever_the_light(light: float) -> None:
    seen = seen_lashes(blinks(light=light), WIDTH, HEIGHT)
    assert seen.shape == (2, HEIGHT, WIDTH, 3)
    for eye in (0, 1):
        assert likeness(seen, eye) > 0.9
        # Nothing of the sort is the other eye's: its lashes are spaced otherwise.
        assert likeness(seen, eye) > likeness(seen[::-1], eye) + 0.1


def test_strokes_survive_what_one_frame_has_besides() -> None:
    rows = blinks()
    images = rows.images.copy()
    images[1][180:230] = 255
    cut = footage([(image / np.float32(255), mesh) for image, mesh in zip(images, rows.landmarks, strict=True)])
    seen = seen_lashes(cut, WIDTH, HEIGHT)
    assert min(likeness(seen, eye) for eye in (0, 1)) > 0.88


def test_eyes_that_never_shut_leave_none() -> None:
    mesh = shut_mesh(gap=0.5)
    assert not seen_lashes(footage([(lashes(mesh), mesh)] * 4), WIDTH, HEIGHT).any()


def test_one_frame_alone_is_not_believed() -> None:
    mesh = shut_mesh()
    assert not seen_lashes(footage([(lashes(mesh), mesh)]), WIDTH, HEIGHT).any()


def test_frames_that_show_something_else_are_not_believed() -> None:
    rng = np.random.default_rng(4)
    noise = [(rng.random((512, 512, 3)).astype(np.float32), shut_mesh()) for _ in range(4)]
    assert not seen_lashes(footage(noise), WIDTH, HEIGHT).any()


def test_small_eyes_leave_none() -> None:
    assert not seen_lashes(blinks().at_size(64), WIDTH, HEIGHT).any()
