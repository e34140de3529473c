"""What a benchmark has made so far, each thing in a folder named after everything it depends on."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pecten import sheet
from pecten.errors import UsageError
from pecten.files import replacing_folder
from pecten.quiet import hushed
from pecten.types import ByteImage, Image

VERSION = 1
"""Goes into every key: raised when something is made in another way."""


def key_of(*parts: Any) -> str:
    """Return a short name for things that are equal as JSON."""
    text = json.dumps([VERSION, *parts], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Cache:
    """A folder of folders.

    Args:
        root: Of the benchmark's output.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def place(self, kind: str, key: str) -> Path:
        """Return where a thing lies, made or not."""
        return self.root / "cache" / kind / key

    def made(self, kind: str, key: str, make: Callable[[Path], None]) -> Path:
        """Return a thing's folder, and fill it first where it is not there; what is cut short leaves nothing."""
        folder = self.place(kind, key)
        if not folder.is_dir():
            with replacing_folder(folder) as beside:
                make(beside)
        return folder

    def relative(self, folder: Path) -> str:
        """Return a folder's path below the root."""
        return folder.relative_to(self.root).as_posix()


def path_of(folder: Path, frame: int) -> Path:
    """Return where a folder has the picture of a frame."""
    return folder / f"{frame:06d}.png"


def write_pictures(folder: Path, pictures: Mapping[int, Image]) -> None:
    """Write display-coded pictures as `000012.png`, 8 bits, by frame."""
    folder.mkdir(parents=True, exist_ok=True)
    for frame, picture in pictures.items():
        sheet.save(path_of(folder, frame), sheet.to_bytes(picture))


def read_pictures(folder: Path, frames: Sequence[int]) -> list[ByteImage]:
    """Read pictures that `write_pictures` wrote.

    Raises:
        UsageError: if one is missing or damaged.
    """
    pictures = []
    for frame in frames:
        path = path_of(folder, frame)
        with hushed():
            picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
        if picture is None:
            raise UsageError(f"{path}: missing or damaged: delete the folder it lies in, and run it again")
        pictures.append(np.ascontiguousarray(picture, dtype=np.uint8))
    return pictures


def unit(picture: ByteImage) -> Image:
    """Return an 8-bit picture as floats."""
    return picture.astype(np.float32) / np.float32(255)
