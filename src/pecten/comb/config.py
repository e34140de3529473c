"""What a comb is built from: one frozen record, read from and written to a header."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from torch.nn import ModuleDict

from pecten.errors import CombError

VERSION = 1
BASE = 4
"""Side of the smallest feature map, in px."""

TEXTURE_MAP = 64
"""Side of the feature map that places fine detail, in px."""

CHANNELS: Mapping[str, tuple[int, Mapping[int, int]]] = {
    "paper": (512, {1024: 16, 512: 32, 256: 64, 128: 128, 64: 256}),
    "medium": (256, {1024: 8, 512: 16, 256: 32, 128: 64, 64: 96, 32: 128}),
    "lite": (128, {1024: 4, 512: 8, 256: 16, 128: 32, 64: 64}),
    "slim": (128, {1024: 8, 512: 16, 256: 16, 128: 32, 64: 48, 32: 64}),
    "tiny": (8, {1024: 2, 512: 2, 256: 4, 128: 4, 64: 4}),
}
"""Width of the feature maps by their side in px: (every side not named, exceptions)."""

_CHOICES: Mapping[str, tuple[Any, ...]] = {
    "channels": tuple(CHANNELS),
    "latent": ("dense", "none"),
    "down": ("area", "maxpool", "stride"),
    "up": ("nearest", "bilinear"),
    "norm": ("none", "pixel"),
    "fold": (1, 2, 4),
    "trunk": ("own", "shared"),
}


@dataclass(frozen=True)
class CombConfig:
    """The shape of a comb.

    Args:
        identities: One decoder each, in this order.
        size: Side of the largest picture, in px: a power of two from 4 * fold to 1024.
        channels: A row of `CHANNELS`.
        latent: "dense" squeezes the 4x4 map to a vector; "none" hands the map on.
        latent_size: Length of the dense latent.
        down: How the encoder halves: "area", "maxpool" or "stride".
        up: How the decoder doubles: "nearest" or "bilinear".
        norm: "none", or "pixel" for PixelNorm after each decoder convolution.
        residual: Adds each level's input to its output.
        gated: Each convolution's result is scaled by a gate that looks at the same map.
        trunk: Every decoder has its "own" weights, or changes "shared" ones by about a tenth as many.
        matte: Decoders also tell where they show the face.
        texture: Pictures of fine detail that each decoder bends over what it decodes; 0 is none.
        irises: Decoders lay a picture of each iris where the eyes look, besides their texture.
        fold: Pictures enter and leave as fold x fold pixel blocks stacked in channels (1 is the paper's plain 1x1
            convolution), so that feature maps are smaller by this factor; a level still means the picture's side.
        encoder_px: Side of the largest picture the encoder looks at; larger ones are reduced to it by area. Expression
            is seen as well in a smaller picture, and costs less. None is `size`.
    Raises:
        CombError: if a value is not one of these.
    """

    identities: tuple[str, ...]
    size: int = 256
    channels: str = "paper"
    latent: str = "dense"
    latent_size: int = 512
    down: str = "area"
    up: str = "nearest"
    norm: str = "none"
    residual: bool = False
    gated: bool = False
    trunk: str = "own"
    matte: bool = False
    texture: int = 0
    irises: bool = False
    fold: int = 1
    encoder_px: int | None = None

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                raise CombError(f"comb {name} is {value!r}: choose one of {', '.join(map(str, choices))}")
        if self.size & (self.size - 1) or not BASE * self.fold <= self.size <= 1024:
            raise CombError(f"comb size is {self.size} px: choose a power of two from {BASE * self.fold} to 1024")
        seen = self.encoder_px
        if seen is not None and (seen & (seen - 1) or not BASE * self.fold <= seen <= self.size):
            raise CombError(f"comb encoder_px is {seen}: choose a power of two from {BASE * self.fold} to {self.size}")
        if self.latent_size < 1:
            raise CombError(f"comb latent size is {self.latent_size}: choose at least 1")
        if self.texture < 0 or (self.texture and self.latent != "dense"):
            raise CombError(f"comb texture is {self.texture} with latent {self.latent!r}: choose 0, or a dense latent")
        if self.irises and not self.texture:
            raise CombError("comb irises without a texture: choose a texture of 1 or more, or no irises")
        if not self.identities:
            raise CombError("a comb without identities: name at least one")
        for identity in self.identities:
            if not identity or "." in identity or "/" in identity or self.identities.count(identity) > 1:
                raise CombError(f"identity {identity!r}: give each a name of its own, without '.' and '/'")
            if hasattr(ModuleDict, identity):
                raise CombError(f"identity {identity!r}: PyTorch needs this word for itself: choose another name")

    def check_identity(self, identity: str, where: str) -> None:
        """Refuse an identity that the comb does not hold.

        Args:
            identity: The one asked for.
            where: The comb's path, for the message.
        Raises:
            CombError: if it is not there.
        """
        if identity not in self.identities:
            known = ", ".join(self.identities)
            raise CombError(f"{where}: no identity {identity}: choose among {known}, or train one with `pecten train`")

    @property
    def lowest_level(self) -> int:
        """log2 of the smallest picture's side in px."""
        return (BASE * self.fold).bit_length() - 1

    @property
    def highest_level(self) -> int:
        """log2 of the largest picture's side in px."""
        return self.size.bit_length() - 1

    @property
    def encoder_level(self) -> int:
        """log2 of the side of the largest picture that the encoder looks at."""
        return (self.encoder_px or self.size).bit_length() - 1

    @property
    def texture_level(self) -> int:
        """First level that shows fine detail, whose features (64 px, if there are so many) place it."""
        return min(self.highest_level, (TEXTURE_MAP * self.fold).bit_length() - 1)

    @property
    def lattice(self) -> int:
        """Side of the pixel blocks that finished pictures show as a lattice; 1 where there is none to take out."""
        return 1 if self.texture else self.fold

    def width_at(self, level: int) -> int:
        """Return the channels of a level's feature maps."""
        default, exceptions = CHANNELS[self.channels]
        return exceptions.get(2**level // self.fold, default)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready record with a version."""
        return {"version": VERSION, **asdict(self), "identities": list(self.identities)}

    @staticmethod
    def from_dict(record: Mapping[str, Any]) -> "CombConfig":
        """Read what `to_dict` wrote.

        Raises:
            CombError: if the version is newer than this one or a field is unknown.
        """
        if record.get("version") != VERSION:
            raise CombError(
                f"comb configuration version {record.get('version')!r}: this Pecten reads {VERSION}, update it"
            )
        known = {field.name for field in fields(CombConfig)}
        values = {key: value for key, value in record.items() if key != "version"}
        if unknown := set(values) - known:
            raise CombError(f"comb configuration has unknown fields {', '.join(sorted(unknown))}: update Pecten")
        try:
            return CombConfig(**{**values, "identities": tuple(values["identities"])})
        except (KeyError, TypeError) as error:
            raise CombError(f"comb configuration is incomplete ({error}): make the comb again") from error
