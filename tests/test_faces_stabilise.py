"""Looks vary the same way each time; smoothing keeps smooth motion and takes noise away."""

import numpy as np
import pytest

from pecten.faces import stabilise
from pecten.faces.normalise import FACE_CENTRE
from pecten.geometry import similarity as sim
from pecten.types import Affine


def _path(count: int, noise: float = 0.0) -> list[Affine]:
    rng = np.random.default_rng(7)
    transforms = []
    for i in range(count):
        jitter = rng.normal(0, noise, 4) if noise else np.zeros(4)
        t = i / 10
        one = sim.similarity(
            float(np.exp(0.3 + 0.05 * t - 0.02 * t**2 + jitter[0] / 400)), 0.2 * t + jitter[1] / 400, (0.0, 0.0)
        )
        centre = np.array([400 + 30 * t + 5 * t**2 + jitter[2], 300 - 12 * t + jitter[3]])
        one[:, 2] = np.array(FACE_CENTRE) - one[:, :2] @ centre
        transforms.append(one)
    return transforms


def test_smoothing_leaves_quadratic_motion_alone() -> None:
    path = _path(25)
    np.testing.assert_allclose(stabilise.smooth_transforms(path), path, atol=1e-8)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 6, 7, 8])
def test_short_shots_are_smoothed_without_error(count: int) -> None:
    path = _path(count)
    smooth = stabilise.smooth_transforms(path)
    assert len(smooth) == count
    np.testing.assert_allclose(smooth, path, atol=1e-8)


def test_smoothing_takes_noise_away_without_delay() -> None:
    clean, noisy = _path(80), _path(80, noise=1.0)
    smooth = stabilise.smooth_transforms(noisy)
    before = np.abs(np.array(noisy)[:, :, 2] - np.array(clean)[:, :, 2]).mean()
    after = np.abs(np.array(smooth)[:, :, 2] - np.array(clean)[:, :, 2]).mean()
    assert after < 0.75 * before
    backwards = stabilise.smooth_transforms(noisy[::-1])[::-1]
    np.testing.assert_allclose(backwards, smooth, atol=1e-8)


def test_smoothing_around_one_frame_fades_out_within_half_a_window() -> None:
    path = _path(20, noise=1.0)
    smooth, near = stabilise.smooth_transforms(path), stabilise.smooth_transforms(path, around=[9])
    np.testing.assert_allclose(near[9], smooth[9], atol=1e-9)
    centre = np.array([FACE_CENTRE])
    places = [[sim.apply(sim.invert(t), centre)[0] for t in one] for one in (path, smooth, near)]
    before, whole, part = (np.array(one) for one in places)
    for i, share in ((6, 0.25), (8, 0.75), (10, 0.75), (12, 0.25)):
        np.testing.assert_allclose(part[i] - before[i], share * (whole[i] - before[i]), atol=1e-6)
    for i in (*range(6), *range(13, 20)):
        np.testing.assert_array_equal(near[i], path[i])


def test_rotation_through_half_a_turn_does_not_jump() -> None:
    path = [sim.similarity(1.0, 3.0 + 0.05 * i, (0.0, 0.0)) for i in range(12)]
    for one in path:
        one[:, 2] = np.array(FACE_CENTRE) - one[:, :2] @ np.array([300.0, 200.0])
    np.testing.assert_allclose(stabilise.smooth_transforms(path), path, atol=1e-6)


def test_looks_are_the_same_each_time_and_vary_around_the_region() -> None:
    roi = sim.similarity(0.5, 0.1, (20.0, 30.0))
    first, second = stabilise.perturbed(roi, 9), stabilise.perturbed(roi, 9)
    np.testing.assert_array_equal(first, second)
    assert len(first) == 10
    np.testing.assert_array_equal(first[0], roi)
    np.testing.assert_allclose(np.mean(first[1:], axis=0), roi, atol=1e-9)
    assert stabilise.perturbed(roi, 0) == [roi]


def test_the_region_is_a_level_square_around_the_face() -> None:
    eyes = np.array([[100.0, 100.0], [160.0, 160.0]])
    roi = stabilise.roi_of_detection((80.0, 70.0, 180.0, 230.0), eyes)
    np.testing.assert_allclose(sim.apply(roi, np.array([[130.0, 150.0]])), [[127.5, 127.5]])
    left, right = sim.apply(roi, eyes)
    assert left[1] == pytest.approx(right[1])
    assert sim.scale_of(roi) == pytest.approx(256 / 240)


def test_trimmed_mean_ignores_one_wild_look() -> None:
    samples = np.zeros((10, 5, 2))
    samples[3] = 1000.0
    np.testing.assert_allclose(stabilise.trimmed_mean(samples), 0.0)
    assert stabilise.spread(samples) > 100
    assert stabilise.spread(np.ones((4, 3, 2))) == 0.0
