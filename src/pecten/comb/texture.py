"""Fine detail of one performer, learnt once as a picture and bent to the moment instead of decoded anew.

A decoder has to learn the place of every freckle, lash and hair of a brow for every pose, and blurs what it is not sure
of. Here they lie in a few pictures over the mean face; the decoder only says where each point of the face went and how
much of each picture shows. Shape, colour, light and all that does not lie on the skin stay with the decoder.
"""

import torch
import torch.nn.functional as functional
from jaxtyping import Float
from torch import Tensor, nn

from pecten.comb.blocks import Convolution, Maps, counted, rectify
from pecten.comb.config import CombConfig

COARSE = 16
"""Side of the map of motions that the latent alone tells."""

_REACH, _FINE_REACH = 0.1, 0.02
"""Of motions, in halves of the picture's side, for a step of one: so they learn about as fast as the other weights."""

Gains = Float[Tensor, "_batch _count _side _side"]
Motions = Float[Tensor, "_batch 2 _side _side"]


class Texture(nn.Module):
    """Pictures of fine detail over the mean face, and where each point of a face finds its own in them.

    It starts as nothing: no motion, the first picture empty and fully shown, the others noise and not shown.

    Args:
        config: Of the comb.
    Attributes:
        pores: What the skin of one frame has besides (`pecten.training.pores`), as a share of the brightness; zero
            where nobody looked.
    Reference:
        Thies et al. 2019 (neural textures), section 3; Kasten et al. 2021 (layered neural atlases), section 3, for a
        picture and a map into it learnt together.
    """

    def __init__(self, config: CombConfig) -> None:
        super().__init__()
        self.count, self.map_side = config.texture, 2**config.texture_level // config.fold
        self.pictures = nn.Parameter(torch.randn(1, 3 * self.count, config.size, config.size) * 0.02)
        # Not learnt, but each identity's own, as the rest is.
        self.pores = nn.Parameter(torch.zeros(1, 1, config.size, config.size), requires_grad=False)
        width = config.width_at(config.texture_level)
        self.coarse = Convolution(config.latent_size, 2 * COARSE**2, 1)
        self.first = Convolution(width, width, 3, padding=1)
        self.second = Convolution(width, 2, 3, padding=1)
        with torch.no_grad():
            self.pictures[:, :3] = 0
        nn.init.zeros_(self.coarse.weight)
        nn.init.zeros_(self.second.weight)

    def motions(self, z: Maps, features: Maps, side: int) -> Motions:
        """Say how far each point of the face is from its place on the mean face, in halves of the picture's side.

        Args:
            z: The latent.
            features: The decoder's, at the level `CombConfig.texture_level`.
            side: Of the pictures, in px.
        """
        coarse = self.coarse(z).float().view(-1, 2, COARSE, COARSE) * _REACH
        fine = self.second(rectify(self.first(features))).float() * _FINE_REACH
        return widened(widened(coarse, self.map_side) + fine, side)

    def forward(self, motions: Motions, gains: Gains, side: int) -> Float[Tensor, "_batch 3 _side _side"]:
        """Return the detail to be added to decoded pictures.

        Args:
            motions: From `motions`.
            gains: How much of each picture shows.
            side: Of the motions, in px.
        """
        found = _looked_up(self.pictures, motions, side)
        found = found.view(self.count, 3, motions.shape[0], side, side).permute(2, 0, 1, 3, 4)
        detail: Tensor = (found * widened(gains.float(), side)[:, :, None]).sum(dim=1)
        return detail

    def with_pores(self, pictures: Tensor, motions: Motions, side: int) -> Tensor:
        """Return decoded pictures, their detail included, with the pores of the skin."""
        return pictures * (1 + _looked_up(self.pores.float(), motions, side).transpose(0, 1))


def _looked_up(pictures: Tensor, motions: Motions, side: int) -> Tensor:
    """Bend pictures over the mean face, (1, channels, size, size), to each face: (channels, faces, side, side)."""
    if side < pictures.shape[-1]:
        pictures = functional.avg_pool2d(pictures, pictures.shape[-1] // side)
    line = (counted(motions, side) * 2 + 1) / side - 1
    across, down = motions[:, 0] + line, motions[:, 1] + line[:, None]
    # All faces are looked up as one tall grid: the pictures would have to be copied for each otherwise.
    grid = torch.stack([across, down], dim=-1).flatten(0, 1)[None]
    found = functional.grid_sample(pictures, grid, "bilinear", "border", align_corners=False)
    return found.view(pictures.shape[1], motions.shape[0], side, side)


def widened(x: Maps, side: int) -> Maps:
    """Enlarge maps to a side in px, smoothly."""
    return functional.interpolate(x, size=(side, side), mode="bilinear", align_corners=False)
