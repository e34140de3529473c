"""Small clips with known content, made on the spot."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import OpenImageIO as oiio

NTSC = Fraction(24000, 1001)


def picture(index: int, height: int = 48, width: int = 64) -> np.ndarray:
    """Return RGB bytes that differ from frame to frame, smooth enough for chroma subsampling."""
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / 9 + index / 3), np.cos(y / 8 - index / 5), np.sin((x + y) / 11 + index / 7)]
    return np.stack([127 + 70 * wave for wave in waves], axis=-1).round().astype(np.uint8)


def write_video(
    path: Path,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    *,
    count: int = 12,
    rate: Fraction = NTSC,
    size: tuple[int, int] = (64, 48),
    timecode: str | None = None,
    rotation: int = 0,
    audio: str | None = None,
    tags: tuple[int, int, int, int] | None = (1, 1, 1, 1),
    stamps: list[int] | None = None,
    container_options: dict[str, str] | None = None,
    codec_options: dict[str, str] | None = None,
    pictures: Sequence[np.ndarray] | None = None,
    pixel_aspect: Fraction | None = None,
) -> Path:
    """Write a video of `pictures`, or of `picture(k)`; tags are (primaries, transfer, matrix, range)."""
    with av.open(str(path), "w", options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=rate, options=codec_options or {})
        stream.width, stream.height = size
        stream.pix_fmt = pixel_format
        # With one thread two encodings of the same pictures are equal, whatever else the machine does.
        stream.codec_context.thread_count = 1
        if tags:
            context = stream.codec_context
            context.color_primaries, context.color_trc, context.colorspace, context.color_range = tags
        if pixel_aspect:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        if timecode:
            stream.metadata["timecode"] = timecode
        if rotation:
            stream.set_display_rotation(rotation)
        sound: Any = container.add_stream(audio, rate=48000) if audio else None
        if sound:
            sound.layout = "stereo"
        for index in range(count):
            shown = pictures[index] if pictures else picture(index, size[1], size[0])
            frame = av.VideoFrame.from_ndarray(shown, format="rgb24").reformat(
                format=pixel_format, src_colorspace=1, dst_colorspace=1, src_color_range=2, dst_color_range=1
            )
            frame.pts = stamps[index] if stamps else index
            frame.time_base = 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if sound:
            _write_sound(container, sound, float(count / rate))
    return path


def _write_sound(container: Any, stream: Any, seconds: float) -> None:
    samples = np.random.default_rng(2).integers(-3000, 3000, (1, 2 * int(48000 * seconds))).astype(np.int16)
    for start in range(0, samples.shape[1], 2048):
        block = np.ascontiguousarray(samples[:, start : start + 2048])
        frame = av.AudioFrame.from_ndarray(block, format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48000, start // 2, Fraction(1, 48000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def write_still(path: Path, pixels: np.ndarray, **attributes: Any) -> Path:
    """Write an image with OpenImageIO; keyword `channels` names the channels, others become attributes."""
    height, width, count = pixels.shape
    type_name = {"float16": "half", "float32": "float"}.get(pixels.dtype.name, pixels.dtype.name)
    spec = oiio.ImageSpec(width, height, count, type_name)
    if "channels" in attributes:
        spec.channelnames = attributes.pop("channels")
    for name in ("x", "y", "full_x", "full_y", "full_width", "full_height"):
        if name in attributes:
            setattr(spec, name, attributes.pop(name))
    if "rate" in attributes:
        spec.attribute("FramesPerSecond", oiio.TypeDesc("rational"), attributes.pop("rate"))
    if "timecode" in attributes:
        spec.attribute("smpte:TimeCode", oiio.TypeTimeCode, (attributes.pop("timecode"), 0))
    spec.attribute("oiio:UnassociatedAlpha", 1)
    for name, value in attributes.items():
        spec.attribute(name, value)
    target = oiio.ImageOutput.create(str(path))
    assert target.open(str(path), spec), target.geterror()
    assert target.write_image(pixels), target.geterror()
    target.close()
    return path


def read_pixels(path: Path) -> np.ndarray:
    """Return a picture's samples as stored."""
    hint = oiio.ImageSpec()
    hint.attribute("oiio:UnassociatedAlpha", 1)
    source = oiio.ImageInput.open(str(path), hint)
    assert source, oiio.geterror()
    pixels = source.read_image(source.spec().format)
    source.close()
    return pixels
