"""Blends change nothing outside their matte, and inside do what each band's owner says."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pecten.composite import blend
from pecten.composite.matte import inner_distance
from pecten.composite.poisson import blend_poisson, blend_seamless
from pecten.errors import ShapeError
from pecten.geometry import pyramid
from pecten.types import Image, Mask


def pictures(height: int, width: int, seed: int = 0, scale: float = 1.0) -> tuple[Image, Image]:
    plate, face = scale * np.random.default_rng(seed).normal(size=(2, height, width, 3)).astype(np.float32)
    return plate, face


def disc(size: int, radius: float) -> Mask:
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return np.clip(radius - np.hypot(x, y) + 0.5, 0, 1).astype(np.float32)


@given(
    height=st.integers(9, 80),
    width=st.integers(9, 80),
    coarse=st.integers(0, 1),
    seed=st.integers(0, 99),
    scale=st.sampled_from([1.0, 100.0]),
    extension=st.sampled_from(list(blend.Extension)),
)
@settings(deadline=None, max_examples=50)
def test_outside_the_matte_the_plate_is_bit_identical(
    height: int, width: int, coarse: int, seed: int, scale: float, extension: blend.Extension
) -> None:
    plate, face = pictures(height, width, seed, scale)
    plate[0, 0] = -0.0
    matte = (np.random.default_rng(seed).random((height, width)) < 0.7).astype(np.float32)
    matte[:, : width // 3] = 0
    for result in (
        blend.blend_multiband(plate, face, matte, coarse, extension=extension),
        blend.blend_alpha(plate, face, matte),
        blend.blend_standard(plate, face, matte),
        blend_poisson(plate, face, matte),
        blend_poisson(plate, face, matte, mixed=True),
        blend_seamless(np.where(matte[..., None] > 0, np.tanh(plate) / 2 + 0.5, plate), np.tanh(face) / 2 + 0.5, matte),
    ):
        outside = matte == 0
        assert result[outside].tobytes() == plate[outside].tobytes()
        assert result.dtype == np.float32
        assert np.isfinite(result).all()


@pytest.mark.parametrize("extension", list(blend.Extension))
@pytest.mark.parametrize("coarse", range(5))
def test_an_empty_matte_leaves_the_plate(extension: blend.Extension, coarse: int) -> None:
    plate, face = pictures(64, 64)
    result = blend.blend_multiband(plate, face, np.zeros((64, 64), np.float32), coarse, extension=extension)
    assert result.tobytes() == plate.tobytes()


@pytest.mark.parametrize("coarse", range(5))
def test_the_same_face_changes_nothing(coarse: int) -> None:
    plate, _ = pictures(128, 128)
    np.testing.assert_allclose(blend.blend_multiband(plate, plate, disc(128, 50), coarse), plate, atol=1e-5)


@pytest.mark.parametrize("extension", list(blend.Extension))
def test_what_lies_outside_the_matte_never_leaks_in(extension: blend.Extension) -> None:
    plate, face = pictures(128, 128)
    matte = disc(128, 40)
    garbage = np.where(matte[..., None] > 0, face, np.float32(np.nan))
    clean = blend.blend_multiband(plate, face, matte, extension=extension)
    np.testing.assert_array_equal(blend.blend_multiband(plate, garbage, matte, extension=extension), clean)


@pytest.mark.parametrize("laid", [blend.blend_standard, blend_poisson, blend_seamless])
def test_no_blend_reads_the_face_outside_the_matte(laid: Callable[[Image, Image, Mask], Image]) -> None:
    plate, face = (np.tanh(picture) / 2 + 0.5 for picture in pictures(96, 96))
    matte = disc(96, 30)
    garbage = np.where(matte[..., None] > 0, face, np.float32(np.nan))
    np.testing.assert_array_equal(laid(plate, garbage, matte), laid(plate, face, matte))


@pytest.mark.parametrize("laid", [blend.blend_alpha, blend.blend_multiband, blend.blend_standard, blend_poisson])
def test_every_blend_in_floats_scales_with_its_pictures(laid: Callable[[Image, Image, Mask], Image]) -> None:
    plate, face = pictures(96, 96)
    matte = disc(96, 30)
    large = laid(100 * plate + 300, 100 * face + 300, matte)
    np.testing.assert_allclose(large, 100 * laid(plate, face, matte) + 300, atol=0.02)


def test_the_standard_blend_gives_all_bands_of_a_large_face() -> None:
    plate, face = pictures(128, 128)
    matte = np.ones((128, 128), np.float32)
    np.testing.assert_allclose(blend.blend_standard(plate, face, matte), face, atol=1e-5)


def test_a_plates_pixels_that_are_not_numbers_are_covered_by_the_face() -> None:
    plate, face = pictures(128, 128)
    plate[64, 64] = plate[0, 0] = np.nan
    result = blend.blend_multiband(plate, face, disc(128, 40))
    assert np.isnan(result[0, 0]).all()
    assert np.isfinite(result.reshape(-1, 3)[1:]).all()


def test_deep_inside_fine_bands_are_the_faces_and_coarse_ones_the_plates() -> None:
    plate, face = (picture + offset for picture, offset in zip(pictures(256, 256), (0.2, 5.0), strict=True))
    matte = disc(256, 120)
    result = blend.blend_multiband(plate, face, matte, 2)
    middle = np.s_[112:144, 112:144]
    np.testing.assert_allclose(result[middle].mean(), plate[middle].mean(), atol=0.2)
    fine = [pyramid.split(picture, 2)[0][middle] for picture in (result, face)]
    np.testing.assert_allclose(fine[0], fine[1], atol=0.05)


def test_without_coarse_bands_from_the_plate_the_middle_is_the_face() -> None:
    plate, face = (picture + offset for picture, offset in zip(pictures(256, 256), (0.2, 5.0), strict=True))
    result = blend.blend_multiband(plate, face, disc(256, 120), 0)
    np.testing.assert_allclose(result[120:136, 120:136], face[120:136, 120:136], atol=0.3)


def test_more_coarse_bands_draw_the_tone_towards_the_plate() -> None:
    y, x = np.mgrid[:256, :256].astype(np.float32) / 255
    plate = np.repeat((0.3 + 0.4 * x)[..., None], 3, axis=2)
    face = np.repeat((0.8 - 0.3 * y)[..., None], 3, axis=2)
    matte = disc(256, 120)
    errors = [
        float(np.abs(blend.blend_multiband(plate, face, matte, coarse) - plate)[matte > 0.5].mean())
        for coarse in range(5)
    ]
    assert errors == sorted(errors, reverse=True)


def test_values_above_one_survive() -> None:
    plate, face = pictures(128, 128)
    result = blend.blend_multiband(plate + 40, face + 40, disc(128, 50), 0)
    assert result.min() > 30


def test_no_step_at_the_mattes_edge() -> None:
    plate, face = np.zeros((128, 128, 3), np.float32), np.ones((128, 128, 3), np.float32)
    for result in (
        blend.blend_multiband(plate, face, disc(128, 50), 0),
        blend.blend_alpha(plate, face, disc(128, 50)),
    ):
        assert np.abs(np.diff(result, axis=0)).max() < 0.45
        assert result.max() == pytest.approx(1.0, abs=0.05)


def test_enlarging_keeps_the_picture_in_place() -> None:
    y, x = np.mgrid[:128, :128].astype(np.float32)
    face = np.stack([x, y, x + y], axis=-1)
    large = blend.enlarge(face, 512)
    expected = (np.arange(512) + 0.5) / 4 - 0.5
    np.testing.assert_allclose(large[256, 50:-50, 0], expected[50:-50], atol=0.02)
    np.testing.assert_allclose(blend.enlarge(large, 128)[8:-8, 8:-8], face[8:-8, 8:-8], atol=0.02)
    assert blend.enlarge(face, 128) is face


def test_pictures_of_different_size_are_a_mistake() -> None:
    plate, face = pictures(64, 64)
    with pytest.raises(ShapeError, match="equal sizes"):
        blend.blend_multiband(plate, face[1:], disc(64, 20))
    with pytest.raises(ShapeError, match="bands from the plate"):
        blend.blend_multiband(plate, face, disc(64, 20), 5)


def test_a_beard_at_the_edge_darkens_bare_skin_little_further_in() -> None:
    size = 256
    matte = disc(size, 90)
    beard = np.mgrid[:size, :size][0] > 150
    plate = np.where(beard, np.float32(0.1), np.float32(0.6))[..., None] * np.ones(3, np.float32)
    face = np.full_like(plate, 0.6)
    blended = blend.blend_multiband(plate, face, matte, 0, alike=(~beard).astype(np.float32))
    deep = (inner_distance(matte) > 24) & beard
    assert float(np.abs(blended - face)[deep].mean()) < 0.013
