"""The encoder that all identities share: a picture to a latent."""

import torch.nn.functional as functional
from jaxtyping import Float
from torch import Tensor, nn

from pecten.comb.blocks import HALF_POWER, Convolution, Gate, Maps, blend, halve, rectify
from pecten.comb.config import BASE, CombConfig

Pictures = Float[Tensor, "_batch 3 _side _side"]


class EncoderLevel(nn.Module):
    """Two 3x3 convolutions, then half the side."""

    def __init__(self, inputs: int, outputs: int, config: CombConfig) -> None:
        super().__init__()
        self.first = Convolution(inputs, inputs, 3, padding=1)
        self.second = Convolution(inputs, outputs, 3, padding=1, stride=2 if config.down == "stride" else 1)
        self.skip = Convolution(inputs, outputs, 1) if config.residual and inputs != outputs else None
        self.gates = (
            nn.ModuleList([Gate(inputs, inputs), Gate(inputs, outputs, self.second.stride)]) if config.gated else None
        )
        self.down, self.residual = config.down, config.residual

    def forward(self, x: Maps) -> Maps:
        """Reduce a map to half its side."""
        h: Tensor = rectify(self.first(x))
        if self.gates is not None:
            h = h * self.gates[0](x)
        h, seen = rectify(self.second(h)), h
        if self.gates is not None:
            h = h * self.gates[1](seen)
        if self.down == "area":
            h = halve(h)
        elif self.down == "maxpool":
            h = functional.max_pool2d(h, 2)
        if not self.residual:
            return h
        kept = halve(x)
        return (h + (kept if self.skip is None else self.skip(kept))) * HALF_POWER


class Encoder(nn.Module):
    """Pictures of any level to latents.

    Reference:
        Naruniec et al. 2020, section 4 (one encoder, progressive levels); fading as in Karras et al. 2018, figure 2.
    """

    def __init__(self, config: CombConfig) -> None:
        super().__init__()
        self.config = config
        levels = range(config.lowest_level, config.encoder_level + 1)
        width = config.width_at
        self.from_rgb = nn.ModuleDict({str(n): Convolution(3 * config.fold**2, width(n), 1) for n in levels})
        self.levels = nn.ModuleDict({str(n): EncoderLevel(width(n), width(n - 1), config) for n in levels[1:]})
        base = width(config.lowest_level)
        self.base = Convolution(base, base, 3, padding=1)
        self.squeeze = Convolution(base, config.latent_size, BASE) if config.latent == "dense" else None

    def enter(self, x: Pictures, level: int) -> Maps:
        """Turn pictures in [0, 1] into a level's feature maps (fromRGB)."""
        x = 2 * x - 1
        if self.config.fold > 1:
            x = functional.pixel_unshuffle(x, self.config.fold)
        return rectify(self.from_rgb[str(level)](x))

    def forward(self, x: Pictures, level: int, fade: float = 1.0) -> Maps:
        """Encode.

        Args:
            x: Display RGB in [0, 1], side 2**level px.
            level: log2 of the side.
            fade: Share of the highest level in use; the rest comes from the level below. Levels above the encoder's own
                are reduced to it and need no fading.
        Returns:
            (batch, latent_size, 1, 1) when dense, else (batch, channels, 4, 4).
        """
        while level > self.config.encoder_level:
            x, level, fade = halve(x), level - 1, 1.0
        h = self.enter(x, level)
        if level > self.config.lowest_level:
            h = self.levels[str(level)](h)
            if fade < 1:
                h = blend(h, self.enter(halve(x), level - 1), fade)
        for n in range(level - 1, self.config.lowest_level, -1):
            h = self.levels[str(n)](h)
        h = rectify(self.base(h))
        return h if self.squeeze is None else self.squeeze(h)
