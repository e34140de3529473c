"""What a decoded face is judged by: MS-SSIM and L1 inside the matte."""

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as functional
from jaxtyping import Float, Float32
from torch import Tensor

Pictures = Float[Tensor, "_batch 3 _side _side"]
Weights = Float[Tensor, "_batch 1 _side _side"]
Planes = Float[Tensor, "_batch _planes _height _width"]

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of Wang et al. 2003, finest first."""

RADIUS, SIGMA = 5, 1.5
C1, C2 = 0.01**2, 0.03**2
MIX = 0.84
"""Published share of the structural term (Zhao et al. 2017)."""

L1_ALONE_PX = 8
"""At this side and below there is no structure to compare."""

LUMA = (0.2126, 0.7152, 0.0722)


def reconstruction(
    decoded: Pictures,
    target: Pictures,
    weights: Weights,
    kind: str = "ms-ssim+l1",
    colour: str = "rgb",
    mix: float = MIX,
    structure_px: int = 1024,
) -> Float[Tensor, " _batch"]:
    """Judge decoded pictures, each by the mean over its weights.

    Args:
        decoded: Around [0, 1], any float type; judged in float32.
        target: In [0, 1].
        weights: What counts, 0 and up; only ratios matter. Where it is 0 the decoded picture has no influence.
        kind: "ms-ssim+l1", "ssim+l1" (one scale), "ssim" or "l1".
        colour: The structural term sees "rgb", or "luma" alone (three times cheaper).
        mix: Share of the structural term; L1 has the rest.
        structure_px: The structural term sees pictures of at most this side, reduced by area; L1 sees all. The finest
            of five scales has under a twentieth of the weight and most of the cost.
    Returns:
        One loss a picture, 0 where equal.
    Reference:
        Zhao et al. 2017, equation 9; Wang et al. 2003, equation 7.
    """
    decoded, target = decoded.float(), target.float()
    l1 = weighted_mean((decoded - target).abs().mean(dim=1, keepdim=True), weights)
    if kind == "l1" or decoded.shape[-1] <= L1_ALONE_PX:
        return l1
    # Outside the region the target stands on both sides, so that windows across the edge judge only what counts.
    inside = (weights > 0).float()
    shown = target + inside * (decoded - target)
    if colour == "luma":
        tint = torch.tensor(LUMA, device=target.device).view(1, 3, 1, 1)
        shown, target = (shown * tint).sum(1, keepdim=True), (target * tint).sum(1, keepdim=True)
    while shown.shape[-1] > structure_px:
        shown, target, weights = (functional.avg_pool2d(v, 2) for v in (shown, target, weights))
    structure = 1 - ms_ssim(shown, target, weights, 1 if kind.startswith("ssim") else len(SCALE_WEIGHTS))
    return structure if kind == "ssim" else mix * structure + (1 - mix) * l1


def ms_ssim(x: Planes, y: Planes, weights: Weights, scales: int = 5) -> Float[Tensor, " _batch"]:
    """Compare structure on several scales, as many as the picture has room for.

    Returns:
        The weighted geometric mean over scales, 1 where equal; one scale gives plain SSIM.
    """
    scales = max(1, min(scales, (x.shape[-1] // (2 * RADIUS + 1)).bit_length()))
    shares = [weight / sum(SCALE_WEIGHTS[:scales]) for weight in SCALE_WEIGHTS[:scales]]
    result = torch.ones(len(x), device=x.device)
    for k, share in enumerate(shares):
        full, contrast = ssim_maps(x, y)
        last = k == scales - 1
        value = weighted_mean((full if last else contrast).mean(dim=1, keepdim=True), weights)
        # A negative structure has no real power; its gradient there is small in any case.
        result = result * value.clamp_min(1e-4) ** share if scales > 1 else value
        if not last:
            x, y, weights = (functional.avg_pool2d(v, 2) for v in (x, y, weights))
    return result


def ssim_maps(x: Planes, y: Planes) -> tuple[Planes, Planes]:
    """Return SSIM at every pixel, and its contrast-structure factor alone.

    Reference:
        Wang et al. 2004, equations 12 and 13 (Gaussian window of 11 px, cut at the border and renormalised).
    """
    mean_x, mean_xx, mean_xy = blur(x), blur(x * x), blur(x * y)
    with torch.no_grad():
        mean_y, mean_yy = blur(y), blur(y * y)
    product = mean_x * mean_y
    squares = mean_x * mean_x + mean_y * mean_y
    contrast = (2 * (mean_xy - product) + C2) / (mean_xx + mean_yy - squares + C2)
    return (2 * product + C1) / (squares + C1) * contrast, contrast


def blur(x: Planes) -> Planes:
    """Blur by the SSIM window: two products with banded matrices, faster than a depthwise convolution on a CPU."""
    rows, columns = (torch.from_numpy(_band(side)).to(x.device) for side in x.shape[-2:])
    return rows @ x @ columns.T


def weighted_mean(values: Weights, weights: Weights) -> Float[Tensor, " _batch"]:
    """Average each picture over its weights; a picture without any weight gives 0."""
    return (values * weights).sum(dim=(1, 2, 3)) / weights.sum(dim=(1, 2, 3)).clamp_min(1e-6)


@lru_cache(maxsize=32)
def _band(side: int) -> Float32[np.ndarray, "_side _side"]:
    offsets = np.subtract.outer(np.arange(side), np.arange(side)).astype(np.float64)
    band = np.exp(-(offsets**2) / (2 * SIGMA**2)) * (np.abs(offsets) <= RADIUS)
    return (band / band.sum(axis=1, keepdims=True)).astype(np.float32)  # type: ignore[no-any-return]
