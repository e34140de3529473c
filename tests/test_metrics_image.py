"""Picture metrics agree with known answers and with scikit-image."""

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from pecten.errors import ShapeError
from pecten.metrics import image as metrics


def pair() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = np.kron(rng.random((12, 16, 3)), np.ones((5, 5, 1))).astype(np.float32)
    return (truth + 0.05 * rng.normal(size=truth.shape)).astype(np.float32), truth


def test_psnr_of_a_known_error() -> None:
    truth = np.zeros((20, 20, 3), np.float32)
    mask = np.zeros((20, 20), np.float32)
    mask[5:10] = 1
    image = truth + np.float32(0.1) + 5 * (1 - mask[..., None])
    assert metrics.psnr(image, truth, mask) == pytest.approx(20.0, abs=1e-4)
    assert metrics.psnr(truth, truth) == float("inf")


def test_psnr_is_scikit_images() -> None:
    image, truth = pair()
    assert metrics.psnr(image, truth) == pytest.approx(peak_signal_noise_ratio(truth, image, data_range=1), abs=1e-4)


def test_ssim_is_scikit_images() -> None:
    image, truth = pair()
    expected = structural_similarity(
        truth.astype(np.float64),
        image.astype(np.float64),
        data_range=1,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        channel_axis=2,
    )
    inner = np.zeros(truth.shape[:2], np.float32)
    inner[5:-5, 5:-5] = 1
    assert metrics.ssim(image, truth, inner) == pytest.approx(expected, abs=1e-6)
    assert metrics.ssim(truth, truth) == pytest.approx(1.0)


def test_low_frequency_error_sees_tone_and_not_grain() -> None:
    _, truth = pair()
    mask = np.zeros(truth.shape[:2], np.float32)
    mask[10:50, 10:70] = 1
    grain = (0.1 * np.random.default_rng(1).normal(size=truth.shape)).astype(np.float32)
    shift = np.float32(0.07) + 9 * (1 - mask[..., None])
    assert metrics.low_frequency_error(truth + shift, truth, mask) == pytest.approx(0.07, abs=1e-5)
    assert metrics.low_frequency_error(truth + grain, truth, mask) < 0.01


def test_mistakes_are_named() -> None:
    image, truth = pair()
    with pytest.raises(ShapeError, match="equal sizes"):
        metrics.psnr(image[1:], truth)
    with pytest.raises(ShapeError, match="empty"):
        metrics.ssim(image, truth, np.zeros(truth.shape[:2], np.float32))
