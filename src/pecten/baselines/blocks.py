"""The building blocks that the face-swap autoencoders share."""

import torch.nn.functional as functional
from torch import Tensor, nn


class Down(nn.Module):
    """A 5x5 convolution of stride 2 and a leaky rectifier of slope 0.1."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, 5)

    def forward(self, x: Tensor) -> Tensor:
        """Halve the side."""
        # As "same" padding is defined for an even side at stride 2: one px before, two after.
        padded = functional.pad(x, [1, 2, 1, 2])
        return functional.leaky_relu(
            functional.conv2d(padded, self.convolution.weight, self.convolution.bias, stride=2), 0.1
        )


class Up(nn.Module):
    """A 3x3 convolution to four times the channels, a leaky rectifier of slope 0.1, then 2x2 px from four channels."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, 4 * outputs, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Double the side."""
        return functional.pixel_shuffle(functional.leaky_relu(self.convolution(x), 0.1), 2)


class Residual(nn.Module):
    """Two 3x3 convolutions beside a skip, leaky rectifiers of slope 0.2."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Change a map by what was learnt."""
        changed = self.second(functional.leaky_relu(self.first(x), 0.2))
        return functional.leaky_relu(x + changed, 0.2)


def start_weights(module: nn.Module) -> None:
    """Draw all weights uniformly by Glorot and Bengio 2010, biases 0, as these networks start."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


def count(module: nn.Module) -> int:
    """Count the parameters."""
    return sum(parameter.numel() for parameter in module.parameters())
