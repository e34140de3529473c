"""How a comb is taught: one frozen record, and the presets."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from pecten.comb.config import CombConfig
from pecten.comb.schedule import Phase, plan, share_images
from pecten.dataset.augment import Jitter
from pecten.errors import TrainingError

VERSION = 1

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "loss": ("ms-ssim+l1", "ssim+l1", "ssim", "l1"),
    "loss_colour": ("rgb", "luma"),
    "device": ("auto", "cpu", "cuda"),
    "cache": ("auto", "device", "host"),
}

_WEIGHTS = (
    "detail_weight",
    "place_weight",
    "frequency_weight",
    "view_weight",
    "overlap_weight",
    "matte_weight",
    "critic_weight",
)


@dataclass(frozen=True)
class TrainConfig:
    """How long, how fast and by what measure a comb is taught. The clock is images seen, of all identities together.

    Args:
        images: Length of the whole run.
        batch: Images of each identity in one step.
        accumulate: Parts in which a step's gradient is gathered, so that many identities fit into little memory: groups
            of identities first, then pieces of each one's batch. The result is the same but for rounding.
        seed: Of weights, draws and changes.
        start_px: Side of the first pictures; the comb grows from there. Equal to the comb's size: no growing.
        growth: Each level gets this many times the images of the one below.
        fade_share: Part of a level's images spent fading it in.
        solo_images: So long the first identity is trained alone; then its decoder is copied to all others.
        learning_rate: Of Adam, at the start.
        warmup_images: Over these the rate rises from zero.
        decay_share: Last part of the run, in which the rate falls to `final_rate`.
        final_rate: As a share of the learning rate.
        betas: Of Adam.
        clip: Largest gradient norm.
        ema_images: Half-life of the averaged weights; shorter early on (`ema_ramp` of the images seen).
        ema_ramp: Longest half-life as a share of the images seen.
        loss: "ms-ssim+l1", "ssim+l1", "ssim" or "l1".
        loss_mix: Share of the structural term; L1 has the rest.
        loss_colour: The structural term sees "rgb" or "luma".
        structure_px: The structural term sees pictures of at most this side.
        feature_weight: Of eyes and mouth, against 1 elsewhere; at `feature_px` and above.
        feature_px: Side in px.
        detail_weight: Of what is finer than a box of 9 px, at `detail_px` and above.
        detail_px: Side in px.
        place_weight: Of how far points of the face are misplaced on the texture, where the comb has one.
        frequency_weight: Of the focal frequency loss, inside the matte.
        view_weight: Of the distance between what the face mesh network's early maps see.
        overlap_weight: Of how far apart the latents of different identities lie; gathered in parts, a step compares
            those of one part.
        matte_weight: Of the cross entropy of the mattes that decoders tell, where the comb has them.
        critic_weight: Of looking true to a critic that learns to tell decoded patches from true ones.
        critic_rate: Its learning rate.
        finish_share: Last part of the run in which the frequency, view and critic terms count.
        sharpen: In the end fine detail is fitted once more, to footage moved to where decoders draw; see `sharpen`.
        jitter: Random changes.
        bfloat16: Autocast where the device gains by it; the loss stays in float32.
        device: "auto", "cpu" or "cuda".
        cache: Crops are kept on the "device", or on the "host" and sent ahead of each step; "auto" is the device, and
            where `plan_memory` was asked, whichever has the room.
        compile: Networks are compiled by torch before the first step at each level.
        freeze_encoder: Only decoders learn, so that a performer can be added without touching the others.
        base_sha256: Of the comb's file that this training begins from; None begins from nothing.
        checkpoint_images: Between checkpoints.
        preview_images: Between previews; 0 makes none.
        stats_images: Between rows of statistics.
        tensorboard: Statistics and previews are written for TensorBoard as well.
    Raises:
        TrainingError: if a value is out of range.
    """

    images: int = 3_000_000
    batch: int = 8
    accumulate: int = 1
    seed: int = 0
    start_px: int = 4
    growth: float = 1.5
    fade_share: float = 0.5
    solo_images: int = 0
    learning_rate: float = 1e-3
    warmup_images: int = 0
    decay_share: float = 0.0
    final_rate: float = 0.05
    betas: tuple[float, float] = (0.9, 0.99)
    clip: float = 1.0
    ema_images: int = 10_000
    ema_ramp: float = 0.05
    loss: str = "ms-ssim+l1"
    loss_mix: float = 0.84
    loss_colour: str = "rgb"
    structure_px: int = 1024
    feature_weight: float = 3.0
    feature_px: int = 64
    detail_weight: float = 0.0
    detail_px: int = 256
    place_weight: float = 0.5
    frequency_weight: float = 0.0
    view_weight: float = 0.0
    overlap_weight: float = 0.0
    matte_weight: float = 0.05
    critic_weight: float = 0.0
    critic_rate: float = 4e-3
    finish_share: float = 1.0
    sharpen: bool = False
    jitter: Jitter = field(default_factory=Jitter)
    bfloat16: bool = True
    device: str = "auto"
    cache: str = "auto"
    compile: bool = False
    freeze_encoder: bool = False
    base_sha256: str | None = None
    checkpoint_images: int = 50_000
    preview_images: int = 20_000
    stats_images: int = 1_000
    tensorboard: bool = False

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise TrainingError(f"training {name} is {getattr(self, name)!r}: choose one of {', '.join(choices)}")
        for name in ("images", "batch", "accumulate", "start_px", "checkpoint_images", "stats_images"):
            if getattr(self, name) < 1:
                raise TrainingError(f"training {name} is {getattr(self, name)}: give at least 1")
        for name in ("learning_rate", "critic_rate", "clip", "growth"):
            if not getattr(self, name) > 0:
                raise TrainingError(f"training {name} is {getattr(self, name)}: give more than 0")
        for name in _WEIGHTS:
            if not getattr(self, name) >= 0:
                raise TrainingError(f"training {name} is {getattr(self, name)}: give 0 or more")
        for name in ("fade_share", "decay_share", "final_rate", "loss_mix", "finish_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise TrainingError(f"training {name} is {getattr(self, name)}: give 0 to 1")

    def phases(self, comb: CombConfig) -> tuple[Phase, ...]:
        """Lay out the levels of a comb over this run."""
        start = min(max(self.start_px.bit_length() - 1, comb.lowest_level), comb.highest_level)
        shares = share_images(self.images, comb.highest_level - start + 1, self.growth)
        return plan(start, shares, self.fade_share)

    def rate_at(self, images_seen: int, level: int) -> float:
        """Return the learning rate for the next step."""
        rate = self.learning_rate * min(1.0, (images_seen + 1) / self.warmup_images if self.warmup_images else 1.0)
        decaying = self.images * self.decay_share
        left = self.images - images_seen
        if decaying and left < decaying:
            rate *= self.final_rate + (1 - self.final_rate) * 0.5 * (1 - math.cos(math.pi * max(left, 0) / decaying))
        halvings: int = max(0, level - 8)
        return rate / float(2**halvings)

    def at(self, images_seen: int) -> "TrainConfig":
        """Return the configuration of the next step: terms of the run's last part count only there."""
        if images_seen >= self.images * (1 - self.finish_share):
            return self
        return replace(self, frequency_weight=0.0, view_weight=0.0, critic_weight=0.0)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready record with a version."""
        return {"version": VERSION, **asdict(self), "betas": list(self.betas)}

    @staticmethod
    def from_dict(record: Mapping[str, Any]) -> "TrainConfig":
        """Read what `to_dict` wrote.

        Raises:
            TrainingError: if the version is another or a field is unknown.
        """
        values = {key: value for key, value in record.items() if key != "version"}
        unknown = set(values) - {entry.name for entry in fields(TrainConfig)}
        if record.get("version") != VERSION or unknown:
            raise TrainingError(
                f"training configuration version {record.get('version')!r}, unknown fields {sorted(unknown)}: "
                f"this Pecten reads version {VERSION}"
            )
        if "jitter" in values:
            values["jitter"] = Jitter(**values["jitter"])
        if "betas" in values:
            values["betas"] = (float(values["betas"][0]), float(values["betas"][1]))
        return TrainConfig(**values)


_LEARNT: Mapping[str, Any] = {
    "latent_size": 128,
    "down": "stride",
    "residual": True,
    "fold": 2,
    "encoder_px": 128,
    "trunk": "shared",
    "texture": 2,
    "irises": True,
}
"""Of a comb's shape: what `runs/ablate_comb.py` found to gain most for its cost."""

_TAUGHT = TrainConfig(
    batch=4,
    start_px=32,
    fade_share=0.3,
    learning_rate=3.2e-2,
    warmup_images=300,
    loss_mix=0.5,
    loss_colour="luma",
    overlap_weight=0.02,
    detail_weight=1.0,
    sharpen=True,
    jitter=Jitter(rotation_rad=0.02, scale=0.015, shift=0.008, shading=0.4),
)
"""Of a training, likewise: little jitter, because crops of a few clips lie alike; a high rate, because weights of unit
variance move slowly."""

PRESETS: Mapping[str, tuple[Mapping[str, Any], TrainConfig]] = {
    "paper": ({"size": 1024, "channels": "paper"}, TrainConfig(batch=4, images=6_000_000)),
    "studio": (
        {**_LEARNT, "size": 512, "channels": "medium", "latent_size": 256},
        replace(_TAUGHT, images=1_500_000, growth=1.2, decay_share=0.25, structure_px=256),
    ),
    "quick": (
        {**_LEARNT, "size": 256, "channels": "slim"},
        replace(
            _TAUGHT,
            images=40_000,
            growth=0.8,
            decay_share=0.5,
            ema_images=500,
            structure_px=128,
            checkpoint_images=9_000,
            preview_images=3_000,
            stats_images=240,
        ),
    ),
}
"""By name: (fields of the comb, training). "paper" is the published shape. "quick" is minutes on two CPU cores: fewer
images as they grow, because one of 32 px costs a tenth of one of 256 px and teaches expression as well. "studio" is
twice as wide, which gains at equal images and pays in a long training, and leaves time at its full size before the
rate falls: a level that arrives with a low rate hardly learns."""


def preset(
    name: str, identities: tuple[str, ...], size: int | None = None, images: int | None = None
) -> tuple[CombConfig, TrainConfig]:
    """Make both configurations of a preset.

    Args:
        name: Key of `PRESETS`.
        identities: One decoder each.
        size: Side in px, instead of the preset's.
        images: Length of the run, instead of the preset's.
    Raises:
        TrainingError: if there is no such preset.
    """
    if name not in PRESETS:
        raise TrainingError(f"no training preset {name!r}: choose one of {', '.join(PRESETS)}")
    shape, training = PRESETS[name]
    chosen = {**shape, **({"size": size} if size else {})}
    if chosen.get("encoder_px"):
        chosen["encoder_px"] = min(chosen["encoder_px"], chosen["size"])
    comb = CombConfig(identities, **chosen)
    return comb, replace(training, images=images) if images else training
