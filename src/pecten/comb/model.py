"""The comb: one encoder, a decoder for every identity."""

from collections.abc import MutableMapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pecten.comb.adapted import AdaptedDecoder
from pecten.comb.blocks import Maps
from pecten.comb.config import CombConfig
from pecten.comb.decoder import Decoder
from pecten.comb.encoder import Encoder, Pictures
from pecten.comb.irises import Spots
from pecten.errors import CombError


class Comb(nn.Module):
    """One encoder shared by P decoders, one an identity.

    Reference:
        Naruniec et al. 2020, section 4.
    """

    def __init__(self, config: CombConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.trunk = Decoder(config) if config.trunk == "shared" else None
        self.decoders = nn.ModuleDict({identity: self._decoder() for identity in config.identities})
        if self.trunk is not None:
            # Changes that began alike may be mixed.
            first, *others = self.decoders.values()
            for other in others:
                other.load_state_dict(first.state_dict())
        self.register_load_state_dict_pre_hook(_without_what_was_seen)  # type: ignore[no-untyped-call]

    def encode(self, x: Pictures, level: int, fade: float = 1.0) -> Maps:
        """Encode pictures in [0, 1] of side 2**level px.

        Raises:
            CombError: if the comb has no such level or the pictures another size.
        """
        self._check_level(level)
        if x.shape[-1] != 2**level:
            raise CombError(f"pictures of {x.shape[-1]} px at level {level}: give pictures of {2**level} px")
        return self.encoder(x, level, fade)  # type: ignore[no-any-return]

    def decode(self, z: Maps, identity: str, level: int, fade: float = 1.0) -> Pictures:
        """Decode latents into pictures of one identity, side 2**level px.

        Raises:
            CombError: if the comb has no such level or identity.
        """
        self._check(identity, level)
        return self.decoders[identity](z, level, fade)  # type: ignore[no-any-return]

    def decode_with_matte(
        self, z: Maps, identity: str, level: int, fade: float = 1.0
    ) -> tuple[Pictures, Float[Tensor, "_batch 1 _side _side"]]:
        """Decode latents into pictures and the logit of where they show the face.

        Raises:
            CombError: as `decode`, or if the comb was made without mattes.
        """
        self._check(identity, level)
        both: Tensor = self.decoders[identity](z, level, fade, with_matte=True)
        return both[:, :3], both[:, 3:]

    def decode_for_training(
        self, z: Maps, identity: str, level: int, fade: float = 1.0
    ) -> Float[Tensor, "_batch _channels _side _side"]:
        """Decode latents into all that training judges, stacked in channels.

        Returns:
            Pictures (3), the logit of where they show the face (1, of a comb with mattes), and motions over the
            texture (2, of a comb with a texture; see `Decoder`).
        Raises:
            CombError: as `decode`.
        """
        self._check(identity, level)
        config = self.config
        stacked: Tensor = self.decoders[identity](z, level, fade, config.matte, bool(config.texture))
        return stacked

    def spots(self, z: Maps, identity: str) -> Spots:
        """Say where latents' irises lie on one identity.

        Raises:
            CombError: if the comb has no such identity, or was made without irises.
        """
        self._check_irises(identity)
        told: Spots = self.decoders[identity].spots(z)  # type: ignore[operator]
        return told

    def detail(self, identity: str) -> Float[Tensor, "1 _channels _side _side"]:
        """Return one identity's pictures of fine detail, three channels each: a parameter.

        Raises:
            CombError: as `decode`, or if the comb was made without a texture.
        """
        self._check_texture(identity)
        pictures: Tensor = self.decoders[identity].detail()  # type: ignore[operator]
        return pictures

    def pores(self, identity: str) -> Float[Tensor, "1 1 _size _size"]:
        """Return what one identity's skin has besides its detail: a parameter that training leaves as it is.

        Raises:
            CombError: as `detail`.
        """
        self._check_texture(identity)
        pores: Tensor = self.decoders[identity].pores()  # type: ignore[operator]
        return pores

    def seen_irises(self, identity: str) -> Float[Tensor, "2 3 _side _side"]:
        """Return what footage shows of one identity's irises: a parameter that training leaves as it is.

        Raises:
            CombError: as `spots`.
        """
        self._check_irises(identity)
        seen: Tensor = self.decoders[identity].seen_irises()  # type: ignore[operator]
        return seen

    def seen_lashes(self, identity: str) -> Float[Tensor, "2 3 _height _width"]:
        """Return what footage shows of one identity's shut eyes: a parameter that training leaves as it is.

        Raises:
            CombError: as `spots`.
        """
        self._check_irises(identity)
        seen: Tensor = self.decoders[identity].seen_lashes()  # type: ignore[operator]
        return seen

    def forward(self, x: Pictures, identity: str, level: int | None = None, fade: float = 1.0) -> Pictures:
        """Show what is in `x` as `identity` (level None is the highest)."""
        level = self.config.highest_level if level is None else level
        return self.decode(self.encode(x, level, fade), identity, level, fade)

    def _decoder(self) -> Decoder | AdaptedDecoder:
        return Decoder(self.config) if self.trunk is None else AdaptedDecoder(self.config, self.trunk)

    def _check_texture(self, identity: str) -> None:
        self._check(identity, self.config.highest_level)
        if not self.config.texture:
            raise CombError("a comb without a texture: make one with texture=2")

    def _check_irises(self, identity: str) -> None:
        self._check(identity, self.config.highest_level)
        if not self.config.irises:
            raise CombError("a comb without irises: make one with irises=True")

    def _check(self, identity: str, level: int) -> None:
        self._check_level(level)
        if identity not in self.decoders:
            raise CombError(f"comb has no identity {identity!r}: it knows {', '.join(self.decoders)}")

    def _check_level(self, level: int) -> None:
        low, high = self.config.lowest_level, self.config.highest_level
        if not low <= level <= high:
            raise CombError(f"level {level}: this comb has {low} to {high} ({2**low} to {2**high} px)")


def _without_what_was_seen(comb: nn.Module, weights: MutableMapping[str, Tensor], *_: object) -> None:
    """Read weights that were written before footage's irises, lashes or pores were kept: nobody looked."""
    for name, value in comb.state_dict().items():
        if name.replace("_", ".").endswith(("irises.seen", "irises.lashes", "texture.pores")):
            weights.setdefault(name, torch.zeros_like(value))
