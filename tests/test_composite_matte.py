"""Mattes grow inward only."""

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
