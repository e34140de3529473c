"""Plate to finished frames: the only file that knows the order of the stages."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from pecten.colour.transfer import from_display, to_display
from pecten.comb.model import Comb
from pecten.composite.grain import strengthened
from pecten.composite.grain_stock import GrainStock, add_grain, grain_stock
from pecten.composite.matte import EDGE_PX, inner_distance, ramp
from pecten.composite.paste import paste
from pecten.composite.pixels import chosen
from pecten.composite.recipe import Measurement, compose, measure, prepare, smooth
from pecten.deliver.writer import Writer
from pecten.errors import FacesError
from pecten.faces.extract import performer_tracks
from pecten.faces.normalise import crop
from pecten.faces.records import FaceFrame, ShotFaces
from pecten.faces.steady import Steady
from pecten.footage.clip import Clip, Frame
from pecten.geometry import similarity
from pecten.shot.matte import steady_faces
from pecten.shot.options import SwapOptions, Swapped, SwapSummary
from pecten.shot.texture import Seen, grain_lacking, motion_of
from pecten.swap.infer import swap_crops
from pecten.types import CANONICAL_SIZE, Image, Progress, silent


@dataclass(frozen=True)
class _Decoded:
    frame: Frame
    face: FaceFrame | None
    border: Steady | None
    decoded: Image | None
    measurement: Measurement | None


def swap_shot(
    clip: Clip,
    faces: ShotFaces,
    comb: Comb,
    options: SwapOptions,
    writer: Writer,
    progress: Progress = silent,
    frames: tuple[int, int] | None = None,
    observe: Callable[[Swapped], None] | None = None,
) -> SwapSummary:
    """Replace a performer's face in a shot.

    Args:
        clip: The plate.
        faces: What was found in it.
        comb: A trained comb that holds the source.
        options: How the face is put in.
        writer: Where finished frames go, in order.
        progress: Told after every frame.
        frames: First and one past the last frame index; None for all. Neighbours outside are read for the
            smoothing of gains, so that a range rendered alone equals the same range of the whole shot.
        observe: Called with every finished frame.
    Returns:
        What was done.
    Raises:
        FacesError: if the shot holds no face of the chosen tracks. A range without one passes untouched, as a farm's
            chunk must.
    """
    start, stop = frames or (0, clip.info.frame_count)
    wanted = _faces_by_index(clip, faces, options)
    if not wanted:
        raise FacesError(f"{clip.info.path}: no face to replace: choose another clip")
    reasons = dict(faces.missing)
    stock = grain_stock() if options.recipe.grain > 0 else None
    size = working_size(wanted.values())
    untouched: list[tuple[int, str]] = []
    first = next((i for i in range(start, stop) if not writer.done(clip.info.first_number + i)), stop)
    done_before = finished = first - start
    if finished:
        progress("swap", finished, stop - start)
    for step in _smoothed(_decode(clip, wanted, comb, options, first, stop), options.recipe.window):
        if not first <= step.frame.index < stop:
            continue
        finished += 1
        if writer.done(step.frame.number):
            done_before += 1
            progress("swap", finished, stop - start)
            continue
        done = _finish(step, size, options, clip, stock)
        writer.write(step.frame, done.result, done.support)
        if step.face is None:
            untouched.append((step.frame.number, reasons.get(step.frame.index, "the face is not in this frame")))
        if observe is not None:
            observe(done)
        progress("swap", finished, stop - start)
    return SwapSummary(finished, finished - done_before - len(untouched), tuple(untouched), done_before)


def working_size(faces: Iterable[FaceFrame]) -> int:
    """Choose the side of the crop that the blend runs on: the power of two next to the face's size in the plate.

    One size serves a whole shot, so that a band means the same in every frame.
    """
    scales = [similarity.scale_of(face.crop_from_plate) for face in faces]
    plate_px = CANONICAL_SIZE / float(np.median(scales))
    return int(2 ** np.clip(np.round(np.log2(plate_px)), 6, 11))


def _faces_by_index(clip: Clip, faces: ShotFaces, options: SwapOptions) -> dict[int, FaceFrame]:
    tracks = options.tracks or performer_tracks(clip, faces)
    return {face.index: face for face in faces.only_tracks(tracks).faces}


def _decode(
    clip: Clip, chosen: dict[int, FaceFrame], comb: Comb, options: SwapOptions, start: int, stop: int
) -> Iterator[_Decoded]:
    # Grain is what differs from the frame before, so one more is needed.
    margin = options.recipe.window // 2 + 1
    borders = steady_faces(chosen, options.region, options.recipe.window)
    before: Seen | None = None
    around = iter(clip.frames(max(0, start - margin), min(clip.info.frame_count, stop + margin)))
    while group := list(islice(around, options.batch)):
        seen = [(frame, chosen[frame.index]) for frame in group if frame.index in chosen]
        answers: dict[int, tuple[Image, Measurement]] = {}
        if seen:
            plates = np.stack([_network_crop(frame, face, comb.config.size, clip) for frame, face in seen])
            decoded = swap_crops(comb, options.source, plates, options.batch)
            for (frame, face), plate, answer in zip(seen, plates, decoded, strict=True):
                border, size = borders[frame.index], len(plate)
                matte = border.whole(size)
                landmarks = similarity.apply(similarity.resize(CANONICAL_SIZE, size), border.landmarks)
                motion = motion_of(chosen, frame.index, len(answer))
                measured = measure(plate, answer, matte, options.recipe, landmarks, motion)
                if options.recipe.grain > 0:
                    shown = to_display(frame.image, clip.info.encoding)
                    seen_now = Seen(frame.index, face.track, shown, face.crop_from_plate, answer, matte)
                    measured = replace(measured, grain=grain_lacking(seen_now, before))
                    before = seen_now
                answers[frame.index] = answer, measured
        for frame in group:
            image, measurement = answers.get(frame.index, (None, None))
            yield _Decoded(frame, chosen.get(frame.index), borders.get(frame.index), image, measurement)


def _network_crop(frame: Frame, face: FaceFrame, size: int, clip: Clip) -> Image:
    display = to_display(crop(frame.image, face.crop_from_plate, size), clip.info.encoding)
    clipped: Image = np.clip(display, 0.0, 1.0)
    return clipped


def _smoothed(steps: Iterable[_Decoded], window: int) -> Iterator[_Decoded]:
    """Smooth what was measured over a window, half a window late; another track starts anew."""
    measured: deque[Measurement | None] = deque(maxlen=window)
    waiting: deque[_Decoded] = deque()
    track: int | None = None

    def release() -> _Decoded:
        position = len(measured) - len(waiting)
        step = waiting.popleft()
        return replace(step, measurement=smooth(list(measured), window=window)[position])

    for step in steps:
        of_step = step.face.track if step.face else None
        if of_step != track:
            while waiting:
                yield release()
            measured.clear()
            track = of_step
        measured.append(step.measurement)
        waiting.append(step)
        if len(waiting) > window // 2:
            yield release()
    while waiting:
        yield release()


def _finish(step: _Decoded, size: int, options: SwapOptions, clip: Clip, stock: GrainStock | None) -> Swapped:
    frame, face = step.frame, step.face
    if face is None or step.border is None or step.decoded is None or step.measurement is None:
        return Swapped(frame, None, None, frame.image, np.zeros(frame.image.shape[:2], np.float32))
    encoding = clip.info.encoding
    plate_crop = crop(frame.image, face.crop_from_plate, size)
    whole, matte = step.border.whole(size), step.border.matte(size)
    decoded = prepare(step.decoded, size, options.recipe, step.measurement)
    blended = compose(to_display(plate_crop, encoding), decoded, matte, options.recipe, step.measurement, whole)
    result, support = paste(
        frame.image, from_display(blended, encoding), plate_crop, similarity.at_size(face.crop_from_plate, size), matte
    )
    if stock is not None and step.measurement.grain is not None:
        grain, cover = strengthened(step.measurement.grain, options.recipe.grain), ramp(inner_distance(matte), EDGE_PX)
        crop_from_plate = similarity.at_size(face.crop_from_plate, size)
        shown = to_display(result, encoding)
        grained = add_grain(shown, support, cover, crop_from_plate, grain, stock, frame.number)
        result = chosen(from_display(grained, encoding), support > 0, result)
    return Swapped(frame, face, step.decoded, result, support)
