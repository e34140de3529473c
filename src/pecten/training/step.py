"""One optimiser step that sees every identity once, and the average of the weights."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from pecten.comb.model import Comb
from pecten.dataset.augment import Batch
from pecten.training.config import TrainConfig
from pecten.training.critic import Critic, fooling, telling_apart
from pecten.training.loss import reconstruction
from pecten.training.places import misplaced, misplaced_irises
from pecten.training.ranks import ALONE, Ranks
from pecten.training.terms import energy_distance, fine_detail, focal_frequency, view_distance

View = Callable[[Tensor], list[Tensor]]
"""Takes pictures to feature maps, from fine to coarse."""


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
    identities: Sequence[str],
    draw: Callable[[str], Batch],
    level: int,
    fade: float,
    config: TrainConfig,
    ranks: Ranks = ALONE,
    view: View | None = None,
    critic: tuple[Critic, torch.optim.Optimizer] | None = None,
) -> Outcome:
    """Take one step on all identities together.

    Args:
        comb: Changed in place.
        optimiser: Its learning rate is already set.
        identities: Whom the step sees, each once.
        draw: Makes one's pictures, all of one size; called when they are needed, so that only one part is in memory.
        level: log2 of the pictures' side.
        fade: Share of the highest level.
        config: Loss, clipping, and in how many parts the gradient is gathered.
        ranks: Processes that share the step.
        view: Of the view term; needed where its weight is above 0.
        critic: Of the critic term, with its own optimiser, likewise.
    """
    against = critic if config.critic_weight else None
    if against is not None:
        against[1].zero_grad(set_to_none=True)
    optimiser.zero_grad(set_to_none=True)
    losses: dict[str, Tensor] = {}
    for group, pieces in parts(identities, config.batch, config.accumulate):
        whole = {identity: draw(identity) for identity in group}
        for piece in pieces:
            batches = {identity: _cut(batch, piece) for identity, batch in whole.items()}
            found = gather(comb, batches, 1 / len(identities), level, fade, config, view, against and against[0], ranks)
            losses |= {identity: losses.get(identity, 0) + loss for identity, loss in found.items()}
    means = ranks.average(list(comb.parameters()), torch.stack(list(losses.values())))
    norm = nn.utils.clip_grad_norm_(comb.parameters(), config.clip)
    finite = bool(torch.isfinite(norm) & torch.isfinite(means).all())
    if against is not None:
        ranks.average(list(against[0].parameters()), means.new_zeros(1))
        finite = finite and bool(torch.isfinite(nn.utils.clip_grad_norm_(against[0].parameters(), config.clip)))
    if finite:
        optimiser.step()
        if against is not None:
            against[1].step()
    return Outcome(dict(zip(losses, means.tolist(), strict=True)), float(norm), finite)


def parts(identities: Sequence[str], batch: int, count: int) -> list[tuple[tuple[str, ...], list[slice]]]:
    """Split a step: first identities into groups, and when each is alone, its pictures into pieces.

    Args:
        identities: Of the step.
        batch: Pictures of each.
        count: Parts that are wanted; more than there are pictures gives one picture a part.
    Returns:
        The groups, and which pictures of its identities each takes at a time.
    """
    together = -(-len(identities) // min(count, len(identities)))
    groups = [tuple(identities[k : k + together]) for k in range(0, len(identities), together)]
    length = -(-batch // max(1, -(-count // len(identities))))
    return [(group, [slice(k, min(k + length, batch)) for k in range(0, batch, length)]) for group in groups]


def gather(
    comb: Comb,
    batches: Mapping[str, Batch],
    share: float,
    level: int,
    fade: float,
    config: TrainConfig,
    view: View | None = None,
    critic: Critic | None = None,
    ranks: Ranks = ALONE,
) -> dict[str, Tensor]:
    """Add one part's gradients to those already there.

    Args:
        comb: Its gradients are changed.
        batches: One an identity.
        share: Of one identity in the step's loss.
        level: log2 of the pictures' side.
        fade: Share of the highest level.
        config: Loss, and the batch that pieces are parts of.
        view: Of the view term.
        critic: Of the critic term; its gradients are added to as well.
        ranks: Processes that share the step; latents are compared over all of them.
    Returns:
        What the part adds to each identity's loss.
    """
    shown = show_all(comb, batches, level, fade, config.bfloat16)
    decoded, latents = shown.pictures, shown.latents
    losses = {
        # The mean over the identity's whole batch, of which this may be a piece.
        identity: judge(decoded[identity], batch, config, view).sum() / config.batch
        for identity, batch in batches.items()
    }
    if config.matte_weight:
        for identity, logits in shown.mattes.items():
            apart = functional.binary_cross_entropy_with_logits(logits.float(), batches[identity].mattes)
            losses[identity] = losses[identity] + config.matte_weight * apart * len(logits) / config.batch
    for identity, motions in shown.motions.items():
        points = batches[identity].points
        if points is not None:
            off = misplaced(motions, points).sum() / config.batch
            losses[identity] = losses[identity] + config.place_weight * off
            if identity in shown.spots:
                off = misplaced_irises(shown.spots[identity], points).sum() / config.batch
                losses[identity] = losses[identity] + config.place_weight * off
    if critic is not None:
        for identity, batch in batches.items():
            looks = fooling(critic, decoded[identity], batch, identity).sum() / config.batch
            losses[identity] = losses[identity] + config.critic_weight * looks
            told = telling_apart(critic, decoded[identity], batch, identity).sum() / config.batch
            (told * share).backward()  # type: ignore[no-untyped-call]
    total = torch.stack(list(losses.values())).sum()
    if config.overlap_weight and len(latents) > 1 and all(len(z) * ranks.count > 1 for z in latents):
        total = total + config.overlap_weight * _apart(latents, config.batch, ranks)
    (total * share).backward()  # type: ignore[no-untyped-call]
    return {identity: loss.detach() for identity, loss in losses.items()}


def _apart(latents: Sequence[Tensor], batch: int, ranks: Ranks) -> Tensor:
    """Return how far apart the latents of different identities lie, those of all processes together."""
    pictures = sum(len(z) for z in latents) / batch
    apart = energy_distance([ranks.gathered(z.flatten(1).float()) for z in latents])
    # Gradients are averaged over the processes, each of which holds those of its own latents alone.
    return ranks.count * pictures * apart


def _cut(batch: Batch, piece: slice) -> Batch:
    points = None if batch.points is None else batch.points[piece]
    return Batch(batch.inputs[piece], batch.targets[piece], batch.mattes[piece], batch.features[piece], points)


@dataclass(frozen=True)
class Shown:
    """What a comb made of a step's pictures.

    Args:
        pictures: By identity.
        latents: In the same order.
        mattes: Logits by identity; none of a comb without mattes.
        motions: Over the texture, by identity; none of a comb without a texture, or below the levels that show it.
        spots: Of the irises, likewise.
    """

    pictures: dict[str, Tensor]
    latents: list[Tensor]
    mattes: dict[str, Tensor]
    motions: dict[str, Tensor]
    spots: dict[str, Tensor]


def show_all(comb: Comb, batches: Mapping[str, Batch], level: int, fade: float, bfloat16: bool) -> Shown:
    """Encode all identities in one pass and decode each by its own decoder."""
    inputs = torch.cat([batch.inputs for batch in batches.values()])
    inputs = inputs.contiguous(memory_format=torch.channels_last)
    with torch.autocast(inputs.device.type, torch.bfloat16, enabled=bfloat16):
        latents = torch.split(comb.encode(inputs, level, fade), [len(batch.inputs) for batch in batches.values()])
        stacked = {
            identity: comb.decode_for_training(latent, identity, level, fade)
            for identity, latent in zip(batches, latents, strict=True)
        }
        placed = bool(comb.config.texture) and level >= comb.config.texture_level
        gazing = batches if placed and comb.config.irises else ()
        spots = {name: comb.spots(z, name) for name, z in zip(batches, latents, strict=True) if name in gazing}
    return Shown(
        {identity: both[:, :3] for identity, both in stacked.items()},
        list(latents),
        {identity: both[:, 3:4] for identity, both in stacked.items() if comb.config.matte},
        {identity: both[:, -2:] for identity, both in stacked.items() if placed},
        spots,
    )


def judge(decoded: Tensor, batch: Batch, config: TrainConfig, view: View | None = None) -> Tensor:
    """Return the loss of each picture."""
    weights = batch.mattes
    if decoded.shape[-1] >= config.feature_px:
        weights = weights * (1 + (config.feature_weight - 1) * batch.features)
    loss = reconstruction(
        decoded, batch.targets, weights, config.loss, config.loss_colour, config.loss_mix, config.structure_px
    )
    if config.detail_weight and decoded.shape[-1] >= config.detail_px:
        loss = loss + config.detail_weight * fine_detail(decoded, batch.targets, weights)
    if config.frequency_weight:
        loss = loss + config.frequency_weight * focal_frequency(decoded, batch.targets, batch.mattes)
    if config.view_weight and view is not None:
        loss = loss + config.view_weight * _seen_apart(decoded.float(), batch, weights, view)
    return loss


def _seen_apart(decoded: Tensor, batch: Batch, weights: Tensor, view: View) -> Tensor:
    # Outside the matte the target stands on both sides, so that the network never sees its edge.
    with torch.no_grad():
        wanted = view(batch.targets)
    return view_distance(view(batch.targets + batch.mattes * (decoded - batch.targets)), wanted, weights)


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
