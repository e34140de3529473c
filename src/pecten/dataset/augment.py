"""Small random changes of a batch, on the device where it lives.

Input, target and mattes move together by one similarity for each picture; exposure and colour change the input alone,
and so do the warp and uneven light when they are asked for. All draws come from a seed, so that a step can be made
again.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as functional
from jaxtyping import Float
from torch import Tensor

from pecten.errors import ShapeError
from pecten.types import CANONICAL_SIZE

Pictures = Float[Tensor, "_batch 3 _side _side"]
Mattes = Float[Tensor, "_batch 1 _side _side"]

WARP_CELLS = 5
"""Control points of the random warp along a side."""

TINT = 0.25
"""How far the channels of uneven light differ, as a share of it."""


@dataclass(frozen=True)
class Jitter:
    """How far a picture may be changed; every draw is uniform in plus and minus these.

    Args:
        rotation_rad: Turn.
        scale: Change of size, as a share.
        shift: Of the picture's side.
        exposure: Stops, input only.
        colour: Stops of each channel on its own, input only.
        warp_px: Standard deviation of the random warp's control points at `CANONICAL_SIZE`, input only; 0 is off.
        shading: Stops that light may rise or fall from the middle to an edge, slightly tinted; 0 is off.
        shading_on: Uneven light falls on the "input" alone, so that the decoder learns to do without it, or on "both",
            so that it learns to hand it on.
    Raises:
        ShapeError: if `shading_on` is neither.
    """

    rotation_rad: float = math.radians(5)
    scale: float = 0.05
    shift: float = 0.03
    exposure: float = 0.2
    colour: float = 0.05
    warp_px: float = 0.0
    shading: float = 0.0
    shading_on: str = "input"

    def __post_init__(self) -> None:
        if self.shading_on not in ("input", "both"):
            raise ShapeError(f"shading on {self.shading_on!r}: choose input or both")


@dataclass(frozen=True)
class Batch:
    """What one identity gives to one step.

    Args:
        inputs: What the encoder sees.
        targets: What the decoder should show.
        mattes: Where that counts.
        features: Eyes and mouth, which may count for more.
        points: Where points of the face lie in the targets, in halves of the side from the middle; None where nobody
            asks.
    """

    inputs: Float[Tensor, "_batch 3 _side _side"]
    targets: Float[Tensor, "_batch 3 _side _side"]
    mattes: Float[Tensor, "_batch 1 _side _side"]
    features: Float[Tensor, "_batch 1 _side _side"]
    points: Float[Tensor, "_batch _points 2"] | None = None


def augment(
    images: Pictures,
    mattes: Mattes,
    features: Mattes,
    jitter: Jitter,
    seed: Sequence[int],
    share: slice | None = None,
    total: int | None = None,
    points: Float[Tensor, "_batch _points 2"] | None = None,
) -> Batch:
    """Change a batch at random.

    Args:
        images: Display RGB in [0, 1].
        mattes: Training region.
        features: Eyes and mouth.
        jitter: Limits.
        seed: Non-negative integers; equal seeds give equal changes.
        share: Which of a step's pictures these are, when several processes share the step; None for all.
        total: Pictures of the whole step.
        points: Of the faces, as in `Batch`; they move with the pictures.
    Returns:
        Tensors on the device of `images`.
    """
    draws = np.random.default_rng(list(seed))
    count, device, part = total or len(images), images.device, share or slice(None)
    moves = _similarities(draws, count, jitter)[part].to(device)
    grid = _similarity_grid(moves, images.shape[-1])
    targets = _sample(images, grid, "bicubic").clamp(0, 1)
    regions = _sample(torch.cat([mattes, features], dim=1), grid, "bilinear")
    # The warp is drawn in any case: the colour draws after it must not depend on the switch.
    bends = _bends(draws, count, jitter)[part].to(device)
    stops = torch.from_numpy(_stops(draws, count, jitter)[part]).to(device)
    inputs = targets
    if jitter.warp_px > 0:
        inputs = _sample(images, grid + _upsample(bends, images.shape[-1]), "bilinear")
    light = torch.from_numpy(_slopes(draws, count, jitter)[part]).to(device)
    if jitter.shading > 0:
        stops = stops + _field(light, images.shape[-1])
        if jitter.shading_on == "both":
            targets = (targets * torch.exp2(_field(light, images.shape[-1]))).clamp(0, 1)
    inputs = (inputs * torch.exp2(stops)).clamp(0, 1)
    return Batch(inputs, targets, regions[:, :1], regions[:, 1:], None if points is None else _moved(points, moves))


def _moved(points: Float[Tensor, "_batch _points 2"], moves: Float[Tensor, "_batch 2 3"]) -> Tensor:
    # The similarities say where a pixel is fetched from: points go the other way.
    back: Tensor = torch.linalg.inv(moves[:, :, :2])
    return (points - moves[:, None, :, 2]) @ back.mT


def _similarities(draws: np.random.Generator, count: int, jitter: Jitter) -> Float[Tensor, "_batch 2 3"]:
    unit = draws.uniform(-1, 1, (count, 4))
    turn, scale = unit[:, 0] * jitter.rotation_rad, 1 + unit[:, 1] * jitter.scale
    # In grid coordinates the picture is two units wide.
    shift = unit[:, 2:] * jitter.shift * 2
    c, s = np.cos(turn) / scale, np.sin(turn) / scale
    rows = np.stack([c, -s, shift[:, 0], s, c, shift[:, 1]], axis=1)
    return torch.from_numpy(rows.astype(np.float32).reshape(count, 2, 3))


def _similarity_grid(transforms: Float[Tensor, "_batch 2 3"], side: int) -> Float[Tensor, "_batch _side _side 2"]:
    return functional.affine_grid(transforms, [len(transforms), 1, side, side], align_corners=False)


def _bends(draws: np.random.Generator, count: int, jitter: Jitter) -> Float[Tensor, "_batch 2 5 5"]:
    noise = draws.normal(0, 1, (count, 2, WARP_CELLS, WARP_CELLS)) * jitter.warp_px * 2 / CANONICAL_SIZE
    return torch.from_numpy(noise.astype(np.float32))


def _upsample(bends: Float[Tensor, "_batch 2 5 5"], side: int) -> Float[Tensor, "_batch _side _side 2"]:
    return functional.interpolate(bends, size=side, mode="bicubic", align_corners=True).permute(0, 2, 3, 1)


def _stops(draws: np.random.Generator, count: int, jitter: Jitter) -> Float[np.ndarray, "_batch 3 1 1"]:
    exposure = draws.uniform(-1, 1, (count, 1)) * jitter.exposure
    colour = draws.uniform(-1, 1, (count, 3)) * jitter.colour
    return (exposure + colour).astype(np.float32).reshape(count, 3, 1, 1)


def _slopes(draws: np.random.Generator, count: int, jitter: Jitter) -> Float[np.ndarray, "_batch 3 5"]:
    shared = draws.uniform(-1, 1, (count, 1, 5))
    apart = draws.uniform(-1, 1, (count, 3, 5)) * TINT
    slopes: Float[np.ndarray, "_batch 3 5"] = ((shared + apart) * jitter.shading).astype(np.float32)
    return slopes


def _field(slopes: Float[Tensor, "_batch 3 5"], side: int) -> Float[Tensor, "_batch 3 _side _side"]:
    """Spread slopes over a picture: two planes, a saddle and two bowls, of mean 0."""
    line = (torch.arange(side, device=slopes.device) + 0.5) * 2 / side - 1
    y, x = torch.meshgrid(line, line, indexing="ij")
    basis = torch.stack([x, y, x * y, 0.5 * (x * x - 1 / 3), 0.5 * (y * y - 1 / 3)])
    return torch.einsum("bck,khw->bchw", slopes, basis)


def _sample(x: Tensor, grid: Tensor, mode: str) -> Tensor:
    return functional.grid_sample(x, grid, mode=mode, padding_mode="reflection", align_corners=False)
