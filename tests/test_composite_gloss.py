"""What shines on skin keeps its own light when the skin's tone changes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pecten.composite import gloss, light
from pecten.composite.recipe import Recipe, measure, smooth
from pecten.types import Image

SIDE = 128


def shown(linear: np.ndarray) -> Image:
    return np.sqrt(linear / (1 + linear)).astype(np.float32)


def face(tone: float, shine: float = 0.5) -> Image:
    """Dark or light skin under one highlight, the same on both."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    body = tone * np.array([1.0, 0.5, 0.25]) * (0.7 + 0.3 * x)[..., None]
    mirror = shine * np.exp(-((x - 0.5) ** 2 + (y - 0.4) ** 2) / 0.005)
    return shown(body + mirror[..., None])


def oval() -> np.ndarray:
    y, x = (np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2) / SIDE
    return np.clip((0.42 - np.hypot(1.2 * x, y)) * SIDE, 0, 1).astype(np.float32)


@pytest.mark.parametrize(("source", "target", "left"), [(0.15, 0.9, 0.6), (0.9, 0.15, 0.8)])
def test_a_highlight_is_as_bright_on_another_skin(source: float, target: float, left: float) -> None:
    decoded, plate, truth = face(source), face(target, shine=0.0), face(target)
    fit = light.fit_light(decoded, plate, oval())
    kept = light.relight(decoded, fit.coefficients, tint=fit.tint)
    lost = light.relight(decoded, light.fit_light(decoded, plate, oval()).coefficients)
    spot = np.s_[40:62, 54:74]
    assert np.abs(kept - truth)[spot].mean() < left * np.abs(lost - truth)[spot].mean()
    matt = np.s_[80:100, 40:90]
    np.testing.assert_allclose(kept[matt], truth[matt], atol=0.03)


def test_skin_without_gloss_takes_the_whole_gain() -> None:
    matt = face(0.5, shine=0.0)
    blue = gloss.blueness(matt)
    tint = gloss.tint_of(blue, np.ones(blue.shape, bool))
    np.testing.assert_allclose(gloss.held_back(blue, tint), 1, atol=0.02)
    assert tint == pytest.approx(0.25, abs=0.02)


def test_what_is_white_follows_little_of_a_gain() -> None:
    white = np.full((4, 4, 3), 0.8, np.float32)
    share = gloss.held_back(gloss.blueness(white), 0.2)
    np.testing.assert_allclose(share, 1 - gloss.MOST * (1 - gloss.SHARE_OF_GAIN), atol=1e-5)


@given(tint=st.floats(0, 5), red=st.floats(-1, 20), blue=st.floats(-1, 20))
@settings(deadline=None, max_examples=50)
def test_a_share_is_always_a_share(tint: float, red: float, blue: float) -> None:
    share = gloss.held_back(gloss.blueness(np.full((2, 2, 3), [red, 0.5, blue], np.float32)), tint)
    assert gloss.SHARE_OF_GAIN <= share.min() <= share.max() <= 1


def test_colour_that_does_not_tell_holds_nothing_back() -> None:
    blue = np.linspace(0, 2, 64, dtype=np.float32).reshape(8, 8)
    for tint in (gloss.TELLING[1], 1.0, 1.5, float("nan")):
        assert (gloss.held_back(blue, tint) == 1).all()
    almost = gloss.held_back(blue, gloss.TELLING[1] - 1e-4)
    np.testing.assert_allclose(almost, 1, atol=1e-3)


def test_what_is_no_number_is_no_skin() -> None:
    picture = np.full((2, 2, 3), 0.5, np.float32)
    picture[0, 0] = np.nan
    assert np.isfinite(gloss.blueness(picture)).all()
    assert np.isnan(gloss.tint_of(gloss.blueness(picture), np.zeros((2, 2), bool)))


def test_a_tint_that_jumps_is_smoothed_over_frames() -> None:
    tones = [0.3, 0.3, 0.8, 0.3, 0.3]
    measured = [measure(face(0.5), face(tone), oval(), Recipe(sharpness=False, shutter=0.0)) for tone in tones]
    fits = [one.light for one in smooth(measured, window=5) if one is not None]
    raw = [one.light.tint for one in measured if one.light is not None]
    tints = [fit.tint for fit in fits if fit is not None]
    assert np.ptp(tints) < np.ptp(raw)
