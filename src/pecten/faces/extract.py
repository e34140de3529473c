"""From clips to faces, and from faces to a dataset of normalised crops."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pecten.errors import FacesError
from pecten.faces import stabilise
from pecten.faces.correct import correct_faces, correct_transforms
from pecten.faces.corrections import CORRECTIONS, Corrections, concerns, load_entries, read_corrections
from pecten.faces.crops import are_whole, crop_folders, write_crops
from pecten.faces.finding import Finder
from pecten.faces.follow import FaceOptions
from pecten.faces.overview import write_tracks
from pecten.faces.people import SAME_LOOKS, tracks_of_person, with_portraits
from pecten.faces.records import (
    DatasetRecord,
    FaceFrame,
    ShotFaces,
    identity_of,
    load_shot,
    mark_unfinished,
    runs,
    save_dataset,
    save_shot,
    shot_note,
)
from pecten.footage.clip import Clip, ClipInfo, stamp_of
from pecten.footage.digest import digest_of
from pecten.metrics.identity import distance
from pecten.types import Progress, silent

FOUND = "found"
"""Folder, beside a record, of what was found before anything was corrected or smoothed."""


def find_faces(
    clip: Clip,
    options: FaceOptions | None = None,
    progress: Progress = silent,
    kept: Path | None = None,
    corrections: Corrections | None = None,
) -> ShotFaces:
    """Find, follow, correct and normalise every face of a clip.

    Args:
        clip: The plate or the performance.
        options: How; None is the default.
        progress: Called after each frame, as stage "faces".
        kept: Record of what was found before anything was corrected or smoothed; read when it is of this clip and these
            options, else written.
        corrections: Made by hand; None for none.
    Returns:
        Every face of every frame, and the frames without one.
    Raises:
        FacesError: if no frame shows a face, or a correction cannot be followed.
        FootageError: if the clip cannot be read to its end.
        KeyboardInterrupt: as it comes; it says that the faces found so far are lost.
    """
    options = options or FaceOptions()
    note = found_with(clip.info, options)
    found = None if kept is None else _finished_shot(kept, note)
    if found is None:
        found = _found(clip, options, progress)
        if kept is not None:
            save_shot(kept, found, note)
    else:
        progress("faces", found.frame_count, found.frame_count)
    seen_to = {(face.index, face.track): face for face in found.faces}
    if corrections:
        found = correct_faces(clip, found, corrections, Finder(options))
    if options.smooth:
        # What is registered is settled already, but for the neighbours of what was moved by hand.
        moved = {(f.index, f.track) for f in found.faces if seen_to.get((f.index, f.track)) is not f}
        found = replace(found, faces=tuple(smoothed(found.faces, moved if options.register else None)))
    return correct_transforms(found, corrections) if corrections else found


def _found(clip: Clip, options: FaceOptions, progress: Progress) -> ShotFaces:
    try:
        return Finder(options).find(clip, progress)
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(f"nothing of {clip.info.path}, whose faces were being found") from stop


def smoothed(faces: Sequence[FaceFrame], around: Collection[tuple[int, int]] | None = None) -> list[FaceFrame]:
    """Smooth the normalisation along each run of consecutive frames of each track (a cut starts new tracks).

    Args:
        faces: Of a clip.
        around: Frames and tracks; only these and their near neighbours are smoothed. None for all.
    """
    result = list(faces)
    for run in runs(faces):
        near = None if around is None else [i for i, r in enumerate(run) if (faces[r].index, faces[r].track) in around]
        if near == []:
            continue
        transforms = stabilise.smooth_transforms([faces[row].crop_from_plate for row in run], around=near)
        for row, transform in zip(run, transforms, strict=True):
            result[row] = replace(faces[row], crop_from_plate=transform)
    return result


def extract_dataset(
    clips: Sequence[Clip],
    identity: str,
    out: Path,
    size: int,
    options: FaceOptions | None = None,
    progress: Progress = silent,
    tracks: Mapping[int, Sequence[int]] | None = None,
    beside: Path | None = None,
) -> DatasetRecord:
    """Make a dataset of normalised crops of one performer; one that was interrupted is gone on with.

    Args:
        clips: Footage of the performer; of each, the tracks of one person are taken: of whom the first clip shows
                most.
        identity: The performer.
        out: Folder of the dataset: crops as PNG (8 bits, or 16 when the clip has more), and the record, written last;
            until then it says whose the dataset is, and that it is unfinished.
        size: Side of the crops, in px.
        options: How faces are found; None is the default.
        progress: Called after each frame, as stages "faces" and "crops", and after each file, as "digest".
        tracks: The performer's tracks by the clip's place, in place of those that look alike; clips that are not named
            are passed over.
        beside: Folder of what was found, and of corrections besides those in `out`; None is `out`.
    Raises:
        FacesError: if a clip shows no face, or not the one of the first clip; if none are given, or the folder holds
            another performer's dataset.
        FootageError: if a clip cannot be read to its end.
    """
    if not clips or size < 4:
        raise FacesError(f"{len(clips)} clips and crops of {size} px: give at least one clip and 4 px")
    options = options or FaceOptions()
    refuse_another(out, identity)
    folders = crop_folders([clip.info for clip in clips])
    maker = _Maker(identity, out, size, options, progress, beside or out)
    shots: list[ShotFaces] = []
    taken = range(len(clips)) if tracks is None else sorted(tracks)
    for place in taken:
        chosen = None if tracks is None else tuple(sorted(tracks[place]))
        shots.append(maker.shot(clips[place], folders[place], chosen, shots))
    dataset = DatasetRecord(identity, size, tuple(shots), tuple(folders[place] for place in taken))
    save_dataset(out, dataset)
    if tracks is None:
        _draw_tracks(out, dataset)
    return dataset


@dataclass(frozen=True)
class _Maker:
    """Makes the shots of one dataset, or takes those that are finished."""

    identity: str
    out: Path
    size: int
    options: FaceOptions
    progress: Progress
    beside: Path

    def shot(self, clip: Clip, folder: str, chosen: tuple[int, ...] | None, before: Sequence[ShotFaces]) -> ShotFaces:
        """Make one clip's shot.

        Args:
            clip: The clip.
            folder: Of its crops.
            chosen: The performer's tracks; None for those that look like the shots before.
            before: Of the same dataset.
        """
        path, progress = self.out / "shots" / f"{folder}.json", self.progress
        note = _made_with(clip.info, self.size, self.options) | _chosen_by_hand(self._by_hand(), folder, chosen)
        by_looks = chosen is None and self.options.track is None
        like = {_LIKE: _looks_of(before)} if by_looks else {}
        noted = _finished_shot(path, note | like)
        held = noted or _finished_shot(path, note, _LIKE)
        shot = noted or self._choose(clip, folder, chosen, before)
        same = held is not None and held.track_ids() == shot.track_ids()
        shot = held if held is not None and same else shot
        if not shot.sha256:  # New, or of an older version.
            shot = replace(shot, sha256=digest_of(clip.info, progress))
        whole = same and are_whole(shot, self.out / "crops" / folder, self.size)
        if whole:
            progress("crops", shot.frame_count, shot.frame_count)
        else:
            _write_shot(clip, shot, self.identity, self.out, folder, self.size, progress)
        if not whole or shot is not noted:
            save_shot(path, shot, note | like)
        return shot

    def _by_hand(self) -> tuple[Path, ...]:
        """Return the folders whose corrections count."""
        return tuple(dict.fromkeys((self.beside, self.out)))

    def _choose(
        self, clip: Clip, folder: str, chosen: tuple[int, ...] | None, before: Sequence[ShotFaces]
    ) -> ShotFaces:
        corrections = corrections_of(clip, folder, self._by_hand(), chosen)
        found = clip_faces(clip, folder, self.beside, self.options, self.progress, corrections)
        refuse_faceless(found)
        if chosen is None:
            chosen = _performer(clip, found, before, self.identity, self.options.track)
        return found.only_tracks(chosen)


_LIKE = "like"
"""In a shot's note: whom the tracks were chosen to look like."""


def _looks_of(shots: Sequence[ShotFaces]) -> str:
    """Return a digest of what the performer looks like in shots, on which the choice in the next one depends."""
    looks = hashlib.sha256()
    for shot in shots:
        for portrait in shot.portraits:
            looks.update(portrait.embedding.tobytes())
    return looks.hexdigest()


def _draw_tracks(out: Path, dataset: DatasetRecord) -> None:
    """Draw whom the clips show and which tracks were taken."""
    found = []
    for shot, folder in zip(dataset.shots, dataset.folders, strict=True):
        kept = out / FOUND / f"{folder}.json"
        found.append(load_shot(kept) if kept.is_file() else shot)
    taken = {(i, track): dataset.identity for i, shot in enumerate(dataset.shots) for track in shot.track_ids()}
    if all(shot.portraits for shot in found):
        write_tracks(out, found, dataset.folders, taken)


def clip_faces(
    clip: Clip,
    name: str,
    beside: Path,
    options: FaceOptions,
    progress: Progress = silent,
    corrections: Corrections | None = None,
) -> ShotFaces:
    """Find the faces of one of a folder's clips, with the folder's corrections.

    Args:
        clip: The clip.
        name: What the folder calls it.
        beside: The folder: what is found is kept in it.
        options, progress: As for `find_faces`.
        corrections: In place of the folder's; None for these.
    Raises:
        FacesError: as `find_faces`.
    """
    if corrections is None:
        corrections = corrections_of(clip, name, (beside,))
    return find_faces(clip, options, progress, beside / FOUND / f"{name}.json", corrections)


def corrections_of(clip: Clip, name: str, folders: Sequence[Path], tracks: Sequence[int] | None = None) -> Corrections:
    """Read folders' corrections of one clip, of some tracks alone; None for all.

    Raises:
        FacesError: if they cannot be followed.
    """
    paths = [folder / CORRECTIONS for folder in folders]
    return read_corrections(paths, name, clip.info.first_number, clip.info.frame_count, tracks)


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


def _performer(
    clip: Clip, found: ShotFaces, before: Sequence[ShotFaces], identity: str, track: int | None
) -> tuple[int, ...]:
    """Return the tracks of the person whom the clips before this one show."""
    if track is not None or not before:
        return performer_tracks(clip, found, track)
    known = [portrait.embedding for shot in before for portrait in shot.portraits]
    if not known:
        return performer_tracks(clip, found)
    found = with_portraits(clip, found)
    apart = {p.track: float(np.mean([distance(p.embedding, one) for one in known])) for p in found.portraits}
    nearest = min(apart, key=lambda track: apart[track])
    if apart[nearest] > SAME_LOOKS:
        raise FacesError(
            f"{found.clip}: nobody in it looks like {identity} in {before[0].clip} (nearest is track {nearest}, "
            f"{apart[nearest]:.2f} away; {SAME_LOOKS:g} is the limit): leave the clip out, or name the tracks: "
            f"--identity {identity}=CLIP:TRACK"
        )
    return tracks_of_person(clip, found, nearest)


def _write_shot(
    clip: Clip, shot: ShotFaces, identity: str, out: Path, folder: str, size: int, progress: Progress
) -> None:
    # Shot and dataset count as unfinished from the first crop that is made; until then older ones stay whole.
    mark_unfinished(out, identity)
    (out / "shots" / f"{folder}.json").unlink(missing_ok=True)
    write_crops(clip, shot, out / "crops" / folder, size, progress)


def refuse_faceless(found: ShotFaces) -> None:
    """Refuse a clip whose faces are all dropped: nothing can be learnt from it.

    Raises:
        FacesError: if none is left.
    """
    if not found.faces:
        raise FacesError(f"{found.clip}: all faces are dropped by hand: leave the clip out, or take a drop back")


def refuse_another(out: Path, identity: str) -> None:
    """Refuse a folder that holds somebody else's faces.

    Raises:
        FacesError: if it does.
    """
    held = identity_of(out)
    if held is not None and held != identity:
        raise FacesError(f"{out}: holds the faces of {held}; choose another folder for {identity}")


def _made_with(info: ClipInfo, size: int, options: FaceOptions) -> dict[str, Any]:
    """Return what a shot's crops depend on, as JSON gives it back."""
    return found_with(info, options, ("threads", "device", "overlap")) | {"size": size}


NORMALISATION = 5
"""How the normalisation is found: 1 fitted on mesh points without lids, 2 on the 51 landmarks besides the jaw, 3 with
mouth and eyes followed pixel by pixel, 4 from where the mesh went, 5 ended where a face becomes somebody else's
(and turns told up to profile)."""


def found_with(
    info: ClipInfo, options: FaceOptions, but: tuple[str, ...] = ("threads", "device", "overlap", "track", "smooth")
) -> dict[str, Any]:
    """Return what the faces of a clip depend on, as JSON gives it back.

    Args:
        info: Of the clip.
        options: How they are found.
        but: Options that make no difference.
    """
    chosen = {name: value for name, value in asdict(options).items() if name not in but}
    made = {"clip": info.path, "frames": info.frame_count, "stamp": stamp_of(info), "colour": info.colour_note()}
    return {**made, "options": chosen, "normalisation": NORMALISATION}


def _chosen_by_hand(folders: Sequence[Path], clip: str, tracks: Sequence[int] | None) -> dict[str, Any]:
    """Return what a person has said about a shot: corrections and tracks; nothing where nothing was said."""
    listed = [entry for folder in folders for entry in load_entries(folder / CORRECTIONS)]
    entries = [entry for entry in listed if concerns(entry, clip, tracks)]
    said = {"corrections": entries} if entries else {}
    return said | ({} if tracks is None else {"tracks": list(tracks)})


def _finished_shot(path: Path, note: dict[str, Any], but: str | None = None) -> ShotFaces | None:
    """Return a shot whose note is this one, whatever it says under one name; None where there is none."""
    if not path.is_file():
        return None
    try:
        made = {name: value for name, value in shot_note(path).items() if name != but}
        return load_shot(path) if made == note else None
    except FacesError:
        # What an interruption damaged is made again.
        return None
