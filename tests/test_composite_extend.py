"""Extending continues a picture and keeps what is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pecten.composite.extend import extend
from pecten.errors import ShapeError


@given(height=st.integers(1, 60), width=st.integers(1, 60), seed=st.integers(0, 20))
@settings(deadline=None, max_examples=40)
def test_known_pixels_are_kept_and_the_rest_lies_between_them(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = rng.random((height, width, 3), np.float32)
    known = rng.random((height, width)) < 0.3
    image[~known] = np.nan
    filled = extend(image, known)
    assert np.isfinite(filled).all()
    np.testing.assert_array_equal(filled[known], image[known])
    if known.any():
        assert filled.min() >= image[known].min() - 1e-3
        assert filled.max() <= image[known].max() + 1e-3


def test_a_constant_stays_constant() -> None:
    image, known = np.zeros((97, 64, 3), np.float32), np.zeros((97, 64), bool)
    image[10:30, 10:30], known[10:30, 10:30] = 3.5, True
    np.testing.assert_allclose(extend(image, known), 3.5, rtol=1e-4)


def test_nothing_known_gives_nothing() -> None:
    assert not extend(np.ones((8, 8, 3), np.float32), np.zeros((8, 8), bool)).any()


def test_different_sizes_are_a_mistake() -> None:
    with pytest.raises(ShapeError):
        extend(np.ones((8, 8, 3), np.float32), np.zeros((8, 9), bool))
