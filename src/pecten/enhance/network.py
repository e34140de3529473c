"""The network: a soft crop to a sharp one."""

import torch
import torch.nn.functional as functional
from jaxtyping import Float
from torch import Tensor, nn

from pecten.enhance.config import FOLD, EnhanceConfig

Pictures = Float[Tensor, "_batch 3 _height _width"]
Maps = Float[Tensor, "_batch _channels _height _width"]

_EXTRAS = 3
"""Where a pixel lies in the crop (x and y), and by how much the crop was enlarged."""


class Block(nn.Module):
    """Two convolutions beside a straight path."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Maps) -> Maps:
        """Add what the convolutions find."""
        return x + self.second(functional.relu(self.first(x)))  # type: ignore[no-any-return]


class Enhancer(nn.Module):
    """Adds detail to crops that were enlarged by bicubic interpolation; fresh, it adds none.

    A normalised crop shows every feature of a face in its place, so the network is told where it looks: what it learns
    is this performer's eyes, not textures at large. Three scales see from a pore to half a face.

    Reference:
        Lim et al. 2017 (EDSR: residual blocks without normalisation); Shi et al. 2016 (ESPCN: pixels from channels);
        Ronneberger et al. 2015 (U-Net).
    """

    def __init__(self, config: EnhanceConfig) -> None:
        super().__init__()
        self.config = config
        fine, middle, coarse = config.widths
        counts = config.blocks
        self.enter = nn.Conv2d(3 * FOLD**2 + _EXTRAS, fine, 3, padding=1)
        self.fine_in, self.fine_out = _blocks(fine, counts[0]), _blocks(fine, counts[0])
        self.to_middle = nn.Conv2d(fine, middle, 2, stride=2)
        self.middle_in, self.middle_out = _blocks(middle, counts[1]), _blocks(middle, counts[1])
        self.to_coarse = nn.Conv2d(middle, coarse, 2, stride=2)
        self.coarse = _blocks(coarse, counts[2])
        self.from_coarse = nn.Conv2d(coarse, 4 * middle, 1)
        self.from_middle = nn.Conv2d(middle, 4 * fine, 1)
        self.leave = nn.Conv2d(fine, 3 * FOLD**2, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        assert self.leave.bias is not None
        nn.init.zeros_(self.leave.bias)

    def forward(
        self, crops: Pictures, enlarged: Float[Tensor, " _batch"], corners: Float[Tensor, "_batch 2"] | None = None
    ) -> Pictures:
        """Sharpen.

        Args:
            crops: Display RGB in [0, 1], enlarged to the crop's size; whole or patches, sides multiples of `STEP_PX`.
            enlarged: Crop px to a px of the plate.
            corners: Of patches: x and y of the first pixel in the whole crop, in px; None for whole crops.
        Returns:
            Display RGB around [0, 1], not clipped.
        """
        blocks = functional.pixel_unshuffle(2 * crops - 1, FOLD)
        fine = self.fine_in(functional.relu(self.enter(torch.cat([blocks, self._told(crops, enlarged, corners)], 1))))
        middle = self.middle_in(functional.relu(self.to_middle(fine)))
        coarse = self.coarse(functional.relu(self.to_coarse(middle)))
        middle = self.middle_out(middle + functional.pixel_shuffle(self.from_coarse(coarse), 2))
        fine = self.fine_out(fine + functional.pixel_shuffle(self.from_middle(middle), 2))
        return crops + functional.pixel_shuffle(self.leave(fine), FOLD).to(crops.dtype)

    def _told(self, crops: Tensor, enlarged: Tensor, corners: Tensor | None) -> Tensor:
        count, _, height, width = crops.shape
        size, device = self.config.size, crops.device
        first = torch.zeros(count, 2, device=device) if corners is None else corners
        x = (first[:, :1] + torch.arange(0, width, FOLD, device=device)) / size * 2 - 1
        y = (first[:, 1:] + torch.arange(0, height, FOLD, device=device)) / size * 2 - 1
        small = (count, 1, height // FOLD, width // FOLD)
        degree = torch.log2(enlarged)[:, None, None, None] - 1
        planes = [x[:, None, None, :].expand(small), y[:, None, :, None].expand(small), degree.expand(small)]
        return torch.cat(planes, 1).to(crops.dtype)


def _blocks(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(Block(width) for _ in range(count)))
