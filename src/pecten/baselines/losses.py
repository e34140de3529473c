"""The losses of the baselines."""

import torch
import torch.nn.functional as functional
from torch import Tensor

C1, C2 = 0.01**2, 0.03**2


def dssim(x: Tensor, y: Tensor, window_px: int) -> Tensor:
    """Return (1 - SSIM) / 2 of each picture, Gaussian window of sigma 1.5 cut to a width, no padding.

    Args:
        x: (n, c, h, w) in [0, 1].
        y: The same.
        window_px: Width of the window; at least 3, made odd.
    Reference:
        Wang et al. 2004, equation 13; as a loss as DeepFaceLab describes it.
    """
    width = max(3, window_px | 1)
    offsets = torch.arange(width, dtype=x.dtype, device=x.device) - width // 2
    kernel = torch.exp(-(offsets**2) / (2 * 1.5**2))
    kernel = kernel / kernel.sum()
    # Variances are small differences of large numbers: in half the bits they come out negative, and the loss infinite.
    with torch.autocast(x.device.type, enabled=False):
        mean_x, mean_y = _blur(x, kernel), _blur(y, kernel)
        spread = _blur(x * x + y * y, kernel) - mean_x**2 - mean_y**2
        together = _blur(x * y, kernel) - mean_x * mean_y
    light = (2 * mean_x * mean_y + C1) / (mean_x**2 + mean_y**2 + C1)
    similarity: Tensor = light * (2 * together + C2) / (spread + C2)
    return ((1 - similarity) / 2).mean(dim=(1, 2, 3))


def _blur(x: Tensor, kernel: Tensor) -> Tensor:
    channels = x.shape[1]
    across = kernel.view(1, 1, 1, -1).expand(channels, 1, 1, -1)
    down = kernel.view(1, 1, -1, 1).expand(channels, 1, -1, 1)
    return functional.conv2d(functional.conv2d(x, across, groups=channels), down, groups=channels)


def deepfakes_loss(shown: Tensor, wanted: Tensor) -> Tensor:
    """Return the mean absolute error, the original deepfakes loss."""
    return (shown - wanted).abs().mean()


def saehd_loss(shown: Tensor, mask: Tensor, wanted: Tensor, soft: Tensor, wanted_mask: Tensor) -> Tensor:
    """Return DeepFaceLab's loss: 10 DSSIM + 10 MSE inside the soft mask + 10 MSE of the mask.

    Args:
        shown: Decoded picture (n, 3, size, size).
        mask: Decoded mask (n, 1, size, size).
        wanted: The true picture.
        soft: From `deepfacelab.blurred_mask`.
        wanted_mask: The true mask.
    """
    size = shown.shape[-1]
    inside, truth = shown * soft, wanted * soft
    if size < 256:
        structure = 10 * dssim(inside, truth, int(size / 11.6))
    else:
        structure = 5 * dssim(inside, truth, int(size / 11.6)) + 5 * dssim(inside, truth, int(size / 23.2))
    squares = 10 * ((inside - truth) ** 2).mean(dim=(1, 2, 3)) + 10 * ((mask - wanted_mask) ** 2).mean(dim=(1, 2, 3))
    return (structure + squares).mean()
