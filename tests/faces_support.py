"""A synthetic performer's still, and clips made of it."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from pecten.colour.transfer import Encoding
from pecten.faces.mean import MEAN_MESH
from pecten.footage.clip import ClipInfo, ColourTags, Frame
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


class Pictures:
    """A clip of given pictures."""

    def __init__(self, pictures: Sequence[ByteImage], path: str = "pictures.mp4", bit_depth: int = 8) -> None:
        self._pictures = pictures
        high, wide = pictures[0].shape[:2]
        self.reads = 0
        self.info = ClipInfo(
            path=path,
            kind="video",
            width=wide,
            height=high,
            rate=Fraction(25),
            frame_count=len(pictures),
            first_number=0,
            timecode=None,
            encoding=Encoding.REC709,
            colour=ColourTags(),
            has_audio=False,
            pixel_format="yuv420p",
            codec="h264",
            bit_depth=bit_depth,
        )

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Give the frames."""
        self.reads += 1
        for index in range(start, len(self._pictures) if stop is None else stop):
            yield Frame(index, index, self._pictures[index].astype(np.float32) / np.float32(255), None)
