"""A matte that somebody else made: a still, a sequence or a video in the plate's geometry."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import OpenImageIO as oiio

from pecten.errors import FootageError
from pecten.footage.clip import FIRST_NUMBER_FOR_VIDEO, Clip, ClipInfo, Frame, open_clip
from pecten.footage.sequence import Still, image_of
from pecten.types import Mask

_VIDEO_NOISE = 0.02
"""Black and white of a compressed video flicker by this much; a matte's must not."""


class MatteClip:
    """A matte for each frame of a plate.

    Args:
        clip: Its alpha is read, or its red where there is no alpha (or a solid one).
        plate: What it goes with.
    """

    def __init__(self, clip: Clip, plate: ClipInfo) -> None:
        self._clip, self._plate = clip, plate
        self._is_still = clip.info.frame_count == 1
        self._stream: Iterator[Frame] = iter(())
        self._next = -1
        self._held: tuple[int, Mask] | None = None
        first = next(iter(clip.frames(0, 1)))
        self._alpha = _alpha_of(first)
        self.channel = "red" if self._alpha is None else "alpha"
        """Which channel is read."""

    def check(self, start: int, stop: int) -> None:
        """Refuse a matte that lacks a frame of the plate.

        Args:
            start, stop: Frame indices of the plate, half-open.
        Raises:
            FootageError: naming the first one.
        """
        info = self._clip.info
        for index in (start, stop - 1):
            if not 0 <= self._index_of(index) < info.frame_count:
                last = info.first_number + info.frame_count - 1
                counted = " (a video's frames count from 1001)" if self._plate.kind == "video" else ""
                raise FootageError(
                    f"{info.path}: matte of frame {self._number_of(index)}{counted} missing, it has "
                    f"{info.first_number}-{last}; render what is missing, or choose --frames"
                )

    def at(self, index: int) -> Mask:
        """Read the matte of the plate's frame `index`, clipped to [0, 1].

        Raises:
            FootageError: if there is none, or it cannot be read.
        """
        self.check(index, index + 1)
        own = self._index_of(index)
        if self._held is None or self._held[0] != own:
            self._held = own, self._read(own)
        return self._held[1]

    def _index_of(self, index: int) -> int:
        if self._is_still:
            return 0
        same_kind = self._clip.info.kind == "video"
        return index if same_kind else self._number_of(index) - self._clip.info.first_number

    def _number_of(self, index: int) -> int:
        if self._clip.info.kind == "video":
            return index
        return index + (FIRST_NUMBER_FOR_VIDEO if self._plate.kind == "video" else self._plate.first_number)

    def _read(self, own: int) -> Mask:
        # A video is read on rather than opened anew for each frame.
        if own != self._next:
            self._stream = iter(self._clip.frames(own))
        frame, self._next = next(self._stream), own + 1
        if self._alpha is not None and isinstance(frame.native, Still):
            levels = image_of(frame.native, [self._alpha] * 3)[..., 0]
        else:
            levels = frame.image[..., 0]
        if self._clip.info.kind == "video":
            levels = (levels - np.float32(_VIDEO_NOISE)) * np.float32(1 / (1 - 2 * _VIDEO_NOISE))
        matte: Mask = np.clip(levels, 0, 1, dtype=np.float32)
        return matte


def open_matte(path: str, plate: ClipInfo) -> MatteClip:
    """Open the matte that goes with a plate.

    Args:
        path: A still for all frames; a sequence, whose numbers are the plate's (from 1001 for a video's frames); or a
            video that begins where the plate does.
        plate: What it goes with.
    Raises:
        FootageError: if it cannot be read, or its size is not the plate's.
    """
    info = (clip := open_clip(Path(path))).info
    if (info.width, info.height) != (plate.width, plate.height):
        raise FootageError(
            f"{path}: {info.width}x{info.height}, but the plate is {plate.width}x{plate.height}; "
            "render the matte in the plate's geometry"
        )
    return MatteClip(clip, plate)


def _alpha_of(frame: Frame) -> int | None:
    """Return which channel of a still is its alpha; None without one, or where a solid one says nothing."""
    if not isinstance(frame.native, Still):
        return None
    spec: oiio.ImageSpec = frame.native.spec
    index = spec.alpha_channel
    if index < 0 or index >= spec.nchannels:
        return None
    alpha = image_of(frame.native, [index] * 3)[..., 0]
    return None if spec.nchannels > 1 and bool((alpha >= 1).all()) else int(index)
