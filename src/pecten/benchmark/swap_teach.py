"""Teaching the methods, each network once, and what that cost."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import final

import numpy as np

from pecten.baselines.model import Budget, Crops, SwapModel, clock_of
from pecten.benchmark.swap_cache import Cache, key_of
from pecten.benchmark.swap_plan import Plan, Training
from pecten.comb.model import Comb
from pecten.dataset.crops import CropSet
from pecten.devices import choose_device
from pecten.errors import TrainingError
from pecten.files import write_json
from pecten.footage.clip import open_clip, stamp_of
from pecten.swap.infer import OfComb
from pecten.types import Progress, silent

SPENT = "spent.json"


@dataclass(frozen=True)
class Spent:
    """What a training cost.

    Attributes:
        images: Seen, of all performers together.
        seconds: By `clock_of`, all its parts together if it was cut short.
        done: Whether it came to its end.
    """

    images: int = 0
    seconds: float = 0.0
    done: bool = False


@final
class Watched:
    """A taught method that is heard only while its pictures are numbers, so that nothing else is kept or judged.

    Args:
        model: The method.
        folder: What was taught lies there.
    """

    def __init__(self, model: SwapModel, folder: Path) -> None:
        self.name, self.size = model.name, model.size
        self._model, self._folder = model, folder

    @property
    def comb(self) -> Comb | None:
        """The comb, if that is what it is."""
        return self._model.comb if isinstance(self._model, OfComb) else None

    def teach(self, people: Mapping[str, CropSet], budget: Budget, progress: Progress = silent) -> int:
        """Teach it; see `SwapModel.teach`."""
        return self._model.teach(people, budget, progress)

    def show(self, crops: Crops, source: str) -> Crops:
        """Show a target's crops as a source; see `SwapModel.show`.

        Raises:
            TrainingError: if a value is infinite or no number, as of a network whose training broke.
        """
        shown = self._model.show(crops, source)
        if not np.isfinite(shown).all():
            raise TrainingError(
                f"{self.name}: its pictures of {source} are not finite, its training broke: leave it out with "
                f"--methods, or delete {self._folder} to teach it again"
            )
        return shown


def training_key(plan: Plan, training: Training) -> str:
    """Return what a training depends on, as a name."""
    clips = [
        [str(take.clip), *stamp_of(open_clip(take.clip).info)]
        for person in training.people
        for take in plan.clips_of(person)
    ]
    method = training.method
    return key_of(
        "taught", method.key, method.stamp, training.people, asdict(training.budget), asdict(plan.setting), clips
    )


def teach(
    plan: Plan,
    training: Training,
    cache: Cache,
    crops: Callable[[], Mapping[str, CropSet]],
    progress: Progress = silent,
) -> SwapModel:
    """Teach a network, go on with one that was cut short, or read back one that is done.

    Args:
        plan: Of all.
        training: Which.
        cache: Keeps it, and what it cost.
        crops: Gives the performers' crops; asked only where there is something to learn.
        progress: Told the images seen.
    Returns:
        The method, which refuses to show pictures that are not finite.
    Raises:
        KeyboardInterrupt: as it comes; methods that can have then kept their state.
    """
    folder = cache.place("taught", training_key(plan, training))
    folder.mkdir(parents=True, exist_ok=True)
    method, before = training.method, spent(folder)
    stage = f"teach {method.key.replace('-', ' ')}"
    model = method.make(plan.setting, folder)
    held = {person: crops()[person] for person in training.people} if method.learns else {}
    clock = clock_of(choose_device(plan.setting.device))
    start, images, done = clock(), before.images, False
    try:
        images = model.teach(held, training.budget, lambda _, seen, total: progress(stage, seen, total))
        done = True
    finally:
        if not before.done:
            cost = before.seconds + clock() - start
            write_json(folder / SPENT, asdict(Spent(images, cost if method.budgeted else 0.0, done)))
    return Watched(model, folder)


def spent(folder: Path) -> Spent:
    """Read what a training cost so far."""
    try:
        held = json.loads((folder / SPENT).read_text(encoding="utf-8"))
        return Spent(int(held["images"]), float(held["seconds"]), bool(held["done"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Spent()
