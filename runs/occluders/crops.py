"""Clean crops of performers in the wide frame, with the region that their faces cover."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from occluders.frame import CROP_SIZE, MARGIN, WIDE
from pecten.benchmark.footage import Take
from pecten.faces.extract import find_faces
from pecten.faces.follow import FaceOptions
from pecten.faces.records import ShotFaces, load_shot, save_shot
from pecten.faces.region import face_matte
from pecten.files import replacing
from pecten.footage.clip import Clip, open_clip
from pecten.geometry.similarity import apply
from pecten.geometry.warp import warp
from pecten.types import Progress


@dataclass(frozen=True)
class Crops:
    """Crops of one or more clips.

    Attributes:
        images: (n, CROP_SIZE, CROP_SIZE, 3) RGB bytes.
        regions: (n, CROP_SIZE, CROP_SIZE) bytes: 255 where the face's matte is 1.
        skins: (n, 3) median colour of the cheeks, 0..1.
    """

    images: np.ndarray
    regions: np.ndarray
    skins: np.ndarray


def gather(takes: list[Take], cache: Path, every: int, progress: Progress) -> Crops:
    """Cut the clean crops of takes, or read them again.

    Args:
        takes: Clips of one face each.
        cache: Folder for what was found and cut.
        every: Frames between two crops.
        progress: Called after each take.
    """
    parts = []
    for number, take in enumerate(takes):
        path = cache / "crops" / f"{take.clip.parent.name}_{take.clip.stem}_{every}.npz"
        if not path.is_file():
            clip = open_clip(take.clip)
            images, regions = zip(*_cut(clip, _faces(clip, take, cache), every), strict=True)
            with replacing(path) as beside:
                np.savez(beside, images=np.stack(images), regions=np.stack(regions))
        with np.load(path) as held:
            parts.append((held["images"], held["regions"]))
        progress("crops", number + 1, len(takes))
    images, regions = (np.concatenate([part[i] for part in parts]) for i in range(2))
    return Crops(images, regions, np.stack([_skin(image) for image in images]))


def _faces(clip: Clip, take: Take, cache: Path) -> ShotFaces:
    path = cache / "faces" / f"{take.clip.parent.name}_{take.clip.stem}.json"
    if not path.is_file():
        save_shot(path, find_faces(clip, FaceOptions(threads=1)))
    return load_shot(path)


def _cut(clip: Clip, shot: ShotFaces, every: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    ratio = CROP_SIZE / WIDE
    offset = (MARGIN + 0.5) * ratio - 0.5
    wide_from_crop = np.array([[ratio, 0, offset], [0, ratio, offset]])
    faces, view = {face.index: face for face in shot.faces}, clip.info.view()
    for frame in clip.frames():
        face = faces.get(frame.index)
        if face is None or frame.index % every:
            continue
        linear = wide_from_crop[:, :2] @ face.crop_from_plate
        linear[:, 2] += wide_from_crop[:, 2]
        shown = view.to_display(frame.image)
        crop = warp(shown, linear, CROP_SIZE, CROP_SIZE, "cubic", "replicate")
        region = face_matte(apply(linear, face.landmarks), CROP_SIZE)
        yield np.rint(np.clip(crop, 0, 1) * 255).astype(np.uint8), np.rint(region * 255).astype(np.uint8)


def _skin(image: np.ndarray) -> np.ndarray:
    """Return the median colour of both cheeks and the bridge of the nose."""
    ratio = CROP_SIZE / WIDE
    patches = []
    for x, y in ((350, 600), (674, 600), (512, 470)):
        row, column = (int((v + MARGIN) * ratio) for v in (y, x))
        patches.append(image[row - 10 : row + 10, column - 10 : column + 10].reshape(-1, 3))
    return np.asarray(np.median(np.concatenate(patches), axis=0) / 255, np.float32)
