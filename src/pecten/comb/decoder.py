"""One decoder an identity: a latent to a picture."""

from typing import NamedTuple

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from pecten.comb.blocks import (
    HALF_POWER,
    Convolution,
    Gate,
    Maps,
    Unfold,
    blend,
    double,
    evened,
    pixel_norm,
    rectify,
)
from pecten.comb.config import BASE, CombConfig
from pecten.comb.encoder import Pictures
from pecten.comb.irises import Irises, Spots
from pecten.comb.texture import Gains, Motions, Texture, widened
from pecten.errors import CombError


class DecoderLevel(nn.Module):
    """Twice the side, then two 3x3 convolutions."""

    def __init__(self, inputs: int, outputs: int, config: CombConfig) -> None:
        super().__init__()
        self.first = Convolution(inputs, outputs, 3, padding=1)
        self.second = Convolution(outputs, outputs, 3, padding=1)
        self.skip = Convolution(inputs, outputs, 1) if config.residual and inputs != outputs else None
        self.gates = nn.ModuleList([Gate(inputs, outputs), Gate(outputs, outputs)]) if config.gated else None
        self.up, self.normed, self.residual = config.up, config.norm == "pixel", config.residual

    def forward(self, x: Maps) -> Maps:
        """Grow a map to twice its side."""
        raised = double(x, self.up)
        h: Tensor = rectify(self.first(raised))
        if self.gates is not None:
            # As with the skip, the narrow map is the cheaper place to look at.
            h = h * double(self.gates[0](x), self.up)
        h = pixel_norm(h) if self.normed else h
        h, seen = rectify(self.second(h)), h
        if self.gates is not None:
            h = h * self.gates[1](seen)
        h = pixel_norm(h) if self.normed else h
        if not self.residual:
            return h
        # A 1x1 convolution and doubling commute: the narrow map is the cheaper place for it.
        kept = raised if self.skip is None else double(self.skip(x), self.up)
        return (h + kept) * HALF_POWER


class Apart(NamedTuple):
    """Decoded pictures, and what their texture's pictures of detail add to them, not yet added.

    Attributes:
        rest: All but that.
        motions: How far each point is from its place in the texture.
        gains: How much of each of its pictures shows.
    """

    rest: Pictures
    motions: Motions
    gains: Gains


class Decoder(nn.Module):
    """Latents to pictures of any level.

    Reference:
        Naruniec et al. 2020, section 4 (one decoder an identity); fading as in Karras et al. 2018, figure 2.
    """

    def __init__(self, config: CombConfig) -> None:
        super().__init__()
        self.config = config
        levels = range(config.lowest_level, config.highest_level + 1)
        width = config.width_at
        base = width(config.lowest_level)
        self.spread = Unfold(config.latent_size, base, BASE) if config.latent == "dense" else None
        self.base = Convolution(base, base, 3, padding=1)
        self.levels = nn.ModuleDict({str(n): DecoderLevel(width(n - 1), width(n), config) for n in levels[1:]})
        self.to_rgb = nn.ModuleDict({str(n): Convolution(width(n), 3 * config.fold**2, 1) for n in levels})
        # Empty where the comb tells no mattes.
        told = levels if config.matte else ()
        self.to_matte = nn.ModuleDict({str(n): Convolution(width(n), config.fold**2, 1) for n in told})
        if config.fold > 1:
            self._start_even()
        self.texture = Texture(config) if config.texture else None
        shown = [n for n in levels if config.texture and n >= config.texture_level]
        self.to_gains = nn.ModuleDict({str(n): _first_alone(width(n), config.texture) for n in shown})
        self.irises = Irises(config) if config.irises else None
        seen = shown if config.irises else ()
        self.to_lids = nn.ModuleDict({str(n): _first_alone(width(n), 1) for n in seen})

    @torch.no_grad()
    def _start_even(self) -> None:
        """Start all pixels of a block alike, or a checkerboard has to be unlearnt (Aitken et al. 2017)."""
        block = self.config.fold**2
        for weight in (*self.to_rgb.parameters(), *self.to_matte.parameters()):
            if weight.dim() == 4:
                weight.copy_(weight[::block].repeat_interleave(block, dim=0))

    def leave(self, h: Maps, level: int) -> Pictures:
        """Turn a level's feature maps into pictures (toRGB)."""
        return 0.5 * self._unstacked(self.to_rgb[str(level)](h)) + 0.5

    def leave_with_matte(self, h: Maps, level: int) -> Maps:
        """Turn a level's feature maps into pictures and, as a fourth channel, the logit of the matte.

        Raises:
            CombError: if the comb was made without mattes.
        """
        if not self.to_matte:
            raise CombError("a comb without mattes: make one with matte=True")
        return torch.cat([self.leave(h, level), self._unstacked(self.to_matte[str(level)](h))], dim=1)

    def forward(
        self, z: Maps, level: int, fade: float = 1.0, with_matte: bool = False, with_motions: bool = False
    ) -> Maps:
        """Decode.

        Args:
            z: What the encoder returned.
            level: log2 of the side of the pictures to be made.
            fade: Share of the highest level; the rest is the level below, doubled.
            with_matte: Add the logit of the face's matte as a fourth channel.
            with_motions: Add two last channels: how far each point is from its place in the texture, in halves of the
                side; zero below the levels that show it.
        Returns:
            Display RGB around [0, 1], not clipped, side 2**level px.
        """
        h, below, placed = self._grown(z, level)
        leave = self.leave_with_matte if with_matte else self.leave
        y = leave(h, level)
        if fade < 1 and level > self.config.lowest_level:
            y = blend(y, double(leave(below, level - 1), self.config.up), fade)
        if self.texture is None:
            return y
        motions = torch.zeros_like(y[:, :2])
        if level >= self.config.texture_level:
            motions = self.texture.motions(z, placed, 2**level)
            detail = self.texture(motions, self._gains(self.to_gains, h, below, level, fade), 2**level)
            if self.irises is not None:
                lids = self._gains(self.to_lids, h, below, level, fade).float()
                detail = detail + self.irises(z, 2**level) * widened(lids, 2**level)
            # Detail as fine as the lattice is the texture's; what blocks show of it would only disturb.
            y = evened(y.float(), self.config.fold)
            shown = y[:, :3] + detail
            # They are looked for once all else is learnt, which learns without them.
            shown = shown if self.training else self.texture.with_pores(shown, motions, 2**level)
            y = torch.cat([shown, y[:, 3:]], dim=1) if with_matte else shown
        return torch.cat([y, motions], dim=1) if with_motions else y

    def apart(self, z: Maps) -> Apart:
        """Decode at the highest level, in a comb with a texture, and leave its pictures of detail out."""
        assert self.texture is not None
        level, side = self.config.highest_level, self.config.size
        h, below, placed = self._grown(z, level)
        rest = evened(self.leave(h, level).float(), self.config.fold)
        if self.irises is not None:
            rest = rest + self.irises(z, side) * widened(self.to_lids[str(level)](h).float(), side)
        motions = self.texture.motions(z, placed, side)
        return Apart(rest, motions, self._gains(self.to_gains, h, below, level, 1.0).float())

    def spots(self, z: Maps) -> Spots:
        """Say where the irises lie, in a comb with irises."""
        assert self.irises is not None
        told: Tensor = self.irises.gaze(z)
        return told

    def detail(self) -> Tensor:
        """Return the pictures of fine detail, (1, 3 * count, size, size), in a comb with a texture."""
        assert self.texture is not None
        return self.texture.pictures

    def pores(self) -> Tensor:
        """Return what the skin has besides its detail, (1, 1, size, size), in a comb with a texture."""
        assert self.texture is not None
        return self.texture.pores

    def seen_irises(self) -> Tensor:
        """Return what footage shows of the irises, (2, 3, side, side), in a comb with irises."""
        assert self.irises is not None
        return self.irises.seen

    def seen_lashes(self) -> Tensor:
        """Return what footage shows of shut eyes, (2, 3, height, width), in a comb with irises."""
        assert self.irises is not None
        return self.irises.lashes

    def _grown(self, z: Maps, level: int) -> tuple[Maps, Maps, Maps]:
        """Return a level's features, those of the level below, and those that place a texture."""
        h = z if self.spread is None else rectify(self.spread(z))
        h = rectify(self.base(h))
        below = placed = h
        for n in range(self.config.lowest_level + 1, level + 1):
            below, h = h, self.levels[str(n)](h)
            placed = h if n == self.config.texture_level else placed
        return h, below, placed

    def _gains(self, ends: nn.ModuleDict, h: Maps, below: Maps, level: int, fade: float) -> Maps:
        gains: Tensor = ends[str(level)](h)
        if level == self.config.texture_level:
            return gains * fade
        return blend(gains, double(ends[str(level - 1)](below), self.config.up), fade) if fade < 1 else gains

    def _unstacked(self, y: Maps) -> Maps:
        return functional.pixel_shuffle(y, self.config.fold) if self.config.fold > 1 else y


def _first_alone(inputs: int, count: int) -> Convolution:
    gains = Convolution(inputs, count, 1)
    with torch.no_grad():
        gains.weight.zero_()
        gains.bias[:1] = 1
    return gains
