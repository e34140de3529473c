"""Who plays whom: tracks of one or more clips given to performers, and a dataset for each of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pecten.errors import UsageError
from pecten.faces.crops import crop_folders
from pecten.faces.extract import clip_faces, corrections_of, extract_dataset, refuse_another, refuse_faceless
from pecten.faces.follow import FaceOptions
from pecten.faces.overview import write_tracks
from pecten.faces.people import Person, group_people, track_name, with_portraits
from pecten.faces.records import DatasetRecord, ShotFaces
from pecten.footage.clip import Clip
from pecten.types import Progress, silent

Cast = dict[str, set[tuple[int, int]]]
"""For each performer the tracks: place of the clip, and number."""


def find_tracks(
    clips: Sequence[Clip],
    out: Path,
    options: FaceOptions | None = None,
    progress: Progress = silent,
    corrected_in: Sequence[Path] = (),
) -> tuple[list[ShotFaces], Path]:
    """Find who is in clips and draw it, so that tracks can be given to performers.

    Args:
        clips: The clips.
        out: Folder for what is found, which later runs use, and for the picture.
        options: How faces are found; None is the default.
        progress: Called after each frame, as stage "faces".
        corrected_in: Folders whose corrections are followed, besides those in `out`.
    Returns:
        What was found in each clip, and the picture.
    Raises:
        FacesError: if a clip shows no face, or all are dropped by hand.
    """
    names, folders = crop_folders([clip.info for clip in clips]), tuple(dict.fromkeys((out, *corrected_in)))
    found = []
    for clip, name in zip(clips, names, strict=True):
        corrections = corrections_of(clip, name, folders)
        faces = clip_faces(clip, name, out, options or FaceOptions(), progress, corrections)
        found.append(with_portraits(clip, faces))
    for shot in found:
        refuse_faceless(shot)
    return found, write_tracks(out, found, names)


def extract_performers(
    clips: Sequence[Clip],
    wishes: Mapping[str, Sequence[str]],
    out: Path,
    size: int,
    options: FaceOptions | None = None,
    progress: Progress = silent,
) -> list[DatasetRecord]:
    """Make a dataset of each of several performers in the same clips.

    Args:
        clips: Footage that shows them.
        wishes: For each performer the tracks: `3`, `CLIP:3` where there are several clips, or `p0` for all tracks of a
            person as `find_tracks` draws them.
        out: A folder for each performer is made in it; for one performer it is the dataset's own. Corrections in either
            are followed, a performer's own for their tracks.
        size: Side of the crops, in px.
        options: How faces are found; None is the default.
        progress: Called after each frame, as stages "faces" and "crops".
    Raises:
        UsageError: if a wish cannot be followed.
        FacesError: as `extract_dataset`.
    """
    options = options or FaceOptions()
    folders = {name: out / name if len(wishes) > 1 else out for name in wishes}
    for name, folder in folders.items():
        refuse_another(folder, name)
    found, _ = find_tracks(clips, out, options, progress, tuple(folders.values()))
    names = crop_folders([clip.info for clip in clips])
    cast = read_cast(wishes, names, found, group_people(found))
    write_tracks(out, found, names, {track: name for name, tracks in cast.items() for track in tracks})
    records = []
    for name, tracks in cast.items():
        of_clip = {place: sorted(track for at, track in tracks if at == place) for place, _ in tracks}
        records.append(extract_dataset(clips, name, folders[name], size, options, progress, of_clip, out))
    return records


def read_cast(
    wishes: Mapping[str, Sequence[str]], names: Sequence[str], found: Sequence[ShotFaces], people: Sequence[Person]
) -> Cast:
    """Turn what a user wrote into tracks.

    Args:
        wishes: As for `extract_performers`.
        names: What each clip is called.
        found: What was found in each.
        people: As grouped.
    Raises:
        UsageError: if there is no such track or person, a track is given twice, or one performer would be seen twice in
            one frame.
    """
    cast: Cast = {}
    for performer, tokens in wishes.items():
        cast[performer] = {track for token in tokens for track in _tracks(performer, token, names, found, people)}
        _refuse_twins(performer, cast[performer], names, found)
    for performer, tracks in cast.items():
        for other, theirs in cast.items():
            for place, track in sorted(tracks & theirs):
                if other != performer:
                    said = track_name(names, place, track)
                    raise UsageError(
                        f"--identity: track {said} is given to {performer} and to {other}: choose one of them"
                    )
    return cast


def _tracks(
    performer: str, token: str, names: Sequence[str], found: Sequence[ShotFaces], people: Sequence[Person]
) -> list[tuple[int, int]]:
    if token.startswith("p") and token[1:].isdecimal():
        if int(token[1:]) >= len(people):
            listed = f"p0 to p{len(people) - 1}" if len(people) > 1 else "p0 alone"
            raise UsageError(f"--identity {performer}={token}: no such person; found was {listed}: see tracks.jpg")
        return list(people[int(token[1:])].tracks)
    clip, colon, number = token.rpartition(":")
    if not number.isdecimal():
        raise UsageError(f"--identity {performer}={token}: write a track as 3, of several clips as CLIP:3, or p0")
    if colon and clip not in names:
        raise UsageError(f"--identity {performer}={token}: no clip {clip}: choose one of {', '.join(names)}")
    if not colon and len(names) > 1:
        raise UsageError(f"--identity {performer}={token}: which clip? write {names[0]}:{token}")
    place = names.index(clip) if colon else 0
    known = found[place].track_ids()
    if int(number) not in known:
        listed = ", ".join(map(str, known))
        raise UsageError(f"--identity {performer}={token}: no such track; {names[place]} has {listed}: see tracks.jpg")
    return [(place, int(number))]


def _refuse_twins(
    performer: str, tracks: set[tuple[int, int]], names: Sequence[str], found: Sequence[ShotFaces]
) -> None:
    seen: dict[tuple[int, int], int] = {}
    for place, track in sorted(tracks):
        for face in found[place].of_track(track):
            other = seen.setdefault((place, face.index), track)
            if other != track:
                both = f"{track_name(names, place, other)} and {track_name(names, place, track)}"
                raise UsageError(
                    f"--identity {performer}: tracks {both} are both seen in frame {face.number}, so they are two "
                    f"people: give {performer} one of them"
                )
