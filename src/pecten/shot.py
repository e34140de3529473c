"""Plate to delivery: the only file that knows the order of the stages."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from pecten.colour.transfer import from_display, to_display
from pecten.comb.model import Comb
from pecten.composite.blend import blend_multiband
from pecten.composite.contrast import contrast_gain, correct_contrast, smooth_gains
from pecten.composite.paste import enlarge, paste
from pecten.deliver.writer import Writer
from pecten.errors import FacesError
from pecten.faces.normalise import crop
from pecten.faces.records import FaceFrame, ShotFaces
from pecten.faces.region import face_matte
from pecten.footage.clip import Clip, Frame
from pecten.geometry import similarity
from pecten.swap.infer import swap_crops
from pecten.types import CANONICAL_SIZE, Image, Mask, Progress, silent

GAIN_WINDOW = 9
"""Frames over which the contrast gain is smoothed (method.md, section 4)."""


@dataclass(frozen=True)
class SwapOptions:
    """How a face is put into a plate.

    Attributes:
        source: Identity whose appearance is put on.
        region: What is replaced: "full", "lips" or "eyes".
        coarse_from_plate: How many of the coarsest bands the plate keeps; 0 to 4.
        contrast: How the contrast gain is measured: "global", "std" or "none".
        batch: Crops decoded at a time.
        tracks: Tracks to replace; None for the person seen most.
    """

    source: str
    region: str = "full"
    coarse_from_plate: int = 2
    contrast: str = "global"
    batch: int = 8
    tracks: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Swapped:
    """One frame on its way through the composite, for whoever wants to look.

    Attributes:
        frame: The plate.
        face: What was found in it; None where nothing is replaced.
        decoded: The comb's answer at the comb's size, display-coded.
        matte: Region that is replaced, on the working crop.
        result: The finished frame in the plate's encoding.
        support: Plate pixels that may differ from the plate.
    """

    frame: Frame
    face: FaceFrame | None
    decoded: Image | None
    matte: Mask | None
    result: Image
    support: Mask


@dataclass(frozen=True)
class SwapSummary:
    """What a swap did: frames written, frames changed, and why the others were left as they are."""

    frames: int
    swapped: int
    untouched: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class _Decoded:
    frame: Frame
    face: FaceFrame | None
    decoded: Image | None
    gain: float


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
        FacesError: if none of the frames holds a face of the chosen tracks.
    """
    start, stop = frames or (0, clip.info.frame_count)
    chosen = _faces_by_index(faces, options)
    if not any(start <= index < stop for index in chosen):
        raise FacesError(f"{clip.info.path}: no face to replace in frames {start} to {stop - 1}: choose other frames")
    reasons = dict(faces.missing)
    size = working_size(chosen.values())
    untouched: list[tuple[int, str]] = []
    written = 0
    for step in _with_smooth_gains(_decode(clip, chosen, comb, options, start, stop)):
        if not start <= step.frame.index < stop:
            continue
        done = _finish(step, size, options, clip)
        writer.write(step.frame, done.result, done.support)
        if step.face is None:
            untouched.append((step.frame.number, reasons.get(step.frame.index, "the face is not in this frame")))
        if observe is not None:
            observe(done)
        written += 1
        progress("swap", written, stop - start)
    return SwapSummary(written, written - len(untouched), tuple(untouched))


def working_size(faces: Iterable[FaceFrame]) -> int:
    """Choose the side of the crop that the blend runs on: the power of two next to the face's size in the plate.

    One size serves a whole shot, so that a band means the same in every frame.
    """
    scales = [similarity.scale_of(face.crop_from_plate) for face in faces]
    plate_px = CANONICAL_SIZE / float(np.median(scales))
    return int(2 ** np.clip(np.round(np.log2(plate_px)), 6, 11))


def _faces_by_index(faces: ShotFaces, options: SwapOptions) -> dict[int, FaceFrame]:
    tracks = options.tracks if options.tracks is not None else (faces.main_track(),)
    known = faces.track_ids()
    for track in tracks:
        if track not in known:
            raise FacesError(f"{faces.clip}: no track {track}: choose among {', '.join(map(str, known))}")
    return {face.index: face for track in tracks for face in faces.of_track(track)}


def _decode(
    clip: Clip, chosen: dict[int, FaceFrame], comb: Comb, options: SwapOptions, start: int, stop: int
) -> Iterator[_Decoded]:
    margin = GAIN_WINDOW // 2
    around = iter(clip.frames(max(0, start - margin), min(clip.info.frame_count, stop + margin)))
    while group := list(islice(around, options.batch)):
        seen = [(frame, chosen[frame.index]) for frame in group if frame.index in chosen]
        answers: dict[int, tuple[Image, float]] = {}
        if seen:
            plates = np.stack([_network_crop(frame, face, comb.config.size, clip) for frame, face in seen])
            decoded = swap_crops(comb, options.source, plates, options.batch)
            for (frame, face), plate, answer in zip(seen, plates, decoded, strict=True):
                answers[frame.index] = answer, _gain(plate, answer, face, options)
        for frame in group:
            image, gain = answers.get(frame.index, (None, 1.0))
            yield _Decoded(frame, chosen.get(frame.index), image, gain)


def _network_crop(frame: Frame, face: FaceFrame, size: int, clip: Clip) -> Image:
    display = to_display(crop(frame.image, face.crop_from_plate, size), clip.info.encoding)
    return np.clip(display, 0.0, 1.0)


def _gain(plate: Image, decoded: Image, face: FaceFrame, options: SwapOptions) -> float:
    if options.contrast == "none":
        return 1.0
    matte = face_matte(_landmarks_in_crop(face, len(plate)), len(plate), options.region)
    return contrast_gain(decoded, plate, matte, options.contrast)


def _landmarks_in_crop(face: FaceFrame, size: int) -> np.ndarray:
    return similarity.apply(similarity.at_size(face.crop_from_plate, size), face.landmarks)


def _with_smooth_gains(steps: Iterable[_Decoded]) -> Iterator[_Decoded]:
    """Replace each gain by the smooth one, half a window late; another track starts a new window."""
    gains: deque[float] = deque(maxlen=GAIN_WINDOW)
    waiting: deque[_Decoded] = deque()
    track: int | None = None
    for step in steps:
        of_step = step.face.track if step.face else None
        if of_step != track:
            while waiting:
                yield _smoothed(waiting, gains)
            gains.clear()
            track = of_step
        gains.append(step.gain)
        waiting.append(step)
        if len(waiting) > GAIN_WINDOW // 2:
            yield _smoothed(waiting, gains)
    while waiting:
        yield _smoothed(waiting, gains)


def _smoothed(waiting: deque[_Decoded], gains: deque[float]) -> _Decoded:
    position = len(gains) - len(waiting)
    gain = float(smooth_gains(list(gains), GAIN_WINDOW)[position])
    return replace(waiting.popleft(), gain=gain)


def _finish(step: _Decoded, size: int, options: SwapOptions, clip: Clip) -> Swapped:
    frame, face = step.frame, step.face
    if face is None or step.decoded is None:
        return Swapped(frame, None, None, None, frame.image, np.zeros(frame.image.shape[:2], np.float32))
    encoding = clip.info.encoding
    plate_crop = crop(frame.image, face.crop_from_plate, size)
    matte = face_matte(_landmarks_in_crop(face, size), size, options.region)
    decoded = correct_contrast(enlarge(step.decoded, size), matte, step.gain)
    blended = blend_multiband(to_display(plate_crop, encoding), decoded, matte, options.coarse_from_plate)
    result, support = paste(
        frame.image, from_display(blended, encoding), plate_crop, similarity.at_size(face.crop_from_plate, size), matte
    )
    return Swapped(frame, face, step.decoded, matte, result, support)
