"""What an enhancer is built from and how it is taught: one frozen record, read from and written to a header."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from pecten.errors import TrainingError

VERSION = 1
FOLD = 4
"""Pictures enter and leave as 4 x 4 pixel blocks stacked in channels, so that the network runs on small maps."""

STEP_PX = FOLD * 4
"""The network halves its maps twice: sides are whole numbers of this."""

MOST_ENLARGED = 5.0
"""Crop px to a px of the plate, up to which a network is taught; beyond, a face has no detail to go by."""


@dataclass(frozen=True)
class EnhanceConfig:
    """Shape and training of an enhancer. The clock is patches seen.

    Args:
        identity: Whose face it has learnt.
        size: Side of the crops in px, a multiple of `STEP_PX`.
        widths: Channels of the maps at a quarter, an eighth and a sixteenth of the crop's side.
        blocks: Residual blocks of each.
        images: Length of the run, in patches.
        batch: Patches in a step.
        patch: Side of a patch in px, a multiple of `STEP_PX`; 0 takes the whole crop.
        learning_rate: Of Adam, at the start; it falls to nothing along a half cosine.
        ema_images: Half-life of the averaged weights.
        seed: Of weights and draws.
        bfloat16: Autocast where the device gains by it; the loss stays in float32.
        device: "auto", "cpu" or "cuda".
        checkpoint_images: Between checkpoints.
    Raises:
        TrainingError: if a value is out of range.
    """

    identity: str
    size: int = 512
    widths: tuple[int, int, int] = (32, 64, 128)
    blocks: tuple[int, int, int] = (2, 2, 3)
    images: int = 12_000
    batch: int = 4
    patch: int = 192
    learning_rate: float = 1e-3
    ema_images: int = 400
    seed: int = 0
    bfloat16: bool = True
    device: str = "auto"
    checkpoint_images: int = 2_000

    def __post_init__(self) -> None:
        for name in ("size", "patch"):
            if getattr(self, name) % STEP_PX:
                raise TrainingError(f"enhancer {name} is {getattr(self, name)} px: choose a multiple of {STEP_PX}")
        if self.size < STEP_PX or self.patch > self.size:
            raise TrainingError(f"enhancer of {self.size} px, patches of {self.patch} px: give a patch within the crop")
        for name in ("images", "batch", "checkpoint_images"):
            if getattr(self, name) < 1:
                raise TrainingError(f"enhancer {name} is {getattr(self, name)}: give at least 1")
        if not self.learning_rate > 0:
            raise TrainingError(f"enhancer learning_rate is {self.learning_rate}: give more than 0")

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready record with a version."""
        return {"version": VERSION, **asdict(self), "widths": list(self.widths), "blocks": list(self.blocks)}

    @staticmethod
    def from_dict(record: Mapping[str, Any]) -> "EnhanceConfig":
        """Read what `to_dict` wrote.

        Raises:
            TrainingError: if the version is another or a field is unknown or missing.
        """
        values = {key: value for key, value in record.items() if key != "version"}
        unknown = set(values) - {entry.name for entry in fields(EnhanceConfig)}
        if record.get("version") != VERSION or unknown:
            raise TrainingError(
                f"enhancer configuration version {record.get('version')!r}, unknown fields {sorted(unknown)}: "
                f"this Pecten reads version {VERSION}"
            )
        try:
            triples = {name: tuple(int(n) for n in values[name]) for name in ("widths", "blocks")}
            return EnhanceConfig(**{**values, **triples})
        except (KeyError, TypeError, ValueError) as error:
            raise TrainingError(f"enhancer configuration is incomplete ({error}): teach it again") from error
