"""Further terms of the loss, each in use only where its weight is given: frequencies, a network's view, latents."""

from collections.abc import Sequence
from itertools import combinations

import torch
import torch.nn.functional as functional
from jaxtyping import Float
from torch import Tensor

from pecten.training.loss import Pictures, Weights, weighted_mean

_BOX = 9
"""Side of the box filter, in px."""


def focal_frequency(decoded: Pictures, target: Pictures, mattes: Weights) -> Float[Tensor, " _batch"]:
    """Compare spectra, each frequency weighted by how far off it is.

    Args:
        decoded: Around [0, 1], any float type; judged in float32.
        target: In [0, 1].
        mattes: What counts; differences elsewhere are taken for none.
    Returns:
        One loss a picture, that of its matte alone, however large; 0 where equal.
    Reference:
        Jiang et al. 2021, equations 8 to 10, alpha = 1.
    """
    spectrum = torch.fft.fft2((decoded.float() - target.float()) * mattes, norm="ortho")
    power = spectrum.real.square() + spectrum.imag.square()
    focus = power.detach().sqrt()
    focus = focus / focus.amax(dim=(-2, -1), keepdim=True).clamp_min(1e-8)
    whole: Tensor = (focus * power).mean(dim=(1, 2, 3))
    return whole / mattes.mean(dim=(1, 2, 3)).clamp_min(1e-6)


def fine_detail(decoded: Pictures, target: Pictures, weights: Weights) -> Float[Tensor, " _batch"]:
    """Compare what is finer than a small box filter: L1 there, whose slope a broad error of light or colour leaves be.

    Args:
        decoded: Around [0, 1], any float type; judged in float32.
        target: In [0, 1].
        weights: What counts, 0 and up; differences where it is 0 are taken for none.
    Returns:
        One loss a picture, 0 where equal but for what is broad.
    """
    apart = (decoded.float() - target.float()) * (weights > 0)
    fine = apart - _mean_around(_mean_around(apart, -1), -2)
    return weighted_mean(fine.abs().mean(dim=1, keepdim=True), weights)


def _mean_around(values: Pictures, axis: int) -> Pictures:
    """Average `_BOX` pixels around each along an axis, fewer at its ends.

    By running sums: torch's pooling looks at every pixel of every box, which took 9 % of a step at 256 px.
    """
    n, reach = values.shape[axis], _BOX // 2
    ends = (reach + 1, reach)
    sums = functional.pad(values, ends if axis == -1 else (0, 0, *ends)).cumsum(axis)
    within = sums.narrow(axis, _BOX, n) - sums.narrow(axis, 0, n)
    places = torch.arange(n, device=values.device)
    counts = (places + reach + 1).clamp_max(n) - (places - reach).clamp_min(0)
    return within / (counts if axis == -1 else counts[:, None])


def view_distance(
    shown: Sequence[Float[Tensor, "_batch _channels _height _width"]],
    wanted: Sequence[Float[Tensor, "_batch _channels _height _width"]],
    mattes: Weights,
) -> Float[Tensor, " _batch"]:
    """Compare what a network sees in two pictures: squared distance of unit feature vectors, averaged over the maps.

    Args:
        shown: Feature maps of the decoded pictures, from fine to coarse.
        wanted: Of the targets.
        mattes: What counts, at the pictures' size.
    Returns:
        One loss a picture, 0 where equal and at most 4.
    Reference:
        Zhang et al. 2018 (LPIPS), equation 1, with weights of one.
    """
    apart = [
        weighted_mean(
            (functional.normalize(a, dim=1, eps=1e-4) - functional.normalize(b, dim=1, eps=1e-4))
            .square()
            .sum(dim=1, keepdim=True),
            functional.adaptive_avg_pool2d(mattes, a.shape[-1]),
        )
        for a, b in zip(shown, wanted, strict=True)
    ]
    return torch.stack(apart).mean(dim=0)


def energy_distance(groups: Sequence[Float[Tensor, "_members _length"]]) -> Float[Tensor, ""]:
    """Measure how far apart the latents of several identities lie as clouds, without bias however few they are.

    Args:
        groups: Of each identity, at least two.
    Returns:
        Mean over pairs of 2 E|x - y| - E|x - x'| - E|y - y'|, as a share of the mean distance; about 0 for clouds drawn
        alike (below as well as above), 4 for two that are far apart.
    Reference:
        Székely and Rizzo 2013; the maximum mean discrepancy of a distance kernel (Sejdinovic et al. 2013).
    """
    within = [_distances(one, one).sum() / (len(one) * (len(one) - 1)) for one in groups]
    apart = [
        2 * _distances(groups[a], groups[b]).mean() - within[a] - within[b]
        for a, b in combinations(range(len(groups)), 2)
    ]
    everything = torch.cat(list(groups)).detach()
    return torch.stack(apart).mean() / _distances(everything, everything).mean().clamp_min(1e-6)


def _distances(one: Float[Tensor, "_n _length"], other: Float[Tensor, "_m _length"]) -> Float[Tensor, "_n _m"]:
    # The root has no slope at zero, where each vector meets itself.
    squares = (one[:, None] - other[None]).float().square().sum(dim=-1)
    return torch.where(squares > 0, squares.clamp_min(1e-12).sqrt(), 0.0)
