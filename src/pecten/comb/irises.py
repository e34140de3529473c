"""The irises of one performer, learnt once as two small pictures and laid where the eyes look.

Irises slide under the skin that a texture lies on: a pupil that is drawn on the skin is torn where the eye looks aside.
"""

import torch
import torch.nn.functional as functional
from jaxtyping import Float
from torch import Tensor, nn

from pecten.comb.blocks import Convolution, Maps, counted, rectify
from pecten.comb.config import CombConfig
from pecten.faces.lid_line import ASPECT
from pecten.faces.mean import MEAN_MESH
from pecten.types import CANONICAL_SIZE

POINTS = (slice(468, 473), slice(473, 478))
"""Of the mesh: each iris's middle, then four of its rim."""

REACH = 3 / 64
"""Half a picture's side as a share of the face's: an iris and three quarters as much again."""

WIDTH = 3 / 16
"""Of a picture of a shut eye as a share of the face's side: as large as on the mean face, and a little more."""

_HIDDEN = 32
_SHIFT, _STRETCH = 0.05, 0.5
"""Of middles, in halves of the face's side, and of the logarithm of sizes, for a step of one."""

Spots = Float[Tensor, "_batch 2 4"]
"""Of each iris: middle across and down, in halves of the picture's side from its middle; size across and down, 1 for
the mean face's."""


class Gaze(nn.Module):
    """Where the latent says that the irises lie; it starts on the mean face.

    Args:
        latent_size: Of the comb.
    """

    middles: Tensor

    def __init__(self, latent_size: int) -> None:
        super().__init__()
        self.first = Convolution(latent_size, _HIDDEN, 1)
        self.second = Convolution(_HIDDEN, 8, 1)
        nn.init.zeros_(self.second.weight)
        mean = torch.tensor((MEAN_MESH[:, :2] * 2 + 1) / CANONICAL_SIZE - 1).float()
        self.register_buffer("middles", torch.stack([mean[p].mean(dim=0) for p in POINTS]), persistent=False)

    def forward(self, z: Maps) -> Spots:
        """Read latents."""
        told = self.second(rectify(self.first(z))).float().view(-1, 2, 4)
        return torch.cat([self.middles + _SHIFT * told[..., :2], (_STRETCH * told[..., 2:]).exp()], dim=-1)


class Irises(nn.Module):
    """A small picture of each iris, and where it lies. It starts as nothing.

    Args:
        config: Of the comb.
    Attributes:
        seen: What footage shows of the irises (`pecten.dataset.irises`), for the composite; zero where nobody looked.
        lashes: What it shows of shut eyes (`pecten.dataset.lashes`), likewise.
    """

    def __init__(self, config: CombConfig) -> None:
        super().__init__()
        self.full, self.side = config.size, max(2, round(config.size * 2 * REACH))
        self.pictures = nn.Parameter(torch.zeros(2, 3, self.side, self.side))
        # Not learnt, but each identity's own, as the rest is.
        self.seen = nn.Parameter(torch.zeros(2, 3, self.side, self.side), requires_grad=False)
        width = max(2, round(config.size * WIDTH))
        self.lashes = nn.Parameter(torch.zeros(2, 3, round(width / ASPECT), width), requires_grad=False)
        self.gaze = Gaze(config.latent_size)

    def forward(self, z: Maps, side: int) -> Float[Tensor, "_batch 3 _side _side"]:
        """Return both irises, each on its spot, on a picture that is empty elsewhere.

        Args:
            z: The latent.
            side: Of the result, in px.
        """
        spots, pictures = self.gaze(z), self.pictures.float()
        if side < self.full:
            # As small as they will lie, or they would flicker between pixels.
            pictures = functional.adaptive_avg_pool2d(pictures, max(1, self.side * side // self.full))
        # A traced program would have a tensor for the number.
        count = int(pictures.shape[-1])
        line = (counted(spots, side) * 2 + 1) / side - 1
        # The spots lie straight, so that looking up a grid is two products with banded matrices.
        across, down = (_weights(line, spots[..., k], spots[..., 2 + k], count) for k in (0, 1))
        # Not by `mT`, which OpenVINO does not read.
        laid = down[:, :, None] @ pictures @ across[:, :, None].transpose(-1, -2)
        both: Tensor = laid.sum(dim=1)
        return both


def _weights(line: Tensor, middle: Tensor, size: Tensor, count: int) -> Tensor:
    """Return how much of each line of a small picture each line of the face shows: bilinear, none beyond."""
    lines = counted(line, count)
    found = (line - middle[..., None]) / (size[..., None] * 2 * REACH) * (count / 2) + (count - 1) / 2
    return (1 - (found[..., None] - lines).abs()).clamp_min(0)
