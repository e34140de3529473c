"""Corrections by hand: keys on frames in a small file beside a record, which survive a new extraction.

The file is JSON to be written by people; docs/corrections.md describes it.
"""

import json
import math
import sys
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from pecten.errors import FacesError
from pecten.faces import mesh
from pecten.faces.detect import Box
from pecten.faces.normalise import FACE_CENTRE
from pecten.files import write_json
from pecten.geometry import similarity as sim
from pecten.types import Affine, Points

CORRECTIONS = "corrections.json"
VERSION = 1

Then = Literal["only", "linear", "hold"]
"""What a key does after its own frame: nothing, blend into the next key of its kind, or stay until that."""

GROUPS = {
    "right_eye": (*mesh.RIGHT_EYE, *mesh.RIGHT_IRIS),
    "left_eye": (*mesh.LEFT_EYE, *mesh.LEFT_IRIS),
    "right_brow": mesh.RIGHT_BROW,
    "left_brow": mesh.LEFT_BROW,
    "nose": mesh.NOSE,
    "mouth": (*mesh.OUTER_LIPS, *mesh.INNER_LIPS),
    "oval": mesh.OVAL,
    "all": tuple(range(mesh.MESH_POINTS)),
}
"""Landmarks that can be moved by name; right and left are the performer's own."""

_KINDS = ("box", "landmarks", "points", "shift_px", "rotate_deg", "scale", "crop_from_plate", "drop")
_DELTA = ("shift_px", "rotate_deg", "scale")
_MOVES = "shift_px, rotate_deg or scale"
_ABSOLUTE = ("scale", "rotation_deg", "shift_px")
_SCALES = (0.1, 10.0)
_ABSOLUTE_SCALES = (0.01, 100.0)
"""Of faces of 100 000 to 10 px."""


@dataclass(frozen=True)
class Key:
    """One correction of one kind.

    Attributes:
        index: Of the frame in the clip.
        value: Numbers, which blend from key to key.
        then: What holds after the frame.
    """

    index: int
    value: tuple[float, ...]
    then: Then


@dataclass(frozen=True)
class Correction:
    """What is to be done to one face on one frame.

    Attributes:
        box: Where to look for it, in plate px.
        landmarks: Offset of each group of `GROUPS`, in plate px.
        points: All 478 points, in plate px.
        delta: Shift in plate px, degrees counter-clockwise and scale, of the place that the crop is taken from.
        crop_from_plate: In place of the one that was found.
        drop: Whether this is no face.
    """

    box: Box | None = None
    landmarks: tuple[tuple[str, tuple[float, float]], ...] = ()
    points: Points | None = None
    delta: tuple[float, float, float, float] | None = None
    crop_from_plate: Affine | None = None
    drop: bool = False


class Corrections:
    """The keys of one clip, by track and kind.

    Args:
        keys: For each track and kind (a field of the file, with the group's name after `landmarks.`), its keys.
    """

    def __init__(self, keys: dict[int, dict[str, list[Key]]] | None = None) -> None:
        self._keys = {
            track: {kind: sorted(of_kind, key=lambda key: key.index) for kind, of_kind in kinds.items()}
            for track, kinds in (keys or {}).items()
        }

    def __bool__(self) -> bool:
        """Whether anything is corrected."""
        return bool(self._keys)

    def tracks(self) -> tuple[int, ...]:
        """Return the tracks with corrections, ascending."""
        return tuple(sorted(self._keys))

    def has_key(self, track: int, index: int) -> bool:
        """Say whether a track has a key on a frame, rather than between two."""
        return any(key.index == index for of_kind in self._keys.get(track, {}).values() for key in of_kind)

    def at(self, track: int, index: int) -> Correction | None:
        """Return what is to be done to a track's face on a frame; None for nothing."""
        kinds = self._keys.get(track, {})
        values = {kind: value for kind, of_kind in kinds.items() if (value := _value(of_kind, index)) is not None}
        if not values:
            return None
        groups = {kind.partition(".")[2]: value for kind, value in values.items() if kind.startswith("landmarks.")}
        box, points = values.get("box"), values.get("points")
        delta, absolute = values.get("delta"), values.get("crop_from_plate")
        return Correction(
            box=None if box is None else (box[0], box[1], box[2], box[3]),
            landmarks=tuple((name, (x, y)) for name, (x, y) in sorted(groups.items())),
            points=None if points is None else np.array(points, np.float64).reshape(-1, 2),
            delta=None if delta is None else (delta[0], delta[1], delta[2], math.exp(delta[3])),
            crop_from_plate=None if absolute is None else _transform(absolute),
            drop=bool(values.get("drop", (0.0,))[0]),
        )


def _value(keys: Sequence[Key], index: int) -> tuple[float, ...] | None:
    place = bisect_right([key.index for key in keys], index) - 1
    if place < 0:
        return None
    key = keys[place]
    if key.index == index or key.then == "hold":
        return key.value
    if key.then == "only" or place + 1 == len(keys):
        return None
    after = keys[place + 1]
    share = (index - key.index) / (after.index - key.index)
    return tuple(a + share * (b - a) for a, b in zip(key.value, after.value, strict=True))


def moved(crop_from_plate: Affine, delta: tuple[float, float, float, float]) -> Affine:
    """Move the place that a crop is taken from.

    Args:
        crop_from_plate: As found.
        delta: Shift in plate px, turn in degrees counter-clockwise, scale; about the face's centre.
    """
    x, y, turn_deg, scale = delta
    centre = sim.apply(sim.invert(crop_from_plate), np.array([FACE_CENTRE]))[0]
    change = sim.similarity(scale, -math.radians(turn_deg), (0.0, 0.0))
    change[:, 2] = centre + np.array([x, y]) - change[:, :2] @ centre
    return sim.compose(crop_from_plate, sim.invert(change))


def _path(transform: Affine) -> tuple[float, ...]:
    """Write a similarity as what blends well: log scale, turn in radians, and where the face's centre lies."""
    x, y = sim.apply(sim.invert(transform), np.array([FACE_CENTRE]))[0].tolist()
    return math.log(sim.scale_of(transform)), math.atan2(transform[1, 0], transform[0, 0]), x, y


def _transform(path: tuple[float, ...]) -> Affine:
    transform = sim.similarity(math.exp(path[0]), path[1], (0.0, 0.0))
    transform[:, 2] = np.array(FACE_CENTRE) - transform[:, :2] @ np.array(path[2:])
    return transform


def read_corrections(
    paths: Sequence[Path], clip: str, first_number: int, frame_count: int, tracks: Sequence[int] | None = None
) -> Corrections:
    """Read the corrections of one clip.

    Args:
        paths: The files; nothing is corrected by one that does not exist.
        clip: Its name, for files that speak of several clips.
        first_number: Number of its first frame.
        frame_count: Its frames.
        tracks: Only these are corrected; None for all.
    Raises:
        FacesError: if an entry cannot be followed; the message names the file and the frame.
    """
    entries = [(path, place, entry) for path in paths for place, entry in enumerate(load_entries(path))]
    wanted = [one for one in entries if concerns(one[2], clip, tracks)]
    return _read(wanted, clip, first_number, frame_count)


def concerns(entry: dict[str, Any], clip: str, tracks: Sequence[int] | None = None) -> bool:
    """Say whether an entry is about a clip, and about one of some tracks; None for all."""
    return entry.get("clip", clip) == clip and (tracks is None or entry.get("track", 0) in tracks)


def read_entries(
    path: Path, entries: Sequence[dict[str, Any]], clip: str, first_number: int, frame_count: int
) -> Corrections:
    """Read entries that belong into a file.

    Args:
        path: The file, for messages.
        entries: As `load_entries` gives them.
        clip, first_number, frame_count: As for `read_corrections`.
    Raises:
        FacesError: as `read_corrections`.
    """
    placed = [(path, place, entry) for place, entry in enumerate(entries) if concerns(entry, clip)]
    return _read(placed, clip, first_number, frame_count)


def _read(
    placed: Sequence[tuple[Path, int, dict[str, Any]]], clip: str, first_number: int, frame_count: int
) -> Corrections:
    keys: dict[int, dict[str, list[Key]]] = {}
    files: dict[tuple[int, str, int], Path] = {}
    for path, place, entry in placed:
        where = f"{path}: correction {place + 1} (frame {entry.get('frame')})"
        index = _whole(entry, "frame", where) - first_number
        if not 0 <= index < frame_count:
            raise FacesError(f"{where}: {clip} has frames {first_number}-{first_number + frame_count - 1}: use these")
        track = _whole(entry, "track", where, 0)
        if track < 0:
            raise FacesError(f"{where}: 'track' is {track}: tracks count from 0")
        for kind, key in _keys_of(entry, index, where):
            other = files.setdefault((track, kind, index), path)
            of_kind = keys.setdefault(track, {}).setdefault(kind, [])
            if any(one.index == index for one in of_kind):
                said = "corrected twice" if other == path else f"corrected in {other} too,"
                named = _MOVES if kind == "delta" else kind.partition(".")[0]
                raise FacesError(f"{where}: {said} in {named}: delete one of the entries")
            of_kind.append(key)
    return Corrections(keys)


def load_entries(path: Path) -> list[dict[str, Any]]:
    """Read the entries of a file as they stand in it; none where there is no file.

    Raises:
        FacesError: if it is damaged or of a later version.
    """
    if not path.is_file():
        return []
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        version, entries = int(table["version"]), list(table["corrections"])
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
        said = " ".join(str(error).split())
        raise FacesError(f"{path}: not a file of corrections ({said}); mend it, or delete it") from error
    if version > VERSION:
        raise FacesError(f"{path}: version {version}, but this Pecten reads up to {VERSION}; install a newer Pecten")
    for place, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise FacesError(f'{path}: correction {place + 1} is no object: write it as {{"frame": 1001, ...}}')
    return entries


def with_entry(
    entries: Sequence[dict[str, Any]], entry: dict[str, Any], clip: str | None
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Put an entry in place of what others say of its kinds for the same clip, frame and track.

    Shift, turn and scale are one kind: what the entry leaves out of them it takes over, and what holds after.

    Args:
        entries: Those that there are.
        entry: The new one.
        clip: Of entries that name none; None where there are several.
    Returns:
        What is left of the others, and the entry.
    """
    fields, kept = {name for name in entry if name in _KINDS}, []
    if fields & {*_DELTA}:
        fields |= {*_DELTA}
    for old in entries:
        if _place_of(old, clip) != _place_of(entry, clip):
            kept.append(old)
            continue
        taken_over = {name: old[name] for name in _KINDS if name in fields & (old.keys() - entry.keys())}
        if taken_over and "then" in old:
            taken_over["then"] = entry.get("then", old["then"])
        entry = entry | taken_over
        rest = {name: value for name, value in old.items() if name not in fields}
        if any(name in _KINDS for name in rest):
            kept.append(rest)
    return kept, entry


def without_entries(
    entries: Sequence[dict[str, Any]], clip: str, frame: int, track: int, only_clip: str | None
) -> list[dict[str, Any]]:
    """Return the entries but those of one clip, frame and track.

    Args:
        entries: Those that there are.
        clip, frame, track: Of which.
        only_clip: Of entries that name none; None where there are several.
    """
    return [entry for entry in entries if _place_of(entry, only_clip) != (clip, frame, track)]


def _place_of(entry: dict[str, Any], clip: str | None) -> tuple[Any, ...]:
    return entry.get("clip", clip), entry.get("frame"), entry.get("track", 0)


def save_entries(path: Path, entries: Sequence[dict[str, Any]]) -> None:
    """Write entries in the order of their frames."""
    ordered = sorted(entries, key=lambda entry: (str(entry.get("clip", "")), str(entry.get("frame")).zfill(12)))
    write_json(path, {"version": VERSION, "corrections": ordered})


def _keys_of(entry: dict[str, Any], index: int, where: str) -> list[tuple[str, Key]]:
    unknown = sorted(set(entry) - {"clip", "frame", "track", "then", *_KINDS})
    if unknown:
        raise FacesError(f"{where}: no such field: {unknown[0]}: use {', '.join(_KINDS)}")
    then: Then | None = next((t for t in get_args(Then) if t == entry.get("then", "only")), None)
    if then is None:
        raise FacesError(f"{where}: 'then' is {entry['then']!r}: choose one of {', '.join(get_args(Then))}")
    values = _values_of(entry, where)
    if not values:
        raise FacesError(f"{where}: says nothing to do: give one of {', '.join(_KINDS)}")
    if "drop" in values and then == "linear":
        raise FacesError(f"{where}: a face cannot be dropped by degrees: set 'then' to only or hold")
    return [(kind, Key(index, value, then)) for kind, value in values.items()]


def _values_of(entry: dict[str, Any], where: str) -> dict[str, tuple[float, ...]]:
    values: dict[str, tuple[float, ...]] = {}
    if "box" in entry:
        values["box"] = box = _numbers(entry["box"], 4, where, "box", "x0, y0, x1, y1 in px")
        if box[2] <= box[0] or box[3] <= box[1]:
            raise FacesError(f"{where}: the box has no area: give x0, y0, x1, y1 with x0 < x1 and y0 < y1")
    groups = entry.get("landmarks", {})
    if not isinstance(groups, dict) or set(groups) - set(GROUPS):
        raise FacesError(f"{where}: 'landmarks' moves groups, each by [x, y] px: {', '.join(GROUPS)}")
    for name, offset in groups.items():
        values[f"landmarks.{name}"] = _numbers(offset, 2, where, name, "x and y in px")
    if "points" in entry:
        pairs = entry["points"] if isinstance(entry["points"], list) else []
        flat = [number for pair in pairs if isinstance(pair, list) for number in pair]
        values["points"] = _numbers(flat, 2 * mesh.MESH_POINTS, where, "points", f"{mesh.MESH_POINTS} pairs of px")
    if any(name in entry for name in _DELTA):
        shift = _numbers(entry.get("shift_px", [0, 0]), 2, where, "shift_px", "x and y in px")
        turn = _numbers([entry.get("rotate_deg", 0)], 1, where, "rotate_deg", "a number of degrees")
        values["delta"] = (*shift, *turn, math.log(_scale(entry.get("scale", 1), where, *_SCALES)))
    if "crop_from_plate" in entry:
        values["crop_from_plate"] = _absolute(entry["crop_from_plate"], where)
    if "drop" in entry:
        if not isinstance(entry["drop"], bool):
            raise FacesError(f"{where}: 'drop' is {entry['drop']!r}: write true or false")
        values["drop"] = (float(entry["drop"]),)
    return values


def _absolute(given: Any, where: str) -> tuple[float, ...]:
    if not isinstance(given, dict) or set(given) != set(_ABSOLUTE):
        raise FacesError(f"{where}: 'crop_from_plate' needs {', '.join(_ABSOLUTE)}: give all three")
    x, y = _numbers(given["shift_px"], 2, where, "shift_px", "x and y in px")
    (turn,) = _numbers([given["rotation_deg"]], 1, where, "rotation_deg", "a number of degrees")
    return _path(sim.similarity(_scale(given["scale"], where, *_ABSOLUTE_SCALES), math.radians(turn), (x, y)))


def _scale(given: Any, where: str, least: float, most: float) -> float:
    what = f"a number from {least:g} to {most:g}"
    (scale,) = _numbers([given], 1, where, "scale", what)
    if not least <= scale <= most:
        raise FacesError(f"{where}: 'scale' is {scale:g}: give {what}")
    return scale


def _numbers(given: Any, count: int, where: str, name: str, what: str) -> tuple[float, ...]:
    listed = given if isinstance(given, list) else [given]
    # Whole numbers in JSON may be longer than any float.
    good = all(isinstance(n, int | float) and not isinstance(n, bool) and abs(n) <= sys.float_info.max for n in listed)
    if len(listed) != count or not good:
        raise FacesError(f"{where}: '{name}' is {str(given)[:60]}: give {what}")
    return tuple(float(n) for n in listed)


def _whole(entry: dict[str, Any], name: str, where: str, default: int | None = None) -> int:
    given = entry.get(name, default)
    if not isinstance(given, int) or isinstance(given, bool):
        raise FacesError(f"{where}: '{name}' is {given!r}: give a whole number")
    return given
