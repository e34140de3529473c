"""A synthetic performer's still, and clips made of it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from pecten.benchmark import stills
from pecten.faces.mean import MEAN_MESH
from pecten.footage.clip import Frame
from pecten.types import ByteImage

DATA = Path(__file__).parent / "data"
EYES = np.array([[187.4, 94.2], [249.6, 100.3]])
"""Where the eyes of the still are, from the renderer, in px."""


def still(performer: str = "ada") -> ByteImage:
    """Return a performer's still: 480x270, one face about 200 px high."""
    return np.ascontiguousarray(cv2.imread(str(DATA / f"{performer}_still.jpg"))[..., ::-1])


def mean_landmarks(scale: float = 1.0, x: float = 0.0, y: float = 0.0) -> np.ndarray:
    """Return the mean face, scaled, then moved."""
    return MEAN_MESH[:, :2] * scale + np.array([x, y])


class Pictures(stills.Pictures):
    """A clip of given pictures that counts how often it is read."""

    def __init__(self, pictures: Sequence[ByteImage], path: str = "pictures.mp4", bit_depth: int = 8) -> None:
        super().__init__(pictures, path)
        self.reads = 0
        self.info = replace(self.info, bit_depth=bit_depth, pixel_format="yuv420p", codec="h264")

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Give the frames."""
        self.reads += 1
        return super().frames(start, stop)
