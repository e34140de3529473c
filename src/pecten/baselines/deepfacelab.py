"""DeepFaceLab's SAEHD autoencoders, DF and LIAE, each with a mask branch."""

from dataclasses import dataclass

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from pecten.baselines.blocks import Down, Residual, Up, start_weights
from pecten.errors import UsageError


@dataclass(frozen=True)
class SaehdWidths:
    """Channels: of the latent, and steps of encoder, decoder and mask branch."""

    latent: int = 256
    encoder: int = 64
    decoder: int = 64
    mask: int = 22


class Inter(nn.Module):
    """The narrow middle: flat features to a latent and back to a map of twice the side."""

    def __init__(self, inputs: int, latent: int, outputs: int, side: int) -> None:
        super().__init__()
        self.squeeze, self.spread = nn.Linear(inputs, latent), nn.Linear(latent, side * side * outputs)
        self.up, self.shape = Up(outputs, outputs), (outputs, side, side)

    def forward(self, features: Tensor) -> Tensor:
        """Map features (n, inputs) to (n, outputs, 2 side, 2 side)."""
        return self.up(self.spread(self.squeeze(features)).unflatten(1, self.shape))  # type: ignore[no-any-return]


class SaehdDecoder(nn.Module):
    """A map to a picture and its mask, both in [0, 1]."""

    def __init__(self, inputs: int, widths: SaehdWidths) -> None:
        super().__init__()
        d, m = widths.decoder, widths.mask
        self.picture = nn.Sequential(
            Up(inputs, 8 * d), Residual(8 * d), Up(8 * d, 4 * d), Residual(4 * d), Up(4 * d, 2 * d), Residual(2 * d)
        )
        self.to_rgb = nn.Conv2d(2 * d, 3, 1)
        self.mask = nn.Sequential(Up(inputs, 8 * m), Up(8 * m, 4 * m), Up(4 * m, 2 * m))
        self.to_mask = nn.Conv2d(2 * m, 1, 1)

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """Return the picture and the mask."""
        return torch.sigmoid(self.to_rgb(self.picture(maps))), torch.sigmoid(self.to_mask(self.mask(maps)))


class Saehd(nn.Module):
    """DF: one middle, a decoder each. LIAE: one decoder, and middles for what both share and for the target's own.

    At 128 px with the usual widths DF has 57,538,432 parameters and LIAE 94,963,328.

    Args:
        kind: "df" or "liae".
        size: Side in px, a multiple of 16.
        widths: Channels.
    Raises:
        UsageError: for another kind or size.
    Reference:
        Perov et al. 2020 (DeepFaceLab), section 3; figures 2 and 3.
    """

    def __init__(self, kind: str, size: int = 128, widths: SaehdWidths | None = None) -> None:
        super().__init__()
        if kind not in ("df", "liae") or size < 32 or size % 16:
            raise UsageError(f"DeepFaceLab {kind!r} at {size} px: choose df or liae, and a multiple of 16 from 32")
        widths = widths or SaehdWidths()
        e, side = widths.encoder, size // 16
        self.kind = kind
        self.encoder = nn.Sequential(Down(3, e), Down(e, 2 * e), Down(2 * e, 4 * e), Down(4 * e, 8 * e))
        features = side * side * 8 * e
        outputs, inputs = (widths.latent, widths.latent) if kind == "df" else (2 * widths.latent, 4 * widths.latent)
        names = ("both",) if kind == "df" else ("both", "own")
        roles = ("source", "target") if kind == "df" else ("both",)
        self.inters = nn.ModuleDict({name: Inter(features, widths.latent, outputs, side) for name in names})
        self.decoders = nn.ModuleDict({role: SaehdDecoder(inputs, widths) for role in roles})
        start_weights(self)

    def forward(self, pictures: Tensor, role: str) -> tuple[Tensor, Tensor]:
        """Show pictures in [0, 1] as the performer of a role, "source" or "target": picture and mask."""
        features = self.encoder(pictures).flatten(1)
        shared = self.inters["both"](features)
        if self.kind == "df":
            return self.decoders[role](shared)  # type: ignore[no-any-return]
        # The source is what both share, twice; so a swap shows the target's shared part alone.
        own = self.inters["own"](features) if role == "target" else shared
        return self.decoders["both"](torch.cat([own, shared], dim=1))  # type: ignore[no-any-return]


def blurred_mask(mask: Tensor, size: int) -> Tensor:
    """Soften a mask as the loss uses it: blur of size/32, cut at one half, doubled.

    Args:
        mask: (n, 1, size, size) coverage.
        size: Side in px.
    """
    sigma = size / 32
    reach = int(2 * sigma)
    offsets = torch.arange(-reach, reach + 1, dtype=mask.dtype, device=mask.device)
    kernel = torch.exp(-(offsets**2) / (2 * sigma**2))
    kernel = kernel / kernel.sum()
    soft = functional.conv2d(mask, kernel.view(1, 1, 1, -1), padding=(0, reach))
    soft = functional.conv2d(soft, kernel.view(1, 1, -1, 1), padding=(reach, 0))
    return soft.clamp(0, 0.5) * 2
