"""Temporal metrics: steady change is free, flicker is not."""

import numpy as np
import pytest

from pecten.errors import ShapeError
from pecten.metrics import temporal


def shot(levels: list[float]) -> list[np.ndarray]:
    return [np.full((8, 8, 3), level, np.float32) for level in levels]


def test_steady_change_has_no_restlessness() -> None:
    assert temporal.restlessness(shot([0.1, 0.2, 0.3, 0.4])) == pytest.approx(0.0, abs=1e-6)


def test_flicker_of_known_size() -> None:
    assert temporal.restlessness(shot([0.0, 0.1, 0.0, 0.1])) == pytest.approx(0.2)
    assert temporal.flicker(shot([0.0, 0.3, 0.0]), shot([0.0, 0.1, 0.0])) == pytest.approx(3.0)


def test_only_the_region_counts() -> None:
    frames = shot([0.0, 0.0, 0.0])
    frames[1][:, 4:] = 0.5
    left = np.zeros((8, 8), np.float32)
    left[:, :4] = 1
    assert temporal.restlessness(iter(frames), left) == 0
    assert temporal.restlessness(frames, [left, 1 - left, left]) == pytest.approx(1.0)


def test_jitter_of_known_size() -> None:
    steady = np.stack([np.full((5, 2), 3.0 * index) for index in range(6)])
    assert temporal.jitter(steady) == 0
    trembling = steady + np.array([0.0, 1, 0, 1, 0, 1])[:, None, None] * [1.0, 0.0]
    assert temporal.jitter(trembling) == pytest.approx(2.0)
    assert temporal.jitter(trembling, unit_px=100.0) == pytest.approx(0.02)


def test_too_little_is_a_mistake() -> None:
    with pytest.raises(ShapeError, match="three"):
        temporal.restlessness(shot([0.0, 1.0]))
    with pytest.raises(ShapeError, match="three"):
        temporal.jitter(np.zeros((2, 4, 2)))
    with pytest.raises(ShapeError, match="stands still"):
        temporal.flicker(shot([0.0, 1.0, 0.0]), shot([1.0, 1.0, 1.0]))


def test_motion_is_no_change_and_flicker_is() -> None:
    y, x = np.mgrid[:96, :120].astype(np.float32)
    frames = [
        np.repeat((0.5 + 0.2 * np.sin((x - shift) / 5) + 0.2 * np.cos((y + shift) / 7))[..., None], 3, axis=2)
        for shift in (0.0, 2.0)
    ]
    region = np.zeros((96, 120), np.float32)
    region[16:-16, 16:-16] = 1
    moved = temporal.motion(frames[0], frames[1])
    np.testing.assert_allclose(np.median(moved[region > 0], axis=0), [2, -2], atol=0.2)
    still = temporal.change_along(frames[0], frames[1], moved, region)
    assert still < 0.2 * float(np.abs(frames[1] - frames[0])[region > 0].mean())
    assert temporal.change_along(frames[0], frames[1] + np.float32(0.1), moved, region) == pytest.approx(0.1, abs=still)
    with pytest.raises(ShapeError, match="empty"):
        temporal.change_along(frames[0], frames[1], moved, 0 * region)
    with pytest.raises(ShapeError, match="one size"):
        temporal.motion(frames[0], frames[1][1:])


def test_flicker_shows_on_the_frame_it_is_on() -> None:
    y, x = np.mgrid[:64, :80].astype(np.float32)
    plate = [
        np.repeat((0.5 + 0.2 * np.sin((x - shift) / 5) + 0.2 * np.cos((y + shift) / 7))[..., None], 3, axis=2)
        for shift in (0.0, 1.0, 2.0, 3.0)
    ]
    region = np.zeros((64, 80), np.float32)
    region[12:-12, 12:-12] = 1
    own = temporal.changes_along(plate, plate, [region] * 4)
    swap = [frame + np.float32(0.05 * (index == 2)) for index, frame in enumerate(plate)]
    changes = temporal.changes_along(swap, plate, [region] * 4)
    assert np.isnan(changes[0])
    assert own[1:].max() < 0.01
    np.testing.assert_allclose(changes[1:], [own[1], 0.05, 0.05], atol=0.006)
