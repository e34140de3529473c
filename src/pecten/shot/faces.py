"""The faces of a plate, found once and kept."""

from dataclasses import replace
from pathlib import Path

from pecten.errors import FacesError, UsageError
from pecten.faces.corrections import CORRECTIONS, load_entries
from pecten.faces.crops import crop_folders
from pecten.faces.extract import clip_faces, found_with, refuse_faceless
from pecten.faces.follow import FaceOptions
from pecten.faces.overview import write_tracks
from pecten.faces.records import RECORD, ShotFaces, load_shot, record_kind, save_shot, shot_note
from pecten.footage.clip import Clip
from pecten.types import Progress, silent


def plate_faces(clip: Clip, folder: Path, options: FaceOptions, progress: Progress = silent) -> ShotFaces:
    """Find the faces of a plate, or read what an earlier run found.

    Args:
        clip: The plate.
        folder: Where the record is kept, with a picture of the tracks; it is made again when the plate, the options or
            the corrections in it have changed.
        options: How faces are found.
        progress: Told after every frame.
    Raises:
        FacesError: if no frame shows a face, or a correction cannot be followed.
        UsageError: if the folder holds a performer's dataset.
    """
    path = folder / RECORD
    entries = load_entries(folder / CORRECTIONS)
    note = found_with(clip.info, options, ("threads", "device", "overlap", "track"))
    note |= {"corrections": entries} if entries else {}
    if path.is_file():
        try:
            if record_kind(path) == "dataset":
                raise UsageError(f"{folder}: a dataset, which would be lost: give --faces another folder")
            if shot_note(path) == note:
                return load_shot(path)
        except FacesError:
            pass  # What an interrupt or a disk damaged is found again.
    (name,) = crop_folders([clip.info])
    found = clip_faces(clip, name, folder, replace(options, track=None), progress)
    refuse_faceless(found)
    save_shot(path, found, note)
    write_tracks(folder, [found], [name])
    return found
