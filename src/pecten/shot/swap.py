"""Plate to finished frames: the only file that knows the order of the stages."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

import numpy as np

from pecten.colour.display import bounded
from pecten.colour.view import View
from pecten.comb.latent import LatentRecord
from pecten.comb.model import Comb
from pecten.composite.grain import strengthened
from pecten.composite.grain_stock import GrainStock, add_grain, grain_stock
from pecten.composite.matte import EDGE_PX, inner_distance, ramp
from pecten.composite.paste import paste
from pecten.composite.pixels import chosen
from pecten.composite.recipe import Measurement, compose, in_light, measure, prepare, smooth
from pecten.deliver.writer import Writer
from pecten.errors import FacesError
from pecten.faces.ahead import ahead
from pecten.faces.chosen import one_a_frame
from pecten.faces.extract import performer_tracks
from pecten.faces.landmarks import FaceMesh
from pecten.faces.occlusion import Occlusion
from pecten.faces.records import FaceFrame, ShotFaces
from pecten.faces.shown import Part, part_around
from pecten.footage.clip import Clip, Frame
from pecten.geometry import similarity
from pecten.shot.coverage import Answer, resized, still_seen
from pecten.shot.engine import codec_of
from pecten.shot.eyes import KeptEyes, SeenEyes, mesh_of, steady_irises, with_lights_of, with_seen_eyes
from pecten.shot.hair import head_hair
from pecten.shot.matte import Mattes, Visibility
from pecten.shot.options import SwapOptions, Swapped, SwapSummary
from pecten.shot.overhang import filled, find_outline, steady_outline
from pecten.shot.placement import placed
from pecten.shot.texture import Seen, grain_lacking, motion_of
from pecten.shot.wishes import Wishes
from pecten.swap.infer import Codec, Crops, Decoder, OfComb, show_crops
from pecten.types import CANONICAL_SIZE, Image, Mask, Points, Progress, silent


@dataclass(frozen=True)
class _Decoded:
    frame: Frame
    face: FaceFrame | None
    decoded: Image | None
    outline: Points | None
    seen: Mask | None
    measurement: Measurement | None
    latent: np.ndarray | None = None
    eyes: Points | None = None
    kept: SeenEyes | None = None


def swap_shot(
    clip: Clip,
    faces: ShotFaces,
    comb: Comb | Decoder,
    options: SwapOptions,
    writer: Writer,
    progress: Progress = silent,
    frames: tuple[int, int] | None = None,
    observe: Callable[[Swapped], None] | None = None,
    visibility: Visibility | None = None,
    latents: LatentRecord | None = None,
) -> SwapSummary:
    """Replace a performer's face in a shot.

    Args:
        clip: The plate.
        faces: What was found in it.
        comb: A trained comb that holds the source; or another method, to compare with.
        options: How the face is put in.
        writer: Where finished frames go, in order.
        progress: Told after every frame.
        frames: First and one past the last frame index; None for all. Neighbours outside are read for the
            smoothing of gains, so that a range rendered alone equals the same range of the whole shot.
        observe: Called with every finished frame.
        visibility: Tells the face from what covers it; None for our own network. Not asked where the options leave
            occlusion out.
        latents: What is known of the comb's latents; needed for edits alone.
    Returns:
        What was done.
    Raises:
        FacesError: if the shot holds no face of the chosen tracks, or two of them share a frame. A range without one
            passes untouched, as a farm's chunk must.
        FootageError: if the user's own matte does not fit the plate.
        DeliveryError: if the mattes cannot be written where they should.
        CombError: if edits are asked for and nothing is known of the latents, or the comb does not know a look.
    """
    wishes = Wishes(options.source, options.looks, options.edits, options.looks_by == "weights", latents)
    start, stop = frames or (0, clip.info.frame_count)
    wanted = _faces_by_index(clip, faces, options)
    if not wanted:
        raise FacesError(f"{clip.info.path}: no face to replace: choose another clip")
    reasons = dict(faces.missing)
    stock = grain_stock() if options.recipe.grain > 0 else None
    size, view = working_size(wanted.values()), clip.info.view()
    mattes = Mattes(clip, wanted, options.region, options.matte, options.recipe.window)
    untouched, faded = list[tuple[int, str]](), list[tuple[int, str]]()

    def ready(index: int) -> bool:
        return writer.done(clip.info.first_number + index) and mattes.done(index)

    first = next((i for i in range(start, stop) if not ready(i)), stop)
    done_before = finished = first - start
    if finished:
        progress("swap", finished, stop - start)
    if first < stop:
        mattes.check(first, stop)
    seeing = (visibility or Occlusion()) if options.matte.occlusion else None
    shown = _Shown(codec_of(comb, options.engine, options.pores) if isinstance(comb, Comb) else comb, wishes, options)
    recipe = options.recipe
    kept = KeptEyes(comb.comb if isinstance(comb, OfComb) else comb, recipe.irises, recipe.lashes)

    def decoded() -> Iterator[_Decoded]:
        for step in _decode(clip, wanted, mattes, shown, options, first, stop, seeing, view):
            yield replace(step, kept=kept.of(wishes.at(step.frame.number).shares))

    def composed() -> Iterator[tuple[int, Swapped | None, str | None]]:
        with closing(ahead(decoded())) as steps:
            for step in _smoothed(steps, recipe.window):
                index = step.frame.index
                if first <= index < stop:
                    yield index, *((None, None) if ready(index) else _finish(step, mattes, size, options, view, stock))

    # Three threads: one decodes faces, one puts them in, and this one writes.
    with closing(ahead(composed(), depth=2)) as all_composed:
        for index, done, why_not in all_composed:
            finished += 1
            if done is None:
                done_before += 1
                progress("swap", finished, stop - start)
                continue
            writer.write(done.frame, done.result, done.support)
            if index not in wanted:
                why_not = reasons.get(index, "the face is not in this frame")
            if why_not is not None:
                untouched.append((done.frame.number, why_not))
            elif mattes.fade(index).reason:
                faded.append((done.frame.number, mattes.fade(index).reason))
            if observe is not None:
                observe(done)
            progress("swap", finished, stop - start)
    swapped = finished - done_before - len(untouched)
    return SwapSummary(finished, swapped, tuple(untouched), done_before, tuple(faded))


def working_size(faces: Iterable[FaceFrame]) -> int:
    """Choose the side of the crop that the blend runs on: the power of two next to the face's size in the plate.

    One size serves a whole shot, so that a band means the same in every frame.
    """
    scales = [similarity.scale_of(face.crop_from_plate) for face in faces]
    plate_px = CANONICAL_SIZE / float(np.median(scales))
    return int(2 ** np.clip(np.round(np.log2(plate_px)), 6, 11))


def _faces_by_index(clip: Clip, faces: ShotFaces, options: SwapOptions) -> dict[int, FaceFrame]:
    if options.tracks:
        return one_a_frame(faces, options.tracks)
    return {face.index: face for face in faces.only_tracks(performer_tracks(clip, faces)).faces}


class _Shown:
    """What a comb, or another method, makes of crops."""

    def __init__(self, by: Codec | Decoder, wishes: Wishes, options: SwapOptions) -> None:
        self._by, self._wishes, self._options = by, wishes, options
        self.size = by.size if isinstance(by, Decoder) else by.config.size

    def of(self, crops: Crops, numbers: Sequence[int]) -> tuple[Crops, Sequence[np.ndarray | None]]:
        """Return faces, and latents where there are any, for crops of these frames."""
        latents: list[np.ndarray | None] = [None] * len(crops)
        if isinstance(self._by, Decoder):
            shown = self._by.show(crops, self._options.source)
        else:
            wanted = [self._wishes.at(number) for number in numbers]
            shown, known = show_crops(self._by, wanted, crops, self._options.batch)
            latents = list(known)
        moved = [placed(face, self._options.placement, number) for face, number in zip(shown, numbers, strict=True)]
        return np.stack(moved), latents


def _decode(
    clip: Clip,
    chosen: dict[int, FaceFrame],
    mattes: Mattes,
    shown: _Shown,
    options: SwapOptions,
    start: int,
    stop: int,
    visibility: Visibility | None,
    view: View,
) -> Iterator[_Decoded]:
    # Grain is what differs from the frame before, so one more is needed.
    margin = options.recipe.window // 2 + 1
    measuring = _Measuring(chosen, mattes, options)
    around = iter(clip.frames(max(0, start - margin), min(clip.info.frame_count, stop + margin)))
    while group := list(islice(around, options.batch)):
        with_face = [(frame, chosen[frame.index]) for frame in group if frame.index in chosen]
        rows: Iterator[_Row] = iter(())
        if with_face:
            parts = [part_around(frame.image, face.crop_from_plate, view) for frame, face in with_face]
            plates = np.stack([bounded(part.crop(shown.size)) for part in parts])
            decoded, latents = shown.of(plates, [frame.number for frame, _ in with_face])
            seen = [None] * len(plates) if visibility is None else list(visibility.visible(plates))
            rows = map(_Row, parts, plates, decoded, latents, seen)
        for frame in group:
            face = chosen.get(frame.index)
            # One at a time, so that the next stage need not wait for the whole batch.
            nothing = _Decoded(frame, None, None, None, None, None)
            yield nothing if face is None else measuring.of(frame, face, next(rows))


class _Row(NamedTuple):
    part: Part
    plate: Image
    answer: Image
    latent: np.ndarray | None
    clear: Mask | None


class _Measuring:
    """Compares each decoded face with its plate, frame after frame."""

    def __init__(self, chosen: dict[int, FaceFrame], mattes: Mattes, options: SwapOptions) -> None:
        self._chosen, self._mattes, self._recipe = chosen, mattes, options.recipe
        looked_at = options.matte.fill, self._recipe.catch_lights, self._recipe.irises, self._recipe.lashes
        self._mesh = FaceMesh() if any(looked_at) else None
        self._before: Seen | None = None

    def of(self, frame: Frame, face: FaceFrame, row: _Row) -> _Decoded:
        part, plate, answer, latent, clear = row
        border, size = self._mattes.borders[frame.index], len(plate)
        # What covers the face must not pass for its light or its grain.
        skin = border.whole(size) if clear is None else border.whole(size) * resized(clear, size)
        landmarks = similarity.apply(similarity.resize(CANONICAL_SIZE, size), border.landmarks)
        motion = motion_of(self._chosen, frame.index, len(answer))
        measured = measure(plate, answer, skin, self._recipe, landmarks, motion)
        if clear is not None and measured.light is not None:
            clear = np.minimum(clear, 1 - resized(head_hair(measured.light, landmarks, size), len(clear)))
        if self._recipe.grain > 0:
            # Light scales the face's own grain, too.
            relit = in_light(answer, self._recipe, measured)
            seen = Seen(frame.index, face.track, part.image, part.crop_from_part, relit, skin)
            measured = replace(measured, grain=grain_lacking(seen, self._before))
            self._before = seen
        outline = None if self._mesh is None else find_outline(self._mesh, answer)
        return _Decoded(frame, face, answer, outline, clear, measured, latent)


def _smoothed(steps: Iterable[_Decoded], window: int) -> Iterator[_Decoded]:
    """Smooth what was measured over a window, half a window late; another track starts anew."""
    measured: deque[Measurement | None] = deque(maxlen=window)
    seen: deque[Mask | None] = deque(maxlen=window)
    outlines: deque[Points | None] = deque(maxlen=window)
    below: deque[Points | None] = deque(maxlen=window)
    waiting: deque[_Decoded] = deque()
    track: int | None = None

    def release() -> _Decoded:
        position = len(measured) - len(waiting)
        step = waiting.popleft()
        smoothed = smooth(list(measured), window=window, only=position)[position]
        outline = steady_outline(list(outlines), position)
        eyes = steady_irises(list(outlines), list(below), position)
        return replace(step, measurement=smoothed, seen=still_seen(list(seen), position), outline=outline, eyes=eyes)

    for step in steps:
        of_step = step.face.track if step.face else None
        if of_step != track:
            while waiting:
                yield release()
            measured.clear()
            seen.clear()
            outlines.clear()
            below.clear()
            track = of_step
        measured.append(step.measurement)
        seen.append(step.seen)
        outlines.append(step.outline)
        below.append(None if step.face is None else mesh_of(step.face))
        waiting.append(step)
        if len(waiting) > window // 2:
            yield release()
    while waiting:
        yield release()


def _finish(
    step: _Decoded, mattes: Mattes, size: int, options: SwapOptions, view: View, stock: GrainStock | None
) -> tuple[Swapped, str | None]:
    """Return the finished frame, and why it is as in the plate where it is."""
    frame, face = step.frame, step.face
    untouched = Swapped(frame, None, None, frame.image, np.zeros(frame.image.shape[:2], np.float32))
    if face is None or step.decoded is None or step.measurement is None:
        mattes.skip(frame)
        return untouched, "the face is not in this frame"
    part = part_around(frame.image, face.crop_from_plate, view)
    plate_crop, crop_from_part = part.crop(size), similarity.at_size(part.crop_from_part, size)
    crop_from_plate = similarity.at_size(face.crop_from_plate, size)
    light = step.measurement.light
    answer = Answer(step.decoded, step.outline, None if light is None else light.alike)
    coverage = mattes.cover(frame, crop_from_plate, plate_crop, step.seen, answer)
    strength, fade = mattes.strength(frame.number), mattes.fade(frame.index)
    if strength == 0 or fade.weight == 0:
        return replace(untouched, matte=coverage.written), "strength 0" if strength == 0 else fade.reason
    decoded = filled(step.decoded, step.outline, plate_crop) if options.matte.fill else step.decoded
    if step.kept is not None and step.eyes is not None:
        decoded = with_seen_eyes(decoded, step.eyes, step.kept, mesh_of(face))
    decoded = prepare(decoded, size, options.recipe, step.measurement)
    shape = coverage.shape
    blended = compose(plate_crop, decoded, shape, options.recipe, step.measurement, coverage.whole)
    if options.recipe.catch_lights and step.eyes is not None:
        blended = with_lights_of(plate_crop, mesh_of(face), blended, step.eyes, shape)
    pasted, inside = paste(part.image, blended, plate_crop, crop_from_part, shape)
    if stock is not None and step.measurement.grain is not None:
        grain, cover = strengthened(step.measurement.grain, options.recipe.grain), ramp(inner_distance(shape), EDGE_PX)
        pasted = add_grain(pasted, inside, cover, crop_from_part, grain, stock, frame.number)
    pasted, inside = coverage.within(part.place).over(part.image, pasted, inside, strength)
    if not inside.any():
        return replace(untouched, matte=coverage.written), "nothing of the face lies in the picture, inside its matte"
    result, support = _returned(frame.image, part, pasted, inside, view)
    return Swapped(frame, face, step.decoded, result, support, coverage.written, step.latent), None


def _returned(plate: Image, part: Part, pasted: Image, inside: Mask, view: View) -> tuple[Image, Mask]:
    """Put a finished part back into its plate, in the plate's own coding; what did not change keeps its own numbers."""
    result, support = plate.copy(), np.zeros(plate.shape[:2], np.float32)
    red, green, blue = (pasted[..., channel] != part.image[..., channel] for channel in range(3))
    changed = (inside > 0) & (red | green | blue)
    result[part.place] = chosen(view.from_display(pasted), changed, plate[part.place])
    support[part.place] = inside
    return result, support
