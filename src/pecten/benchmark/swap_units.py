"""What one method shows of one scene in one way: the least that an interrupt can lose."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache as once
from pathlib import Path
from typing import Protocol, final, runtime_checkable

import numpy as np

from pecten.baselines.model import SwapModel
from pecten.benchmark.footage import Take
from pecten.benchmark.swap_cache import Cache, key_of, read_pictures, unit
from pecten.benchmark.swap_look import Looker
from pecten.benchmark.swap_measure import VERSION as MEASURED
from pecten.benchmark.swap_measure import Answer, Values, against_truth, of_identity, of_performance, person
from pecten.benchmark.swap_methods import Method
from pecten.benchmark.swap_results import PLATE, TRUTH, Against, Blend, Taken
from pecten.benchmark.swap_scene import Ready, Sighted, read_regions
from pecten.benchmark.swap_show import VERSION as SHOWN
from pecten.benchmark.swap_show import read_seams, show_crops, show_frames
from pecten.composite.recipe import Recipe
from pecten.files import sha256_of, write_json
from pecten.geometry import similarity
from pecten.metrics.blendshapes import from_animation

Kept = tuple[dict[str, tuple[float, ...]], dict[str, float]]
"""Values frame by frame, and of the whole."""


@runtime_checkable
class Unit(Protocol):
    """Something that a method shows and that is judged."""

    @property
    def key(self) -> str:
        """What it depends on; empty for what no method shows."""

    def show(self, model: SwapModel, folder: Path) -> None:
        """Write the pictures into a folder."""

    def judge(self, cache: Cache, looker: Looker) -> Taken:
        """Measure what was shown, or read what was measured of it."""


@final
@dataclass(frozen=True, eq=False)
class SceneUnit:
    """A scene whose answer is known.

    Attributes:
        method: Key of the method, or of a reference.
        ready: The scene.
        against: Which truth.
        blend: How the face is put in.
        recipe: The same; None in the crop and for references.
        size: Side of the crops, in px.
        key: What it depends on; empty for references.
    """

    method: str
    ready: Ready
    against: Against
    blend: Blend
    recipe: Recipe | None
    size: int
    key: str = ""

    def show(self, model: SwapModel, folder: Path) -> None:
        """Write the answers, or the finished frames; see `Unit.show`."""
        ready, source = self.ready, self.ready.scene.pair[0]
        if self.recipe is None:
            show_crops(model, ready.plate, ready.frames, source, self.size, folder)
        else:
            show_frames(model, ready.plate, ready.frames, source, self.size, self.recipe, folder)

    def judge(self, cache: Cache, looker: Looker) -> Taken:
        """Measure against the truth; see `Unit.judge`."""
        ready, frames = self.ready, self.ready.frames
        answers = self._held[2]
        shown = {PLATE: ready.plates, TRUTH: answers}.get(self.method) or cache.place("shown", self.key)
        # Reading its pictures takes a while, and often nothing asks for them.
        answer = once(lambda: self._answer(looker))
        values, _ = self._pictured(shown, cache, answer)
        seen, whole = self._seen(shown, cache, looker, answer)
        return Taken(
            self.method, *ready.scene.pair, ready.scene.plate.shot, self.against, self.blend, frames, values | seen,
            whole, cache.relative(shown), cache.relative(answers), cache.relative(ready.plates),
        )  # fmt: skip

    @property
    def _held(self) -> tuple[Take, Sighted, Path, Path]:
        """The truth that counts here: the clip, whose faces normalised it, its crops, and where they hold."""
        ready = self.ready
        if self.against == "crop":
            return ready.scene.answer, ready.answer, ready.answers, ready.regions
        assert ready.scene.swap is not None
        assert ready.swaps is not None
        assert ready.swap_regions is not None
        return ready.scene.swap, ready.plate, ready.swaps, ready.swap_regions

    def _answer(self, looker: Looker) -> Answer:
        take, by, folder, regions = self._held
        return answer_of(take, by, self.ready.frames, folder, regions, looker, self.size)

    def _pictured(self, shown: Path, cache: Cache, answer: Callable[[], Answer]) -> Kept:
        """Measure the pictures by the true ones, which takes long."""
        frames, (_, _, answers, regions) = self.ready.frames, self._held
        places = [cache.relative(place) for place in (shown, answers, regions)]
        key = key_of("values", MEASURED, *places, frames)

        def make(folder: Path) -> None:
            pictures = [unit(picture) for picture in read_pictures(shown, frames)]
            values = against_truth(pictures, answer())
            if self.recipe is not None:
                values["seam"] = read_seams(shown, frames)
            write_values(folder, values, {})

        return read_values(cache.made("values", key, make))

    def _seen(self, shown: Path, cache: Cache, looker: Looker, answer: Callable[[], Answer]) -> Kept:
        """Measure what the networks see by what is known of both performers, which costs little."""
        ready, frames, (take, _, answers, _) = self.ready, self.ready.frames, self._held
        places = [cache.relative(place) for place in (shown, answers, ready.answers, ready.plates)]
        truth = None if take.truth is None else sha256_of(take.truth)

        def make(folder: Path) -> None:
            looked = looker.look(shown, frames)
            source, target = person(looker.look(ready.answers, frames)), person(looker.look(ready.plates, frames))
            played, whole = of_performance(looked, answer())
            write_values(folder, of_identity(looked, source, target) | played, whole)

        return read_values(cache.made("seen", key_of("seen", MEASURED, *places, frames, truth), make))


def units_of(method: Method, training: str, ready: Ready, size: int) -> list[SceneUnit]:
    """List how a method shows a scene: in the crop, and in the plate where the true swap is known.

    Args:
        method: The method.
        training: Key of its training.
        ready: The scene.
        size: Side of the crops, in px.
    """
    ways: list[tuple[Against, Blend, Recipe | None]] = [("crop", "", None)]
    if ready.swaps is not None:
        ways += [("plate", "customary", method.customary)] if method.customary is not None else []
        ways += [("plate", "ours", Recipe())]
    base = ["shown", SHOWN, training, ready.scene.pair, ready.plate.stamp, ready.frames, size]
    return [
        SceneUnit(
            method.key, ready, against, blend, recipe, size, key_of(*base, None if recipe is None else asdict(recipe))
        )
        for against, blend, recipe in ways
    ]


def references_of(ready: Ready, size: int) -> list[SceneUnit]:
    """Return the plate and the truth as if they were methods."""
    ways: list[tuple[Against, Blend]] = [("crop", "")]
    if ready.swaps is not None:
        ways += [("plate", "customary"), ("plate", "ours")]
    return [SceneUnit(name, ready, *way, None, size) for name in (PLATE, TRUTH) for way in ways]


def write_values(folder: Path, values: Values, whole: dict[str, float]) -> None:
    """Write what was measured of a unit, for `read_values`."""
    write_json(folder / "values.json", {"values": values, "whole": whole})


def read_values(folder: Path) -> Kept:
    """Read the values that were measured of a unit: frame by frame, and of the whole."""
    held = json.loads((folder / "values.json").read_text(encoding="utf-8"))
    each = {name: tuple(map(float, values)) for name, values in held["values"].items()}
    return each, {name: float(value) for name, value in held["whole"].items()}


def answer_of(
    take: Take, by: Sighted, frames: tuple[int, ...], folder: Path, regions: Path, looker: Looker, size: int
) -> Answer:
    """Gather what is known of a true performance.

    Args:
        take: What is known of the clip.
        by: Whose faces normalised it.
        frames: Indices in the clip.
        folder: Of its crops.
        regions: Folder of where they hold.
        looker: Looks at them.
        size: Of the crops, in px.
    """
    onto = [similarity.at_size(by.faces[frame].crop_from_plate, size) for frame in frames]
    rows = list(frames)
    landmarks = None
    if take.truth is not None:
        true = take.landmarks()[rows]
        landmarks = np.stack([similarity.apply(t, points) for t, points in zip(onto, true, strict=True)])
    turns, animation = take.turns(), take.animation()
    return Answer(
        frames,
        by.clip.info.rate,
        [unit(picture) for picture in read_pictures(folder, frames)],
        read_regions(regions, frames),
        looker.look(folder, frames),
        landmarks,
        onto,
        None if turns is None else turns[rows],
        None if animation is None else from_animation(animation[0][rows], animation[1]),
    )
