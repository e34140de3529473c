"""Faces at a glance: whose track is whose, what will be trained on, and what was left out and why."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from pecten import sheet
from pecten.errors import FacesError
from pecten.faces.people import group_people, track_name
from pecten.faces.records import DatasetRecord, FaceFrame, ShotFaces
from pecten.types import ByteImage

OVERVIEW = "overview.jpg"
TRACKS = "tracks.jpg"
LEFT_OUT = "left_out.jpg"
COLUMNS = 8
CELL_PX = 192


def write_overview(folder: Path, record: DatasetRecord) -> Path:
    """Draw a dataset: for each clip a row of crops from its first to its last, and rows of those left out.

    Args:
        folder: Of the dataset; crops are read from it.
        record: Of the dataset.
    Returns:
        The picture, in the folder.
    """
    rows: list[list[ByteImage]] = []
    names: list[str] = []
    for place, shot in enumerate(record.shots):
        kept = [face for face in shot.faces if face.left_out is None]
        out = [face for face in shot.faces if face.left_out is not None]
        for name, faces in ((f"{len(kept)} kept", kept), (f"{len(out)} out", out)):
            if faces:
                rows.append(_row(folder, record, place, faces))
                names.append(name)
    title = f"{record.identity}: {', '.join(record.folders)}"
    picture = sheet.contact_sheet(rows, [""] * COLUMNS, names, title, (CELL_PX, CELL_PX))
    sheet.save(folder / OVERVIEW, picture)
    return folder / OVERVIEW


def write_left_out(folder: Path, record: DatasetRecord) -> Path | None:
    """Draw what was left out of training: a row a reason with its count, and examples spread over the clips.

    Args:
        folder: Of the dataset; crops are read from it.
        record: Of the dataset.
    Returns:
        The picture, in the folder; None, and no picture, when nothing was left out.
    """
    out: dict[str, list[tuple[int, FaceFrame]]] = {}
    for place, shot in enumerate(record.shots):
        for face in shot.faces:
            if face.left_out is not None:
                out.setdefault(face.left_out, []).append((place, face))
    if not out:
        (folder / LEFT_OUT).unlink(missing_ok=True)
        return None
    rows = []
    for reason, faces in sorted(out.items(), key=lambda item: -len(item[1])):
        chosen = np.unique(np.linspace(0, len(faces) - 1, COLUMNS - 1).astype(int))
        cells = [_example(folder, record, *faces[i]) for i in chosen]
        rows.append([_said(f"{len(faces)} frames: {reason}"), *cells, *[_blank()] * (COLUMNS - 1 - len(cells))])
    total = sum(len(faces) for faces in out.values())
    title = f"{record.identity}: {total} of {sum(len(shot.faces) for shot in record.shots)} left out of training"
    sheet.save(
        folder / LEFT_OUT, sheet.contact_sheet(rows, [""] * COLUMNS, [""] * len(rows), title, (CELL_PX, CELL_PX))
    )
    return folder / LEFT_OUT


def _said(text: str) -> ByteImage:
    return sheet.label(_blank(), "\n".join(textwrap.wrap(text, 24)), 14)


def _example(folder: Path, record: DatasetRecord, place: int, face: FaceFrame) -> ByteImage:
    words = str(face.number) if len(record.folders) == 1 else f"{record.folders[place]} {face.number}"
    return _picture(folder / record.crop_name(place, face), words)


def _row(folder: Path, record: DatasetRecord, place: int, faces: list[FaceFrame]) -> list[ByteImage]:
    chosen = np.unique(np.linspace(0, len(faces) - 1, COLUMNS).astype(int))
    cells = [_cell(folder / record.crop_name(place, faces[i]), faces[i]) for i in chosen]
    return cells + [_blank()] * (COLUMNS - len(cells))


def _cell(path: Path, face: FaceFrame) -> ByteImage:
    return _picture(path, str(face.number) if face.left_out is None else f"{face.number} {face.left_out}")


def _picture(path: Path, words: str) -> ByteImage:
    crop = cv2.imread(str(path))
    if crop is None:
        return _blank()
    return sheet.label(sheet.fit(np.ascontiguousarray(crop[..., ::-1]), CELL_PX, CELL_PX), words, 12)


def write_tracks(
    folder: Path, shots: Sequence[ShotFaces], names: Sequence[str], cast: Mapping[tuple[int, int], str] | None = None
) -> Path:
    """Draw the tracks of clips, a row a person: the most frontal picture, frames, and distance from the person's mean.

    Args:
        folder: Where to write.
        shots: What was found in each clip, with a portrait of every track.
        names: What each clip is called.
        cast: Performer's name of each track (place of the clip, number) that was given one.
    Returns:
        The picture, in the folder.
    Raises:
        FacesError: if there are none.
    """
    people = group_people(shots)
    if not people:
        raise FacesError(f"{folder}: no tracks to draw: find faces first")
    columns = max(4, min(COLUMNS, max((len(person.tracks) for person in people), default=0)))
    rows: list[list[ByteImage]] = []
    heads: list[str] = []
    for number, person in enumerate(people):
        tracks = zip(person.tracks, person.distances, strict=True)
        cells = [_portrait(shots, names, track, far, (cast or {}).get(track)) for track, far in tracks]
        for start in range(0, len(cells), columns):
            row = cells[start : start + columns]
            rows.append(row + [_blank()] * (columns - len(row)))
            heads.append("" if start else f"p{number}")
    title = f"{', '.join(names)}: a row a person (p0 is seen most), a picture a track"
    picture = sheet.contact_sheet(rows, [""] * columns, heads, title, (CELL_PX, CELL_PX))
    sheet.save(folder / TRACKS, picture)
    return folder / TRACKS


def _portrait(
    shots: Sequence[ShotFaces], names: Sequence[str], track: tuple[int, int], far: float, given: str | None
) -> ByteImage:
    place, number = track
    shot = shots[place]
    frames = [face.number for face in shot.of_track(number)]
    picture = next(portrait.picture for portrait in shot.portraits if portrait.track == number)
    large = np.asarray(cv2.resize(picture, (CELL_PX, CELL_PX), interpolation=cv2.INTER_CUBIC))
    lines = [
        f"track {track_name(names, place, number)}{f' is {given}' if given else ''}",
        f"frames {frames[0]}-{frames[-1]}",
        f"{len(frames)} of them, {far:.2f} off",
    ]
    return sheet.label(large, "\n".join(lines), 13)


def _blank() -> ByteImage:
    return np.full((CELL_PX, CELL_PX, 3), sheet.BACKGROUND, np.uint8)
