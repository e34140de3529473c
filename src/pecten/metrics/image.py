"""How far two pictures are apart, inside a region."""

import cv2
import numpy as np

from pecten.errors import ShapeError
from pecten.types import Image, Mask

WINDOW_SIGMA_PX = 1.5
"""Of SSIM's Gaussian window, 11 px wide."""

WINDOW_PX = 11

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of MS-SSIM, finest first (Wang, Simoncelli and Bovik 2003)."""


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


def ms_ssim(image: Image, truth: Image, mask: Mask | None = None, peak: float = 1.0) -> float:
    """Measure structural similarity on up to five scales, the mean over channels at each.

    Args:
        image: The picture to judge, at least 11 px a side; 176 px and more have room for all five scales.
        truth: What it should be, in the same coding.
        mask: Weight of each window's centre; where it is 0, the truth stands in both pictures, so that windows across
            its edge judge only what counts. None weights all alike.
        peak: Range of the values.
    Returns:
        1 for equal pictures; the weighted geometric mean over scales.
    Raises:
        ShapeError: if sizes differ or the mask is empty.
    Reference:
        Wang, Simoncelli and Bovik 2003, equation 7. Windows are cut at the border and renormalised, and fewer scales
        share the whole weight, as in `pecten.training.loss`.
    """
    weight = _weight(image, truth, mask)
    y = truth.astype(np.float64)
    x = np.where(weight[..., None] > 0, image, y)
    scales = max(1, min(len(SCALE_WEIGHTS), (min(weight.shape) // WINDOW_PX).bit_length()))
    shares = np.array(SCALE_WEIGHTS[:scales]) / sum(SCALE_WEIGHTS[:scales])
    result = 1.0
    for scale, share in enumerate(shares.tolist()):
        full, contrast = _structure(x, y, peak)
        value = _mean(full if scale == scales - 1 else contrast, weight)
        result *= max(value, 1e-4) ** share if scales > 1 else value
        if scale < scales - 1:
            x, y, weight = (_halve(part) for part in (x, y, weight))
    return result


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
    return np.asarray(cv2.GaussianBlur(image, (WINDOW_PX, WINDOW_PX), WINDOW_SIGMA_PX))


def _structure(x: np.ndarray, y: np.ndarray, peak: float) -> tuple[np.ndarray, np.ndarray]:
    """Return SSIM at every pixel, and its contrast-structure factor alone."""
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    cover = _cut_window(np.ones(x.shape[:2]))[..., None]
    mean_x, mean_y, mean_xx, mean_yy, mean_xy = (_cut_window(v) / cover for v in (x, y, x * x, y * y, x * y))
    product, squares = mean_x * mean_y, mean_x**2 + mean_y**2
    contrast = (2 * (mean_xy - product) + c2) / (mean_xx + mean_yy - squares + c2)
    return (2 * product + c1) / (squares + c1) * contrast, contrast


def _cut_window(values: np.ndarray) -> np.ndarray:
    size = (WINDOW_PX, WINDOW_PX)
    return np.asarray(cv2.GaussianBlur(values, size, WINDOW_SIGMA_PX, borderType=cv2.BORDER_CONSTANT))


def _mean(values: np.ndarray, weight: np.ndarray) -> float:
    return float((values.mean(axis=2) * weight).sum() / weight.sum())


def _halve(values: np.ndarray) -> np.ndarray:
    height, width = (side // 2 * 2 for side in values.shape[:2])
    even = values[:height, :width]
    halved: np.ndarray = (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4
    return halved


def _weight(image: Image, truth: Image, mask: Mask | None) -> np.ndarray:
    weight = np.ones(image.shape[:2]) if mask is None else mask.astype(np.float64)
    if image.shape != truth.shape or weight.shape != image.shape[:2]:
        raise ShapeError(f"pictures {image.shape} and {truth.shape}, mask {weight.shape}: give equal sizes")
    if not weight.sum() > 0:
        raise ShapeError("the mask is empty: give one that covers something")
    return weight
