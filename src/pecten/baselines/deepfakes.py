"""The original deepfakes autoencoder: one encoder, two decoders."""

import torch
from torch import Tensor, nn

from pecten.baselines.blocks import Down, Up, start_weights
from pecten.errors import UsageError


class Deepfakes(nn.Module):
    """One encoder for both performers, one decoder each; pictures in and out are (n, 3, size, size) in [0, 1].

    At 64 px it has 82,062,470 parameters, as the published one. At 128 px the same layers see twice the side.

    Args:
        size: 64 or 128.
    Raises:
        UsageError: for another size.
    Reference:
        The "original" model of the deepfakes community, 2017, as described by its re-implementations.
    """

    def __init__(self, size: int = 64) -> None:
        super().__init__()
        if size not in (64, 128):
            raise UsageError(f"deepfakes at {size} px: choose 64 or 128")
        side = size // 16
        self.encoder = nn.Sequential(
            Down(3, 128),
            Down(128, 256),
            Down(256, 512),
            Down(512, 1024),
            nn.Flatten(),
            nn.Linear(side * side * 1024, 1024),
            nn.Linear(1024, side * side * 1024),
            nn.Unflatten(1, (1024, side, side)),
            Up(1024, 512),
        )
        self.decoders = nn.ModuleDict({role: _decoder() for role in ("source", "target")})
        start_weights(self)

    def forward(self, pictures: Tensor, role: str) -> Tensor:
        """Show pictures as the performer of a role, "source" or "target"."""
        return torch.sigmoid(self.decoders[role](self.encoder(pictures)))


def _decoder() -> nn.Sequential:
    return nn.Sequential(Up(512, 256), Up(256, 128), Up(128, 64), nn.Conv2d(64, 3, 5, padding=2))
