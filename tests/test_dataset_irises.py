"""Irises as footage shows them: many frames brought to one place, without lids and lamps."""

import numpy as np
import pytest

from iris_support import GAZES, OWN, footage, frame
from pecten.colour.display import display_from_light
from pecten.dataset.irises import SPAN, seen_irises

PICTURE = 48


def true_iris(own: np.ndarray = OWN) -> np.ndarray:
    line = (np.arange(PICTURE) - (PICTURE - 1) / 2) * (2 * SPAN / PICTURE)
    away, angle = np.hypot(line, line[:, None]), np.arctan2(line[:, None], line)
    picture = own * (1 + 0.3 * np.cos(6 * angle))[..., None]
    picture[away < 0.35] = 0.002
    return np.where((away < 0.9)[..., None], display_from_light(picture.astype(np.float32)), np.nan)


def off(seen: np.ndarray) -> float:
    known = np.isfinite(true_iris()[..., 0])
    return float(np.abs(seen[:, known] - true_iris()[known]).mean())


def test_gazes_are_brought_to_one_place() -> None:
    seen = seen_irises(footage([frame(gaze, None) for gaze in GAZES]), PICTURE)
    assert seen.shape == (2, PICTURE, PICTURE, 3)
    assert off(seen) < 0.035
    # Any one frame laid there without regard to the gaze is far off.
    moved = np.roll(seen, 4, axis=2)
    assert off(moved) > 2 * off(seen)


@pytest.mark.parametrize("moving", [True, False])
def test_a_lamp_leaves_no_spot(moving: bool) -> None:
    rows = [frame(gaze, (3.0 - gaze[0] * moving, -3.0) if moving else (3.0, -3.0)) for gaze in GAZES]
    seen, bare = (seen_irises(footage(some), PICTURE) for some in (rows, [frame(gaze, None) for gaze in GAZES]))
    assert np.abs(seen - bare).max() < 0.3
    assert off(seen) < 0.05


@pytest.mark.parametrize("lamp", [None, (3.0, -3.0)])
def test_a_grey_iris_keeps_its_drawing(lamp: tuple[float, float] | None) -> None:
    """Its bright spokes have no other colour than a lamp."""
    grey = np.full(3, 0.15)
    seen = seen_irises(footage([frame(gaze, lamp, own=grey) for gaze in GAZES]), PICTURE)
    truth = true_iris(grey)
    known = np.isfinite(truth[..., 0])
    assert np.abs(seen[:, known] - truth[known]).mean() < 0.05
    spokes = np.corrcoef(seen[0][known].sum(axis=1), truth[known].sum(axis=1))[0, 1]
    assert spokes > 0.8


def test_frames_of_other_light_agree() -> None:
    rows = [frame(gaze, None, light=light) for gaze, light in zip(GAZES, np.linspace(0.4, 1.6, 9), strict=True)]
    seen = seen_irises(footage(rows), PICTURE)
    assert off(seen) < 0.035


def test_what_lids_hide_comes_from_the_rest_of_its_ring() -> None:
    seen = seen_irises(footage([frame(gaze, None, opening=0.6) for gaze in GAZES]), PICTURE)
    middle = PICTURE // 2
    top = seen[:, middle - round(0.8 / (2 * SPAN / PICTURE)), middle]
    np.testing.assert_allclose(
        top, np.tile(display_from_light(OWN[None, None].astype(np.float32))[0], (2, 1)), atol=0.1
    )


def test_wide_open_eyes_are_looked_at_where_there_are_some() -> None:
    shut = [frame((0.0, 0.0), None, opening=0.08) for _ in range(30)]
    seen = seen_irises(footage(shut + [frame(gaze, None) for gaze in GAZES]), PICTURE)
    assert off(seen) < 0.05


def test_eyes_that_are_small_or_always_shut_show_nothing() -> None:
    picture, mesh = frame((0.0, 0.0), None)
    tiny = footage([(picture, mesh)]).at_size(16)
    assert not seen_irises(tiny, PICTURE).any()
    shut = footage([frame((0.0, 0.0), None, opening=0.02)] * 3)
    assert not seen_irises(shut, PICTURE).any()


def test_nonsense_is_survived() -> None:
    rng = np.random.default_rng(1)
    rows = [
        (rng.integers(0, 255, (64, 64, 3), np.uint8), rng.uniform(0, 64, (478, 2)).astype(np.float32)) for _ in range(9)
    ]
    assert np.isfinite(seen_irises(footage(rows), 6)).all()
    rows = [(np.zeros((64, 64, 3), np.uint8), np.zeros((478, 2), np.float32))] * 2
    assert not seen_irises(footage(rows), 6).any()
