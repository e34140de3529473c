"""How far two pictures are apart, inside a region."""

import cv2
import numpy as np

from pecten.errors import ShapeError
from pecten.types import Image, Mask

WINDOW_SIGMA_PX = 1.5
"""Of SSIM's Gaussian window, 11 px wide."""


def psnr(image: Image, truth: Image, mask: Mask | None = None, peak: float = 1.0) -> float:
    """Measure the peak signal-to-noise ratio.

    Args:
        image: The picture to judge.
        truth: What it should be, in the same coding.
        mask: Weight of each pixel; None weights all alike.
        peak: The value that counts as full signal.
    Returns:
        dB; infinite if the pictures are equal.
    Raises:
        ShapeError: if sizes differ or the mask is empty.
    """
    weight = _weight(image, truth, mask)
    squared = ((image.astype(np.float64) - truth) ** 2).mean(axis=2)
    error = float((squared * weight).sum() / weight.sum())
    return float("inf") if error == 0 else 10 * float(np.log10(peak**2 / error))


def ssim(image: Image, truth: Image, mask: Mask | None = None, peak: float = 1.0) -> float:
    """Measure structural similarity, the mean over channels.

    Args:
        image: The picture to judge, at least 11 px a side.
        truth: What it should be, in the same coding.
        mask: Weight of each window's centre; None weights all alike.
        peak: Range of the values.
    Returns:
        1 for equal pictures.
    Raises:
        ShapeError: if sizes differ or the mask is empty.
    Reference:
        Wang, Bovik, Sheikh and Simoncelli 2004, equation 13 with K1 = 0.01, K2 = 0.03.
    """
    weight = _weight(image, truth, mask)
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    x, y = image.astype(np.float64), truth.astype(np.float64)
    mean_x, mean_y = _window(x), _window(y)
    variance_x, variance_y = _window(x * x) - mean_x**2, _window(y * y) - mean_y**2
    covariance = _window(x * y) - mean_x * mean_y
    likeness = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    likeness /= (mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2)
    return float((likeness.mean(axis=2) * weight).sum() / weight.sum())


def low_frequency_error(image: Image, truth: Image, mask: Mask | None = None, sigma_px: float = 20.0) -> float:
    """Measure the error in tone and light: root mean square of the blurred difference.

    Args:
        image: The picture to judge.
        truth: What it should be, in the same coding.
        mask: Weight of each pixel; the blur does not reach beyond it.
        sigma_px: Of the blur; 20 at 512 px is about the width of an eye.
    Returns:
        In the pictures' own unit.
    Raises:
        ShapeError: if sizes differ or the mask is empty.
    """
    weight = _weight(image, truth, mask)
    difference = (image.astype(np.float64) - truth) * weight[..., None]
    blurred, cover = (cv2.GaussianBlur(picture, (0, 0), sigma_px) for picture in (difference, weight))
    tone = blurred / np.maximum(cover, 1e-6)[..., None]
    return float(np.sqrt(((tone**2).mean(axis=2) * weight).sum() / weight.sum()))


def _window(image: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.GaussianBlur(image, (11, 11), WINDOW_SIGMA_PX))


def _weight(image: Image, truth: Image, mask: Mask | None) -> np.ndarray:
    weight = np.ones(image.shape[:2]) if mask is None else mask.astype(np.float64)
    if image.shape != truth.shape or weight.shape != image.shape[:2]:
        raise ShapeError(f"pictures {image.shape} and {truth.shape}, mask {weight.shape}: give equal sizes")
    if not weight.sum() > 0:
        raise ShapeError("the mask is empty: give one that covers something")
    return weight
