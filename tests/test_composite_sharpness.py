"""Sharpness: a known blur comes back whoever is seen, and sharpening neither rings nor leaves the neighbours' range."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pictures

from pecten.composite import sharpness
from pecten.composite.blend import enlarge
from pecten.composite.recipe import Measurement, Recipe, prepare, smooth
from pecten.errors import ShapeError
from pecten.metrics.texture import band_energies
from pecten.types import Image, Mask

DATA = Path(__file__).parent / "data"
SIZE = 256


def face(name: str) -> Image:
    """Return a performer's face, about as a crop shows it."""
    still = np.asarray(Pictures.open(DATA / f"{name}_still.jpg").convert("RGB"), np.float32) / 255
    height, width = still.shape[:2]
    side = int(min(height, width) * 0.8)
    top, left = (height - side) // 2, (width - side) // 2
    square: Image = cv2.resize(still[top : top + side, left : left + side], (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    return square


@pytest.fixture(scope="module")
def people() -> tuple[Image, Image]:
    return face("ada"), face("chidi")


@pytest.fixture(scope="module")
def middle() -> Mask:
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    return (np.hypot(x, y) < 0.36 * SIZE).astype(np.float32)


def blurred(image: Image, sigma: float, noise: float = 0.006) -> Image:
    soft = cv2.GaussianBlur(image, (0, 0), sigma) if sigma else image
    return soft + np.random.default_rng(1).normal(0, noise, image.shape).astype(np.float32)


@pytest.mark.parametrize("sigma", [0.7, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("same", [True, False])
def test_a_known_blur_is_recovered_under_noise(
    sigma: float, same: bool, people: tuple[Image, Image], middle: Mask
) -> None:
    one, other = people
    found = sharpness.softness(one, blurred(one if same else other * np.float32(0.8), sigma), middle)
    assert found is not None
    assert np.sqrt(max(found, 0)) == pytest.approx(sigma, rel=0.15 if same else 0.3, abs=0.1)


def test_equally_sharp_people_are_left_as_they_are(people: tuple[Image, Image], middle: Mask) -> None:
    for one, other in (people, people[::-1]):
        found = sharpness.softness(one, other, middle)
        assert found is not None
        assert abs(found) < 0.25


def test_a_softer_face_is_sharpened_and_a_sharper_one_blurred(people: tuple[Image, Image], middle: Mask) -> None:
    sharp, soft = people[0], blurred(people[0], 0.6, 0.0)
    found = sharpness.softness(soft, sharp, middle)
    assert found is not None
    assert found < -0.1

    def detail(image: Image, band: int = 0) -> float:
        return float(band_energies(image, middle, 2)[band].sum())

    nearer = sharpness.match_sharpness(soft, found)
    assert detail(soft) < detail(nearer) < 1.05 * detail(sharp)
    wide = blurred(people[0], 2.0, 0.0)
    found = sharpness.softness(sharp, wide, middle)
    assert found is not None
    assert detail(sharpness.match_sharpness(sharp, found), 1) == pytest.approx(detail(wide, 1), rel=0.35)


def test_a_step_does_not_ring() -> None:
    step = np.zeros((32, 32, 3), np.float32)
    step[:, 16:] = 1
    soft = cv2.GaussianBlur(step, (0, 0), 1.0)
    sharp = sharpness.sharpen(soft, 0.6)
    assert (np.diff(sharp[16, :, 0]) > -1e-6).all() or sharp.max() < 1.02
    assert np.diff(sharp[16, :, 0]).max() > 1.1 * np.diff(soft[16, :, 0]).max()


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 999), strength=st.floats(0.0, 0.8), scale=st.floats(0.01, 100.0))
def test_sharpening_stays_near_its_neighbours_and_shifts_with_the_picture(
    seed: int, strength: float, scale: float
) -> None:
    image = (np.random.default_rng(seed).normal(0, scale, (20, 24, 3))).astype(np.float32)
    sharp = sharpness.sharpen(image, strength)
    around = np.ones((3, 3), np.uint8)
    low, high = cv2.erode(image, around), cv2.dilate(image, around)
    slack = (high - low) * 0.1 + 1e-5 * scale
    assert (sharp >= low - slack).all()
    assert (sharp <= high + slack).all()
    np.testing.assert_allclose(sharpness.sharpen(image * np.float32(2), strength), 2 * sharp, atol=1e-4 * scale)
    if strength == 0:
        assert sharp is image


def test_a_constant_stays_constant_and_no_blur_is_none() -> None:
    flat = np.full((64, 64, 3), 3.5, np.float32)
    for variance in (-0.5, 0.0, 0.05, 4.0):
        np.testing.assert_allclose(sharpness.match_sharpness(flat, variance), flat, atol=1e-5)
    image = np.random.default_rng(0).random((64, 64, 3), np.float32)
    assert sharpness.match_sharpness(image, sharpness.UNCERTAIN) is image


def test_too_little_in_common_is_none(people: tuple[Image, Image], middle: Mask) -> None:
    assert sharpness.softness(*people, middle * 0) is None
    assert sharpness.softness(people[0], np.full_like(people[0], np.nan), middle) is None
    assert sharpness.softness(people[0], np.full_like(people[0], 0.5), middle) is None
    small = np.ones((24, 24), np.float32)
    assert sharpness.softness(people[0][:24, :24], people[1][:24, :24], small) is None
    with pytest.raises(ShapeError, match="equal sizes"):
        sharpness.softness(people[0], people[1], small)


def test_a_recipe_can_leave_sharpness_and_a_frame_that_tells_nothing_is_left(people: tuple[Image, Image]) -> None:
    decoded, soft = people[0], Measurement(None, 1.0, softness=4.0)
    plain = enlarge(decoded, 128)
    assert np.array_equal(prepare(decoded, 128, Recipe(sharpness=False), soft), plain)
    assert np.array_equal(prepare(decoded, 128, Recipe(), Measurement(None, 1.0, softness=float("nan"))), plain)
    assert np.abs(np.diff(prepare(decoded, 128, Recipe(), soft), axis=1)).mean() < np.abs(np.diff(plain, axis=1)).mean()


def test_softness_is_smoothed_over_frames() -> None:
    measured = [Measurement(None, 1.0, softness=value) for value in (0.0, 3.0, 0.0)]
    smoothed = [one.softness for one in smooth(measured, window=3) if one is not None]
    np.testing.assert_allclose(smoothed, [1.0, 1.5, 1.0])
