"""Curves invert, keep what lies outside 0..1, and match the published numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pecten.colour.display import bounded, display_from_light, light_from_display
from pecten.colour.transfer import Encoding, from_linear, to_linear

lights = hnp.arrays(np.float32, (3, 4, 3), elements=st.floats(-4, 64, width=32))
codes = hnp.arrays(np.float32, (3, 4, 3), elements=st.floats(-0.25, 1.25, width=32))


@pytest.mark.parametrize("encoding", list(Encoding))
@given(light=lights, code=codes)
@settings(deadline=None, max_examples=50)
def test_curves_invert_beyond_the_unit_range(encoding: Encoding, light: np.ndarray, code: np.ndarray) -> None:
    there = to_linear(from_linear(light, encoding), encoding)
    np.testing.assert_allclose(there, light, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(from_linear(to_linear(code, encoding), encoding), code, rtol=1e-5, atol=1e-6)
    assert there.dtype == np.float32
    if encoding is not Encoding.CINEON:
        np.testing.assert_array_equal(to_linear(-code, encoding), -to_linear(code, encoding))


@pytest.mark.parametrize(
    ("encoding", "code", "light"),
    [
        (Encoding.SRGB, 0.5, 0.21404114),
        (Encoding.SRGB, 0.02, 0.00154799),
        (Encoding.SRGB, 1.0, 1.0),
        (Encoding.REC709, 0.5, 0.18946457),
        (Encoding.REC709, 2.0, 5.2780316),
        (Encoding.LINEAR, 0.5, 0.5),
        # BT.2408 table 1: 203 cd/m2 is 58 % of PQ and 75 % of HLG; 18 % grey in HLG is 38 %, PQ at 1 is 10000 cd/m2.
        (Encoding.PQ, 0.5806889, 1.0),
        (Encoding.PQ, 1.0, 10000 / 203),
        (Encoding.PQ, 0.5080784, 100 / 203),
        (Encoding.HLG, 0.75, 1.0),
        (Encoding.HLG, 0.5, 1 / 12 / 0.26496256),
        (Encoding.HLG, 1.0, 1 / 0.26496256),
        # Kodak: white at code 685, black at 95; full scale is commonly given as 13.52.
        (Encoding.CINEON, 685 / 1023, 1.0),
        (Encoding.CINEON, 95 / 1023, 0.0),
        (Encoding.CINEON, 1.0, 13.521691),
    ],
)
def test_curves_match_the_standards(encoding: Encoding, code: float, light: float) -> None:
    image = np.full((1, 1, 3), code, np.float32)
    assert to_linear(image, encoding)[0, 0, 0] == pytest.approx(light, rel=1e-5, abs=1e-7)


@given(light=hnp.arrays(np.float32, (3, 4, 3), elements=st.floats(-65504, 65504, width=32)))
@settings(deadline=None, max_examples=100)
def test_the_display_coding_inverts_over_all_of_half_precision(light: np.ndarray) -> None:
    display = display_from_light(light)
    np.testing.assert_allclose(light_from_display(display), light, rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(display_from_light(-light), -display)
    assert np.abs(display).max() < 5.9


def test_the_display_coding_is_srgb_and_goes_on_smoothly_above_white() -> None:
    light = np.geomspace(1e-4, 1000, 3000, dtype=np.float32)[None, :, None].repeat(3, axis=2)
    display = display_from_light(light)
    below = light < 1
    np.testing.assert_allclose(display[below], from_linear(light, Encoding.SRGB)[below], rtol=1e-6)
    assert (np.diff(display[0, :, 0]) > 0).all()
    slopes = np.diff(display[0, :, 0].astype(np.float64)) / np.diff(np.log(light[0, :, 0].astype(np.float64)))
    assert np.abs(np.diff(slopes)).max() < 0.005, "no corner at white"
    assert display_from_light(np.full((1, 1, 3), 16, np.float32))[0, 0, 0] == pytest.approx(2.21878, abs=1e-4)
    half, one = np.float16([1000, 1001]).astype(np.float32)
    codes = display_from_light(np.array([[[half, one, 0]]], np.float32))
    assert codes[0, 0, 1] > codes[0, 0, 0], "neighbours of half precision stay apart"


@given(display=hnp.arrays(np.float32, (3, 4, 3), elements=st.floats(-1, 3, width=32)))
@settings(deadline=None, max_examples=50)
def test_what_networks_see_keeps_its_hue(display: np.ndarray) -> None:
    seen = bounded(display)
    assert seen.min() >= 0
    assert seen.max() <= 1
    inside = ((display >= 0) & (display <= 1)).all(axis=2)
    np.testing.assert_array_equal(seen[inside], display[inside])
    positive = np.maximum(display, 0)
    np.testing.assert_allclose(
        seen * positive.max(axis=2, keepdims=True), positive * seen.max(axis=2, keepdims=True), atol=1e-5
    )
