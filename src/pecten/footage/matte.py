"""A matte that somebody else made: a still, a sequence or a video in the plate's geometry."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import OpenImageIO as oiio

from pecten.errors import FootageError
from pecten.footage.alpha import frame_alpha
from pecten.footage.clip import FIRST_NUMBER_FOR_VIDEO, Clip, ClipInfo, Frame, is_pattern, open_clip
from pecten.footage.sequence import Still, image_of
from pecten.types import Mask

_VIDEO_NOISE = 0.02
"""Black and white of a compressed video flicker by this much; a matte's must not."""

_LOOKED_AT = 9
"""Frames that are asked whether alpha is the matte."""


class MatteClip:
    """A matte for each frame of a plate.

    Args:
        clip: Its alpha is read, or its red where there is no alpha (or a solid one on all frames).
        plate: What it goes with.
        is_still: Whether its only frame goes with every frame of the plate.
    """

    def __init__(self, clip: Clip, plate: ClipInfo, is_still: bool = False) -> None:
        self._clip, self._plate, self._is_still = clip, plate, is_still
        self._stream: Iterator[Frame] = iter(())
        self._next = -1
        self._held: tuple[int, Mask] | None = None
        self.channel = "alpha" if _says_alpha(clip) else "red"
        """Which channel is read."""

    @property
    def info(self) -> ClipInfo:
        """What is known of the clip that is read."""
        return self._clip.info

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
        alpha = _alpha_of(frame)
        if self.channel == "red" and alpha is not None and _says_something(alpha, frame):
            raise FootageError(
                f"{self._clip.info.path}: frame {frame.number} has alpha, but it is solid on others and red was read; "
                "render all frames with their alpha, or without any"
            )
        if self.channel == "alpha" and alpha is None:
            raise FootageError(
                f"{self._clip.info.path}: frame {frame.number} has no alpha, but others have; render it again"
            )
        levels = frame.image[..., 0] if alpha is None or self.channel == "red" else alpha
        if self._clip.info.kind == "video" and self.channel == "red":
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
    numbered = Path(path).is_dir() or is_pattern(Path(path))
    return MatteClip(clip, plate, clip.info.frame_count == 1 and not numbered)


def _says_alpha(clip: Clip) -> bool:
    """Say whether any of some frames, spread over the clip, has an alpha that says something."""
    count = clip.info.frame_count
    for index in sorted({round(k) for k in np.linspace(0, count - 1, min(count, _LOOKED_AT))}):
        frame = next(iter(clip.frames(index, index + 1)))
        alpha = _alpha_of(frame)
        if alpha is None:
            return False
        if _says_something(alpha, frame):
            return True
    return False


def _says_something(alpha: Mask, frame: Frame) -> bool:
    """Say whether alpha is the matte: one that is solid, beside colours, is what a program wrote unasked."""
    alone = isinstance(frame.native, Still) and frame.native.spec.nchannels == 1
    return alone or bool((alpha < 1).any())


def _alpha_of(frame: Frame) -> Mask | None:
    """Return a frame's alpha; None where it has none."""
    if not isinstance(frame.native, Still):
        return frame_alpha(frame)
    spec: oiio.ImageSpec = frame.native.spec
    if not 0 <= spec.alpha_channel < spec.nchannels:
        return None
    alpha: Mask = image_of(frame.native, [spec.alpha_channel] * 3)[..., 0]
    return alpha
