"""What a method shows: its answer in the crop, and its finished frames, kept as pictures."""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import TracebackType

import numpy as np
from jaxtyping import Float32

from pecten.baselines.model import SwapModel
from pecten.benchmark.swap_cache import write_pictures
from pecten.benchmark.swap_scene import Sighted, displayed
from pecten.colour.display import bounded
from pecten.composite.blend import enlarge
from pecten.composite.recipe import Recipe
from pecten.errors import ShapeError, UsageError
from pecten.faces.shown import part_around
from pecten.files import write_json
from pecten.footage.clip import Frame
from pecten.metrics.seam import seam
from pecten.shot import SwapOptions, Swapped, swap_shot
from pecten.shot.matte import MatteOptions
from pecten.types import Image, Mask, Progress, silent

VERSION = 4
"""Of what a swap does with a decoder's answers: pictures that were kept under another are made anew."""

SEAMS = "seams.json"


def show_crops(model: SwapModel, plate: Sighted, frames: Sequence[int], source: str, size: int, folder: Path) -> None:
    """Keep a method's answers to a plate's crops, brought to one size.

    Args:
        model: Taught.
        plate: The target's clip.
        frames: Ascending indices.
        source: Who is shown.
        size: Side in px.
        folder: Takes the pictures.
    """
    seen = displayed(plate.clip, frames, plate.faces, model.size)
    for first, last in runs_of(frames):
        # Neighbours in time together: some methods look at what lies around a frame.
        crops = np.stack([bounded(one) for one in islice(seen, last - first + 1)])
        shown = [enlarge(np.ascontiguousarray(one), size) for one in model.show(crops, source)]
        write_pictures(folder, dict(zip(range(first, last + 1), shown, strict=True)))


def show_frames(
    model: SwapModel,
    plate: Sighted,
    frames: Sequence[int],
    source: str,
    size: int,
    recipe: Recipe,
    folder: Path,
    progress: Progress = silent,
    occlusion: bool = False,
) -> None:
    """Keep a method's finished frames, cut to the plate's normalised crop, and how much their seams show.

    Args:
        model: Taught.
        plate: The target's clip.
        frames: Ascending indices; each run of neighbours is rendered as if nothing were around it.
        source: Who is shown.
        size: Side in px.
        recipe: How the face is put in; ours carries the face's skin on where it is narrower.
        folder: Takes the pictures.
        progress: Told after each frame.
        occlusion: Whether what covers the face is looked for; else nothing does but hair of the head itself.
    """
    own, chosen = recipe == Recipe(), set(frames)
    # Where frames are left out, no face is lost that would have to fade.
    whole = chosen >= set(plate.faces)
    mattes = MatteOptions(occlusion=own or occlusion, fill=own, fade=MatteOptions().fade if whole else 0)
    options = SwapOptions(source, recipe=recipe, tracks=plate.shot.track_ids(), matte=mattes)
    faces = replace(plate.shot, faces=tuple(face for face in plate.shot.faces if face.index in chosen))
    view, seams = plate.clip.info.view(), dict[int, float | None]()

    def keep(done: Swapped) -> None:
        if done.frame.index not in chosen:
            return
        part = part_around(done.result, plate.faces[done.frame.index].crop_from_plate, view)
        write_pictures(folder, {done.frame.index: part.crop(size)})
        seams[done.frame.index] = _seam(part.image, view.to_display(done.frame.image[part.place]), done, part.place)
        progress("frames", len(seams), len(frames))

    span, covers = (frames[0], frames[-1] + 1), None if occlusion else _Uncovered()
    swap_shot(plate.clip, faces, model, options, _Nowhere(), frames=span, observe=keep, visibility=covers)
    write_json(folder / SEAMS, {str(frame): seams.get(frame) for frame in frames})


def read_seams(folder: Path, frames: Sequence[int]) -> list[float]:
    """Read how much the seams of finished frames show; not a number where that has no measure."""
    path = folder / SEAMS
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: missing or damaged: delete the folder it lies in, and run it again") from error
    return [float("nan") if held.get(str(frame)) is None else float(held[str(frame)]) for frame in frames]


def runs_of(frames: Sequence[int]) -> list[tuple[int, int]]:
    """Return first and last of each run of neighbouring frames."""
    runs: list[tuple[int, int]] = []
    for frame in frames:
        if runs and frame == runs[-1][1] + 1:
            runs[-1] = runs[-1][0], frame
        else:
            runs.append((frame, frame))
    return runs


def _seam(result: Image, plate: Image, done: Swapped, place: tuple[slice, slice]) -> float | None:
    try:
        return seam(result, plate, np.ascontiguousarray(done.support[place]))
    except ShapeError:
        return None  # A matte that leaves the picture, or a plate that is flat there.


class _Uncovered:
    """What sees nothing before a face."""

    def visible(self, crops: Float32[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n h w"]:
        """Return that all of each face is seen."""
        return np.ones(crops.shape[:3], np.float32)


class _Nowhere:
    """A writer for frames that are only looked at."""

    def write(self, frame: Frame, image: Image, support: Mask) -> None:
        """Let the frame go."""

    def done(self, number: int) -> bool:
        """Say that nothing was delivered before."""
        return False

    def close(self) -> None:
        """Have nothing to finish."""

    def abort(self) -> None:
        """Have nothing to undo."""

    def __enter__(self) -> "_Nowhere":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Have nothing to leave."""
