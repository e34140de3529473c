"""Our own combs as swap methods: all performers in one, two in one, grown or not, and the published shape."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, final

from pecten.baselines.model import Budget, Crops, clock_of
from pecten.comb.config import CombConfig
from pecten.comb.model import Comb
from pecten.comb.weights import load_comb, read_header
from pecten.dataset.crops import CropSet
from pecten.devices import choose_device
from pecten.errors import TrainingError, UsageError
from pecten.files import write_json
from pecten.swap.infer import swap_crops
from pecten.training.config import PRESETS, TrainConfig, preset
from pecten.training.loop import train
from pecten.training.run import Run
from pecten.types import Progress, silent

VERSION = 1
BUDGET = "budget.json"
"""Beside what training writes: the seconds that were asked for and the images that they were found to allow."""

_STEPS = 3
"""Timed at each level, after one that is not."""
_LONG = 10**8
"""Images of a run long enough for rounding not to matter."""


@final
class CombModel:
    """A comb under the rules of `SwapModel`: any number of performers, taught once.

    Args:
        name: In tables.
        size: Side of the crops in px.
        fields: Of `CombConfig`, besides identities and size.
        training: Its images are replaced by the budget's.
        folder: For what training writes; the same call goes on there where an earlier one stopped.
        device: "auto", "cpu" or "cuda".
    """

    def __init__(
        self, name: str, size: int, fields: Mapping[str, Any], training: TrainConfig, folder: Path, device: str = "auto"
    ) -> None:
        self.name, self.size = name, size
        self._fields, self._folder = dict(fields), folder
        # Sharpening would be time beyond the budget.
        self._training = replace(training, device=device, preview_images=0, sharpen=False)
        self._comb: Comb | None = None

    @property
    def comb(self) -> Comb | None:
        """What was taught."""
        return self._comb

    def teach(self, people: Mapping[str, CropSet], budget: Budget, progress: Progress = silent) -> int:
        """Teach all performers together; see `SwapModel.teach`.

        The schedule needs to know how many images there will be. For a budget in seconds, steps at every level are
        timed first; the timing counts as time spent. What was found is kept in the folder, so that a training that
        goes on keeps its schedule.

        Raises:
            TrainingError: if the folder belongs to another training or budget.
        """
        shape = CombConfig(tuple(people), self.size, **self._fields)
        datasets = [crops.at_size(self.size) for crops in people.values()]
        images = budget.images or self._images_within(budget.seconds or 0.0, datasets, shape)
        config = replace(self._training, images=images)
        train(datasets, shape, config, self._folder, lambda _, done, total: progress(self.name, done, total))
        self._comb = load_comb(self._folder).to(choose_device(config.device))
        return int(read_header(self._folder)["images_seen"])

    def show(self, crops: Crops, source: str) -> Crops:
        """Show a target's crops as any of the performers; see `SwapModel.show`."""
        if self._comb is None or source not in self._comb.config.identities:
            known = ", ".join(self._comb.config.identities) if self._comb else "nobody yet"
            raise UsageError(f"{self.name} was not taught {source}: it knows {known}")
        return swap_crops(self._comb, source, crops)

    def _images_within(self, seconds: float, datasets: Sequence[CropSet], shape: CombConfig) -> int:
        path = self._folder / BUDGET
        if not path.exists():
            clock = clock_of(choose_device(self._training.device))
            begin = clock()
            cost = seconds_an_image(datasets, shape, self._training, clock)
            spent = clock() - begin
            images = round((seconds - spent) / cost)
            if images < (least := self._training.batch * len(datasets)):
                raise TrainingError(
                    f"{self.name}: {seconds:g} s, of which timing its steps took {spent:.0f}, allow {max(images, 0)} "
                    f"images, less than one step of {least}: give more"
                )
            write_json(path, {"version": VERSION, "seconds": seconds, "images": images})
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
            version, asked, images = held["version"], held["seconds"], int(held["images"])
        except (ValueError, KeyError, TypeError) as error:
            raise TrainingError(f"{path}: cannot be read ({error}): choose another folder") from error
        if (version, asked) != (VERSION, seconds):
            raise TrainingError(f"{path}: was for {asked} s, now {seconds:g} s: use the same or another folder")
        return images


def seconds_an_image(
    datasets: Sequence[CropSet],
    shape: CombConfig,
    training: TrainConfig,
    clock: Callable[[], float] = time.monotonic,
) -> float:
    """Measure what an image costs on average over a whole schedule, on a comb that is thrown away.

    Args:
        datasets: Of all performers, at the comb's size.
        shape: Of the comb.
        training: How long it is does not matter.
        clock: In s.
    """
    run = Run(datasets, shape, replace(training, images=_LONG, solo_images=0))
    total, begin = 0.0, 0
    for phase in run.phases:
        times = []
        for _ in range(1 + _STEPS):
            run.clock = replace(run.clock, images_seen=begin, copied=True)
            start = clock()
            run.advance()
            times.append(clock() - start)
        total += phase.images * median(times[1:]) / (training.batch * len(datasets))
        begin += phase.images
    return total / _LONG


def all_together(size: int, folder: Path, base: str = "studio", device: str = "auto") -> CombModel:
    """Make the comb that is taught all performers at once.

    Args:
        size: Side of the crops in px.
        folder: For its training.
        base: Preset of `pecten train` whose settings it has.
        device: "auto", "cpu" or "cuda".
    """
    return _from_preset(f"comb {base}", size, folder, base, device)


def two_way(size: int, folder: Path, base: str = "studio", device: str = "auto") -> CombModel:
    """Make the same comb to be taught a pair alone; see `all_together`."""
    return _from_preset(f"comb {base}, two-way", size, folder, base, device)


def single_stage(size: int, folder: Path, base: str = "studio", device: str = "auto") -> CombModel:
    """Make the same comb taught at its full size from the start; see `all_together`."""
    return _from_preset(f"comb {base}, single stage", size, folder, base, device, start_px=size)


def paper_like(size: int, folder: Path, device: str = "auto") -> CombModel:
    """Make the comb of the published shape, grown from 4 px; see `all_together`."""
    return _from_preset("comb paper", size, folder, "paper", device)


def _from_preset(name: str, size: int, folder: Path, base: str, device: str, **changes: Any) -> CombModel:
    # Refuses a preset or size that there is not, before anything is taught.
    _, training = preset(base, ("anybody",), size)
    fields = {**PRESETS[base][0]}
    fields.pop("size")
    if "encoder_px" in fields:
        fields["encoder_px"] = min(fields["encoder_px"], size)
    return CombModel(f"{name} {size}", size, fields, replace(training, **changes), folder, device)
