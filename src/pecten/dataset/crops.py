"""One performer's crops in memory, at the size that is trained."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from pecten.errors import ShapeError


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


def _reduce(pictures: UInt8[np.ndarray, "_frames ..."], size: int) -> UInt8[np.ndarray, "_frames ..."]:
    reduced = np.empty((len(pictures), size, size, *pictures.shape[3:]), np.uint8)
    for k, picture in enumerate(pictures):
        reduced[k] = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
    return reduced
