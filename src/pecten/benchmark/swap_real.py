"""Clips without a known answer: what can still be measured of a swap in them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import final

import numpy as np

from pecten.baselines.model import SwapModel
from pecten.benchmark.swap_cache import Cache, key_of, read_pictures, unit, write_pictures
from pecten.benchmark.swap_look import Looker
from pecten.benchmark.swap_measure import VERSION as MEASURED
from pecten.benchmark.swap_measure import Values, of_identity, of_plate, person
from pecten.benchmark.swap_methods import Method
from pecten.benchmark.swap_plan import Plan
from pecten.benchmark.swap_results import Taken
from pecten.benchmark.swap_scene import Ready, Sighted, displayed, matte_of, sight
from pecten.benchmark.swap_show import VERSION as SHOWN
from pecten.benchmark.swap_show import read_seams, show_frames
from pecten.benchmark.swap_units import read_values, write_values
from pecten.composite.recipe import Recipe
from pecten.faces.crops import clip_names
from pecten.geometry import similarity
from pecten.metrics.identity import Embedding
from pecten.types import Affine, Mask, Progress, silent


@dataclass(frozen=True, eq=False)
class OwnPlate:
    """A user's clip made ready.

    Attributes:
        name: Of the clip.
        sighted: It, and its face.
        frames: That are judged.
        plates: Folder of its crops.
    """

    name: str
    sighted: Sighted
    frames: tuple[int, ...]
    plates: Path

    def mattes(self, size: int) -> list[Mask]:
        """Draw the face of every judged frame, in its crop."""
        return [matte_of(self.sighted.faces[frame], size) for frame in self.frames]

    def transforms(self, size: int) -> list[Affine]:
        """Return what takes every judged frame to its crop."""
        return [similarity.at_size(self.sighted.faces[frame].crop_from_plate, size) for frame in self.frames]


@final
@dataclass(frozen=True, eq=False)
class OwnUnit:
    """A source in a user's clip, by our blend; see `Unit`.

    Attributes:
        method: Key of the method.
        source: Who is shown.
        plate: The clip.
        sources: The source's own clips, by which a recogniser knows it.
        size: Side of the crops, in px.
        key: What it depends on.
    """

    method: str
    source: str
    plate: OwnPlate
    sources: tuple[Ready, ...]
    size: int
    key: str

    def show(self, model: SwapModel, folder: Path) -> None:
        """Write the finished frames; what covers the face is kept."""
        plate = self.plate
        show_frames(model, plate.sighted, plate.frames, self.source, self.size, Recipe(), folder, occlusion=True)

    def judge(self, cache: Cache, looker: Looker) -> Taken:
        """Measure what needs no truth."""
        plate, shown = self.plate, cache.place("shown", self.key)
        known = [cache.relative(ready.answers) for ready in self.sources]
        key = key_of("own values", MEASURED, cache.relative(shown), cache.relative(plate.plates), plate.frames, known)

        def make(folder: Path) -> None:
            values, whole = self._values(shown, looker)
            write_values(folder, values, whole)

        values, whole = read_values(cache.made("values", key, make))
        return Taken(
            self.method, self.source, plate.name, plate.name, "none", "ours", plate.frames, values, whole,
            cache.relative(shown), None, cache.relative(plate.plates),
        )  # fmt: skip

    def _values(self, shown: Path, looker: Looker) -> tuple[Values, dict[str, float]]:
        plate, frames = self.plate, self.plate.frames
        found, own = looker.look(shown, frames), looker.look(plate.plates, frames)
        pictures, plates = ([unit(one) for one in read_pictures(folder, frames)] for folder in (shown, plate.plates))
        values, whole = of_plate(
            found, own, plate.transforms(self.size), pictures, plates, plate.mattes(self.size), frames
        )
        values |= of_identity(found, self._source(looker), person(own)) | {"seam": read_seams(shown, frames)}
        return values, whole

    def _source(self, looker: Looker) -> Embedding:
        each = [person(looker.look(ready.answers, ready.frames)) for ready in self.sources]
        return np.asarray(np.mean(each, axis=0), np.float64)


def ready_plates(plan: Plan, cache: Cache, progress: Progress = silent) -> list[OwnPlate]:
    """Find the face that is seen most in each of the plan's own clips, and cut its crops.

    Raises:
        FootageError: if a clip cannot be read.
        FacesError: if one shows no face.
    """
    return [
        _ready(path, name, plan, cache, progress) for path, name in zip(plan.own, clip_names(plan.own), strict=True)
    ]


def _ready(path: str, name: str, plan: Plan, cache: Cache, progress: Progress) -> OwnPlate:
    sighted = sight(path, cache, f"own-{name}", progress)
    frames = tuple(i for i in plan.chosen(sighted.clip.info.frame_count) if i in sighted.faces)
    key = key_of("own plate", sighted.stamp, frames, plan.size)

    def cut(folder: Path) -> None:
        shown = displayed(sighted.clip, frames, sighted.faces, plan.size)
        write_pictures(folder, dict(zip(frames, shown, strict=True)))

    return OwnPlate(name, sighted, frames, cache.made("plate", key, cut))


def own_units(
    method: Method, training: str, own: Sequence[OwnPlate], scenes: Sequence[Ready], plan: Plan
) -> list[OwnUnit]:
    """List what a method shows in the user's clips: every source of the plan's pairs in each of them.

    Args:
        method: One that knows all performers.
        training: Key of its training.
        own: The clips.
        scenes: With the sources' own clips.
        plan: Of all.
    """
    units = []
    for plate in own:
        for source in dict.fromkeys(source for source, _ in plan.pairs):
            known = {ready.answers: ready for ready in scenes if ready.scene.pair[0] == source}
            base = ["own", SHOWN, training, source, plate.sighted.stamp, plate.frames, plan.size, asdict(Recipe())]
            units.append(OwnUnit(method.key, source, plate, tuple(known.values()), plan.size, key_of(*base)))
    return units
