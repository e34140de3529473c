"""Video files, by PyAV: every frame, upright, with its own samples kept beside the RGB."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from pecten.colour.transfer import Encoding
from pecten.errors import FootageError
from pecten.footage.alpha import alpha_of, has_alpha
from pecten.footage.clip import ClipInfo, ColourTags, Frame
from pecten.footage.colour import ColourChoice, Guess, settled
from pecten.footage.fields import look_combed
from pecten.footage.planes import LUMA_WEIGHTS, layout_of, planes_of, rgb_from_planes
from pecten.types import Image

# Formats that hold the same samples as a planar one, only packed otherwise.
_PLANAR = {
    "nv12": "yuv420p",
    "nv21": "yuv420p",
    "nv16": "yuv422p",
    "yuyv422": "yuv422p",
    "uyvy422": "yuv422p",
    "yvyu422": "yuv422p",
    "nv24": "yuv444p",
    "p010le": "yuv420p10le",
    "p210le": "yuv422p10le",
    "p016le": "yuv420p16le",
}
# H.273 table 3; what is not listed is a display's or a camera's video curve.
_TRANSFERS = {8: Encoding.LINEAR, 13: Encoding.SRGB, 16: Encoding.PQ, 18: Encoding.HLG}
_HD_WIDTH, _HD_HEIGHT = 1280, 720
_BYTE_PEAK, _WORD_PEAK = 255, 65535
_SAMPLED = 12
"""Frames that are looked at, over the whole clip, where its file calls them interlaced."""


@dataclass(frozen=True)
class _Scan:
    """What one pass over the packets found: the presentation time of each frame, in stream units, in order."""

    stamps: tuple[int, ...] | None
    count: int


class VideoClip:
    """A video file."""

    def __init__(self, path: Path, rate: Fraction | None = None, colour: ColourChoice | None = None) -> None:
        """Open the file and count what can be read of it.

        Args:
            path: The file.
            rate: Frames a second, in place of the file's own timing.
            colour: How the numbers are coded, in place of what the file says.
        Raises:
            FootageError: if it is no video, or is cut short.
            UsageError: if a colour space or configuration cannot be used.
        """
        self._path = path
        with _opened(path) as container:
            stream = _video_stream(container, path)
            self._stream_index = stream.index
            first = _first_frame(container, stream, path)
            self._rotation = first.rotation
            turned = self._rotation % 180 != 0
            width, height = (first.height, first.width) if turned else (first.width, first.height)
            self._time_base = stream.time_base or Fraction(1, 1000)
            file_rate = stream.average_rate or stream.guessed_rate or Fraction(24)
            tags = _tags(stream, first, path)
            native = _planar(first, tags)
            facts: dict[str, Any] = {
                "timecode": _timecode(container),
                "has_audio": bool(container.streams.audio),
                "codec": stream.codec_context.name,
                "pixel_format": native.format.name,
                "bit_depth": max(component.bits for component in native.format.components),
                "pixel_aspect": _pixel_aspect(stream, turned),
                "alpha": has_alpha(native.format.name),
            }
        encoding, coding = settled(colour or ColourChoice(), _guess(tags))
        scan = _scan(path, self._stream_index, file_rate)
        self._stamps = scan.stamps
        self._retimed = rate is not None
        self._info = ClipInfo(
            path=str(path),
            kind="video",
            width=width,
            height=height,
            rate=rate or Fraction(file_rate),
            frame_count=scan.count,
            first_number=0,
            encoding=encoding,
            coding=coding,
            colour=tags,
            **facts,
        )
        if first.interlaced_frame:
            self._info = replace(self._info, fields="combed" if look_combed(self._sample()) else "flagged")

    @property
    def info(self) -> ClipInfo:
        """What is known of the clip."""
        return self._info

    @cached_property
    def times(self) -> tuple[Fraction, ...] | None:
        """When each frame is shown, in seconds on the file's own clock; None when the rate is constant."""
        stamps = self._stamps
        if stamps is None or self._retimed:
            return None
        seconds = [(stamp - stamps[0]) * self._time_base for stamp in stamps]
        late = max(abs(time * self._info.rate - index) for index, time in enumerate(seconds))
        return tuple(stamp * self._time_base for stamp in stamps) if late > Fraction(3, 4) else None

    @property
    def start_time(self) -> Fraction:
        """When frame 0 is shown, in seconds on the file's own clock, which the sound shares."""
        return self._stamps[0] * self._time_base if self._stamps else Fraction(0)

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Read frames `start` to `stop` (indices, half-open; None means to the end), in order.

        Raises:
            FootageError: if a frame cannot be decoded.
        """
        stop = self._info.frame_count if stop is None else min(stop, self._info.frame_count)
        if start >= stop:
            return
        done = start
        for index, raw in self._decode_from(start):
            if index >= stop:
                return
            if index == done:
                yield self._frame(index, raw)
                done += 1
        if done < stop:
            raise FootageError(
                f"{self._path}: only {done} of {self._info.frame_count} frames can be decoded. "
                "Copy or export the file again."
            )

    def _sample(self) -> Iterator[Image]:
        count = self._info.frame_count
        for place in range(min(_SAMPLED, count)):
            index = place * count // min(_SAMPLED, count)
            yield from (frame.image for frame in self.frames(index, index + 1))

    def _decode_from(self, start: int) -> Iterator[tuple[int, VideoFrame]]:
        """Decode from the key frame at or before `start`, or from the beginning where that fails."""
        if start > 0 and self._stamps is not None:
            index_of = {stamp: index for index, stamp in enumerate(self._stamps)}
            found = self._decode(self._stamps[start])
            first = next(found, None)
            if first is not None and first.pts is not None and index_of.get(first.pts, start + 1) <= start:
                yield index_of[first.pts], first
                # A frame without a place in the table would come twice or out of order: it is passed over.
                yield from ((index_of[raw.pts], raw) for raw in found if raw.pts in index_of)
                return
        yield from enumerate(self._decode(None))

    def _decode(self, stamp: int | None) -> Iterator[VideoFrame]:
        with _opened(self._path) as container:
            stream = cast(VideoStream, container.streams[self._stream_index])
            stream.thread_type = "AUTO"
            if stamp is not None:
                container.seek(stamp, stream=stream, backward=True)
            try:
                yield from container.decode(stream)
            except av.error.InvalidDataError:
                # The caller counts what came and says how much is missing.
                return

    def _frame(self, index: int, raw: VideoFrame) -> Frame:
        tags = self._info.colour
        turned = round(self._rotation / 90) % 2 == 1
        wide, high = (raw.height, raw.width) if turned else (raw.width, raw.height)
        if (wide, high) != (self._info.width, self._info.height):
            raise FootageError(
                f"{self._path}: frame {index} is {wide}x{high}, but frame 0 is {self._info.width}x{self._info.height}. "
                "Export it at one size."
            )
        planar = _planar(raw, tags)
        image = rgb_of(planar, tags)
        number = index + self._info.first_number
        quarters = round(self._rotation / 90) % 4
        if quarters == 0:
            return Frame(index, number, image, planar)
        # Turned chroma samples would sit on the wrong side of their pixels, so they cannot be delivered as they are.
        alpha = alpha_of(planar)
        if alpha is not None:
            alpha = np.ascontiguousarray(np.rot90(alpha, quarters))
        return Frame(index, number, np.ascontiguousarray(np.rot90(image, quarters)), alpha=alpha)


def rgb_of(frame: VideoFrame, tags: ColourTags) -> Image:
    """Turn a video frame into RGB, 0..1, by its tags and nothing else."""
    layout = layout_of(frame.format.name)
    if layout is not None:
        return rgb_from_planes(planes_of(frame), layout, tags)
    deep = max(component.bits for component in frame.format.components) > 8
    # Full range on both sides: these formats are RGB or grey already, so no matrix is applied.
    pixels = frame.reformat(format="rgb48le" if deep else "rgb24", src_color_range=2, dst_color_range=2).to_ndarray()
    return np.multiply(pixels, np.float32(1 / (_WORD_PEAK if deep else _BYTE_PEAK)), dtype=np.float32)


@contextmanager
def _opened(path: Path) -> Iterator[InputContainer]:
    try:
        container = av.open(str(path), "r")
    except av.error.InvalidDataError:
        raise FootageError(f"{path}: {_why_unreadable(path)}") from None
    except OSError as error:
        raise FootageError(f"{path}: cannot be opened ({error.strerror}); check the path and its rights") from None
    except av.error.FFmpegError as error:
        raise FootageError(f"{path}: cannot be opened as video ({error.strerror})") from None
    with container:
        yield container


def _why_unreadable(path: Path) -> str:
    """Say in a clause why FFmpeg found nothing in a file, and what to do."""
    with path.open("rb") as handle:
        head = handle.read(4096)
    if not head:
        return "the file is empty. Copy or export it again."
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        return "cut short: its index (moov) is missing, so 0 frames can be read. Copy or export it again."
    if b"\0" not in head:
        return "a text file, not a video. Give a video, an image sequence or a folder."
    return "not a video that can be read, or damaged at the start. Copy or export it again."


def _video_stream(container: InputContainer, path: Path) -> VideoStream:
    # A cover picture in a sound file is a video stream too.
    moving = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not moving:
        raise FootageError(f"{path}: no video stream in it, only {_kinds(container)}. Give a file with pictures.")
    return moving[0]


def _kinds(container: InputContainer) -> str:
    return ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"


def _first_frame(container: InputContainer, stream: VideoStream, path: Path) -> VideoFrame:
    try:
        first = next(container.decode(stream), None)
    except av.error.FFmpegError:
        first = None
    if first is None:
        total = f" of {stream.frames}" if stream.frames else ""
        raise FootageError(f"{path}: 0{total} frames can be decoded. Copy or export the file again.")
    if _is_mirrored(first):
        raise FootageError(f"{path}: its header says that it is shown mirrored: export it as it is to be seen")
    return first


def _is_mirrored(frame: VideoFrame) -> bool:
    """Say whether the display matrix mirrors, which FFmpeg's angle does not tell from a turn."""
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return False
    a, b, _, c, d = np.frombuffer(bytes(matrix), np.int32)[:5].astype(float)
    return bool(a * d < b * c)


def _scan(path: Path, stream_index: int, rate: Fraction) -> _Scan:
    """Count frames from the packets, or by decoding where packets and header disagree about them."""
    with _opened(path) as container:
        stream = cast(VideoStream, container.streams[stream_index])
        stamps: list[int | None] = []
        whole, end = 0, Fraction(0)
        try:
            for packet in container.demux(stream):
                if packet.size and not packet.is_corrupt:
                    whole += 1
                    if packet.pts is not None and packet.time_base is not None:
                        end = max(end, (packet.pts + (packet.duration or 0)) * packet.time_base)
                    if not packet.is_discard:
                        stamps.append(packet.pts)
        except av.error.FFmpegError:
            pass  # counted below
        expected = stream.frames or whole + max(0, round((_promised_s(stream) - end) * rate))
        # Matroska's clock is in ms and its durations are rounded: one frame more or less is no sign of damage.
        if whole < expected - (0 if stream.frames else 1):
            raise FootageError(
                f"{path}: cut short: only {whole} of {expected} frames can be read. Copy or export it again."
            )
        if _ends_early(path):
            raise FootageError(f"{path}: cut short: only {whole} frames of it are left. Copy or export it again.")
        trusted = whole == stream.frames or stream.codec_context.codec.intra_only
    if not trusted:
        stamps = _decoded_stamps(path, stream_index)
    known = sorted(stamp for stamp in stamps if stamp is not None)
    usable = len(known) == len(stamps) and len(set(known)) == len(known)
    return _Scan(tuple(known) if usable else None, len(stamps))


def _ends_early(path: Path) -> bool:
    """Say whether a Matroska file ends before its header says; reordered frames hide that from the clock.

    Reference:
        RFC 8794 sections 4 (sizes) and 6.2 (unknown size); RFC 9559 section 4.5 (Segment).
    """
    with path.open("rb") as handle:
        head = handle.read(4096)
    place = head.find(b"\x18\x53\x80\x67") + 4
    if not head.startswith(b"\x1a\x45\xdf\xa3") or not 4 <= place < len(head) - 8:
        return False
    length = 9 - head[place].bit_length()
    unknown = (1 << 7 * length) - 1
    size = int.from_bytes(head[place : place + length], "big") & unknown
    return size != unknown and place + length + size > path.stat().st_size


def _promised_s(stream: VideoStream) -> Fraction:
    """Return when the stream should end, in s, by the tag that Matroska's muxers write; 0 where there is none."""
    match = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", stream.metadata.get("DURATION", ""))
    return int(match[1]) * 3600 + int(match[2]) * 60 + Fraction(match[3]) if match else Fraction(0)


def _decoded_stamps(path: Path, stream_index: int) -> list[int | None]:
    with _opened(path) as container:
        stream = cast(VideoStream, container.streams[stream_index])
        stream.thread_type = "AUTO"
        stamps: list[int | None] = []
        try:
            stamps.extend(frame.pts for frame in container.decode(stream))
        except av.error.InvalidDataError:
            return stamps
        return stamps


def _tags(stream: VideoStream, frame: VideoFrame, path: Path) -> ColourTags:
    """Return the colour tags, with the usual meaning put in for those that are missing."""
    context = stream.codec_context
    is_yuv = frame.format.name.startswith(("yuv", "nv", "p0", "p2", "uyvy", "yvyu"))
    large = frame.width >= _HD_WIDTH or frame.height >= _HD_HEIGHT
    matrix = _known(context.colorspace, frame.colorspace) or (1 if large else 6)
    if is_yuv and matrix not in LUMA_WEIGHTS:
        raise FootageError(
            f"{path}: colour matrix {matrix} of ITU-T H.273 is not supported. Export it as BT.709 or BT.2020."
        )
    return ColourTags(
        primaries=_known(context.color_primaries, frame.color_primaries) or 1,
        transfer=_known(context.color_trc, frame.color_trc) or 1,
        matrix=matrix if is_yuv else 1,
        full_range=2 in (context.color_range, frame.color_range) or frame.format.name.startswith("yuvj") or not is_yuv,
    )


def _known(*codes: int) -> int | None:
    """Return the first code that is neither reserved (0, 3) nor unspecified (2)."""
    return next((int(code) for code in codes if code not in (0, 2, 3)), None)


def _guess(tags: ColourTags) -> Guess:
    return Guess(_TRANSFERS.get(tags.transfer, Encoding.REC709), f"the stream's transfer is {tags.transfer}")


def _timecode(container: InputContainer) -> str | None:
    places = [container.metadata, *(stream.metadata for stream in container.streams)]
    found = (value for place in places for key, value in place.items() if key.lower() == "timecode")
    return next(found, None)


def _pixel_aspect(stream: VideoStream, turned: bool) -> Fraction:
    aspect = stream.sample_aspect_ratio
    if not aspect or aspect < 0:
        return Fraction(1)
    return 1 / Fraction(aspect) if turned else Fraction(aspect)


def _planar(frame: VideoFrame, tags: ColourTags) -> VideoFrame:
    """Unpack formats that interleave their samples; others pass."""
    wanted = _PLANAR.get(frame.format.name)
    if wanted is None:
        return frame
    # The same matrix and range on both sides: samples are moved, not converted.
    span = 2 if tags.full_range else 1
    return frame.reformat(format=wanted, src_color_range=span, dst_color_range=span)
