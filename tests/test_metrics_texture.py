"""Band energies: known sine waves and known noise come back; matte and size are respected."""

import cv2
import numpy as np
import pytest

from pecten.errors import ShapeError
from pecten.metrics.texture import band_energies, band_ratios


def noise(seed: int, size: int = 256, sigma: float = 0.05) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.5, sigma, (size, size, 3)).astype(np.float32)


def test_a_wave_has_its_energy_in_the_band_of_its_length() -> None:
    for wavelength, expected in ((4, 0), (16, 2), (64, 4)):
        wave = 0.1 * np.sin(np.arange(512) * 2 * np.pi / wavelength)
        image = np.repeat(np.tile(wave, (512, 1))[..., None], 3, axis=2).astype(np.float32)
        energies = band_energies(image, np.ones((512, 512), np.float32)).sum(axis=1)
        assert abs(int(energies.argmax()) - expected) <= 1
        assert energies.max() > 0.5 * energies.sum()


def test_energy_grows_with_the_square_of_contrast_and_a_constant_has_none() -> None:
    full, image = np.ones((256, 256), np.float32), noise(0)
    assert np.allclose(band_energies(image * 2, full), 4 * band_energies(image, full), rtol=1e-4)
    assert band_energies(np.full((256, 256, 3), 0.5, np.float32), full).max() < 1e-12


def test_what_lies_outside_the_matte_does_not_count() -> None:
    image, matte = noise(1), np.zeros((256, 256), np.float32)
    matte[:, :64] = 1
    changed = image.copy()
    changed[:, 200:] += noise(2)[:, 200:]
    assert np.allclose(band_energies(changed, matte, 3), band_energies(image, matte, 3), rtol=1e-6)


def test_channels_are_told_apart() -> None:
    image = noise(3)
    image[..., 1] = 0.5
    energies = band_energies(image, np.ones((256, 256), np.float32))
    assert energies[:, 1].max() < 1e-12
    assert energies[:, 0].min() > 1e-7


def test_ratios_find_a_missing_band_and_independent_noise_of_one_level_is_equal() -> None:
    full = np.ones((256, 256), np.float32)
    truths = [noise(i) for i in range(4)]
    assert np.allclose(band_ratios([noise(10 + i) for i in range(4)], truths, full, 3), 1, atol=0.03)
    soft = [cv2.GaussianBlur(image, (0, 0), 1.0) for image in truths]
    ratios = band_ratios(soft, truths, [full] * 4)
    assert ratios[0] < 0.1
    assert ratios[3] == pytest.approx(1, abs=0.1)


def test_bad_input_is_named() -> None:
    full = np.ones((64, 64), np.float32)
    with pytest.raises(ShapeError, match="equal sizes"):
        band_energies(noise(0, 32), full)
    with pytest.raises(ShapeError, match="empty"):
        band_energies(noise(0, 64), full * 0, 2)
    with pytest.raises(ShapeError, match="bands of a picture"):
        band_energies(noise(0, 64), full, 9)
    with pytest.raises(ShapeError, match="no energy"):
        band_ratios([noise(0, 64)], [noise(0, 64) * 0], full, 2)
