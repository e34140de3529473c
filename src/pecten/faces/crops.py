"""Crops of a dataset, as files."""

import os
import re
import struct
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from pecten.colour.display import bounded
from pecten.errors import FacesError
from pecten.faces.records import ShotFaces
from pecten.faces.shown import part_around
from pecten.files import replacing
from pecten.footage.clip import Clip, ClipInfo
from pecten.types import Image, Progress

_PNG_START = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_DIGITS = 6
_PNG_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"


def crop_folders(infos: Iterable[ClipInfo]) -> list[str]:
    """Name the folder of each clip's crops after the clip; clips of one name are numbered."""
    return clip_names(info.path for info in infos)


def clip_names(paths: Iterable[str]) -> list[str]:
    """Name clips after their files, without a sequence's numbers; clips of one name are numbered."""
    names: list[str] = []
    for path in paths:
        base = re.sub(r"[.#%_-]*(%\d*d|#+)?$", "", Path(path).stem) or "clip"
        base = re.sub(r"[^\w-]+", "_", base)
        name, count = base, 2
        while name in names:
            name, count = f"{base}-{count}", count + 1
        names.append(name)
    return names


def write_crops(clip: Clip, shot: ShotFaces, folder: Path, size: int, progress: Progress) -> None:
    """Cut the faces of a shot out of its clip; crops of frames that have none any more are removed.

    Args:
        clip: The clip.
        shot: One face a frame.
        folder: Of the crops: PNG, 8 bits, or 16 when the clip has more.
        size: Side of the crops, in px.
        progress: Called after each frame, as stage "crops".
    """
    faces = {face.index: face for face in shot.faces}
    first, last = min(faces), max(faces)
    deep, view = clip.info.bit_depth > 8, clip.info.view()
    for frame in clip.frames(first, last + 1):
        if frame.index in faces:
            part = part_around(frame.image, faces[frame.index].crop_from_plate, view)
            _write_png(folder / _file_of(frame.index), bounded(part.crop(size)), deep)
        progress("crops", frame.index + 1 - first, last + 1 - first)
    wanted = {_file_of(index) for index in faces}
    for path in folder.glob("[0-9]" * _DIGITS + ".png"):
        if path.name not in wanted:
            path.unlink()


def are_whole(shot: ShotFaces, folder: Path, size: int) -> bool:
    """Say whether every crop of a shot is there, of the right size, and not cut; pixels are not looked at."""
    return all(_is_whole(folder / _file_of(face.index), size) for face in shot.faces)


def _is_whole(path: Path, size: int) -> bool:
    start = _PNG_START + struct.pack(">II", size, size)
    try:
        with path.open("rb", buffering=0) as file:
            if file.read(len(start)) != start:
                return False
            file.seek(-len(_PNG_END), os.SEEK_END)
            return file.read() == _PNG_END
    except OSError:
        return False


def _file_of(index: int) -> str:
    return f"{index:0{_DIGITS}d}.png"


def _write_png(path: Path, image: Image, deep: bool) -> None:
    top = 65535 if deep else 255
    codes = np.asarray(np.clip(np.rint(image[..., ::-1] * np.float32(top)), 0, top), dtype=np.float32)
    done, data = cv2.imencode(".png", codes.astype(np.uint16) if deep else codes.astype(np.uint8))
    if not done:
        raise FacesError(f"{path}: this picture cannot be written as PNG; choose another size")
    with replacing(path) as beside:
        beside.write_bytes(data.tobytes())
