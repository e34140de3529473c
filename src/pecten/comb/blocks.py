"""Convolutions with an equalised learning rate, and the ways to halve and double a map."""

import math

import torch
import torch.nn.functional as functional
from jaxtyping import Float
from torch import Tensor, nn

HALF_POWER = math.sqrt(0.5)
"""Keeps the variance of a sum of two."""

SLOPE = 0.2
"""Of the leaky rectifier below zero."""

Maps = Float[Tensor, "_batch _channels _height _width"]


class Convolution(nn.Module):
    """A convolution whose weights are drawn from N(0, 1) and scaled as they are used.

    Args:
        inputs: Channels in.
        outputs: Channels out.
        side: Of the kernel, in px.
        padding: Zeros added on each edge, in px.
        stride: In px.
    Reference:
        Karras et al. 2018 (progressive growing), section 4.1; gain of He et al. 2015 for a leaky rectifier.
    """

    def __init__(self, inputs: int, outputs: int, side: int, padding: int = 0, stride: int = 1) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, side, side))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale = (2.0 / ((1 + SLOPE**2) * inputs * side * side)) ** 0.5
        self.padding, self.stride = padding, stride

    def forward(self, x: Maps) -> Maps:
        """Convolve."""
        return functional.conv2d(x, self.weight * self.scale, self.bias, self.stride, self.padding)


class Gate(nn.Module):
    """Scales what a convolution finds, between 0 and 2, by what a 1x1 convolution sees in the same map.

    It starts at 1 everywhere, as if it were not there.

    Args:
        inputs: Channels of the map that is looked at.
        outputs: Channels that are scaled.
        stride: Of the convolution whose result is scaled.
    Reference:
        Dauphin et al. 2017 (gated linear units); Yu et al. 2019 (gated convolution).
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.opening = Convolution(inputs, outputs, 1, stride=stride)
        nn.init.zeros_(self.opening.weight)

    def forward(self, x: Maps) -> Maps:
        """Return the factor of every value."""
        return 2 * torch.sigmoid(self.opening(x))


class Unfold(nn.Module):
    """From a latent vector to a 4x4 map: the transpose of the encoder's 4x4 valid convolution."""

    def __init__(self, inputs: int, outputs: int, side: int) -> None:
        super().__init__()
        self.dense = Convolution(inputs, outputs * side * side, 1)
        self.side = side

    def forward(self, z: Maps) -> Maps:
        """Spread each latent over a map."""
        maps: Tensor = self.dense(z)
        # Not by the batch's length: an exported comb would be bound to it.
        return maps.view(-1, maps.shape[1] // self.side**2, self.side, self.side)


def rectify(x: Maps) -> Maps:
    """Apply the leaky rectifier."""
    return functional.leaky_relu(x, SLOPE)


def pixel_norm(x: Maps) -> Maps:
    """Scale each pixel's features to a mean square of one.

    Reference:
        Karras et al. 2018, section 4.2.
    """
    return x * torch.rsqrt(x.float().square().mean(dim=1, keepdim=True) + 1e-8).to(x.dtype)


def halve(x: Maps) -> Maps:
    """Average each 2x2 block."""
    return functional.avg_pool2d(x, 2)


def double(x: Maps, how: str) -> Maps:
    """Double the side, by "nearest" or "bilinear"."""
    if how == "nearest":
        return functional.interpolate(x, scale_factor=2.0, mode="nearest")
    return functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def blend(new: Maps, old: Maps, share: float) -> Maps:
    """Fade from `old` (share 0) to `new` (share 1)."""
    return share * new + (1 - share) * old


def counted(like: Tensor, count: int) -> Tensor:
    """Return 0, 1, 2, ... of another tensor's type, on its device: also where a traced program is run on another."""
    return like.new_ones(count).cumsum(0) - 1


def evened(pictures: Maps, fold: int) -> Maps:
    """Take the lattice of pixel blocks out of finished pictures; without blocks (fold 1) they stay as they are.

    Neighbouring blocks come from different features and meet in small steps; the (1, 2, 1) / 4 filter has its zero at
    exactly their frequency. Detail that fine is not learnt by folded pictures anyway.
    """
    if fold == 1:
        return pictures
    # Each pair of neighbours added, twice along either axis: quicker than a convolution, and no kernel has to be made.
    y = functional.pad(pictures, [1, 1, 1, 1], "replicate")
    y = y[..., :-1, :] + y[..., 1:, :]
    y = y[..., :-1, :] + y[..., 1:, :]
    y = y[..., :-1] + y[..., 1:]
    return (y[..., :-1] + y[..., 1:]) / 16
