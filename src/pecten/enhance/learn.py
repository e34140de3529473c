"""How an enhancer is taught: patches of sharp crops, made soft, put right."""

import json
import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pecten.dataset.crops import CropSet
from pecten.dataset.sampling import balance, descriptors
from pecten.devices import choose_device, gains_by_bfloat16
from pecten.enhance.config import EnhanceConfig
from pecten.enhance.degrade import degrade, drawn
from pecten.enhance.network import Enhancer
from pecten.enhance.weights import FILE_NAME, save_enhancer
from pecten.errors import TrainingError
from pecten.files import write_json
from pecten.interrupt import held_back
from pecten.training.checkpoint import Clock, load_latest, save
from pecten.types import Progress, silent

_OUTSIDE, _FEATURES = 0.1, 3.0
"""Weights of what lies outside the face, and of eyes and mouth, against 1."""

_STEADIER = 0.05
"""Longest half-life of the average, as a share of the patches seen."""

_FREE_TO_CHANGE = {"checkpoint_images", "device"}
_LEAST_PX = 32
"""Of the face that every patch shows, at least, along each side."""


class Patches(NamedTuple):
    """What one step sees.

    Attributes:
        soft, sharp: As they are and as they should be, display RGB in [0, 1].
        weights: What counts.
        enlarged: Crop px to a px of the plate.
        corners: First pixel of each in the crop, x and y.
    """

    soft: Float[Tensor, "_batch 3 _side _side"]
    sharp: Float[Tensor, "_batch 3 _side _side"]
    weights: Float[Tensor, "_batch 1 _side _side"]
    enlarged: Float[Tensor, " _batch"]
    corners: Float[Tensor, "_batch 2"]


class Lesson:
    """The whole state of a run: network, its average, optimiser, clock; all draws come from seed and clock.

    Args:
        crops: Sharp, of the configuration's size.
        config: Of the run.
    """

    def __init__(self, crops: CropSet, config: EnhanceConfig) -> None:
        self.crops, self.config = crops.at_size(config.size), config
        self.device = torch.device(choose_device(config.device))
        self.bfloat16 = config.bfloat16 and gains_by_bfloat16(self.device.type)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            fresh = Enhancer(config)
        self.network, self.average = fresh, Enhancer(config)
        self.average.load_state_dict(fresh.state_dict())
        for module in (self.network, self.average):
            module.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average.requires_grad_(False)
        self.optimiser = torch.optim.Adam(self.network.parameters(), config.learning_rate, (0.9, 0.99), fused=True)
        self.chances = balance(descriptors(self.crops.landmarks))
        self.clock = Clock()

    def patches(self) -> Patches:
        """Draw the next step's."""
        config, rows = self.config, []
        side = config.patch or config.size
        for place in range(config.batch):
            source = np.random.default_rng([config.seed, self.clock.images_seen + place])
            index = int(source.choice(len(self.chances), p=self.chances))
            left, top = self._corner(index, side, source)
            how = drawn(source)
            soft, sharp = degrade(self._shot(index), how, (left, top), side, source)
            part = (index, slice(top, top + side), slice(left, left + side))
            rows.append((soft, sharp, self._weights(part), how.enlarged, (left, top)))
        soft, sharp, weights = (np.stack([row[k] for row in rows]) for k in range(3))
        return Patches(
            self._tensor(soft.transpose(0, 3, 1, 2)).contiguous(memory_format=torch.channels_last),
            self._tensor(sharp.transpose(0, 3, 1, 2)).contiguous(memory_format=torch.channels_last),
            self._tensor(weights[:, None]),
            self._tensor(np.array([row[3] for row in rows], np.float32)),
            self._tensor(np.array([row[4] for row in rows], np.float32)),
        )

    def advance(self) -> tuple[float, float, float]:
        """Take one step and move the clock.

        Returns:
            The loss, and the mean squared error before and after enhancing, by the patches' weights.
        """
        config, seen = self.config, self.clock.images_seen
        batch = self.patches()
        for group in self.optimiser.param_groups:
            group["lr"] = config.learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, seen / config.images)))
        self.optimiser.zero_grad(set_to_none=True)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            shown = self.network(batch.soft, batch.enlarged, batch.corners)
        error = shown.float() - batch.sharp
        share = batch.weights / batch.weights.sum()
        loss = (torch.sqrt(error.square() + 1e-6).mean(1, keepdim=True) * share).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        if not torch.isfinite(norm):
            raise TrainingError(
                f"loss without a number at patch {seen}: look for damaged crops, or choose another seed"
            )
        self.optimiser.step()
        half_life = max(1.0, min(float(config.ema_images), seen * _STEADIER))
        with torch.no_grad():
            mine, theirs = self.average.parameters(), self.network.parameters()
            torch._foreach_lerp_(list[Tensor](mine), list[Tensor](theirs), 1 - 0.5 ** (config.batch / half_life))
            errors = [((e.square().mean(1, keepdim=True)) * share).sum() for e in (batch.soft - batch.sharp, error)]
        self.clock = replace(self.clock, images_seen=seen + config.batch)
        return float(loss.detach()), float(errors[0]), float(errors[1])

    def save(self, folder: Path) -> Path:
        """Write a checkpoint."""
        return save(folder, self.network, self.average, self.optimiser, self.clock)

    def restore(self, folder: Path) -> tuple[str, ...]:
        """Go on from the newest checkpoint that is whole, and say why newer ones were passed over."""
        clock, reasons = load_latest(folder, self.network, self.average, self.optimiser)
        self.clock = clock or self.clock
        return reasons

    def _corner(self, index: int, side: int, source: np.random.Generator) -> tuple[int, int]:
        """Choose a patch that shows some of the face."""
        rows, columns = (np.flatnonzero(self.crops.mattes[index].max(axis=axis)) for axis in (1, 0))
        corner = []
        for places in (columns, rows):
            low, high = (int(places[0]), int(places[-1])) if len(places) else (0, self.config.size)
            first = min(max(0, low - side + _LEAST_PX), self.config.size - side)
            last = min(max(first, high - _LEAST_PX), self.config.size - side)
            corner.append(int(source.integers(first, last + 1)))
        return corner[0], corner[1]

    def _shot(self, index: int) -> list[np.ndarray]:
        """Return a crop after the two before it in its clip, as far as there are any."""
        names = self.crops.names
        clip = names[index].rpartition("/")[0]
        before = [k for k in (index - 2, index - 1) if k >= 0 and names[k].rpartition("/")[0] == clip]
        return [self.crops.images[k] for k in (*before, index)]

    def _weights(self, part: tuple[int, slice, slice]) -> np.ndarray:
        face, features = (plane[part].astype(np.float32) / 255 for plane in (self.crops.mattes, self.crops.features))
        weights: np.ndarray = (_OUTSIDE + (1 - _OUTSIDE) * face) * (1 + (_FEATURES - 1) * features)
        return weights

    def _tensor(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)).to(self.device)


def learn(
    crops: CropSet,
    config: EnhanceConfig,
    out: Path,
    progress: Progress = silent,
    extra: dict[str, Any] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Path:
    """Teach an enhancer, or go on where an earlier call with the same configuration stopped.

    Args:
        crops: Of one performer, sharp, at least `config.size` px.
        config: Of the run.
        out: Folder for `config.json`, `stats.jsonl`, `enhancer.safetensors` (averaged weights, for use) and
            `checkpoints/` (the last three).
        progress: Told the patches seen.
        extra: More for the enhancer's header; JSON-ready.
        should_stop: Asked after each step; when true the state is saved and the call returns.
    Returns:
        The enhancer's path.
    Raises:
        TrainingError: if the folder belongs to another configuration, or the loss has no number.
        KeyboardInterrupt: on SIGINT or SIGTERM, after the step is done and the state saved.
    """
    _claim(out, config)
    lesson, folder = Lesson(crops, config), out / "checkpoints"
    with held_back() as interrupt:
        lesson.restore(folder)
        recent, began = list[tuple[float, float, float]](), (time.monotonic(), lesson.clock.images_seen)
        try:
            while (before := lesson.clock.images_seen) < config.images and not (should_stop and should_stop()):
                recent.append(lesson.advance())
                seen = lesson.clock.images_seen
                progress("enhance train", min(seen, config.images), config.images)
                if seen // config.checkpoint_images > before // config.checkpoint_images:
                    _note(out, lesson, recent, began)
                    recent, began = [], (time.monotonic(), seen)
                    _write(out, lesson, folder, extra)
                interrupt.raise_if_came()
        finally:
            if lesson.clock.images_seen:
                _write(out, lesson, folder, extra)
    interrupt.raise_if_came()
    return out / FILE_NAME


def _write(out: Path, lesson: Lesson, folder: Path, extra: dict[str, Any] | None) -> None:
    lesson.save(folder)
    save_enhancer(out / FILE_NAME, lesson.average, {"images_seen": lesson.clock.images_seen, **(extra or {})})


def _note(out: Path, lesson: Lesson, recent: list[tuple[float, float, float]], began: tuple[float, int]) -> None:
    loss, before, after = np.mean(recent, axis=0).tolist()
    seen = lesson.clock.images_seen
    row = {
        "images_seen": seen,
        "loss": round(loss, 6),
        "psnr_before": round(-10 * math.log10(max(before, 1e-12)), 3),
        "psnr_after": round(-10 * math.log10(max(after, 1e-12)), 3),
        "images_per_s": round((seen - began[1]) / max(time.monotonic() - began[0], 1e-9), 2),
    }
    with (out / "stats.jsonl").open("a", encoding="utf-8") as handle:
        handle.write(json.dumps(row) + "\n")


def _claim(out: Path, config: EnhanceConfig) -> None:
    """Write the configuration into the folder, or see that the one there is the same."""
    path, wanted = out / "config.json", config.to_dict()
    if path.exists():
        try:
            held = dict(json.loads(path.read_text(encoding="utf-8"))["enhancer"])
        except (ValueError, KeyError, TypeError) as error:
            raise TrainingError(f"{path}: cannot be read ({error}): choose another folder") from error
        for key in sorted(set(held) | set(wanted)):
            if key not in _FREE_TO_CHANGE and held.get(key) != wanted.get(key):
                raise TrainingError(
                    f"{path}: {key} was {held.get(key)}, now {wanted.get(key)}: use the same value or another folder"
                )
    write_json(path, {"enhancer": wanted})
