"""Picture metrics agree with known answers and with scikit-image."""

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from pecten.errors import ShapeError
from pecten.metrics import image as metrics
from pecten.training import loss


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


def faces(side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(side)
    truth = np.kron(rng.random((side // 8, side // 8, 3)), np.ones((8, 8, 1))).astype(np.float32)
    image = (truth + 0.1 * rng.normal(size=truth.shape)).astype(np.float32)
    mask = np.zeros((side, side), np.float32)
    mask[side // 4 : -side // 4, side // 5 : -side // 4] = 1
    mask[side // 4 : side // 3] *= 0.5
    return image, truth, mask


@pytest.mark.parametrize("side", [16, 64, 256])
def test_ms_ssim_is_what_training_strives_for(side: int) -> None:
    image, truth, mask = faces(side)
    planar = [torch.from_numpy(v).permute(2, 0, 1)[None] for v in (image, truth, mask[..., None])]
    expected = 1 - loss.reconstruction(*planar, mix=1.0)
    assert metrics.ms_ssim(image, truth, mask) == pytest.approx(expected.item(), abs=1e-5)


def test_ms_ssim_of_known_cases() -> None:
    image, truth, mask = faces(256)
    assert metrics.ms_ssim(truth, truth) == pytest.approx(1.0)
    assert metrics.ms_ssim(2 * image, 2 * truth, mask, peak=2.0) == pytest.approx(metrics.ms_ssim(image, truth, mask))
    beyond = np.where(mask[..., None] > 0, image, 7.0).astype(np.float32)
    assert metrics.ms_ssim(beyond, truth, mask) == metrics.ms_ssim(image, truth, mask)
    # A flat picture over a flat one: contrast is 1 on every scale, luminance counts on the last alone.
    low, high = (np.full((256, 256, 3), value, np.float32) for value in (0.4, 0.6))
    luminance = (2 * 0.4 * 0.6 + 1e-4) / (0.4**2 + 0.6**2 + 1e-4)
    share = metrics.SCALE_WEIGHTS[-1] / sum(metrics.SCALE_WEIGHTS)
    assert metrics.ms_ssim(low, high) == pytest.approx(luminance**share, abs=1e-6)


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
    with pytest.raises(ShapeError, match="equal sizes"):
        metrics.ms_ssim(image, truth[:, 1:])
