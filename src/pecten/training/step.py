"""One optimiser step that sees every identity once, and the average of the weights."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pecten.comb.model import Comb
from pecten.dataset.augment import Batch
from pecten.training.config import TrainConfig
from pecten.training.loss import reconstruction
from pecten.training.ranks import ALONE, Ranks


@dataclass(frozen=True)
class Outcome:
    """What a step found.

    Args:
        losses: Of each identity.
        gradient_norm: Before clipping.
        finite: False when nothing was changed because a loss or gradient was not a number.
    """

    losses: dict[str, float]
    gradient_norm: float
    finite: bool


def step(
    comb: Comb,
    optimiser: torch.optim.Optimizer,
    batches: Mapping[str, Batch],
    level: int,
    fade: float,
    config: TrainConfig,
    ranks: Ranks = ALONE,
) -> Outcome:
    """Take one step on all identities together.

    Args:
        comb: Changed in place.
        optimiser: Its learning rate is already set.
        batches: One an identity, all of one size.
        level: log2 of the pictures' side.
        fade: Share of the highest level.
        config: Loss and clipping.
        ranks: Processes that share the step.
    """
    optimiser.zero_grad(set_to_none=True)
    decoded = show_all(comb, batches, level, fade, config.bfloat16)
    losses = {identity: judge(decoded[identity], batch, config).mean() for identity, batch in batches.items()}
    total = torch.stack(list(losses.values())).mean()
    total.backward()  # type: ignore[no-untyped-call]
    means = ranks.average(list(comb.parameters()), torch.stack(list(losses.values())).detach())
    norm = nn.utils.clip_grad_norm_(comb.parameters(), config.clip)
    finite = bool(torch.isfinite(norm) & torch.isfinite(means).all())
    if finite:
        optimiser.step()
    return Outcome(dict(zip(losses, means.tolist(), strict=True)), float(norm), finite)


def show_all(comb: Comb, batches: Mapping[str, Batch], level: int, fade: float, bfloat16: bool) -> dict[str, Tensor]:
    """Encode all identities in one pass and decode each by its own decoder."""
    inputs = torch.cat([batch.inputs for batch in batches.values()])
    inputs = inputs.contiguous(memory_format=torch.channels_last)
    with torch.autocast(inputs.device.type, torch.bfloat16, enabled=bfloat16):
        latents = torch.split(comb.encode(inputs, level, fade), [len(batch.inputs) for batch in batches.values()])
        return {
            identity: comb.decode(latent, identity, level, fade)
            for identity, latent in zip(batches, latents, strict=True)
        }


def judge(decoded: Tensor, batch: Batch, config: TrainConfig) -> Tensor:
    """Return the loss of each picture."""
    weights = batch.mattes
    if decoded.shape[-1] >= config.feature_px:
        weights = weights * (1 + (config.feature_weight - 1) * batch.features)
    return reconstruction(
        decoded, batch.targets, weights, config.loss, config.loss_colour, config.loss_mix, config.structure_px
    )


@torch.no_grad()
def average(ema: nn.Module, comb: nn.Module, decay: float) -> None:
    """Move the averaged weights towards the present ones."""
    torch._foreach_lerp_(list(ema.parameters()), list(comb.parameters()), 1 - decay)


def ema_decay(images_seen: int, batch_images: int, config: TrainConfig) -> float:
    """Return the decay of one step; the half-life grows with the run, so that the start is soon forgotten.

    Reference:
        Karras et al. 2024 (EDM2), on the ramp-up of EMA.
    """
    half_life = min(float(config.ema_images), images_seen * config.ema_ramp)
    return 0.5 ** (batch_images / half_life) if half_life > 0 else 0.0
