"""Contrast gains recover a known gain; smoothing never crosses a cut."""

import numpy as np
import pytest

from pecten.composite import contrast
from pecten.errors import ShapeError
from pecten.types import Image


def textured(seed: int = 0) -> Image:
    rng = np.random.default_rng(seed)
    picture = sum(
        np.kron(rng.normal(size=(256 // side, 256 // side)), np.ones((side, side))) for side in (1, 4, 16, 64)
    )
    return np.repeat((0.5 + 0.03 * picture)[..., None], 3, axis=2).astype(np.float32)


MATTE = np.pad(np.ones((200, 160), np.float32), ((28, 28), (48, 48)))


@pytest.mark.parametrize("method", list(contrast.ContrastMethod))
@pytest.mark.parametrize("gain", [0.8, 1.0, 1.25])
def test_a_known_gain_is_recovered(method: contrast.ContrastMethod, gain: float) -> None:
    face = textured()
    plate = (face - face.mean()) * np.float32(gain) + face.mean()
    assert contrast.contrast_gain(face, plate, MATTE, method) == pytest.approx(gain, rel=0.02)


def test_the_gain_is_limited() -> None:
    face = textured()
    assert contrast.contrast_gain(face, 9 * face, MATTE) == contrast.LIMITS[1]
    assert contrast.contrast_gain(face, 0 * face, MATTE) == contrast.LIMITS[0]
    assert contrast.contrast_gain(0 * face, face, MATTE) == 1.0
    assert contrast.contrast_gain(face, 2 * face, 0 * MATTE) == 1.0


def test_correcting_keeps_the_mean_and_scales_about_it() -> None:
    face = textured() + np.array([0.3, 0.0, 4.0], np.float32)
    corrected = contrast.correct_contrast(face, MATTE, 1.3)
    inside = MATTE > 0
    np.testing.assert_allclose(corrected[inside].mean(axis=0), face[inside].mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(corrected[inside].std(axis=0), 1.3 * face[inside].std(axis=0), rtol=1e-3)
    assert contrast.correct_contrast(face, MATTE, 1.0) is face


def test_the_global_factor_grows_with_texture_and_is_nil_for_a_flat_picture() -> None:
    inside = MATTE > 0
    luma = textured()[..., 0]
    assert contrast.global_contrast(np.full_like(luma, 0.5), inside) == pytest.approx(0.0, abs=1e-4)
    assert contrast.global_contrast(luma, inside) > 0.5


def test_what_lies_outside_the_region_has_no_part_in_it() -> None:
    luma = textured()[..., 0]
    changed = np.where(MATTE > 0, luma, np.float32(0))
    inside = MATTE > 0
    assert contrast.global_contrast(changed, inside) == pytest.approx(contrast.global_contrast(luma, inside))


def test_smoothing_keeps_constants_and_stops_at_cuts() -> None:
    gains = np.array([1.0] * 12 + [1.3] * 12)
    np.testing.assert_allclose(contrast.smooth_gains(gains, 9, [12]), gains)
    across = contrast.smooth_gains(gains, 9)
    assert np.abs(np.diff(across)).max() < 0.1
    np.testing.assert_array_equal(contrast.smooth_gains(gains, 1), gains)


def test_smoothing_passes_over_frames_without_a_face() -> None:
    gains = np.array([1.1, 1.1, np.nan, 1.1, 1.1])
    smoothed = contrast.smooth_gains(gains, 9)
    np.testing.assert_allclose(smoothed[[0, 1, 3, 4]], 1.1)
    assert np.isnan(smoothed[2])
    assert len(contrast.smooth_gains(gains[:2], 9)) == 2
    assert len(contrast.smooth_gains(gains[:0], 9)) == 0


def test_an_even_window_is_a_mistake() -> None:
    with pytest.raises(ShapeError, match="odd"):
        contrast.smooth_gains(np.ones(4), 8)
