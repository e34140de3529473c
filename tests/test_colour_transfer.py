"""Curves invert, keep what lies outside 0..1, and match the published numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pecten.colour.transfer import Encoding, convert, from_display, from_linear, to_display, to_linear

images = hnp.arrays(np.float32, (3, 4, 3), elements=st.floats(-4, 16, width=32))


@pytest.mark.parametrize("encoding", list(Encoding))
@given(image=images)
@settings(deadline=None, max_examples=50)
def test_curves_invert_beyond_the_unit_range(encoding: Encoding, image: np.ndarray) -> None:
    np.testing.assert_allclose(from_linear(to_linear(image, encoding), encoding), image, rtol=2e-5, atol=2e-6)
    np.testing.assert_allclose(to_display(from_display(image, encoding), encoding), image, rtol=2e-5, atol=2e-6)
    np.testing.assert_array_equal(to_linear(-image, encoding), -to_linear(image, encoding))


@pytest.mark.parametrize(
    ("encoding", "code", "light"),
    [
        (Encoding.SRGB, 0.5, 0.21404114),
        (Encoding.SRGB, 0.02, 0.00154799),
        (Encoding.SRGB, 1.0, 1.0),
        (Encoding.REC709, 0.5, 0.18946457),
        (Encoding.REC709, 2.0, 5.2780316),
        (Encoding.LINEAR, 0.5, 0.5),
    ],
)
def test_curves_match_the_standards(encoding: Encoding, code: float, light: float) -> None:
    image = np.full((1, 1, 3), code, np.float32)
    assert to_linear(image, encoding)[0, 0, 0] == pytest.approx(light, rel=1e-5)
    assert to_linear(image, encoding).dtype == np.float32


def test_display_codings_pass_unchanged() -> None:
    image = np.random.default_rng(1).normal(0.5, 1, (4, 5, 3)).astype(np.float32)
    for encoding in (Encoding.REC709, Encoding.SRGB):
        assert to_display(image, encoding) is image
        assert from_display(image, encoding) is image
    assert convert(image, Encoding.REC709, Encoding.SRGB) is image
    linear = convert(image, Encoding.SRGB, Encoding.LINEAR)
    np.testing.assert_allclose(convert(linear, Encoding.LINEAR, Encoding.SRGB), image, rtol=2e-5, atol=2e-6)
