"""From a target's crops to the source's face in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor, nn

from pecten.comb.blocks import evened
from pecten.comb.config import CombConfig
from pecten.comb.model import Comb
from pecten.errors import ShapeError

Crops = Float32[np.ndarray, "_frames _size _size 3"]
Latents = Float32[np.ndarray, "_frames _values"]


@runtime_checkable
class Codec(Protocol):
    """A comb that runs somewhere."""

    @property
    def config(self) -> CombConfig:
        """Its shape."""

    def encode(self, pictures: Tensor) -> Tensor:
        """Turn pictures (n, 3, size, size) in [0, 1] into latents."""

    def decode(self, latents: Tensor, shares: Mapping[str, float]) -> Tensor:
        """Turn latents into pictures around [0, 1], on the CPU or where they lie.

        Args:
            latents: From `encode`.
            shares: Of identities' decoders, summing to one; of more than one, their weights are mixed.
        Raises:
            CombError: if the comb does not know an identity, or weights cannot be mixed here.
        """


class TorchCodec:
    """A comb run by torch, where it lies and in its own precision."""

    def __init__(self, comb: Comb) -> None:
        self._comb, self._mixed = comb, dict[tuple[tuple[str, float], ...], dict[str, Tensor]]()

    @property
    def config(self) -> CombConfig:
        """Its shape."""
        return self._comb.config

    def encode(self, pictures: Tensor) -> Tensor:
        """See `Codec`."""
        device = next(self._comb.parameters()).device
        pictures = pictures.to(device).contiguous(memory_format=torch.channels_last)
        return self._comb.encode(pictures, self.config.highest_level)

    def decode(self, latents: Tensor, shares: Mapping[str, float]) -> Tensor:
        """See `Codec`."""
        level, names = self.config.highest_level, list(shares)
        for name in names:
            self.config.check_identity(name, "the comb")
        if len(names) == 1:
            return self._comb.decode(latents, names[0], level)
        decoder = self._comb.decoders[names[0]]
        assert isinstance(decoder, nn.Module)
        mixed: Tensor = torch.func.functional_call(decoder, self._weights(shares), (latents, level))
        return mixed

    def _weights(self, shares: Mapping[str, float]) -> dict[str, Tensor]:
        key = tuple(shares.items())
        if key not in self._mixed:
            # One at a time: keyed shares change from frame to frame.
            self._mixed.clear()
            states = [(self._comb.decoders[name].state_dict(), share) for name, share in key]
            self._mixed[key] = {n: torch.stack([s[n] * share for s, share in states]).sum(0) for n in states[0][0]}
        return self._mixed[key]


@dataclass(frozen=True, eq=False)
class Wish:
    """What is to be made of a crop.

    Attributes:
        shares: Of identities, summing to one.
        by_weights: Mix the decoders' weights, which gives one sharp face where they grew from one another; else their
            pictures.
        shift: Added to the latent; None for nothing.
    """

    shares: Mapping[str, float]
    by_weights: bool = True
    shift: Float[np.ndarray, " _values"] | None = field(default=None)


@runtime_checkable
class Decoder(Protocol):
    """Anything that shows a target's face as a source: a comb, or another method."""

    @property
    def size(self) -> int:
        """Side of its crops, in px."""

    def show(self, crops: Crops, source: str) -> Crops:
        """Show a target's crops (display RGB, side `size`) as a source."""


@runtime_checkable
class OfComb(Protocol):
    """A decoder that is a comb inside."""

    @property
    def comb(self) -> Comb | None:
        """The comb, if there is one yet."""


def swap_crops(comb: Comb, source: str, crops: Crops, batch: int = 8) -> Crops:
    """Show what is in the crops as the source.

    Args:
        comb: Trained; runs where it lies, in its own precision.
        source: Identity whose decoder is used.
        crops: The target's, display RGB at the comb's size; values beyond [0, 1] are clipped for the network.
        batch: Crops in one pass.
    Returns:
        Display RGB in [0, 1]; trustworthy inside the trained region only.
    Raises:
        ShapeError: if the crops have another size than the comb.
        CombError: if the comb does not know the source.
    """
    return show_crops(TorchCodec(comb), [Wish({source: 1.0})] * len(crops), crops, batch)[0]


def show_crops(codec: Codec, wishes: Sequence[Wish], crops: Crops, batch: int = 8) -> tuple[Crops, Latents]:
    """Show what is in the crops as wished.

    Args:
        codec: A trained comb.
        wishes: One a crop.
        crops, batch: As for `swap_crops`.
    Returns:
        Display RGB in [0, 1], and the crops' own latents, flat.
    Raises:
        ShapeError: if the crops have another size than the comb, or a shift another length than the latents.
        CombError: if the comb does not know an identity.
    """
    size = codec.config.size
    if crops.shape[1] != size or len(wishes) != len(crops):
        raise ShapeError(f"crops of {crops.shape[1]} px for a comb of {size} px: crop the plate at {size} px")
    shown, flat = np.empty_like(crops), list[np.ndarray]()
    with torch.inference_mode():
        for start in range(0, len(crops), batch):
            part = torch.from_numpy(np.ascontiguousarray(crops[start : start + batch].transpose(0, 3, 1, 2)))
            latents = codec.encode(part.clamp(0, 1))
            flat.append(latents.flatten(1).float().cpu().numpy())
            faces = _decoded(codec, latents, wishes[start : start + batch])
            faces = evened(faces.float(), codec.config.lattice).clamp(0, 1)
            shown[start : start + batch] = faces.permute(0, 2, 3, 1).cpu().numpy()
    return shown, np.concatenate(flat) if flat else np.zeros((0, 0), np.float32)


def _decoded(codec: Codec, latents: Tensor, wishes: Sequence[Wish]) -> Tensor:
    """Decode runs of equal wishes together."""
    faces, first = list[Tensor](), 0
    for stop in range(1, len(wishes) + 1):
        if stop < len(wishes) and wishes[stop] is wishes[first]:
            continue
        wish, part = wishes[first], latents[first:stop]
        if wish.shift is not None:
            if wish.shift.size != part[0].numel():
                raise ShapeError(
                    f"a shift of {wish.shift.size} values for latents of {part[0].numel()}: use its comb's"
                )
            part = part + torch.from_numpy(wish.shift.astype(np.float32)).to(part).view(1, *part.shape[1:])
        if wish.by_weights or len(wish.shares) == 1:
            faces.append(codec.decode(part, wish.shares))
        else:
            decoded = [codec.decode(part, {name: 1.0}) * share for name, share in wish.shares.items()]
            faces.append(torch.stack(decoded).sum(0))
        first = stop
    return torch.cat(faces)
