"""Video deliveries, by PyAV. Samples outside the support are the plate's own codes."""

import contextlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import av.error
import numpy as np
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from pecten.colour.transfer import Encoding
from pecten.colour.view import View
from pecten.deliver.credentials import refuse_shared_sidecar
from pecten.deliver.faults import told
from pecten.deliver.sound import Sound
from pecten.errors import DeliveryError, ShapeError
from pecten.files import replacing
from pecten.footage.alpha import frame_alpha, has_alpha
from pecten.footage.clip import Clip, ClipInfo, ColourTags, Frame, Timed
from pecten.footage.planes import Layout, covered, layout_of, planes_from_rgb, planes_of, quantise, resample
from pecten.footage.timecode import advance
from pecten.interrupt import held_back
from pecten.types import Image, Mask, Seal

_VFR_TIME_BASE = Fraction(1, 90000)
_MARGIN_PX = 4
# H.273 tables 3 (transfer) and, both 9, 2 and 4 (primaries, matrix) of BT.2100.
_WIDE_TRANSFERS: dict[str, int] = {Encoding.PQ: 16, Encoding.HLG: 18}


# Formats that codecs are given, and those that hold alpha besides.
_WITH_ALPHA = {"yuv444p10le": "yuva444p10le", "bgr0": "bgra", "gbrp16le": "gbrap16le"}


@dataclass(frozen=True)
class Codec:
    """How one kind of video is encoded.

    Attributes:
        encoder: FFmpeg's name.
        pixel_format: What it is given; None for the plate's own.
        options: Of the encoder.
        step_x: Widths that it takes are multiples of this, whatever the chroma's.
    """

    encoder: str
    pixel_format: str | None
    options: dict[str, str] = field(default_factory=dict)
    step_x: int = 1


# Profile 3 is HQ, 4 is 4444. prores_aw gives the same bitstream as prores_ks about four times as fast.
CODECS = {
    "prores": Codec("prores_aw", "yuv422p10le", {"profile": "3", "vendor": "apl0"}),
    "prores4444": Codec("prores_aw", "yuv444p10le", {"profile": "4", "vendor": "apl0"}, step_x=2),
    "h264": Codec("libx264", "yuv420p", {"crf": "14", "preset": "medium"}),
    "ffv1": Codec("ffv1", None, {"level": "3", "slices": "4", "slicecrc": "1"}),
}
# The first codec is the container's own.
CONTAINERS = {
    ".mov": ("prores", "prores4444", "h264"),
    ".mp4": ("h264",),
    ".mkv": ("ffv1", "h264", "prores", "prores4444"),
}
_MUXERS = {".mov": "mov", ".mp4": "mp4", ".mkv": "matroska"}


class VideoWriter:
    """A video being written beside its final place."""

    def __init__(
        self, path: Path, plate: Clip, *, codec: str | None = None, overwrite: bool = False, seal: Seal | None = None
    ) -> None:
        """Check that the delivery can be made; the file begins with the first frame.

        Raises:
            DeliveryError: if the place is taken or the plate does not fit the codec.
        """
        info = plate.info
        choices = CONTAINERS[path.suffix.lower()]
        name = codec or _usual(choices, info)
        if name not in choices:
            raise DeliveryError(f"{path}: {name} does not go into {path.suffix}; use one of {', '.join(choices)}")
        if path.exists():
            # A sequence's pattern is no file.
            if Path(info.path).exists() and path.samefile(info.path):
                raise DeliveryError(f"{path}: that is the plate itself; choose another name")
            if not overwrite:
                raise DeliveryError(f"{path}: exists already; choose another name, or give --overwrite")
        refuse_shared_sidecar(path)
        if info.pixel_aspect != 1 and path.suffix.lower() == ".mkv":
            aspect = f"{float(info.pixel_aspect):.4g}:1"
            raise DeliveryError(f"{path}: pixels of {aspect} would be lost in .mkv; deliver .mov, .mp4 or a sequence")
        self._path, self._plate, self._codec = path, plate, CODECS[name]
        self._format = _format_of(self._codec, info)
        self._layout = layout_of(self._format)
        # FFV1 cannot cut slices out of 4:2:0 with an odd side; without them it takes any size.
        odd = info.width % 2 or info.height % 2
        self._options = {} if odd and self._codec.encoder == "ffv1" else self._codec.options
        steps = (self._layout.step_x, self._layout.step_y) if self._layout and self._codec.pixel_format else (1, 1)
        if info.width % max(steps[0], self._codec.step_x) or info.height % steps[1]:
            raise DeliveryError(
                f"{path}: {info.width}x{info.height} has an odd side, which {name} cannot hold; deliver .mkv instead"
            )
        self._view = info.view()
        # What a video holds it can keep; of the others, only light needs a curve to fit whole numbers.
        as_is = info.kind == "video" or not self._view.is_linear
        self._wanted = self._view if as_is else View(Encoding.REC709)
        self._tags = _delivery_tags(plate, self._layout)
        self._place, self._seal = replacing(path), seal
        self._beside = path
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._sound: Sound | None = None
        self._first_index = self._last_index = -1
        self._try()

    def __enter__(self) -> "VideoWriter":
        """Return the writer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close, or abort after an exception."""
        if error is None:
            self.close()
        else:
            self.abort()

    def done(self, number: int) -> bool:
        """Return False: a video is made in one go."""
        return False

    def write(self, frame: Frame, image: Image, support: Mask) -> None:
        """Add a frame; see `Writer.write`."""
        info = self._plate.info
        if not (image.shape[:2] == support.shape == (info.height, info.width)):
            raise ShapeError(
                f"{self._path}: frame {frame.number} is {image.shape[1]}x{image.shape[0]} with a support of "
                f"{support.shape[1]}x{support.shape[0]}, but the plate is {info.width}x{info.height}"
            )
        with _told(self._path):
            if self._container is None:
                self._start(frame.index)
            assert self._container is not None
            assert self._stream is not None
            picture = self._picture(frame, image, support > 0)
            self._stamp(picture, frame.index)
            if self._sound:
                self._sound.mux_until(self._container, self._time(frame.index))
            self._container.mux(self._stream.encode(picture))
        self._last_index = frame.index

    def close(self) -> None:
        """Flush, finish the file and give it its name.

        Raises:
            DeliveryError: if no frame was written, or the disk is full.
        """
        if self._container is None or self._stream is None:
            raise DeliveryError(f"{self._path}: no frame was written, so there is nothing to deliver")
        try:
            with _told(self._path):
                self._container.mux(self._stream.encode(None))
                if self._sound:
                    complete = self._last_index == self._plate.info.frame_count - 1
                    end = None if complete else self._time(self._last_index + 1)
                    self._sound.mux_until(self._container, end)
                    self._sound.close()
                self._container.close()
                self._container = None
                # An interrupt must not part the file from its credentials, nor be lost in the signer's call-backs.
                with held_back() as interrupt:
                    if self._seal:
                        self._seal(self._beside, self._path)
                    self._place.__exit__(None, None, None)
        except BaseException:
            self.abort()
            raise
        interrupt.raise_if_came()

    def abort(self) -> None:
        """Remove what was written."""
        if self._sound:
            self._sound.close()
        if self._container is not None:
            # The muxer may fail again on the trailer of a file that is thrown away.
            with contextlib.suppress(OSError, ValueError):
                self._container.close()
            self._container = None
        with contextlib.suppress(DeliveryError):
            self._place.__exit__(DeliveryError, DeliveryError("aborted"), None)

    def _try(self) -> None:
        """Open the delivery in memory, so that what does not go together is found before any frame is made."""
        suffix = self._path.suffix.lower()
        try:
            with av.open(io.BytesIO(), "w", format=_MUXERS[suffix]) as container:
                _, sound = self._streams(container, 0)
                if sound:
                    sound.close()
                container.start_encoding()
        except av.error.FFmpegError as error:
            what = "this picture and its sound do" if self._plate.info.has_audio else "this picture does"
            advice = "choose another format" if suffix == ".mkv" else "deliver .mkv instead"
            raise DeliveryError(f"{self._path}: {what} not go into {suffix} ({error.strerror}); {advice}") from error

    def _start(self, index: int) -> None:
        self._beside = beside = self._place.__enter__()
        self._container = av.open(str(beside), "w")
        self._first_index = index
        self._stream, self._sound = self._streams(self._container, index)

    def _streams(self, container: OutputContainer, index: int) -> tuple[VideoStream, Sound | None]:
        """Add the picture and the plate's sound to a container that begins at the plate's frame `index`."""
        info = self._plate.info
        stream = container.add_stream(self._codec.encoder, rate=info.rate, options=self._options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = info.width, info.height, self._format
        context = stream.codec_context
        context.color_primaries, context.color_trc = self._tags.primaries, self._tags.transfer
        context.colorspace, context.color_range = self._matrix_code(), self._range_code()
        if info.pixel_aspect != 1:
            context.sample_aspect_ratio = info.pixel_aspect
        if self._times():
            context.time_base = _VFR_TIME_BASE
        if info.timecode:
            stream.metadata["timecode"] = advance(info.timecode, index, info.rate)
        if not info.has_audio:
            return stream, None
        return stream, Sound(self._path, container, info.path, self._time(index), from_start=index == 0)

    def _picture(self, frame: Frame, image: Image, inside: np.ndarray) -> VideoFrame:
        """Encode the inside of the support into the plate's own samples."""
        info = self._plate.info
        picture = VideoFrame(info.width, info.height, self._format)
        native = frame.native if isinstance(frame.native, VideoFrame) else None
        alpha = _alpha_codes(frame, self._format, self._layout)
        if self._layout is None:
            return _rgb_picture(self._whole(frame, image, inside), alpha, self._format)
        source = layout_of(native.format.name) if native is not None else None
        targets = planes_of(picture)
        if alpha is not None:
            targets[3][:] = alpha
        if native is None or source is None:
            whole = self._whole(frame, image, inside)
            for plane, target in zip(planes_from_rgb(whole, self._layout, self._tags), targets, strict=False):
                target[:] = quantise(plane, self._layout)
            return picture
        _carry(planes_of(native), source, targets, self._layout, self._tags.full_range)
        _insert(targets, image, inside, self._layout, self._tags)
        return picture

    def _whole(self, frame: Frame, image: Image, inside: np.ndarray) -> Image:
        """Return the full frame in the delivery's encoding, with the plate outside the support."""
        whole: Image = np.where(inside[..., None], image, frame.image)
        return self._view.recoded(whole, self._wanted)

    def _stamp(self, picture: VideoFrame, index: int) -> None:
        times = self._times()
        if times:
            picture.time_base = _VFR_TIME_BASE
            picture.pts = round((times[index] - times[self._first_index]) / _VFR_TIME_BASE)
        else:
            picture.time_base = 1 / self._plate.info.rate
            picture.pts = index - self._first_index
        picture.color_primaries, picture.color_trc = self._tags.primaries, self._tags.transfer
        picture.colorspace, picture.color_range = self._matrix_code(), self._range_code()

    def _times(self) -> tuple[Fraction, ...] | None:
        return self._plate.times if isinstance(self._plate, Timed) else None

    def _time(self, index: int) -> Fraction:
        """Return when a frame is shown on the plate's own clock, in s."""
        times = self._times()
        if times and index < len(times):
            return times[index]
        start = self._plate.start_time if isinstance(self._plate, Timed) else Fraction(0)
        return start + index / self._plate.info.rate

    def _matrix_code(self) -> int:
        return self._tags.matrix if self._layout else 0

    def _range_code(self) -> int:
        return 2 if self._tags.full_range else 1


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn faults of the disk and of the encoder into a `DeliveryError`."""
    try:
        with told(path):
            yield
    except av.error.FFmpegError as error:
        raise DeliveryError(f"{path}: cannot be encoded ({error.strerror}); choose another format") from error


def pixel_format_for(plate: ClipInfo, suffix: str) -> str:
    """Return the pixel format, by FFmpeg's name, of a plate's delivery in a container that nobody chose a codec for."""
    return _format_of(CODECS[_usual(CONTAINERS[suffix], plate)], plate)


def _format_of(codec: Codec, plate: ClipInfo) -> str:
    chosen = codec.pixel_format or _lossless_format(plate)
    return _WITH_ALPHA.get(chosen, chosen) if plate.kind == "video" and plate.alpha else chosen


def _usual(choices: Sequence[str], info: ClipInfo) -> str:
    """Return a container's own codec, or ProRes 4444 where the other would lose a video's alpha or half its chroma."""
    layout = layout_of(info.pixel_format)
    whole_chroma = layout is None or layout.step_x == layout.step_y == 1
    needed = info.kind == "video" and (whole_chroma or info.alpha)
    return "prores4444" if needed and choices[0] == "prores" else choices[0]


def _lossless_format(info: ClipInfo) -> str:
    """Return the format that FFV1 keeps a plate's own samples in."""
    if layout_of(info.pixel_format):
        return info.pixel_format.replace("yuvj", "yuv")
    return "bgr0" if info.bit_depth <= 8 else "gbrp16le"


def _alpha_codes(frame: Frame, pixel_format: str, layout: Layout | None) -> np.ndarray | None:
    """Return a plate's own alpha as a delivery holds it: solid where the plate's is not at hand."""
    if not has_alpha(pixel_format):
        return None
    alpha = frame_alpha(frame)
    if alpha is None:
        alpha = np.ones(frame.image.shape[:2], np.float32)
    bits = layout.bits if layout else 8 if pixel_format == "bgra" else 16
    return np.asarray(np.rint(alpha * np.float64(2**bits - 1)), np.uint8 if bits == 8 else np.uint16)


def _delivery_tags(plate: Clip, layout: Layout | None) -> ColourTags:
    tags = plate.info.colour
    if plate.info.kind == "sequence" and plate.info.encoding in _WIDE_TRANSFERS:
        tags = ColourTags(9, _WIDE_TRANSFERS[plate.info.encoding], 9, tags.full_range)
    full = tags.full_range and layout_of(plate.info.pixel_format) is not None
    return ColourTags(tags.primaries, tags.transfer, tags.matrix, full or layout is None)


def _rgb_picture(image: Image, alpha: np.ndarray | None, pixel_format: str) -> VideoFrame:
    shallow = pixel_format.startswith("bgr")
    peak, dtype = (255, np.uint8) if shallow else (65535, np.uint16)
    pixels = np.rint(np.clip(image, 0, 1) * np.float32(peak)).astype(dtype)
    if alpha is not None:
        pixels = np.dstack([pixels, alpha])
    if not shallow:
        return VideoFrame.from_ndarray(pixels, format=pixel_format)
    return VideoFrame.from_ndarray(pixels, format="rgb24" if alpha is None else "rgba").reformat(format=pixel_format)


def _carry(planes: list[Any], source: Layout, targets: list[Any], wanted: Layout, full_range: bool) -> None:
    if source == wanted:
        for plane, target in zip(planes, targets, strict=False):
            target[:] = plane
        return
    for plane, target in zip(resample(planes[:3], source, wanted, full_range), targets[:3], strict=True):
        target[:] = quantise(plane, wanted)


def _insert(targets: list[Any], image: Image, inside: np.ndarray, layout: Layout, tags: ColourTags) -> None:
    """Replace the samples that lie wholly inside the support, converting no more than its bounding box."""
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not len(rows):
        return
    # Starts are even so that chroma samples stay where they are; the margin feeds their filter.
    top, left = (max(0, int(first[0]) - _MARGIN_PX) // 2 * 2 for first in (rows, columns))
    bottom = min(inside.shape[0], -(-(int(rows[-1]) + 1 + _MARGIN_PX) // 2) * 2)
    right = min(inside.shape[1], -(-(int(columns[-1]) + 1 + _MARGIN_PX) // 2) * 2)
    part = np.ascontiguousarray(image[top:bottom, left:right])
    luma_inside = inside[top:bottom, left:right]
    chroma_inside = covered(luma_inside, layout)
    for channel, plane in enumerate(planes_from_rgb(part, layout, tags)):
        step_x, step_y = (1, 1) if channel == 0 else (layout.step_x, layout.step_y)
        y, x = top // step_y, left // step_x
        target = targets[channel][y : y + plane.shape[0], x : x + plane.shape[1]]
        mask = luma_inside if channel == 0 else chroma_inside
        target[mask] = quantise(plane, layout)[mask]
