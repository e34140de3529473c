"""What is compared: each variant changes one thing of the preset "quick", at equal images seen of each identity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pecten.comb.config import CombConfig
from pecten.training.config import TrainConfig, preset


@dataclass(frozen=True)
class Variant:
    """One comb to train.

    Attributes:
        name: Folder.
        shape: Fields of the comb that differ from the preset's.
        training: Fields of the training that differ; "jitter" is a dict of its own.
        people: Identities; empty for all.
        finish: Begin with the base's comb, at full size and a lower rate, for a part of the images: a last phase.
    """

    name: str
    shape: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    people: tuple[str, ...] = ()
    finish: bool = False

    def seeded(self, seed: int) -> "Variant":
        """Return the same with another seed of weights and draws; 0 changes nothing."""
        if not seed:
            return self
        return replace(self, name=f"{self.name}, seed {seed}", training={**self.training, "seed": seed})

    @property
    def folder(self) -> str:
        """Name of the variant's folder."""
        return self.name.replace(" ", "_").replace(",", "")

    def configs(self, everybody: Sequence[str], size: int, images_each: int) -> tuple[CombConfig, TrainConfig]:
        """Return both configurations.

        Args:
            everybody: All identities that there are crops of.
            size: Of the comb, in px.
            images_each: Images of each identity in the whole run.
        """
        people = tuple(sorted(self.people or everybody))
        shape, training = preset("quick", people, size, images_each * len(people))
        changes = {"overlap_weight": 0.0, "detail_weight": 0.0, "sharpen": False, **self.training}
        if changes.pop("single_stage", False) or self.finish:
            changes["start_px"] = size
        if self.finish:
            training = replace(training, images=int(training.images * FINISH), **FINISHING)
        # What the preset gained from this comparison, the base goes without.
        jitter = replace(training.jitter, **{"shading": 0.0, **changes.pop("jitter", {})})
        # No pictures and one checkpoint in the middle: what is compared is the end.
        quiet = {"preview_images": 0, "checkpoint_images": training.images // 2 + 1}
        return replace(shape, **{"texture": 0, "irises": False, "trunk": "own", **self.shape}), replace(
            training, jitter=jitter, **quiet, **changes
        )


DRAWN: Mapping[str, Any] = {"overlap_weight": 0.02, "jitter": {"shading": 0.4}}
"""Latents drawn together and uneven light, as the presets quick and studio have them."""

FINE: Mapping[str, Any] = {"detail_weight": 1.0}

ALL: Mapping[str, Any] = {"trunk": "shared", "texture": 2}

WIDE: Mapping[str, Any] = {"channels": "medium", "latent_size": 256}
"""The widths of the preset studio."""

BASE = "base"
"""The variant that others are compared with, and that finishing begins from."""

FINISH = 0.2
"""Length of a finish, as a share of the whole run."""

FINISHING: Mapping[str, Any] = {"learning_rate": 8e-3, "warmup_images": 100, "decay_share": 0.8, "ema_images": 300}

VARIANTS: tuple[Variant, ...] = (
    Variant("base"),
    Variant("single stage", training={"single_stage": True}),
    Variant("two people", people=("ada", "bruno")),
    Variant("two people, single stage", people=("ada", "bruno"), training={"single_stage": True}),
    Variant("finish", finish=True),
    Variant("finish, view 0.1", {}, {"view_weight": 0.1}, finish=True),
    Variant("finish, view 0.4", {}, {"view_weight": 0.4}, finish=True),
    Variant("finish, view 1.5", {}, {"view_weight": 1.5}, finish=True),
    Variant("finish, focal frequency 10", {}, {"frequency_weight": 10.0}, finish=True),
    Variant("finish, focal frequency 50", {}, {"frequency_weight": 50.0}, finish=True),
    Variant("finish, critic 0.003", {}, {"critic_weight": 0.003}, finish=True),
    Variant("finish, critic 0.01", {}, {"critic_weight": 0.01}, finish=True),
    Variant("finish, critic 0.03", {}, {"critic_weight": 0.03}, finish=True),
    Variant("finish, latents drawn together 0.02", {}, {"overlap_weight": 0.02}, finish=True),
    Variant("finish, latents drawn together 0.1", {}, {"overlap_weight": 0.1}, finish=True),
    Variant("finish, latents drawn together 0.5", {}, {"overlap_weight": 0.5}, finish=True),
    Variant("finish, latents 0.1 and light", {}, {"overlap_weight": 0.1, "jitter": {"shading": 0.4}}, finish=True),
    Variant("finish, latents 0.02 and view 0.4", {}, {"overlap_weight": 0.02, "view_weight": 0.4}, finish=True),
    Variant("finish, input warp 20 px", {}, {"jitter": {"warp_px": 20.0}}, finish=True),
    Variant("finish, uneven light on the input", {}, {"jitter": {"shading": 0.4}}, finish=True),
    Variant("finish, uneven light on both", {}, {"jitter": {"shading": 0.4, "shading_on": "both"}}, finish=True),
    Variant("finish, structural share 0.84", {}, {"loss_mix": 0.84}, finish=True),
    Variant("finish, SSIM of one scale", {}, {"loss": "ssim+l1"}, finish=True),
    Variant("finish, L1 alone", {}, {"loss": "l1"}, finish=True),
    Variant("finish, fine detail", {}, {"detail_weight": 1.0}, finish=True),
    Variant("finish, texture", {"texture": 2}, {}, finish=True),
    Variant("finish, texture and fine detail", {"texture": 2}, {"detail_weight": 1.0}, finish=True),
    Variant("gated", shape={"gated": True}),
    Variant("shared trunk", shape={"trunk": "shared"}),
    Variant("mattes", shape={"matte": True}),
    Variant("latents drawn together 0.02", training={"overlap_weight": 0.02}),
    Variant("latents drawn together 0.1", training={"overlap_weight": 0.1}),
    Variant("latents 0.02 and light", training=DRAWN),
    Variant("single stage, latents 0.02 and light", training={**DRAWN, "single_stage": True}),
    Variant("two people, latents 0.02 and light", training=DRAWN, people=("ada", "bruno")),
    Variant("two people, single stage, latents 0.02 and light", {}, {**DRAWN, "single_stage": True}, ("ada", "bruno")),
    Variant("shared trunk, latents 0.02 and light", {"trunk": "shared"}, DRAWN),
    Variant("texture, latents and light", {"texture": 2}, DRAWN),
    Variant("fine detail, latents and light", {}, {**DRAWN, **FINE}),
    Variant("texture and fine detail, latents and light", {"texture": 2}, {**DRAWN, **FINE}),
    Variant("the same, points count a tenth", {"texture": 2}, {**DRAWN, **FINE, "place_weight": 0.05}),
    Variant("all of it with a shared trunk", ALL, {**DRAWN, **FINE}),
    Variant("all of it and irises", {**ALL, "irises": True}, {**DRAWN, **FINE}),
    Variant("the same, twice as wide", {**ALL, "irises": True, **WIDE}, {**DRAWN, **FINE}),
    Variant("all of it and irises, sharpened", {**ALL, "irises": True}, {**DRAWN, **FINE, "sharpen": True}),
    Variant("input warp 12 px", training={"jitter": {"warp_px": 12.0}}),
    Variant("input warp 25 px", training={"jitter": {"warp_px": 25.0}}),
    Variant("no colour jitter", training={"jitter": {"exposure": 0.0, "colour": 0.0}}),
    Variant("exposure and colour x 2", training={"jitter": {"exposure": 0.4, "colour": 0.1}}),
    Variant("without residual", shape={"residual": False}),
    Variant("area instead of strides", shape={"down": "area"}),
    Variant("bilinear doubling", shape={"up": "bilinear"}),
    Variant("structural share 0.84", training={"loss_mix": 0.84}),
    Variant("SSIM, one scale", training={"loss": "ssim+l1"}),
    Variant("structure in RGB", training={"loss_colour": "rgb"}),
    Variant("L1 alone", training={"loss": "l1"}),
)
"""In order of interest."""
