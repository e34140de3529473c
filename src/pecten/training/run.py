"""A run in memory: everything that one step needs and changes."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from pecten.comb.config import CombConfig
from pecten.comb.model import Comb
from pecten.comb.schedule import state_at
from pecten.comb.surgery import rearranged, shared, textured, with_irises
from pecten.dataset.augment import Batch, augment
from pecten.dataset.crops import CropSet
from pecten.dataset.reach import reach_of
from pecten.dataset.sampling import balance, descriptors, draw
from pecten.devices import choose_device, gains_by_bfloat16, require_compiler
from pecten.training.checkpoint import Clock, load_latest, save
from pecten.training.config import TrainConfig
from pecten.training.critic import BETAS, Critic
from pecten.training.eyes import look_at_eyes
from pecten.training.feed import Feed
from pecten.training.places import from_middle
from pecten.training.ranks import ALONE, Ranks
from pecten.training.step import Outcome, average, ema_decay, step
from pecten.training.views import FaceView


class Run:
    """Comb, its average, optimiser, crops and clock.

    Args:
        datasets: One an identity that is trained, in the comb's order.
        shape: Of the comb.
        config: Of the training.
        base: Begin with these weights; None draws them. One without a texture is given the shape's.
        ranks: Processes that share each step.
    """

    def __init__(
        self,
        datasets: Sequence[CropSet],
        shape: CombConfig,
        config: TrainConfig,
        base: Comb | None = None,
        ranks: Ranks = ALONE,
    ) -> None:
        self.datasets, self.config = {crops.identity: crops for crops in datasets}, config
        self.ranks = ranks
        self.device = torch.device(choose_device(config.device))
        self.bfloat16 = config.bfloat16 and gains_by_bfloat16(self.device.type)
        self.comb = Comb(shape).to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.ema = Comb(shape).to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.ema.requires_grad_(False)
        self.base = None if base is None else _begun(base, shape).state_dict()
        if config.compile:
            require_compiler(self.device)
            for network in (self.comb.encoder, *self.comb.decoders.values()):
                network.compile()
        if config.freeze_encoder:
            self.comb.encoder.requires_grad_(False)
            if self.comb.trunk is not None:
                self.comb.trunk.requires_grad_(False)
        self.optimiser = torch.optim.Adam(self.comb.parameters(), config.learning_rate, config.betas, fused=True)
        self.view = FaceView(self.device) if config.view_weight else None
        self.phases = config.phases(shape)
        self.clock = Clock()
        self.half_done = False
        self._begin()
        self.chances = {key: balance(descriptors(crops.landmarks)) for key, crops in self.datasets.items()}
        self.reaches = {key: reach_of(list(crops.landmarks.astype(np.float64))) for key, crops in self.datasets.items()}
        self.feed = Feed(self.datasets, self.device, config.cache == "host")

    @property
    def state(self) -> tuple[int, float]:
        """Level and fade of the next step."""
        return state_at(self.phases, self.clock.images_seen)

    @property
    def rate(self) -> float:
        """Learning rate of the next step."""
        return self.config.rate_at(self.clock.images_seen, self.state[0]) * self.clock.rate_scale

    @property
    def active(self) -> tuple[str, ...]:
        """Identities that the next step trains."""
        alone = self.clock.images_seen < self.config.solo_images
        return tuple(self.datasets)[: 1 if alone else None]

    def advance(self) -> Outcome:
        """Take one step and move the clock; a step that is not finite changes nothing."""
        if not self.clock.copied and self.clock.images_seen >= self.config.solo_images:
            if self.config.solo_images:
                self._copy_first_decoder()
            self.clock = replace(self.clock, copied=True)
        self.half_done = True
        level, fade = self.state
        active = self.active
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate
        outcome = step(
            self.comb,
            self.optimiser,
            active,
            lambda identity: self.batch(identity, level),
            level,
            fade,
            replace(self.config.at(self.clock.images_seen), bfloat16=self.bfloat16),
            self.ranks,
            self.view,
            self.critic,
        )
        if outcome.finite:
            images = self._images_a_step
            average(self.ema, self.comb, ema_decay(self.clock.images_seen, images, self.config))
            self.clock = replace(self.clock, images_seen=self.clock.images_seen + images)
        self.half_done = False
        return outcome

    def batch(self, identity: str, level: int) -> Batch:
        """Draw and change one identity's share of the next step."""
        seen, share = self.clock.images_seen, self.ranks.share(self.config.batch)
        images, mattes, features = (
            part.float() / 255 for part in self.feed.take((level, identity, seen), self._chosen(identity, seen))
        )
        after = seen + self._images_a_step
        self.feed.send_for((state_at(self.phases, after)[0], identity, after), self._chosen(identity, after))
        seed = (*self._seed(identity, seen), 1)
        points = self._points(identity, seen) if self.comb.config.texture and self.config.place_weight else None
        return augment(images, mattes, features, self.config.jitter, seed, share, self._drawn_at_once, points)

    def save(self, folder: Path) -> Path:
        """Write a checkpoint."""
        return save(folder, self.comb, self.ema, self.optimiser, self.clock, self.critic)

    def restore(self, folder: Path) -> tuple[bool, tuple[str, ...]]:
        """Go on from the newest checkpoint that is whole.

        Returns:
            Whether there was one, and why newer ones were passed over.
        """
        clock, reasons = load_latest(folder, self.comb, self.ema, self.optimiser, self.critic)
        self.clock = clock or self.clock
        self._look_at_eyes()
        return clock is not None, reasons

    def restart(self, folder: Path, clock: Clock) -> None:
        """Go back to the newest checkpoint, or to the fresh comb, with the rate and count of roll-backs of `clock`."""
        found, _ = self.restore(folder)
        if not found:
            self._begin()
        self.clock = replace(self.clock, rate_scale=clock.rate_scale, rollbacks=clock.rollbacks)

    @torch.no_grad()
    def _look_at_eyes(self, anew: bool = False) -> None:
        """Keep what the footage shows of irises and lashes, of those identities that nobody has looked at yet."""
        if self.comb.config.irises:
            for crops in self.datasets.values():
                look_at_eyes((self.comb, self.ema), crops, anew)

    @property
    def _drawn_at_once(self) -> int:
        return self.config.batch * self.ranks.count

    @property
    def _images_a_step(self) -> int:
        return self._drawn_at_once * len(self.active)

    def _seed(self, identity: str, images_seen: int) -> tuple[int, int, int]:
        return self.config.seed, tuple(self.datasets).index(identity), images_seen

    def _chosen(self, identity: str, images_seen: int) -> Int64[np.ndarray, " _count"]:
        drawn = draw(self.chances[identity], self._drawn_at_once, self._seed(identity, images_seen))
        return drawn[self.ranks.share(self.config.batch)]

    def _points(self, identity: str, images_seen: int) -> Tensor:
        crops = self.datasets[identity]
        points = torch.from_numpy(crops.landmarks[self._chosen(identity, images_seen)])
        return from_middle(points, crops.size).to(self.device)

    def _begin(self) -> None:
        fresh = self.base or self._drawn()
        self.comb.load_state_dict(fresh)
        self.ema.load_state_dict(fresh)
        self._look_at_eyes()
        self.optimiser.state.clear()
        self.critic = self._critic() if self.config.critic_weight else None
        self.clock = Clock()

    def _critic(self) -> tuple[Critic, torch.optim.Optimizer]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.config.seed)
            critic = Critic(tuple(self.datasets)).to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return critic, torch.optim.Adam(critic.parameters(), self.config.critic_rate, BETAS, fused=True)

    def _drawn(self) -> dict[str, Tensor]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.config.seed)
            return Comb(self.comb.config).state_dict()

    @torch.no_grad()
    def _copy_first_decoder(self) -> None:
        for comb in (self.comb, self.ema):
            first, *others = (comb.decoders[identity] for identity in self.datasets)
            for other in others:
                other.load_state_dict(first.state_dict())
        # All but these may begin alike.
        self._look_at_eyes(anew=True)
        first, *others = (self.comb.decoders[identity] for identity in self.datasets)
        for other in others:
            for theirs, mine in zip(first.parameters(), other.parameters(), strict=True):
                if theirs in self.optimiser.state:
                    self.optimiser.state[mine] = {k: v.clone() for k, v in self.optimiser.state[theirs].items()}


def _begun(base: Comb, shape: CombConfig) -> Comb:
    made = rearranged(base, shape.identities)
    if shape.trunk == "shared" and made.trunk is None:
        made = shared(made, base.config.identities[0])
    if shape.texture and not made.config.texture:
        made = textured(made, shape.texture)
    return with_irises(made) if shape.irises and not made.config.irises else made
