"""Pyramids lose nothing, at any size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pecten.errors import ShapeError
from pecten.geometry import pyramid


@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    levels=st.integers(1, 7),
    channels=st.sampled_from([None, 1, 3]),
    scale=st.sampled_from([1.0, 50.0]),
)
@settings(deadline=None, max_examples=60)
def test_merge_undoes_split(height: int, width: int, levels: int, channels: int | None, scale: float) -> None:
    shape = (height, width) if channels is None else (height, width, channels)
    image = (scale * np.random.default_rng(height * 100 + width).normal(size=shape)).astype(np.float32)
    bands = pyramid.split(image, levels)
    assert len(bands) == levels
    np.testing.assert_allclose(pyramid.merge(bands), image, atol=1e-6 * scale * 4)


def test_split_is_linear() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=(2, 37, 50, 3)).astype(np.float32)
    for a, b, both in zip(
        pyramid.split(one, 5), pyramid.split(other, 5), pyramid.split(one - 2 * other, 5), strict=True
    ):
        np.testing.assert_allclose(a - 2 * b, both, atol=1e-5)


def test_a_flat_picture_has_only_its_last_band() -> None:
    *fine, last = pyramid.split(np.full((33, 64, 3), 7.5, np.float32), 5)
    np.testing.assert_allclose(last, 7.5, rtol=1e-6)
    assert max(float(np.abs(band).max()) for band in fine) < 1e-5


@pytest.mark.parametrize(("size", "levels"), [(512, 8), (1024, 9), (600, 8), (4, 1), (3, 1), (1, 1), ((512, 40), 4)])
def test_levels_end_at_the_coarsest_size(size: int | tuple[int, int], levels: int) -> None:
    assert pyramid.levels_for(size) == levels


def test_levels_reach_four_pixels() -> None:
    assert pyramid.split(np.zeros((512, 512, 3), np.float32), pyramid.levels_for(512))[-1].shape == (4, 4, 3)


def test_no_levels_is_a_mistake() -> None:
    with pytest.raises(ShapeError, match="1 or more"):
        pyramid.split(np.zeros((4, 4), np.float32), 0)
    with pytest.raises(ShapeError, match="no bands"):
        pyramid.merge([])
