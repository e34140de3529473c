"""Mattes grow inward only."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pecten.composite import matte as mattes
from pecten.errors import ShapeError
from pecten.geometry import pyramid


def disc(size: int, radius: float) -> np.ndarray:
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return np.clip(radius - np.hypot(x, y) + 0.5, 0, 1).astype(np.float32)


def test_inner_distance_of_a_disc_is_its_radius_less_ones_own() -> None:
    distance = mattes.inner_distance(disc(201, 80))
    np.testing.assert_allclose(distance[100, 100], 80, atol=2)
    np.testing.assert_allclose(distance[100, 140], 40, atol=1.5)


def test_the_crops_border_is_an_edge_too() -> None:
    distance = mattes.inner_distance(np.ones((20, 20), np.float32))
    assert distance[0].max() <= 0.5
    assert distance[10, 10] > 8


@given(radius=st.floats(2, 60), width=st.floats(0, 40), seed=st.integers(0, 9))
@settings(deadline=None, max_examples=40)
def test_feathering_never_grows_a_matte(radius: float, width: float, seed: int) -> None:
    matte = disc(128, radius)
    matte *= np.random.default_rng(seed).random(matte.shape) > 0.1
    soft = mattes.feather(matte, width)
    assert (soft <= np.maximum(matte, matte >= 0.5)).all()
    assert (soft[matte == 0] == 0).all()
    assert soft.dtype == np.float32


def test_band_mattes_shrink_with_the_level() -> None:
    covers = mattes.band_mattes(pyramid.gaussian(mattes.inner_distance(disc(256, 120)), 7), reach=2.0, erosion=0.5)
    assert [cover.shape[0] for cover in covers] == [256, 128, 64, 32, 16, 8, 4]
    area = [float(cover.mean()) for cover in covers]
    assert area[:5] == sorted(area[:5], reverse=True)
    assert all(float(cover.max()) > 0.9 for cover in covers)


def test_impossible_ramps_are_a_mistake() -> None:
    with pytest.raises(ShapeError, match="reach"):
        mattes.band_mattes([disc(64, 20)], reach=0.0)


def test_mattes_combine_as_they_are_named() -> None:
    own, given = np.float32([[0, 0.5, 1]]), np.float32([[1, 0.5, 0.25]])
    wanted = {"replace": [1, 0.5, 0.25], "multiply": [0, 0.25, 0.25], "add": [1, 0.5, 1], "holdout": [0, 0.25, 0.75]}
    for mode, values in wanted.items():
        np.testing.assert_allclose(mattes.combine(own, given, mattes.MatteMode(mode)), [values])
    with pytest.raises(ShapeError):
        mattes.combine(own, given.T.copy(), mattes.MatteMode.ADD)


def test_mixing_is_exact_at_both_ends_whatever_stands_there() -> None:
    rng = np.random.default_rng(0)
    plate, result = rng.normal(size=(2, 4, 6, 3)).astype(np.float32) * np.float32(50)
    plate[0, 0], result[1, 1] = np.nan, np.inf
    matte = np.tile(np.float32([0, 0, 0.25, 0.5, 1, 1]), (4, 1))
    matte[0, 0] = matte[1, 1] = 0
    mixed = mattes.mix(plate, result, matte)
    np.testing.assert_array_equal(mixed[matte == 0], plate[matte == 0])
    np.testing.assert_array_equal(mixed[matte == 1], result[matte == 1])
    np.testing.assert_allclose(mixed[:, 3], (plate[:, 3] + result[:, 3]) / 2, rtol=1e-5, atol=1e-5)


def test_refining_brings_a_coarse_edge_onto_the_picture_s() -> None:
    x = np.arange(128)
    true = np.tile((x > 61).astype(np.float32), (128, 1))
    picture = np.repeat((0.2 + 0.5 * true)[..., None], 3, axis=2)
    coarse = cv2.resize(cv2.resize(true, (16, 16), interpolation=cv2.INTER_AREA), (128, 128))
    before, after = (float(np.abs(m - true).mean()) for m in (coarse, mattes.refine(coarse, picture, 24)))
    assert after < 0.4 * before
    flat = np.full_like(picture, 0.5)
    assert np.abs(mattes.refine(coarse, flat, 4) - coarse).max() < 0.25
    assert mattes.refine(np.zeros((8, 8), np.float32), picture[:8, :8], 2).max() == 0
