"""Decoders that share their weights: each identity has its own ends and small changes of the rest."""

import math
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.func import functional_call

from pecten.comb.blocks import Maps
from pecten.comb.config import CombConfig
from pecten.comb.decoder import Decoder
from pecten.comb.irises import Spots

RANK_SHARE = 16
"""A weight's change has this many times fewer ranks than the weight can have."""

_OWN = ("to_rgb.", "to_matte.", "to_gains.", "to_lids.", "texture.", "irises.")
_PORES = "texture.pores"
_GAZE = "irises.gaze."
_SEEN = "irises.seen"
_LASHES = "irises.lashes"
_DETAIL = "texture.pictures"


class Change(nn.Module):
    """What one identity changes of one shared weight: a factor for each output, and a sum of a few outer products.

    It starts as no change.

    Args:
        weight: Of a convolution.
    Reference:
        Hu et al. 2022 (LoRA), section 4.1; Karras et al. 2020 (StyleGAN2), section 2.2, for the modulation of weights.
    """

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        outputs, values = len(weight), weight[0].numel()
        rank = max(1, min(outputs, values) // RANK_SHARE)
        self.gain = nn.Parameter(torch.zeros(outputs))
        self.across = nn.Parameter(torch.zeros(outputs, rank))
        self.along = nn.Parameter(torch.randn(rank, values))

    def forward(self, weight: Tensor) -> Tensor:
        """Return the changed weight."""
        added = (self.across @ self.along).view(weight.shape) / math.sqrt(len(self.along))
        return weight * (1 + self.gain).view(-1, 1, 1, 1) + added


class AdaptedDecoder(nn.Module):
    """One identity's changes of a trunk that belongs to the comb.

    Args:
        config: Of the comb.
        trunk: Shared; not a part of this module.
    """

    def __init__(self, config: CombConfig, trunk: Decoder) -> None:
        super().__init__()
        self.config = config
        # In a tuple: a module would be saved, counted and moved with each identity.
        self._shared = (trunk,)
        self.changes = nn.ModuleDict()
        self.shifts, self.own = nn.ParameterDict(), nn.ParameterDict()
        for name, parameter in trunk.named_parameters():
            if is_own(name):
                self.own[_key(name)] = nn.Parameter(parameter.detach().clone(), parameter.requires_grad)
            elif parameter.dim() == 4:
                self.changes[_key(name)] = Change(parameter)
            else:
                self.shifts[_key(name)] = nn.Parameter(torch.zeros_like(parameter))

    def weights(self) -> Iterator[tuple[str, Tensor]]:
        """Return every weight that this identity's decoder has, named as in a `Decoder` of its own."""
        for name, parameter in self._shared[0].named_parameters():
            key = _key(name)
            if key in self.own:
                yield name, self.own[key]
            elif key in self.changes:
                yield name, self.changes[key](parameter)
            else:
                yield name, parameter + self.shifts[key]

    @torch.no_grad()
    def take_ends(self, weights: Mapping[str, Tensor]) -> None:
        """Take what an identity has to itself from a `Decoder` of its own, and leave its changes of the trunk.

        Args:
            weights: The decoder's, by name.
        """
        for name, weight in weights.items():
            if _key(name) in self.own:
                self.own[_key(name)].copy_(weight)

    def forward(
        self, z: Maps, level: int, fade: float = 1.0, with_matte: bool = False, with_motions: bool = False
    ) -> Maps:
        """Decode, as a `Decoder` does."""
        shown: Tensor = functional_call(
            self._shared[0], dict(self.weights()), (z, level, fade, with_matte, with_motions)
        )
        return shown

    def spots(self, z: Maps) -> Spots:
        """Say where the irises lie, as a `Decoder` of a comb with irises does."""
        irises = self._shared[0].irises
        assert irises is not None
        mine = {name: self.own[_key(_GAZE + name)] for name, _ in irises.gaze.named_parameters()}
        told: Tensor = functional_call(irises.gaze, mine, (z,))
        return told

    def detail(self) -> Tensor:
        """Return this identity's pictures of fine detail, as a `Decoder` of a comb with a texture does."""
        pictures: Tensor = self.own[_key(_DETAIL)]
        return pictures

    def pores(self) -> Tensor:
        """Return what this identity's skin has besides its detail, as a `Decoder` of a comb with a texture does."""
        pores: Tensor = self.own[_key(_PORES)]
        return pores

    def seen_irises(self) -> Tensor:
        """Return what footage shows of this identity's irises, as a `Decoder` of a comb with irises does."""
        seen: Tensor = self.own[_key(_SEEN)]
        return seen

    def seen_lashes(self) -> Tensor:
        """Return what footage shows of this identity's shut eyes, as a `Decoder` of a comb with irises does."""
        seen: Tensor = self.own[_key(_LASHES)]
        return seen


@torch.no_grad()
def standing_alone(decoder: AdaptedDecoder) -> Decoder:
    """Return a decoder with weights of its own that shows the same."""
    made = Decoder(decoder.config)
    made.load_state_dict(dict(decoder.weights()))
    return made.train(decoder.training)


def is_own(name: str) -> bool:
    """Say whether a decoder's weight belongs to an identity whole, and none of it to the trunk."""
    return name.startswith(_OWN)


def _key(name: str) -> str:
    return name.replace(".", "_")
