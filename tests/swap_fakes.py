"""Footage of a few frames whose swap is known, and methods that are perfect, lazy, or stop half-way."""

import shutil
from pathlib import Path

import numpy as np

from cli_support import write_clip
from faces_support import still
from pecten.baselines.model import Budget, Crops
from pecten.benchmark.footage import TruthFootage, read_footage
from pecten.benchmark.swap_methods import Method, Setting
from pecten.benchmark.swap_plan import Plan, Spend, scenes_of
from pecten.dataset.crops import CropSet
from pecten.types import Progress, silent

FRAMES = 3
PEOPLE = ("ada", "chidi")


def build_footage(folder: Path) -> TruthFootage:
    """Write two performers, the same shot of both, and a true swap: the source's own clip, which it is taken for."""
    for part in ("performers", "truth"):
        (folder / part).mkdir(parents=True)
    for person in PEOPLE:
        taught = write_clip(folder / "performers" / f"{person}_talk1.mp4", [still(person)] * 2)
        shutil.copy(taught, folder / "performers" / f"{person}_turn2.mp4")
        write_clip(folder / "truth" / f"{person}_shot9.mp4", [still(person)] * FRAMES)
    shutil.copy(folder / "truth" / "chidi_shot9.mp4", folder / "truth" / "ada_on_chidi_shot9.mp4")
    return read_footage(folder)


class Fake:
    """A method that shows what it is shown, and counts what it is asked."""

    def __init__(self, log: list[str], size: int = 64, stop: bool = False, light: float = 0.0) -> None:
        self.name, self.size, self._log, self._stop, self._light = "fake", size, log, stop, light

    def teach(self, people: dict[str, CropSet], budget: Budget, progress: Progress = silent) -> int:
        """Note who is taught."""
        self._log.append(f"teach {' '.join(people)}")
        progress(self.name, 1, 1)
        return budget.images or 7

    def show(self, crops: Crops, source: str) -> Crops:
        """Note who is shown, and show the target itself."""
        if self._stop:
            raise KeyboardInterrupt
        self._log.append(f"show {source}")
        return np.ascontiguousarray(crops + np.float32(self._light))


def fake(key: str, scope: str, log: list[str], stop: bool = False, light: float = 0.0, **more: object) -> Method:
    """Put a fake into the comparison, one that stops, or one that adds light."""
    return Method(key, key, scope, lambda _: 64, lambda *_: Fake(log, 64, stop, light), **more)  # type: ignore[arg-type]


def plan_of(footage: TruthFootage, *methods: Method, pairs: tuple[str, ...] = ("ada:chidi",), **more: object) -> Plan:
    """Plan a small comparison."""
    return Plan(footage, methods, scenes_of(footage, pairs), Spend(images=5), Setting(64), size=64, **more)
