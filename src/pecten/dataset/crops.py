"""One performer's crops in memory, at the size that is trained."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from pecten.errors import FacesError, ShapeError
from pecten.faces.records import FaceFrame, load_dataset
from pecten.faces.region import face_matte, feature_matte
from pecten.geometry.similarity import apply, at_size
from pecten.quiet import hushed
from pecten.types import ByteImage


@dataclass(frozen=True)
class CropSet:
    """What training needs of one performer.

    Args:
        identity: Key of the decoder.
        images: Display RGB, 8 bits.
        mattes: Training region, coverage 0..255.
        features: Eyes and mouth, coverage 0..255.
        landmarks: Mesh points in crop px.
        names: One a frame, such as "clip/000012".
    """

    identity: str
    images: UInt8[np.ndarray, "_frames _side _side 3"]
    mattes: UInt8[np.ndarray, "_frames _side _side"]
    features: UInt8[np.ndarray, "_frames _side _side"]
    landmarks: Float32[np.ndarray, "_frames 478 2"]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        counts = {len(self.images), len(self.mattes), len(self.features), len(self.landmarks), len(self.names)}
        if len(counts) != 1:
            raise ShapeError(f"crops of {self.identity}: counts differ ({sorted(counts)}): give one of each a frame")

    @property
    def size(self) -> int:
        """Side of the crops, in px."""
        return int(self.images.shape[1])

    def at_size(self, size: int) -> "CropSet":
        """Return the crops reduced by area average.

        Args:
            size: Side in px, at most the present one.
        Raises:
            ShapeError: if the crops would have to be enlarged.
        """
        if size == self.size:
            return self
        if size > self.size:
            raise ShapeError(f"crops of {self.identity} are {self.size} px: extract them again at {size} px or more")
        scale = size / self.size
        # The shift is half a pixel's worth: centres are at integers.
        landmarks = (self.landmarks * scale + (scale - 1) / 2).astype(np.float32)
        images, mattes, features = (_reduce(v, size) for v in (self.images, self.mattes, self.features))
        return CropSet(self.identity, images, mattes, features, landmarks, self.names)


def load_crops(folder: Path, size: int, every: int = 1) -> CropSet:
    """Read one performer's crops, those that are fit for training.

    Args:
        folder: What `extract_dataset` made.
        size: Side in px, at most the stored one; larger crops are reduced by area.
        every: Take each n-th frame of a clip; neighbours in time hardly differ.
    Returns:
        The crops with their mattes.
    Raises:
        FacesError: if the record or a crop is missing or damaged, the crops are too small, or none is usable.
    """
    record = load_dataset(folder)
    if record.size < size:
        raise FacesError(f"{folder}: crops of {record.size} px, but {size} px are asked for: extract them again")
    chosen: list[tuple[str, FaceFrame]] = []
    for number, shot in enumerate(record.shots):
        usable = [face for face in shot.faces if face.left_out is None]
        chosen += [(record.crop_name(number, face), face) for face in usable[::every]]
    if not chosen:
        raise FacesError(f"{folder}: no frame of {record.identity} is fit for training: see why in its record.json")
    landmarks = [apply(at_size(face.crop_from_plate, size), face.landmarks) for _, face in chosen]
    return CropSet(
        record.identity,
        np.stack([_read_crop(folder / name, record.size, size) for name, _ in chosen]),
        np.stack([_to_bytes(face_matte(points, size)) for points in landmarks]),
        np.stack([_to_bytes(feature_matte(points, size)) for points in landmarks]),
        np.stack(landmarks).astype(np.float32),
        tuple(name for name, _ in chosen),
    )


def _read_crop(path: Path, stored: int, size: int) -> ByteImage:
    # Sixteen-bit crops are read as eight: training sees no more, and memory is what limits the number of frames.
    # OpenCV and libpng would tell of missing and damaged files on standard error by themselves.
    with hushed():
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if picture is None or picture.shape[:2] != (stored, stored):
        raise FacesError(f"{path}: missing, damaged, or not {stored} px: delete it and run `pecten faces` again")
    reduced = picture if stored == size else cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(reduced, dtype=np.uint8)


def _to_bytes(matte: Float32[np.ndarray, "_side _side"]) -> UInt8[np.ndarray, "_side _side"]:
    codes: UInt8[np.ndarray, "_side _side"] = np.rint(matte * 255).astype(np.uint8)
    return codes


def _reduce(pictures: UInt8[np.ndarray, "_frames ..."], size: int) -> UInt8[np.ndarray, "_frames ..."]:
    reduced = np.empty((len(pictures), size, size, *pictures.shape[3:]), np.uint8)
    for k, picture in enumerate(pictures):
        reduced[k] = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
    return reduced
