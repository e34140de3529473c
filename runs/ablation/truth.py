"""The truth clips as crops: the same performance played by everybody, found and cut once."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from pecten.benchmark.footage import Take
from pecten.faces.extract import find_faces
from pecten.faces.normalise import crop
from pecten.faces.region import face_matte, feature_matte
from pecten.files import replacing
from pecten.footage.clip import open_clip
from pecten.geometry.similarity import apply, at_size

SIDE = 256
"""Of the crops that are kept, in px."""


@dataclass(frozen=True)
class Takes:
    """One performer in one performance.

    Attributes:
        frames: Indices.
        crops: (frames, SIDE, SIDE, 3) bytes.
        landmarks: (frames, 478, 2) in px of the crops.
    """

    frames: np.ndarray
    crops: np.ndarray
    landmarks: np.ndarray

    def pictures(self, size: int) -> np.ndarray:
        """Return the crops in 0..1, reduced by area."""
        return np.stack([_reduced(one, size) for one in self.crops]).astype(np.float32) / np.float32(255)

    def mattes(self, size: int) -> np.ndarray:
        """Return where a face is trained."""
        return np.stack([face_matte(points, size) for points in self._points(size)])

    def features(self, size: int) -> np.ndarray:
        """Return eyes and mouth."""
        return np.stack([feature_matte(points, size) for points in self._points(size)])

    def _points(self, size: int) -> np.ndarray:
        scale = size / SIDE
        return self.landmarks * scale + (scale - 1) / 2


def read(take: Take, every: int, work: Path) -> Takes:
    """Find a take's faces with Pecten's own finder, or read what was found before.

    Args:
        take: A clip.
        every: Frames between two that are kept; all are looked at.
        work: Folder for what was found.
    """
    path = work / f"{take.source}_{take.shot}_every{every}.npz"
    if not path.is_file():
        _find(take, every, path)
    with np.load(path) as held:
        return Takes(held["frames"], held["crops"], held["landmarks"])


def _find(take: Take, every: int, path: Path) -> None:
    clip = open_clip(take.clip)
    found = find_faces(clip, kept=path.with_name(f"{take.source}_{take.shot}.json"))
    track = found.main_track()
    faces = {face.index: face for face in found.faces if face.track == track and face.index % every == 0}
    view, crops = clip.info.view(), {}
    for frame in clip.frames():
        if frame.index in faces:
            plate = view.display_bytes(frame.image).astype(np.float32) / np.float32(255)
            crops[frame.index] = crop(plate, faces[frame.index].crop_from_plate, SIDE)
    places = [apply(at_size(faces[i].crop_from_plate, SIDE), faces[i].landmarks) for i in crops]
    content = np.rint(np.clip(np.stack(list(crops.values())), 0, 1) * 255).astype(np.uint8)
    with replacing(path) as beside, beside.open("wb") as handle:
        np.savez(handle, frames=np.array(list(crops)), crops=content, landmarks=np.stack(places))


def _reduced(picture: np.ndarray, size: int) -> np.ndarray:
    return (
        picture if size == len(picture) else np.asarray(cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA))
    )
