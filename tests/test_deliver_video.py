"""A delivered video has the plate's rate, timecode, tags, sound and, outside the support, samples."""

import errno
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from pecten.deliver.video import CODECS, Codec, VideoWriter
from pecten.deliver.writer import Writer, open_writer
from pecten.errors import DeliveryError, ShapeError
from pecten.footage.alpha import alpha_of, frame_alpha
from pecten.footage.clip import Clip, ColourTags, open_clip
from pecten.footage.planes import planes_of
from pecten.footage.sequence import Still, image_of
from pecten.footage.video import VideoClip
from sample_clips import NTSC, picture, write_still, write_video

SUPPORT = np.zeros((48, 64), np.float32)
SUPPORT[10:31, 21:45] = 0.5


def deliver(plate: Clip, out: Path, start: int = 0, stop: int | None = None, codec: str | None = None) -> Clip:
    """Deliver the plate with its support inverted in colour."""
    with open_writer(out, plate, codec=codec) as writer:
        assert isinstance(writer, Writer)
        for frame in plate.frames(start, stop):
            image = np.where(SUPPORT[..., None] > 0, 1 - frame.image, np.float32(0.3))
            writer.write(frame, image, SUPPORT)
    assert not list(out.parent.glob(".*partial*"))
    return open_clip(out)


def codes(clip: Clip) -> list[list[np.ndarray]]:
    return [[plane.copy() for plane in planes_of(frame.native)] for frame in clip.frames()]


def audio_packets(path: Path) -> list[tuple[float, bytes]]:
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(audio=0) if packet.size]
        return [(float(packet.pts * packet.time_base), bytes(packet)) for packet in packets]


@pytest.mark.parametrize(
    ("pixel_format", "codec"),
    [
        ("yuv420p", "ffv1"),
        ("yuv422p10le", "ffv1"),
        ("yuv444p", "ffv1"),
        ("yuv420p", "libx264"),
        ("yuv420p12le", "ffv1"),
    ],
)
def test_lossless_delivery_keeps_the_plates_codes_outside(tmp_path: Path, pixel_format: str, codec: str) -> None:
    plate = open_clip(write_video(tmp_path / "plate.mkv", codec, pixel_format, count=4))
    delivered = deliver(plate, tmp_path / "out.mkv")
    assert delivered.info.pixel_format == pixel_format
    assert delivered.info.colour == plate.info.colour
    inside = SUPPORT > 0
    for before, after in zip(codes(plate), codes(delivered), strict=True):
        np.testing.assert_array_equal(after[0][~inside], before[0][~inside])
        assert (after[0] != before[0])[inside].mean() > 0.8
        step_y, step_x = 48 // before[1].shape[0], 64 // before[1].shape[1]
        # A chroma sample that any pixel outside shares is left alone.
        whole = inside.reshape(48 // step_y, step_y, 64 // step_x, step_x).all(axis=(1, 3))
        for plane in (1, 2):
            np.testing.assert_array_equal(after[plane][~whole], before[plane][~whole])
            assert (after[plane] != before[plane])[whole].mean() > 0.5
    for before, after in zip(plate.frames(), delivered.frames(), strict=True):
        error = np.abs(after.image - (1 - before.image))[14:27, 26:40]
        assert error.max() < 3 / 255


def write_alpha(path: Path, codec: str, pixel_format: str, count: int = 2, rotation: int = 0) -> Clip:
    """Write frames whose alpha is a ramp across."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixel_format
        if rotation:
            stream.set_display_rotation(rotation)
        for index in range(count):
            ramp = np.broadcast_to(np.linspace(0, 65535, 64), (48, 64))
            pixels = np.dstack([picture(index).astype(np.uint16) * 257, ramp.astype(np.uint16)])
            frame = av.VideoFrame.from_ndarray(pixels, format="rgba64le").reformat(format=pixel_format)
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return open_clip(path)


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format", "outs"),
    [
        ("a.mov", "prores_ks", "yuva444p10le", ("mov", "mkv", "exr", "png")),
        ("a.mov", "qtrle", "argb", ("mov", "mkv", "tif")),
        ("a.mov", "png", "rgba64be", ("mkv",)),
    ],
)
def test_alpha_is_the_plates(tmp_path: Path, name: str, codec: str, pixel_format: str, outs: tuple[str, ...]) -> None:
    plate = write_alpha(tmp_path / name, codec, pixel_format)
    wanted = [alpha_of(frame.native) for frame in plate.frames()]
    assert wanted[0] is not None
    assert np.ptp(wanted[0]) > 0.99
    for kind in outs:
        out = tmp_path / ("out.mov" if kind == "mov" else f"out.{kind}" if kind == "mkv" else f"{kind}/a.####.{kind}")
        for frame, alpha in zip(deliver(plate, out).frames(), wanted, strict=True):
            if isinstance(frame.native, Still):
                assert frame.native.spec.channelnames == ("R", "G", "B", "A")
                found = image_of(frame.native, [3, 3, 3])[..., 0]
            else:
                found = alpha_of(frame.native)
            # The ProRes encoder takes 10 bits and shifts them up, so that solid is 4092 of 4095; half floats hold 11.
            np.testing.assert_allclose(found, alpha, atol=1e-6 if kind == "mkv" else 1.2e-3)


@pytest.mark.parametrize("rotation", [90, 180, 270])
@pytest.mark.parametrize("kind", ["mov", "mkv", "png"])
def test_alpha_is_turned_with_its_picture(tmp_path: Path, rotation: int, kind: str) -> None:
    about = {"codec": "prores_ks", "pixel_format": "yuva444p10le", "count": 1}
    as_stored = next(write_alpha(tmp_path / "plain.mov", **about).frames())  # type: ignore[arg-type]
    turned = write_alpha(tmp_path / "turned.mov", rotation=rotation, **about)  # type: ignore[arg-type]
    wanted = np.rot90(alpha_of(as_stored.native), rotation // 90)  # type: ignore[arg-type]
    out = tmp_path / (f"a.{kind}" if kind != "png" else "a.####.png")
    with open_writer(out, turned) as writer:
        for frame in turned.frames():
            writer.write(frame, frame.image, np.zeros(frame.image.shape[:2], np.float32))
    delivered = next(open_clip(out).frames())
    shown = image_of(delivered.native, [3] * 3)[..., 0] if kind == "png" else frame_alpha(delivered)  # type: ignore[arg-type]
    np.testing.assert_allclose(shown, wanted, atol=1e-6 if kind == "mkv" else 1.2e-3)
    assert np.abs(delivered.image - np.rot90(as_stored.image, rotation // 90)).mean() < 0.01


def test_a_mov_of_whole_chroma_keeps_it(tmp_path: Path) -> None:
    plate = open_clip(write_video(tmp_path / "plate.mov", "prores_ks", "yuv444p10le", count=2))
    assert deliver(plate, tmp_path / "out.mov").info.pixel_format == "yuv444p12le"
    assert deliver(plate, tmp_path / "small.mov", codec="prores").info.pixel_format == "yuv422p10le"


@pytest.mark.parametrize("size", [(63, 47), (64, 47), (63, 48)])
@pytest.mark.parametrize("place", [np.s_[:, :], np.s_[40:, 50:], np.s_[:9, :7], np.s_[46:47, 62:63]])
def test_odd_sizes_and_edges_are_kept_too(tmp_path: Path, size: tuple[int, int], place: tuple[slice, slice]) -> None:
    plate = open_clip(write_video(tmp_path / "plate.mkv", "ffv1", "yuv420p", count=1, size=size))
    support = np.zeros((size[1], size[0]), np.float32)
    support[place] = 1
    with open_writer(tmp_path / "out.mkv", plate) as writer:
        frame = next(plate.frames())
        writer.write(frame, 1 - frame.image, support)
    before, after = codes(plate)[0], codes(open_clip(tmp_path / "out.mkv"))[0]
    np.testing.assert_array_equal(after[0][support == 0], before[0][support == 0])
    assert (after[0] != before[0])[support > 0].mean() > 0.8
    assert next(open_clip(tmp_path / "out.mkv").frames()).image.shape == (size[1], size[0], 3)


@pytest.mark.parametrize(("name", "codec"), [("out.mov", None), ("out.mp4", None), ("out.mov", "prores4444")])
def test_lossy_delivery_is_close_everywhere(tmp_path: Path, name: str, codec: str | None) -> None:
    plate = open_clip(write_video(tmp_path / "plate.mp4", count=5))
    delivered = deliver(plate, tmp_path / name, codec=codec)
    assert delivered.info.frame_count == 5
    for before, after in zip(plate.frames(), delivered.frames(), strict=True):
        expected = np.where(SUPPORT[..., None] > 0, 1 - before.image, before.image)
        error = np.abs(after.image - expected)
        error[8:34, 18:48] *= np.abs(SUPPORT - 0.25)[8:34, 18:48, None] > 1  # the hard edge rings
        assert error.max() < 20 / 255
        assert error.mean() < 2 / 255
        assert np.abs(after.image - expected)[14:27, 26:40].mean() < 3 / 255


@pytest.mark.parametrize("name", ["out.mov", "out.mp4", "out.mkv"])
def test_rate_timecode_tags_and_sound_are_carried(tmp_path: Path, name: str) -> None:
    plate = open_clip(
        write_video(tmp_path / "plate.mp4", timecode="10:00:00:00", audio="aac", tags=(9, 14, 9, 1), count=20)
    )
    info = deliver(plate, tmp_path / name).info
    assert (info.rate, info.timecode, info.frame_count, info.has_audio) == (NTSC, "10:00:00:00", 20, True)
    # Codes 1 and 14 name one curve (H.273 table 3); ProRes knows only 1.
    assert info.colour in (ColourTags(9, 14, 9, False), ColourTags(9, 1, 9, False))
    before, after = audio_packets(tmp_path / "plate.mp4"), audio_packets(tmp_path / name)
    assert [data for _, data in after] == [data for _, data in before]
    # Matroska shifts all streams together so that nothing starts below 0, and counts in ms.
    shift = after[0][0] - before[0][0]
    np.testing.assert_allclose([time for time, _ in after], [time + shift for time, _ in before], atol=2e-3)
    with av.open(str(tmp_path / name)) as container:
        start = container.streams.video[0].start_time * container.streams.video[0].time_base
    assert float(start) == pytest.approx(shift, abs=2e-3)


def test_a_mov_has_a_timecode_track_and_tagged_frames(tmp_path: Path) -> None:
    plate = open_clip(write_video(tmp_path / "plate.mp4", timecode="01:00:00:00"))
    deliver(plate, tmp_path / "out.mov")
    content = (tmp_path / "out.mov").read_bytes()
    assert b"tmcd" in content
    assert b"colrnclc" in content
    with av.open(str(tmp_path / "out.mov")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt, stream.profile) == (
            "prores",
            "yuv422p10le",
            "HQ",
        )
        frame = next(container.decode(stream))
        assert (frame.color_primaries, frame.color_trc, frame.colorspace) == (1, 1, 1)
        assert any(other.type == "data" for other in container.streams)


@pytest.mark.parametrize("name", ["out.mov", "out.mp4"])
def test_the_shape_of_a_pixel_is_carried_or_told(tmp_path: Path, name: str) -> None:
    aspect = Fraction(64, 45)
    plate = open_clip(write_video(tmp_path / "plate.mov", "prores_ks", "yuv422p10le", count=2, pixel_aspect=aspect))
    assert deliver(plate, tmp_path / name).info.pixel_aspect == aspect
    # PyAV cannot tell Matroska's muxer.
    with pytest.raises(DeliveryError, match=r"pixels of 1\.422:1 would be lost in \.mkv"):
        open_writer(tmp_path / "out.mkv", plate)


def test_part_of_a_clip_starts_at_its_own_timecode_and_sound(tmp_path: Path) -> None:
    path = write_video(
        tmp_path / "plate.mov", "prores_ks", "yuv422p10le", timecode="01:00:00:00", audio="pcm_s16le", count=24
    )
    info = deliver(open_clip(path), tmp_path / "out.mov", 6, 18).info
    assert (info.timecode, info.frame_count) == ("01:00:00:06", 12)
    sound = b"".join(data for _, data in audio_packets(tmp_path / "out.mov"))
    whole = b"".join(data for _, data in audio_packets(path))
    assert sound in whole
    assert len(sound) / 4 / 48000 == pytest.approx(float(12 / NTSC), abs=0.05)
    # 4 bytes a sample of both channels.
    assert whole.index(sound) / 4 / 48000 == pytest.approx(float(6 / NTSC), abs=0.05)


def test_a_varying_rate_is_delivered_as_it_was(tmp_path: Path) -> None:
    stamps = [0, 1, 2, 5, 6, 9, 10, 14]
    plate = open_clip(write_video(tmp_path / "plate.mp4", count=8, rate=Fraction(30), stamps=stamps))
    for name in ("out.mp4", "out.mkv", "out.mov"):
        delivered = deliver(plate, tmp_path / name)
        assert isinstance(delivered, VideoClip)
        assert delivered.times is not None
        found = [float((time - delivered.times[0]) * 30) for time in delivered.times]
        np.testing.assert_allclose(found, stamps, atol=0.04)


def test_full_range_and_upright_plates(tmp_path: Path) -> None:
    plate = open_clip(write_video(tmp_path / "full.mkv", "ffv1", "yuv420p", tags=(1, 1, 1, 2), count=2))
    delivered = deliver(plate, tmp_path / "out.mp4")
    assert delivered.info.colour.full_range
    turned = open_clip(write_video(tmp_path / "turned.mp4", rotation=180, count=2))
    upright = deliver(turned, tmp_path / "upright.mkv")
    for before, after in zip(turned.frames(), upright.frames(), strict=True):
        outside = np.ones((48, 64), bool)
        outside[6:36, 16:50] = False
        outside[:2] = outside[-2:] = outside[:, :2] = outside[:, -2:] = False
        assert np.abs(after.image - before.image)[outside].mean() < 0.7 / 255


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_an_rgb_plate_is_kept_exactly_by_ffv1(tmp_path: Path, dtype: type) -> None:
    pixels = np.random.default_rng(1).integers(0, np.iinfo(dtype).max, (48, 64, 3)).astype(dtype)
    plate = open_clip(write_still(tmp_path / "a.png", pixels))
    delivered = deliver(plate, tmp_path / "out.mkv")
    peak = np.iinfo(dtype).max
    found = np.rint(next(delivered.frames()).image * np.float64(peak)).astype(dtype)
    np.testing.assert_array_equal(found[SUPPORT == 0], pixels[SUPPORT == 0])
    assert (found != pixels)[SUPPORT > 0].any()
    assert deliver(plate, tmp_path / "out.mp4").info.colour == ColourTags()


def test_a_linear_plate_becomes_video_for_a_display(tmp_path: Path) -> None:
    plate = open_clip(write_still(tmp_path / "a.exr", np.full((48, 64, 3), 0.18, np.float16)))
    with open_writer(tmp_path / "out.mov", plate) as writer:
        for frame in plate.frames():
            writer.write(frame, frame.image, SUPPORT)
    image = next(open_clip(tmp_path / "out.mov").frames()).image
    assert image.mean() == pytest.approx(0.18 ** (1 / 2.4), abs=0.004)


def test_places_and_formats_that_cannot_be_used(tmp_path: Path) -> None:
    path = write_video(tmp_path / "plate.mp4")
    plate = open_clip(path)
    (tmp_path / "taken.mov").touch()
    for out, words in (
        (path, "plate itself"),
        (tmp_path / "taken.mov", "exists already"),
        (tmp_path / "out.gif", "cannot deliver .gif"),
        (tmp_path / "out", "without a suffix"),
    ):
        with pytest.raises(DeliveryError, match=words) as caught:
            open_writer(out, plate, overwrite=out == path)
        assert "\n" not in str(caught.value)
    with pytest.raises(DeliveryError, match="ffv1 does not go into"):
        open_writer(tmp_path / "out.mp4", plate, codec="ffv1")
    with pytest.raises(DeliveryError, match="codec is for video"):
        open_writer(tmp_path / "out.####.exr", plate, codec="ffv1")
    odd = open_clip(write_video(tmp_path / "odd.mkv", "ffv1", "yuv444p", size=(63, 47), count=1))
    with pytest.raises(DeliveryError, match="63x47 has an odd side"):
        open_writer(tmp_path / "out.mp4", odd)
    open_writer(tmp_path / "taken.mov", plate, overwrite=True)


def test_wrong_sizes_are_refused(tmp_path: Path) -> None:
    plate = open_clip(write_video(tmp_path / "plate.mp4", count=1))
    frame = next(plate.frames())
    with open_writer(tmp_path / "out.mkv", plate) as writer:
        with pytest.raises(ShapeError, match="63x48"):
            writer.write(frame, frame.image[:, 1:], SUPPORT)
        writer.write(frame, frame.image, SUPPORT)


def break_off(plate: Clip, out: Path, after: int) -> None:
    with open_writer(out, plate, overwrite=True) as writer:
        for frame in plate.frames(0, after):
            writer.write(frame, frame.image, SUPPORT)
        raise RuntimeError("stop")


@pytest.mark.parametrize("after", [0, 3])
def test_an_exception_leaves_nothing(tmp_path: Path, after: int) -> None:
    plate = open_clip(write_video(tmp_path / "plate.mp4", audio="aac"))
    folder = tmp_path / "out"
    with pytest.raises(RuntimeError, match="stop"):
        break_off(plate, folder / "out.mov", after)
    assert not folder.exists() or not list(folder.iterdir())


def test_a_delivery_without_frames_is_an_error(tmp_path: Path) -> None:
    plate = open_clip(write_video(tmp_path / "plate.mp4"))
    with pytest.raises(DeliveryError, match="no frame"), open_writer(tmp_path / "out.mov", plate):
        pass
    assert not (tmp_path / "out.mov").exists()


def test_a_failed_overwrite_keeps_the_old_file(tmp_path: Path) -> None:
    plate = open_clip(write_video(tmp_path / "plate.mp4"))
    (tmp_path / "out.mov").write_text("old")
    with pytest.raises(RuntimeError, match="stop"):
        break_off(plate, tmp_path / "out.mov", 2)
    assert (tmp_path / "out.mov").read_text() == "old"


@pytest.mark.parametrize("method", ["_stamp", "_picture"])
def test_a_full_disk_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    plate = open_clip(write_video(tmp_path / "plate.mp4"))

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(VideoWriter, method, fail)
    with pytest.raises(DeliveryError, match="disk full while writing") as caught:
        deliver(plate, tmp_path / "out.mov")
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("*out*"))


def test_an_encoder_that_refuses_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plate = open_clip(write_video(tmp_path / "plate.mp4"))
    monkeypatch.setitem(CODECS, "ffv1", Codec("ffv1", None, {"level": "3", "slices": "7"}))
    with pytest.raises(DeliveryError, match=r"does not go into \.mkv") as caught:
        open_writer(tmp_path / "out.mkv", plate)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on file sizes")
@pytest.mark.parametrize("name", ["out.mov", "out.mkv", "out.mp4"])
def test_a_file_that_cannot_grow_leaves_nothing(tmp_path: Path, name: str) -> None:
    """The kernel itself refuses to write on: in a process of its own, for the limit cannot be lifted again."""
    write_video(tmp_path / "plate.mp4", count=60, size=(320, 240))
    program = f"""
import resource, signal
import numpy as np
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from pecten.deliver.writer import open_writer
from pecten.errors import DeliveryError
from pecten.footage.clip import open_clip
plate = open_clip({str(tmp_path / "plate.mp4")!r})
resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
rng = np.random.default_rng(0)
try:
    with open_writer({str(tmp_path / name)!r}, plate) as writer:
        for frame in plate.frames():
            noise = rng.random(frame.image.shape, dtype=np.float32)
            writer.write(frame, noise, np.ones(noise.shape[:2], np.float32))
except DeliveryError as error:
    print("refused", error)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert result.stdout.startswith("refused"), result.stderr[-2000:]
    assert result.stdout.count("\n") == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["plate.mp4"]
