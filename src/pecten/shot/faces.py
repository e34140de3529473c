"""The faces of a plate, found once and kept."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from pecten.errors import FacesError, UsageError
from pecten.faces.extract import find_faces
from pecten.faces.follow import FaceOptions
from pecten.faces.records import RECORD, ShotFaces, load_shot, record_kind, save_shot, shot_note
from pecten.footage.clip import Clip, ClipInfo, stamp_of
from pecten.types import Progress, silent


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
    chosen = {name: value for name, value in asdict(options).items() if name not in {"threads", "device", "track"}}
    return {"clip": info.path, "frames": info.frame_count, "stamp": stamp_of(info), "options": chosen}
