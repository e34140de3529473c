"""Teaching the methods, each network once, and what that cost."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pecten.baselines.model import SwapModel
from pecten.benchmark.swap_cache import Cache, key_of
from pecten.benchmark.swap_plan import Plan, Training
from pecten.dataset.crops import CropSet
from pecten.files import write_json
from pecten.footage.clip import open_clip, stamp_of
from pecten.types import Progress, silent

SPENT = "spent.json"


@dataclass(frozen=True)
class Spent:
    """What a training cost.

    Attributes:
        images: Seen, of all performers together.
        seconds: On the clock, all its parts together if it was cut short.
        done: Whether it came to its end.
    """

    images: int = 0
    seconds: float = 0.0
    done: bool = False


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
    Raises:
        KeyboardInterrupt: as it comes; methods that can have then kept their state.
    """
    folder = cache.place("taught", training_key(plan, training))
    folder.mkdir(parents=True, exist_ok=True)
    method, before = training.method, spent(folder)
    stage = f"teach {method.key.replace('-', ' ')}"
    model = method.make(plan.setting, folder)
    start = time.monotonic()
    images, done = before.images, False
    held = {person: crops()[person] for person in training.people} if method.learns else {}
    try:
        images = model.teach(held, training.budget, lambda _, seen, total: progress(stage, seen, total))
        done = True
    finally:
        if not before.done:
            cost = before.seconds + time.monotonic() - start
            write_json(folder / SPENT, asdict(Spent(images, cost if method.budgeted else 0.0, done)))
    return model


def spent(folder: Path) -> Spent:
    """Read what a training cost so far."""
    try:
        held = json.loads((folder / SPENT).read_text(encoding="utf-8"))
        return Spent(int(held["images"]), float(held["seconds"]), bool(held["done"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Spent()
