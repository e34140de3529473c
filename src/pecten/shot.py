"""Plate to delivery: the only file that knows the order of the stages."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from pecten import __version__
from pecten.colour.transfer import from_display, to_display
from pecten.comb.model import Comb
from pecten.comb.weights import file_of
from pecten.composite.blend import enlarge
from pecten.composite.paste import paste
from pecten.composite.recipe import Measurement, Recipe, compose, measure, smooth
from pecten.consent import PerformerRecord, fingerprint
from pecten.deliver.claim import Claim
from pecten.deliver.credentials import Statement, seal_with
from pecten.deliver.writer import Writer, open_writer
from pecten.errors import FacesError, UsageError
from pecten.faces.extract import find_faces, performer_tracks
from pecten.faces.follow import FaceOptions
from pecten.faces.normalise import crop
from pecten.faces.records import RECORD, FaceFrame, ShotFaces, load_shot, record_kind, save_shot, shot_note
from pecten.faces.region import Region, face_matte
from pecten.files import sha256_of
from pecten.footage.clip import Clip, ClipInfo, Frame, stamp_of
from pecten.geometry import similarity
from pecten.swap.infer import swap_crops
from pecten.types import CANONICAL_SIZE, Image, Mask, Points, Progress, Seal, silent


@dataclass(frozen=True)
class SwapOptions:
    """How a face is put into a plate.

    Attributes:
        source: Identity whose appearance is put on.
        region: What is replaced.
        recipe: How light and contrast are matched and the face is laid into the plate.
        batch: Crops decoded at a time.
        tracks: Tracks to replace; None for the person seen most.
    """

    source: str
    region: Region = "full"
    recipe: Recipe = field(default_factory=Recipe)
    batch: int = 8
    tracks: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Swapped:
    """One frame on its way through the composite, for whoever wants to look.

    Attributes:
        frame: The plate.
        face: What was found in it; None where nothing is replaced.
        decoded: The comb's answer at the comb's size, display-coded.
        result: The finished frame in the plate's encoding.
        support: Plate pixels that may differ from the plate.
    """

    frame: Frame
    face: FaceFrame | None
    decoded: Image | None
    result: Image
    support: Mask


@dataclass(frozen=True)
class SwapSummary:
    """What a swap did.

    Attributes:
        frames: In the range, all finished.
        swapped: Changed by this run.
        untouched: Number of each frame that was left as it is, and why.
        kept: Finished by an earlier run.
    """

    frames: int
    swapped: int
    untouched: tuple[tuple[int, str], ...]
    kept: int = 0


@dataclass(frozen=True)
class _Decoded:
    frame: Frame
    face: FaceFrame | None
    decoded: Image | None
    measurement: Measurement | None


def plate_faces(clip: Clip, folder: Path, options: FaceOptions, progress: Progress = silent) -> ShotFaces:
    """Find the faces of a plate, or read what an earlier run found.

    Args:
        clip: The plate.
        folder: Where the record is kept; it is made again when the plate or the options have changed.
        options: How faces are found.
        progress: Told after every frame.
    Raises:
        FacesError: if no frame shows a face.
        UsageError: if the folder holds a performer's dataset.
    """
    path, note = folder / RECORD, _made_with(clip.info, options)
    if path.is_file():
        try:
            if record_kind(path) == "dataset":
                raise UsageError(f"{folder}: a dataset, which would be lost: give --faces another folder")
            if shot_note(path) == note:
                return load_shot(path)
        except FacesError:
            pass  # What an interrupt or a disk damaged is found again.
    found = find_faces(clip, options, progress)
    save_shot(path, found, note)
    return found


def _made_with(info: ClipInfo, options: FaceOptions) -> dict[str, Any]:
    chosen = {name: value for name, value in asdict(options).items() if name not in {"threads", "track"}}
    return {"clip": info.path, "frames": info.frame_count, "stamp": stamp_of(info), "options": chosen}


def render(
    clip: Clip,
    faces: ShotFaces,
    comb: Comb,
    options: SwapOptions,
    out: Path,
    statement: Statement,
    progress: Progress = silent,
    frames: tuple[int, int] | None = None,
    overwrite: bool = False,
    observe: Callable[[Swapped], None] | None = None,
    claim: Claim | None = None,
) -> SwapSummary:
    """Swap a shot, write it and sign it; frames of a sequence that an earlier run of the same job finished are kept.

    Args:
        out: Video or sequence pattern.
        statement: What the content credentials say.
        overwrite: Replace what is there.
        claim: From `claim_of`; without it, frames that exist are never kept.
        clip, faces, comb, options, progress, frames, observe: As for `swap_shot`.
    Raises:
        DeliveryError: if the output cannot be written.
        CredentialsError: if it cannot be signed; an unsigned delivery is not left behind.
    """
    with open_output(clip, out, overwrite, claim, seal_with(statement)) as writer:
        if claim is not None:
            # What is written over may be mixed with another job's frames until the last is replaced.
            claim.drop() if overwrite else claim.make()
        return swap_shot(clip, faces, comb, options, writer, progress, frames, observe)


def open_output(
    clip: Clip, out: Path, overwrite: bool = False, claim: Claim | None = None, seal: Seal | None = None
) -> Writer:
    """Open what `render` writes to. Nothing is written before the first frame, so this also tells whether it can be.

    Args:
        clip, out, overwrite, claim: As for `render`.
        seal: Called with every finished file.
    Raises:
        DeliveryError: if the place is taken, is the plate itself, or the format cannot be written.
    """
    skip = claim is not None and not overwrite and claim.holds()
    return open_writer(out, clip, overwrite=overwrite, skip_existing=skip, seal=seal)


def claim_of(clip: Clip, options: SwapOptions, out: Path, statement: Statement, folder: Path) -> Claim:
    """Say what the pixels of a swap depend on.

    Args:
        clip, options, out, statement: As for `render`.
        folder: Where the claim is kept.
    """
    chosen = {name: value for name, value in asdict(options).items() if name != "batch"}
    made_by = {"comb": statement.comb_sha256, "pecten": statement.pecten_version}
    plate = {"plate": clip.info.path, "frames": clip.info.frame_count, "stamp": stamp_of(clip.info)}
    return Claim(folder / f"{out.name}.json", {**made_by, **plate, "options": chosen})


def statement_of(comb: Path, source: PerformerRecord, target: PerformerRecord | None, numbers: str) -> Statement:
    """Say what the content credentials of a swap say: ids and hashes, never personal data.

    Args:
        comb: The comb's file or folder.
        source: Consent record of the face that is shown.
        target: Consent record of the performer in the plate, when there is one.
        numbers: Frames of the plate, such as `1001-1100`.
    """
    return Statement(
        title="",
        source_record=source.record_id,
        source_record_sha256=fingerprint(source),
        target_record=target.record_id if target else None,
        comb_sha256=sha256_of(file_of(comb)),
        frames=numbers,
        pecten_version=__version__,
    )


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
    chosen = _faces_by_index(clip, faces, options)
    if not chosen:
        raise FacesError(f"{clip.info.path}: no face to replace: choose another clip")
    reasons = dict(faces.missing)
    size = working_size(chosen.values())
    untouched: list[tuple[int, str]] = []
    first = next((i for i in range(start, stop) if not writer.done(clip.info.first_number + i)), stop)
    done_before = finished = first - start
    if finished:
        progress("swap", finished, stop - start)
    for step in _smoothed(_decode(clip, chosen, comb, options, first, stop), options.recipe.window):
        if not first <= step.frame.index < stop:
            continue
        finished += 1
        if writer.done(step.frame.number):
            done_before += 1
            progress("swap", finished, stop - start)
            continue
        done = _finish(step, size, options, clip)
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
    margin = options.recipe.window // 2
    around = iter(clip.frames(max(0, start - margin), min(clip.info.frame_count, stop + margin)))
    while group := list(islice(around, options.batch)):
        seen = [(frame, chosen[frame.index]) for frame in group if frame.index in chosen]
        answers: dict[int, tuple[Image, Measurement]] = {}
        if seen:
            plates = np.stack([_network_crop(frame, face, comb.config.size, clip) for frame, face in seen])
            decoded = swap_crops(comb, options.source, plates, options.batch)
            for (frame, face), plate, answer in zip(seen, plates, decoded, strict=True):
                matte = face_matte(_landmarks_in_crop(face, len(plate)), len(plate))
                answers[frame.index] = answer, measure(plate, answer, matte, options.recipe)
        for frame in group:
            image, measurement = answers.get(frame.index, (None, None))
            yield _Decoded(frame, chosen.get(frame.index), image, measurement)


def _network_crop(frame: Frame, face: FaceFrame, size: int, clip: Clip) -> Image:
    display = to_display(crop(frame.image, face.crop_from_plate, size), clip.info.encoding)
    clipped: Image = np.clip(display, 0.0, 1.0)
    return clipped


def _landmarks_in_crop(face: FaceFrame, size: int) -> Points:
    return similarity.apply(similarity.at_size(face.crop_from_plate, size), face.landmarks)


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


def _finish(step: _Decoded, size: int, options: SwapOptions, clip: Clip) -> Swapped:
    frame, face = step.frame, step.face
    if face is None or step.decoded is None or step.measurement is None:
        return Swapped(frame, None, None, frame.image, np.zeros(frame.image.shape[:2], np.float32))
    encoding = clip.info.encoding
    plate_crop = crop(frame.image, face.crop_from_plate, size)
    landmarks = _landmarks_in_crop(face, size)
    whole = face_matte(landmarks, size)
    matte = whole if options.region == "full" else face_matte(landmarks, size, options.region) * whole
    blended = compose(
        to_display(plate_crop, encoding), enlarge(step.decoded, size), matte, options.recipe, step.measurement, whole
    )
    result, support = paste(
        frame.image, from_display(blended, encoding), plate_crop, similarity.at_size(face.crop_from_plate, size), matte
    )
    return Swapped(frame, face, step.decoded, result, support)
