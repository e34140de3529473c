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
    """

    name: str
    shape: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    people: tuple[str, ...] = ()

    def configs(self, everybody: Sequence[str], size: int, images_each: int) -> tuple[CombConfig, TrainConfig]:
        """Return both configurations.

        Args:
            everybody: All identities that there are crops of.
            size: Of the comb, in px.
            images_each: Images of each identity in the whole run.
        """
        people = tuple(sorted(self.people or everybody))
        shape, training = preset("quick", people, size, images_each * len(people))
        changes = dict(self.training)
        if changes.pop("single_stage", False):
            changes["start_px"] = size
        jitter = replace(training.jitter, **changes.pop("jitter", {}))
        # No pictures and one checkpoint in the middle: what is compared is the end.
        quiet = {"preview_images": 0, "checkpoint_images": training.images // 2 + 1}
        return replace(shape, **self.shape), replace(training, jitter=jitter, **quiet, **changes)


VARIANTS: tuple[Variant, ...] = (
    Variant("base"),
    Variant("base, seed 1", training={"seed": 1}),
    Variant("single stage", training={"single_stage": True}),
    Variant("two people", people=("ada", "bruno")),
    Variant("two people, single stage", people=("ada", "bruno"), training={"single_stage": True}),
    Variant("view 0.1", training={"view_weight": 0.1}),
    Variant("view 0.4", training={"view_weight": 0.4}),
    Variant("focal frequency 10", training={"frequency_weight": 10.0}),
    Variant("focal frequency 50", training={"frequency_weight": 50.0}),
    Variant("latents drawn together 0.02", training={"overlap_weight": 0.02}),
    Variant("latents drawn together 0.1", training={"overlap_weight": 0.1}),
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
