"""The light of a plate is recovered from its skin, whatever else covers the face."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pecten.composite import light
from pecten.errors import ShapeError
from pecten.types import Image, Mask


def skin(size: int = 256, seed: int = 0) -> Image:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] / size
    shade = 0.55 + 0.15 * np.sin(5 * x) * np.cos(4 * y) + 0.02 * rng.normal(size=(size, size))
    return (shade[..., None] * [1.0, 0.8, 0.7]).astype(np.float32)


def oval(size: int = 256) -> Mask:
    y, x = (np.mgrid[:size, :size] - (size - 1) / 2) / size
    return np.clip((0.42 - np.hypot(1.2 * x, y)) * size, 0, 1).astype(np.float32)


def lit(face: Image, coefficients: np.ndarray) -> Image:
    return light.relight(face, coefficients)


@given(
    gain=st.tuples(*[st.floats(-0.6, 0.6)] * 3), across=st.floats(-0.2, 0.2), size=st.sampled_from([128, 200, 256, 512])
)
@settings(deadline=None, max_examples=20)
def test_a_known_light_is_recovered_at_any_size(gain: tuple[float, float, float], across: float, size: int) -> None:
    known = np.array([gain, [across] * 3, [0.0] * 3])
    face = skin(size)
    tint = light.fit_light(face, face, oval(size)).tint
    fit = light.fit_light(face, light.relight(face, known, tint=tint), oval(size))
    np.testing.assert_allclose(fit.coefficients[0], known[0], atol=0.02)
    # The penalty draws slopes towards none, never past it.
    np.testing.assert_allclose(fit.coefficients[1], known[1], atol=0.5 * abs(across) + 0.01)


def test_a_beard_has_no_vote() -> None:
    face = skin()
    known = np.array([[0.3, 0.1, -0.1], [0.0] * 3, [0.0] * 3])
    plate = lit(face, known)
    plate[160:] *= 0.2
    fit = light.fit_light(face, plate, oval())
    np.testing.assert_allclose(fit.coefficients[0], known[0], atol=0.03)
    trust = light.enlarged(fit.trusted, oval())
    assert trust[175:230, 100:150].max() < 0.05
    assert trust[70:140, 90:160].mean() > 0.5
    assert not trust[oval() == 0].any()
    alike = light.enlarged(fit.alike, oval())
    assert alike[175:230, 100:150].max() < 0.05
    assert alike[70:140, 90:160].min() > 0.95


def test_relighting_by_nothing_changes_nothing() -> None:
    face = skin() + 30
    np.testing.assert_allclose(light.relight(face, np.zeros((3, 3))), face, rtol=1e-6)


def test_relighting_multiplies_odds() -> None:
    face = np.linspace(0, 1, 64 * 64 * 3, dtype=np.float32).reshape(64, 64, 3)
    relit = light.relight(face, np.array([[0.7, 0.2, -0.9], [0.0] * 3, [0.0] * 3]))
    for channel, gain in enumerate(np.exp([0.7, 0.2, -0.9])):
        odds = gain * (face[..., channel] + light.OFFSET) / (light.CEILING - face[..., channel])
        expected = (light.CEILING * odds - light.OFFSET) / (1 + odds)
        np.testing.assert_allclose(relit[..., channel], expected, atol=1e-5)


@given(gain=st.floats(-2, 2), value=st.floats(-5, 20, width=32))
@settings(deadline=None, max_examples=50)
def test_relighting_can_be_undone_and_leaves_what_outshines_skin(gain: float, value: float) -> None:
    face = np.full((4, 4, 3), value, np.float32)
    there, back = (np.array([[sign * gain] * 3, [0.0] * 3, [0.0] * 3]) for sign in (1, -1))
    relit = light.relight(face, there)
    np.testing.assert_allclose(light.relight(relit, back), face, atol=1e-4)
    if value >= light.CEILING or value <= -light.OFFSET:
        np.testing.assert_allclose(relit, face, atol=1e-5)
    else:
        assert relit.min() + 1e-6 >= -light.OFFSET
        assert relit.max() <= light.CEILING + 1e-6


def test_votes_of_neighbours_steady_a_fit() -> None:
    face, known = skin(), np.array([[0.3, 0.1, -0.1], [0.0] * 3, [0.0] * 3])
    plate = lit(face, known)
    plate[160:] *= 0.2
    fit = light.fit_light(face, plate, oval())
    everyone = light.refit(fit, np.ones_like(fit.trusted), fit.alike, fit.tint)
    assert (everyone.coefficients[0] < known[0] - 0.1).all()
    np.testing.assert_allclose(
        light.refit(everyone, fit.trusted, fit.alike, fit.tint).coefficients, fit.coefficients, atol=1e-3
    )
    nobody = light.refit(fit, np.zeros_like(fit.trusted), fit.alike, fit.tint)
    np.testing.assert_array_equal(nobody.coefficients, fit.coefficients)


def test_every_size_shares_one_field() -> None:
    coefficients = np.array([[0.2, 0.1, 0.0], [0.3, 0.2, 0.1], [-0.2, 0.1, 0.3]])
    small = light.relight(np.ones((64, 64, 3), np.float32), coefficients)
    large = light.relight(np.ones((256, 256, 3), np.float32), coefficients)
    np.testing.assert_allclose(large.reshape(64, 4, 64, 4, 3).mean(axis=(1, 3)), small, rtol=1e-3)


@pytest.mark.parametrize("matte", [np.zeros((256, 256), np.float32), np.pad(np.ones((4, 4), np.float32), 126)])
def test_too_small_a_face_changes_nothing(matte: Mask) -> None:
    fit = light.fit_light(skin(), 2 * skin(), matte)
    assert not fit.coefficients.any()
    assert not light.enlarged(fit.trusted, matte).any()


def test_pixels_that_are_not_numbers_have_no_vote() -> None:
    face = skin()
    plate = lit(face, np.array([[0.3] * 3, [0.0] * 3, [0.0] * 3]))
    plate[100:110, 100:110] = np.nan
    np.testing.assert_allclose(light.fit_light(face, plate, oval()).coefficients[0], 0.3, atol=0.03)


def test_different_sizes_are_a_mistake() -> None:
    with pytest.raises(ShapeError, match="equal sizes"):
        light.fit_light(skin(), skin()[1:], oval())
