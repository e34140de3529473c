"""How much memory a run will take, told before it starts."""

from dataclasses import dataclass

import torch

from pecten.comb.config import CombConfig
from pecten.comb.model import Comb
from pecten.training.config import TrainConfig

_COPIES = 5
"""Of every weight: itself, its gradient, Adam's two moments, the average."""

_KEPT = 4
"""Maps kept for the backward pass by a convolution with its rectifier: both results, a resized one and a sum."""

_LOSS_PLANES = 60
"""Full-size float32 planes that the loss and the random changes hold for one picture; measured."""


@dataclass(frozen=True)
class Forecast:
    """Bytes on the training device at the highest level; a guide, within about a third.

    Args:
        parameters: Count of weights.
        weights: Bytes of weights, gradients, moments and average.
        activations: Bytes of one step.
    """

    parameters: int
    weights: int
    activations: int

    @property
    def total(self) -> int:
        """Return all bytes."""
        return self.weights + self.activations

    def line(self) -> str:
        """Say it in one line."""
        gib = 2**30
        return (
            f"{self.parameters / 1e6:.1f} M weights, about {self.total / gib:.1f} GiB "
            f"({self.weights / gib:.1f} for weights and optimiser, {self.activations / gib:.1f} for a step)"
        )


def forecast(shape: CombConfig, config: TrainConfig) -> Forecast:
    """Estimate the memory of a run from its configurations alone."""
    with torch.device("meta"):
        parameters = sum(p.numel() for p in Comb(shape).parameters())
    values = 0
    for level in range(shape.lowest_level + 1, shape.highest_level + 1):
        side = 2**level // shape.fold
        # Two convolutions of the encoder's level and two of the decoder's, all at the level's side.
        values += _KEPT * side * side * (3 * shape.width_at(level) + shape.width_at(level - 1))
    pictures = config.batch * len(shape.identities)
    step = pictures * (values * (2 if config.bfloat16 else 4) + _LOSS_PLANES * 4 * shape.size**2)
    return Forecast(parameters, parameters * 4 * _COPIES, step)
