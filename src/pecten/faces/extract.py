"""From clips to faces, and from faces to a dataset of normalised crops."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pecten.colour.transfer import display_bytes, to_display
from pecten.devices import choose_device
from pecten.errors import FacesError
from pecten.faces import normalise, quality, stabilise
from pecten.faces.appearance import Album, put_right
from pecten.faces.detect import Detector
from pecten.faces.follow import FaceOptions, Follower, Sighting
from pecten.faces.landmarks import FaceMesh
from pecten.faces.people import tracks_of_person
from pecten.faces.records import (
    RECORD,
    DatasetRecord,
    FaceFrame,
    ShotFaces,
    load_dataset,
    load_shot,
    save_dataset,
    save_shot,
    shot_note,
)
from pecten.files import replacing
from pecten.footage.clip import Clip, ClipInfo, Frame, stamp_of
from pecten.metrics.identity import Embedder
from pecten.types import ByteImage, Image, Progress, silent


def find_faces(clip: Clip, options: FaceOptions | None = None, progress: Progress = silent) -> ShotFaces:
    """Find, follow and normalise every face of a clip.

    Args:
        clip: The plate or the performance.
        options: How; None is the default.
        progress: Called after each frame, as stage "faces".
    Returns:
        Every face of every frame, and the frames without one.
    Raises:
        FacesError: if no frame shows a face.
        FootageError: if the clip cannot be read to its end.
    """
    options = options or FaceOptions()
    follower = Follower(options, Detector(options.threads), FaceMesh(options.threads, choose_device(options.device)))
    faces: list[FaceFrame] = []
    album = Album()
    missing: list[tuple[int, str]] = []
    info = clip.info
    for frame in clip.frames():
        image = display_bytes(frame.image, info.encoding)
        sightings, reason = follower.follow(frame.index, image)
        crops = [quality.small_crop(image, s.crop_from_plate) for s in sightings]
        seen = [_face_frame(s, c, frame, image, options) for s, c in zip(sightings, crops, strict=True)]
        album.add(seen, crops)
        faces += seen
        if reason is not None:
            missing.append((frame.index, reason))
        progress("faces", frame.index + 1, info.frame_count)
    if not faces:
        raise FacesError(
            f"{info.path}: no face in any of {len(missing)} frames; check that it is the right clip, upright, "
            f"and that the face is at least {options.gates.min_face_px:g} px wide"
        )
    faces, portraits = put_right(faces, album, Embedder())
    if options.smooth:
        faces = smoothed(faces)
    return ShotFaces(
        clip=info.path,
        width=info.width,
        height=info.height,
        rate=info.rate,
        frame_count=info.frame_count,
        first_number=info.first_number,
        encoding=info.encoding,
        faces=tuple(faces),
        missing=tuple(missing),
        portraits=tuple(portraits),
    )


def smoothed(faces: Sequence[FaceFrame]) -> list[FaceFrame]:
    """Smooth the normalisation along each run of consecutive frames of each track (a cut starts new tracks)."""
    result = list(faces)
    for run in _runs(faces):
        transforms = stabilise.smooth_transforms([faces[row].crop_from_plate for row in run])
        for row, transform in zip(run, transforms, strict=True):
            result[row] = replace(faces[row], crop_from_plate=transform)
    return result


def _runs(faces: Sequence[FaceFrame]) -> list[list[int]]:
    """Return the rows of each track's runs of consecutive frames."""
    runs: list[list[int]] = []
    for row in sorted(range(len(faces)), key=lambda r: (faces[r].track, faces[r].index)):
        last = faces[runs[-1][-1]] if runs else None
        if last is not None and last.track == faces[row].track and last.index == faces[row].index - 1:
            runs[-1].append(row)
        else:
            runs.append([row])
    return runs


def _face_frame(one: Sighting, crop: ByteImage, frame: Frame, image: ByteImage, options: FaceOptions) -> FaceFrame:
    pose = normalise.pose(one.landmarks)
    why_not = options.gates.why_not(
        quality.face_width_px(one.landmarks),
        pose.yaw_rad,
        quality.blur(crop),
        one.spread_px,
        quality.outside(one.landmarks, image.shape[1], image.shape[0]),
    )
    return FaceFrame(
        index=frame.index,
        number=frame.number,
        track=one.track,
        box=one.box,
        score=one.presence,
        landmarks=one.landmarks,
        spread_px=one.spread_px,
        crop_from_plate=one.crop_from_plate,
        yaw_rad=pose.yaw_rad,
        pitch_rad=pose.pitch_rad,
        roll_rad=pose.roll_rad,
        left_out=why_not,
    )


def extract_dataset(
    clips: Sequence[Clip],
    identity: str,
    out: Path,
    size: int,
    options: FaceOptions | None = None,
    progress: Progress = silent,
) -> DatasetRecord:
    """Make a dataset of normalised crops of one performer; one that was interrupted is gone on with.

    Args:
        clips: Footage of the performer; of each, the tracks of one person are taken.
        identity: The performer.
        out: Folder of the dataset: crops as PNG (8 bits, or 16 when the clip has more), and the record, written last.
        size: Side of the crops, in px.
        options: How faces are found; None is the default.
        progress: Called after each frame, as stages "faces" and "crops".
    Raises:
        FacesError: if a clip shows no face, none are given, or the folder holds another performer's dataset.
        FootageError: if a clip cannot be read to its end.
    """
    if not clips or size < 4:
        raise FacesError(f"{len(clips)} clips and crops of {size} px: give at least one clip and 4 px")
    options = options or FaceOptions()
    _refuse_another(out, identity)
    folders = crop_folders([clip.info for clip in clips])
    shots = [
        _extract_shot(clip, out, folder, size, options, progress) for clip, folder in zip(clips, folders, strict=True)
    ]
    record = DatasetRecord(identity, size, tuple(shots), tuple(folders))
    save_dataset(out, record)
    return record


def performer_tracks(clip: Clip, found: ShotFaces, track: int | None = None) -> tuple[int, ...]:
    """Return the tracks of the performer: those asked for, or of the person who is seen most, over all cuts.

    Args:
        clip: The clip.
        found: What was found in it; at least one face.
        track: Taken alone when given.
    """
    if track is not None:
        return (track,)
    main = found.main_track()
    return () if main is None else tracks_of_person(clip, found, main)


def crop_folders(infos: Iterable[ClipInfo]) -> list[str]:
    """Name the folder of each clip's crops after the clip; clips of one name are numbered."""
    names: list[str] = []
    for info in infos:
        base = re.sub(r"[.#%_-]*(%\d*d|#+)?$", "", Path(info.path).stem) or "clip"
        base = re.sub(r"[^\w-]+", "_", base)
        name, count = base, 2
        while name in names:
            name, count = f"{base}-{count}", count + 1
        names.append(name)
    return names


def _extract_shot(clip: Clip, out: Path, folder: str, size: int, options: FaceOptions, progress: Progress) -> ShotFaces:
    path = out / "shots" / f"{folder}.json"
    note = _made_with(clip.info, size, options)
    done = _finished_shot(path, note)
    if done is not None:
        progress("crops", done.frame_count, done.frame_count)
        return done
    found = find_faces(clip, options, progress)
    shot = found.only_tracks(performer_tracks(clip, found, options.track))
    # Shot and dataset count as unfinished from the first crop that is made; until then older ones stay whole.
    for record in (out / RECORD, path):
        record.unlink(missing_ok=True)
    _write_crops(clip, shot, out / "crops" / folder, size, progress)
    save_shot(path, shot, note)
    return shot


def _refuse_another(out: Path, identity: str) -> None:
    """Refuse a folder that holds somebody else's faces."""
    try:
        held = load_dataset(out).identity
    except FacesError:
        return  # What is missing or damaged is made again.
    if held != identity:
        raise FacesError(f"{out}: holds the faces of {held}; choose another folder for {identity}")


def _made_with(info: ClipInfo, size: int, options: FaceOptions) -> dict[str, Any]:
    """Return what a shot's crops depend on, as JSON gives it back."""
    chosen = {name: value for name, value in asdict(options).items() if name not in {"threads", "device"}}
    return {"clip": info.path, "frames": info.frame_count, "stamp": stamp_of(info), "size": size, "options": chosen}


def _finished_shot(path: Path, note: dict[str, Any]) -> ShotFaces | None:
    if not path.is_file():
        return None
    try:
        return load_shot(path) if shot_note(path) == note else None
    except FacesError:
        # What an interruption damaged is made again.
        return None


def _write_crops(clip: Clip, shot: ShotFaces, folder: Path, size: int, progress: Progress) -> None:
    faces = {face.index: face for face in shot.faces}
    first, last = min(faces), max(faces)
    deep = clip.info.bit_depth > 8
    for frame in clip.frames(first, last + 1):
        if frame.index in faces:
            shown = to_display(frame.image, clip.info.encoding)
            cut_out = normalise.crop(shown, faces[frame.index].crop_from_plate, size)
            _write_png(folder / f"{frame.index:06d}.png", cut_out, deep)
        progress("crops", frame.index + 1 - first, last + 1 - first)


def _write_png(path: Path, image: Image, deep: bool) -> None:
    top = 65535 if deep else 255
    codes = np.asarray(np.clip(np.rint(image[..., ::-1] * np.float32(top)), 0, top), dtype=np.float32)
    done, data = cv2.imencode(".png", codes.astype(np.uint16) if deep else codes.astype(np.uint8))
    if not done:
        raise FacesError(f"{path}: this picture cannot be written as PNG; choose another size")
    with replacing(path) as beside:
        beside.write_bytes(data.tobytes())
