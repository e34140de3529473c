"""Clips made of one still, of which it is known how everything in them moved."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

import cv2
import numpy as np

from pecten.colour.transfer import Encoding
from pecten.footage.clip import ClipInfo, ColourTags, Frame
from pecten.geometry import similarity as sim
from pecten.geometry.warp import warp
from pecten.types import Affine, ByteImage


class Pictures:
    """A clip of pictures in memory.

    Args:
        pictures: Display-coded, of one size; at least one.
        name: In place of a path.
    """

    def __init__(self, pictures: Sequence[ByteImage], name: str) -> None:
        self._pictures = pictures
        high, wide = pictures[0].shape[:2]
        self.info = ClipInfo(
            path=name,
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
            pixel_format="rgb24",
            codec="none",
            bit_depth=8,
        )

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Give the frames, as a file would."""
        for index in range(start, len(self._pictures) if stop is None else stop):
            yield Frame(index, index, self._pictures[index].astype(np.float32) / np.float32(255))


def shifts(count: int, seed: int = 1) -> list[Affine]:
    """Return shifts of up to a pixel each way, anew on each frame."""
    return [
        sim.similarity(1.0, 0.0, (float(x), float(y)))
        for x, y in np.random.default_rng(seed).uniform(-1, 1, (count, 2))
    ]


def weave(count: int) -> list[Affine]:
    """Return the path of a hand-held camera that is knocked once: up to 5 px, half a degree, 1 %; the step 3 px."""
    path = []
    for t in range(count):
        knock = 1.0 if t >= count // 2 else 0.0
        shift = 4 * np.sin(2 * np.pi * t / 9) + 2.3 * knock, 2.5 * np.sin(2 * np.pi * t / 7 + 1) - 1.9 * knock
        turn = 0.009 * np.sin(2 * np.pi * t / 11)
        path.append(sim.similarity(1 + 0.01 * float(np.sin(2 * np.pi * t / 13)), float(turn), shift))
    return path


def moved(still: ByteImage, path: Sequence[Affine]) -> list[ByteImage]:
    """Move a still along a path (plate px); a pure shift is made exactly, in the frequencies."""
    return [_shifted(still, t) if np.array_equal(t[:, :2], np.eye(2)) else _warped(still, t) for t in path]


def _shifted(still: ByteImage, shift: Affine) -> ByteImage:
    x, y = shift[:, 2]
    across, down = np.fft.rfftfreq(still.shape[1])[None, :, None], np.fft.fftfreq(still.shape[0])[:, None, None]
    spectrum = np.fft.rfft2(still.astype(np.float32), axes=(0, 1)) * np.exp(-2j * np.pi * (across * x + down * y))
    return _bytes(np.fft.irfft2(spectrum, s=still.shape[:2], axes=(0, 1)))


def _warped(still: ByteImage, transform: Affine) -> ByteImage:
    return warp(still, transform, still.shape[1], still.shape[0], "cubic", "replicate")


def grained(pictures: Sequence[ByteImage], deviation: float = 2.5, seed: int = 2) -> list[ByteImage]:
    """Lay fresh grain over each picture, `deviation` in codes of 255."""
    rng = np.random.default_rng(seed)
    return [_bytes(one + rng.normal(0, deviation, one.shape)) for one in pictures]


def degraded(pictures: Sequence[ByteImage], seed: int = 3) -> list[ByteImage]:
    """Give each picture a gain of its own (5 %), noise of 3 codes and JPEG's losses at quality 90."""
    rng = np.random.default_rng(seed)
    results = []
    for one in pictures:
        noisy = _bytes(one * (1 + rng.uniform(-0.05, 0.05)) + rng.normal(0, 3, one.shape))
        data = cv2.imencode(".jpg", noisy[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
        results.append(
            np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))[..., ::-1], dtype=np.uint8)
        )
    return results


def _bytes(picture: np.ndarray) -> ByteImage:
    return np.asarray(np.clip(np.rint(picture), 0, 255), dtype=np.uint8)
