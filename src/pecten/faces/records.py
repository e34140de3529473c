"""What was found in a clip, and the versioned files that hold it."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64
from safetensors import SafetensorError
from safetensors.numpy import load, save

from pecten.errors import FacesError
from pecten.faces.detect import Box
from pecten.faces.mesh import MESH_POINTS
from pecten.faces.spans import spans, unspan
from pecten.faces.track import main_track
from pecten.files import replacing, sha256_of, write_json
from pecten.types import Affine, ByteImage

VERSION = 3
"""2 added portraits, how far faces are covered, and the frames corrected by hand; 3 the footage's digest. Older records
are read as having none."""

RECORD = "record.json"
PORTRAIT_SIZE = 128
"""Side of a track's picture, in px."""


@dataclass(frozen=True, eq=False)
class FaceFrame:
    """One face on one frame.

    Attributes:
        index: Of the frame in the clip, from 0.
        number: Of the frame in its file or sequence.
        track: Which of the clip's faces.
        box: Around the landmarks, x0, y0, x1, y1 in plate px.
        score: Probability that this is a face.
        landmarks: The 478 mesh points, in plate px, not smoothed over time.
        spread_px: Of the landmarks under perturbation, at `CANONICAL_SIZE`; 0 when they were not perturbed.
        crop_from_plate: To a crop of `CANONICAL_SIZE`, settled over the shot.
        yaw_rad: Positive towards the picture's right.
        pitch_rad: Positive down.
        roll_rad: Positive counter-clockwise in the picture.
        left_out: Why it is not for training; None when it is. A swap uses it all the same.
        covered: Share of the face that something in front covers; 0 in records of version 1.
    """

    index: int
    number: int
    track: int
    box: Box
    score: float
    landmarks: Float64[np.ndarray, "478 2"]
    spread_px: float
    crop_from_plate: Affine
    yaw_rad: float
    pitch_rad: float
    roll_rad: float
    left_out: str | None = None
    covered: float = 0.0


@dataclass(frozen=True, eq=False)
class Portrait:
    """What a track's face looks like.

    Attributes:
        track: Which of the clip's faces.
        index: Frame of the picture, the most frontal one.
        embedding: Mean of the recogniser's descriptions of several frames.
        picture: Its face, `PORTRAIT_SIZE` px square, normalised, display-coded.
    """

    track: int
    index: int
    embedding: Float64[np.ndarray, "128"]
    picture: ByteImage


@dataclass(frozen=True, eq=False)
class ShotFaces:
    """The faces of one clip, in order of frame and track.

    Attributes:
        clip, width, height, rate, frame_count, first_number, encoding: As `ClipInfo` has them.
        faces: Of every frame.
        missing: Index of each frame without any face, and the reason.
        portraits: Of every track; none in records of version 1.
        corrected: Indices of the frames that were corrected by hand.
        sha256: Digest of the clip, as `pecten.footage.digest` has it; "" where nobody has looked.
    """

    clip: str
    width: int
    height: int
    rate: Fraction
    frame_count: int
    first_number: int
    encoding: str
    faces: tuple[FaceFrame, ...]
    missing: tuple[tuple[int, str], ...] = ()
    portraits: tuple[Portrait, ...] = ()
    corrected: tuple[int, ...] = ()
    sha256: str = ""

    def track_ids(self) -> tuple[int, ...]:
        """Return the numbers of the tracks, ascending."""
        return tuple(sorted({face.track for face in self.faces}))

    def of_track(self, track: int) -> tuple[FaceFrame, ...]:
        """Return the faces of one track, in order of frame."""
        return tuple(face for face in self.faces if face.track == track)

    def main_track(self) -> int | None:
        """Return the track that covers most area times frames; None when there is no face."""
        return main_track([(face.track, face.box) for face in self.faces])

    def only_tracks(self, tracks: Iterable[int]) -> "ShotFaces":
        """Return the shot with some tracks alone; frames without them are missing, with their reason.

        Raises:
            FacesError: if there is no such track.
        """
        known, chosen = self.track_ids(), set(tracks)
        for track in sorted(chosen - set(known)):
            listed = ", ".join(map(str, known)) or "none"
            raise FacesError(f"{self.clip}: no track {track}; the tracks found are {listed}")
        faces = tuple(face for face in self.faces if face.track in chosen)
        reasons = dict(self.missing)
        absent = sorted(set(range(self.frame_count)) - {face.index for face in faces})
        missing = tuple((i, reasons.get(i, "only other faces found")) for i in absent)
        portraits = tuple(portrait for portrait in self.portraits if portrait.track in chosen)
        return replace(self, faces=faces, missing=missing, portraits=portraits)


def runs(faces: Sequence[FaceFrame]) -> list[list[int]]:
    """Return the rows of each track's runs of consecutive frames (a cut starts new tracks)."""
    found: list[list[int]] = []
    for row in sorted(range(len(faces)), key=lambda r: (faces[r].track, faces[r].index)):
        last = faces[found[-1][-1]] if found else None
        if last is not None and last.track == faces[row].track and last.index == faces[row].index - 1:
            found[-1].append(row)
        else:
            found.append([row])
    return found


@dataclass(frozen=True, eq=False)
class DatasetRecord:
    """The crops of one performer: one shot a clip, one face a frame; crops lie where `crop_name` says."""

    identity: str
    size: int
    shots: tuple[ShotFaces, ...]
    folders: tuple[str, ...]
    """For each shot, the folder of its crops under `crops/`."""
    version: int = VERSION

    def crop_name(self, shot: int, face: FaceFrame) -> str:
        """Return the path of a face's crop, relative to the dataset's folder."""
        return f"crops/{self.folders[shot]}/{face.index:06d}.png"

    def footage(self) -> list[tuple[str, str]]:
        """Return each clip that the crops are of, with its digest."""
        return [(shot.clip, shot.sha256) for shot in self.shots]


def save_dataset(folder: Path, record: DatasetRecord) -> None:
    """Write a dataset's record (`record.json`, to be read; `record.safetensors`, the numbers)."""
    head = {"kind": "dataset", "identity": record.identity, "size": record.size, "folders": list(record.folders)}
    mark_unfinished(folder, record.identity)
    _save(folder / RECORD, head, record.shots)


def mark_unfinished(folder: Path, identity: str) -> None:
    """Put a record in place that says whose dataset a folder holds, and that it cannot be used yet."""
    write_json(
        folder / RECORD, {"version": VERSION, "kind": "dataset", "identity": identity, "unfinished": True, "shots": []}
    )


def identity_of(folder: Path) -> str | None:
    """Return whose dataset a folder holds, finished, unfinished or damaged; None where nothing says so."""
    try:
        return str(json.loads((folder / RECORD).read_text(encoding="utf-8"))["identity"])
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError):
        return None


def load_dataset(folder: Path) -> DatasetRecord:
    """Read a dataset's record.

    Raises:
        FacesError: if it is missing, damaged, or of a later version.
    """
    head, shots = _load(folder / RECORD, "dataset", "run `pecten faces` on the performer's clips")
    try:
        return DatasetRecord(str(head["identity"]), int(head["size"]), shots, tuple(map(str, head["folders"])))
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(folder / RECORD, error) from error


def save_shot(path: Path, shot: ShotFaces, note: dict[str, Any] | None = None) -> None:
    """Write the faces of one clip.

    Args:
        path: Of the JSON file; the numbers go beside it.
        shot: What was found.
        note: Kept with it, for `shot_note`.
    """
    # Without its JSON a shot counts as unfinished, so an interruption between the two files harms nothing.
    path.unlink(missing_ok=True)
    _save(path, {"kind": "shot", "note": note or {}}, (shot,))


def load_shot(path: Path) -> ShotFaces:
    """Read the faces of one clip.

    Raises:
        FacesError: if the file is missing, damaged, or of a later version.
    """
    return _load(path, "shot", "run `pecten faces` on the clip")[1][0]


def record_kind(path: Path) -> str:
    """Return what a record holds: "dataset" or "shot".

    Raises:
        FacesError: if the file is no record.
    """
    try:
        kind = json.loads(path.read_text(encoding="utf-8"))["kind"]
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path, error) from error
    return str(kind)


def shot_note(path: Path) -> dict[str, Any]:
    """Return the note that was saved with a shot.

    Raises:
        FacesError: as `load_shot`.
    """
    note = _load(path, "shot", "run `pecten faces` on the clip")[0].get("note", {})
    return dict(note)


def _save(path: Path, head: dict[str, Any], shots: tuple[ShotFaces, ...]) -> None:
    arrays: dict[str, np.ndarray] = {}
    for i, shot in enumerate(shots):
        columns = _columns(shot.faces) | _portrait_columns(shot.portraits)
        arrays |= {f"{i}.{name}": column for name, column in columns.items()}
    with replacing(path.with_suffix(".safetensors")) as beside:
        beside.write_bytes(save(arrays))
    table = {"version": VERSION, **head, "arrays_sha256": sha256_of(path.with_suffix(".safetensors"))}
    write_json(path, {**table, "shots": [_summary(shot) for shot in shots]})


def _columns(faces: tuple[FaceFrame, ...]) -> dict[str, np.ndarray]:
    count = len(faces)
    return {
        "index": np.array([f.index for f in faces], dtype=np.int64),
        "number": np.array([f.number for f in faces], dtype=np.int64),
        "track": np.array([f.track for f in faces], dtype=np.int64),
        "box": np.array([f.box for f in faces], dtype=np.float64).reshape(count, 4),
        "score": np.array([f.score for f in faces], dtype=np.float64),
        "landmarks": np.array([f.landmarks for f in faces], dtype=np.float32).reshape(count, MESH_POINTS, 2),
        "spread_px": np.array([f.spread_px for f in faces], dtype=np.float64),
        "covered": np.array([f.covered for f in faces], dtype=np.float64),
        "crop_from_plate": np.array([f.crop_from_plate for f in faces], dtype=np.float64).reshape(count, 2, 3),
        "pose_rad": np.array([(f.yaw_rad, f.pitch_rad, f.roll_rad) for f in faces], dtype=np.float64).reshape(count, 3),
    }


def _portrait_columns(portraits: tuple[Portrait, ...]) -> dict[str, np.ndarray]:
    count, side = len(portraits), PORTRAIT_SIZE
    return {
        "portrait_track": np.array([p.track for p in portraits], dtype=np.int64),
        "portrait_index": np.array([p.index for p in portraits], dtype=np.int64),
        "portrait_embedding": np.array([p.embedding for p in portraits], dtype=np.float64).reshape(count, 128),
        "portrait_picture": np.array([p.picture for p in portraits], dtype=np.uint8).reshape(count, side, side, 3),
    }


def _summary(shot: ShotFaces) -> dict[str, Any]:
    left_out = [(row, face.left_out) for row, face in enumerate(shot.faces) if face.left_out is not None]
    return {
        "clip": shot.clip,
        "width": shot.width,
        "height": shot.height,
        "rate": str(shot.rate),
        "frame_count": shot.frame_count,
        "first_number": shot.first_number,
        "encoding": str(shot.encoding),
        "faces": len(shot.faces),
        "tracks": {str(t): spans(f.index for f in shot.of_track(t)) for t in shot.track_ids()},
        "rows_left_out": _by_reason(left_out),
        "frames_missing": _by_reason(shot.missing),
        "frames_corrected": spans(shot.corrected),
        "sha256": shot.sha256,
    }


def _by_reason(entries: Iterable[tuple[int, str]]) -> dict[str, str]:
    grouped: dict[str, list[int]] = {}
    for place, reason in entries:
        grouped.setdefault(reason, []).append(place)
    return {reason: spans(places) for reason, places in grouped.items()}


def _load(path: Path, kind: str, remedy: str) -> tuple[dict[str, Any], tuple[ShotFaces, ...]]:
    if not path.is_file():
        raise FacesError(f"{path}: no such record; {remedy}")
    numbers = path.with_suffix(".safetensors")
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        version = int(table["version"])
        if version > VERSION:
            raise FacesError(
                f"{path}: version {version}, but this Pecten reads up to {VERSION}; install a newer Pecten"
            )
        if table.get("unfinished"):
            raise FacesError(f"{path}: its crops are not all made yet: run the same `pecten faces` again")
        if table["kind"] != kind or table["arrays_sha256"] != sha256_of(numbers):
            raise ValueError(f"{numbers.name} does not belong to it")
        arrays = load(numbers.read_bytes())
        shots = tuple(_shot(entry, arrays, i) for i, entry in enumerate(table["shots"]))
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        raise _damaged(path, error) from error
    return table, shots


def _damaged(path: Path, error: Exception) -> FacesError:
    return FacesError(
        f"{path}: damaged record ({' '.join(str(error).split())}); delete it and run `pecten faces` again"
    )


def _shot(entry: dict[str, Any], arrays: dict[str, np.ndarray], place: int) -> ShotFaces:
    left_out = {row: reason for reason, rows in entry["rows_left_out"].items() for row in unspan(rows)}
    missing = sorted((frame, reason) for reason, frames in entry["frames_missing"].items() for frame in unspan(frames))
    column = {name.split(".", 1)[1]: a for name, a in arrays.items() if name.startswith(f"{place}.")}
    faces = tuple(_face(column, row, left_out.get(row)) for row in range(int(entry["faces"])))
    return ShotFaces(
        clip=str(entry["clip"]),
        width=int(entry["width"]),
        height=int(entry["height"]),
        rate=Fraction(entry["rate"]),
        frame_count=int(entry["frame_count"]),
        first_number=int(entry["first_number"]),
        encoding=str(entry["encoding"]),
        faces=faces,
        missing=tuple(missing),
        portraits=_portraits(column),
        corrected=tuple(unspan(entry.get("frames_corrected", ""))),
        sha256=str(entry.get("sha256", "")),
    )


def _portraits(column: dict[str, np.ndarray]) -> tuple[Portrait, ...]:
    if "portrait_track" not in column:
        return ()
    names = ("portrait_track", "portrait_index", "portrait_embedding", "portrait_picture")
    rows = zip(*(column[name] for name in names), strict=True)
    return tuple(Portrait(int(track), int(index), seen, picture) for track, index, seen, picture in rows)


def _face(column: dict[str, np.ndarray], row: int, left_out: str | None) -> FaceFrame:
    x0, y0, x1, y1 = column["box"][row].tolist()
    yaw, pitch, roll = column["pose_rad"][row].tolist()
    return FaceFrame(
        index=int(column["index"][row]),
        number=int(column["number"][row]),
        track=int(column["track"][row]),
        box=(x0, y0, x1, y1),
        score=float(column["score"][row]),
        landmarks=column["landmarks"][row].astype(np.float64),
        spread_px=float(column["spread_px"][row]),
        crop_from_plate=column["crop_from_plate"][row],
        yaw_rad=yaw,
        pitch_rad=pitch,
        roll_rad=roll,
        left_out=left_out,
        covered=float(column["covered"][row]) if "covered" in column else 0.0,
    )
