"""A delivered sequence is the plate, bit for bit, wherever the support is 0."""

import errno
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pecten.files
from pecten.colour.transfer import Encoding, to_linear
from pecten.deliver.writer import open_writer
from pecten.errors import DeliveryError, ShapeError
from pecten.footage.clip import Clip, open_clip
from pecten.footage.sequence import Still
from sample_clips import read_pixels, write_still, write_video

SUPPORT = np.zeros((6, 8), np.float32)
SUPPORT[2:4, 3:7] = 1


def pixels_for(dtype: Any, seed: int, channels: int = 3, height: int = 6, width: int = 8) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "u":
        return rng.integers(0, np.iinfo(dtype).max, (height, width, channels), endpoint=True).astype(dtype)
    return rng.normal(0.5, 2, (height, width, channels)).astype(dtype)


def write_shot(folder: Path, suffix: str, dtype: Any, count: int = 3, **attributes: Any) -> Clip:
    folder.mkdir(exist_ok=True)
    for number in range(1001, 1004):
        write_still(folder / f"a.{number}.{suffix}", pixels_for(dtype, number, count), **attributes)
    return open_clip(folder / f"a.####.{suffix}")


def deliver(plate: Clip, out: Path, **options: bool) -> None:
    with open_writer(out, plate, **options) as writer:
        for frame in plate.frames():
            writer.write(frame, np.full_like(frame.image, 0.25), SUPPORT)


@pytest.mark.parametrize(
    ("suffix", "dtype", "channels"),
    [
        ("exr", np.float16, 3),
        ("exr", np.float32, 4),
        ("png", np.uint8, 3),
        ("png", np.uint8, 4),
        ("png", np.uint16, 4),
        ("tif", np.uint16, 3),
        ("tif", np.uint8, 4),
        ("tif", np.float32, 3),
        ("dpx", np.uint8, 3),
        ("dpx", np.uint16, 3),
    ],
)
@given(seed=st.integers(0, 2**32 - 1), share=st.sampled_from([0.0, 0.3, 1.0]))
@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_outside_the_support_every_bit_is_the_plates(
    tmp_path: Path, suffix: str, dtype: Any, channels: int, seed: int, share: float
) -> None:
    rng = np.random.default_rng(seed)
    # Any bits at all: infinities, denormals and the many kinds of NaN too.
    pixels = np.frombuffer(rng.bytes(4 * 5 * channels * np.dtype(dtype).itemsize), dtype).reshape(4, 5, channels)
    support = (rng.random((4, 5)) < share).astype(np.float32) * np.float32(0.5)
    path = write_still(tmp_path / f"plate.{suffix}", pixels)
    stored = read_pixels(path)
    plate = open_clip(path)
    with open_writer(tmp_path / f"out.{suffix}", plate, overwrite=True) as writer:
        for frame in plate.frames():
            writer.write(frame, np.full_like(frame.image, 0.25), support)
    found = read_pixels(tmp_path / f"out.{suffix}")
    assert found.dtype == stored.dtype
    outside = support == 0
    assert found[outside].tobytes() == stored[outside].tobytes()
    # Further channels are the plate's everywhere.
    assert found[..., 3:].tobytes() == stored[..., 3:].tobytes()
    quarter = 0.25 if stored.dtype.kind == "f" else 0.25 * np.iinfo(stored.dtype).max
    np.testing.assert_allclose(found[..., :3][~outside].astype(float), quarter, atol=64 if suffix == "dpx" else 0.51)


def test_numbers_and_everything_else_pass_through(tmp_path: Path) -> None:
    plate = write_shot(
        tmp_path / "plate",
        "exr",
        np.float16,
        5,
        channels=("R", "G", "B", "A", "depth.Z"),
        rate=(24000, 1001),
        timecode=0x01020304,
        shot="sh010",
        x=1,
        y=2,
        full_width=12,
        full_height=10,
    )
    support = np.zeros((10, 12), np.float32)
    support[3:5, 4:6] = 1
    with open_writer(tmp_path / "out" / "b.####.exr", plate) as writer:
        for frame in plate.frames():
            writer.write(frame, frame.image * 2, support)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["b.1001.exr", "b.1002.exr", "b.1003.exr"]
    delivered = open_clip(tmp_path / "out")
    assert (delivered.info.rate, delivered.info.timecode) == (plate.info.rate, "01:02:03:04")
    for before, after in zip(plate.frames(), delivered.frames(), strict=True):
        assert isinstance(before.native, Still)
        assert isinstance(after.native, Still)
        old, new = before.native.spec, after.native.spec
        assert (new.x, new.y, new.full_width, new.full_height) == (1, 2, 12, 10)
        assert (new.channelnames, str(new.format)) == (old.channelnames, "half")
        assert new.get_string_attribute("shot") == "sh010"
        np.testing.assert_array_equal(after.native.pixels[..., 3:], before.native.pixels[..., 3:])
        np.testing.assert_array_equal(after.image[support > 0], 2 * before.image[support > 0])
        np.testing.assert_array_equal(after.image[support == 0], before.image[support == 0])


def test_a_data_window_grows_where_the_support_needs_it(tmp_path: Path) -> None:
    pixels = pixels_for(np.float16, 1)
    plate = open_clip(write_still(tmp_path / "a.exr", pixels, x=-2, y=1, full_width=10, full_height=9))
    support = np.zeros((9, 10), np.float32)
    support[0:3, 4:9] = 1
    with open_writer(tmp_path / "out.exr", plate) as writer:
        frame = next(plate.frames())
        writer.write(frame, np.full_like(frame.image, 0.5), support)
    after = next(open_clip(tmp_path / "out.exr").frames())
    np.testing.assert_array_equal(after.image[support > 0], 0.5)
    np.testing.assert_array_equal(after.image[support == 0], frame.image[support == 0])
    assert isinstance(after.native, Still)
    # What was rendered beyond the picture's edge is still there.
    assert after.native.spec.x == -2
    np.testing.assert_array_equal(after.native.pixels[1:7, :2], pixels[:, :2])


def test_where_a_data_window_grows_alpha_does_too(tmp_path: Path) -> None:
    """Colour that is premultiplied by no alpha would be added to whatever it is laid over."""
    pixels = pixels_for(np.float16, 1, 4)
    plate = open_clip(write_still(tmp_path / "a.exr", pixels, x=-2, y=1, full_width=10, full_height=9))
    support = np.zeros((9, 10), np.float32)
    support[0:3, 4:9] = 0.5
    with open_writer(tmp_path / "out.exr", plate) as writer:
        frame = next(plate.frames())
        writer.write(frame, np.full_like(frame.image, 0.25), support)
    after = next(open_clip(tmp_path / "out.exr").frames()).native
    assert isinstance(after, Still)
    alpha = after.pixels[:, 2:, 3]
    beyond = support.copy()
    beyond[1:7, :6] = 0
    assert (alpha[beyond > 0] == 0.5).all()
    np.testing.assert_array_equal(alpha[1:7, :6], pixels[:, 2:, 3])
    assert alpha.sum() == pytest.approx(alpha[1:7, :6].sum() + beyond.sum())


def test_lossy_compression_is_not_repeated(tmp_path: Path) -> None:
    y, x = np.mgrid[:64, :64]
    smooth = np.stack([np.sin(x / 9), np.cos(y / 7), np.sin((x + y) / 5)], axis=-1).astype(np.float16)
    for compression in ("dwaa", "b44"):
        path = write_still(tmp_path / f"{compression}.exr", smooth, compression=compression)
        stored, plate = read_pixels(path), open_clip(path)
        with open_writer(tmp_path / f"out_{compression}.exr", plate) as writer:
            frame = next(plate.frames())
            writer.write(frame, frame.image, np.zeros((64, 64), np.float32))
        assert read_pixels(tmp_path / f"out_{compression}.exr").tobytes() == stored.tobytes()


def write_parts(path: Path, parts: dict[str, tuple[tuple[str, ...], np.ndarray]], compression: str = "zips") -> None:
    specs = []
    for name, (channels, pixels) in parts.items():
        height, width, count = pixels.shape
        spec = oiio.ImageSpec(width, height, count, {"float16": "half", "float32": "float"}[pixels.dtype.name])
        spec.channelnames = channels
        spec.attribute("oiio:subimagename", name)
        spec.attribute("compression", compression)
        specs.append(spec)
    target: Any = oiio.ImageOutput.create(str(path))
    assert target.open(str(path), tuple(specs)), target.geterror()
    for number, (_, pixels) in enumerate(parts.values()):
        assert number == 0 or target.open(str(path), specs[number], "AppendSubimage"), target.geterror()
        assert target.write_image(pixels), target.geterror()
    target.close()


def read_parts(path: Path) -> dict[str, np.ndarray]:
    parts, number = {}, 0
    source: Any = oiio.ImageInput.open(str(path))
    while source.seek_subimage(number, 0):
        spec = source.spec()
        parts[spec.get_string_attribute("oiio:subimagename")] = source.read_image(
            number, 0, 0, spec.nchannels, spec.format
        ).reshape(spec.height, spec.width, -1)
        number += 1
    source.close()
    return parts


@pytest.mark.parametrize("compression", ["zips", "dwaa"])
def test_the_other_parts_of_a_file_are_kept(tmp_path: Path, compression: str) -> None:
    (tmp_path / "in").mkdir()
    for number in (1001, 1002):
        depth, left, right = (pixels_for(np.float16, number + k, count) for k, count in enumerate((1, 3, 3)))
        parts = {"depth": (("Z",), depth), "left": (("R", "G", "B"), left), "right": (("R", "G", "B"), right)}
        write_parts(tmp_path / "in" / f"a.{number}.exr", parts, compression)
    plate = open_clip(tmp_path / "in")
    assert plate.info.parts == ("left", "depth", "right")
    deliver(plate, tmp_path / "out" / "a.####.exr")
    for number in (1001, 1002):
        before, after = (read_parts(tmp_path / name / f"a.{number}.exr") for name in ("in", "out"))
        assert list(after) == ["depth", "left", "right"]
        for name in ("depth", "right"):
            np.testing.assert_array_equal(after[name], before[name])
        outside = SUPPORT == 0
        np.testing.assert_array_equal(after["left"][outside], before["left"][outside])
        assert (after["left"][~outside] == 0.25).all()


def test_grey_plates_stay_grey(tmp_path: Path) -> None:
    plate = open_clip(write_still(tmp_path / "a.png", pixels_for(np.uint8, 1, 1)))
    deliver(plate, tmp_path / "out.png")
    found = read_pixels(tmp_path / "out.png")
    assert found.shape == (6, 8, 1)
    assert set(found[SUPPORT > 0].ravel()) == {64}


def test_a_video_plate_becomes_a_sequence_from_1001(tmp_path: Path) -> None:
    plate = open_clip(write_video(tmp_path / "plate.mov", "prores_ks", "yuv422p10le", timecode="01:00:00:22", count=4))
    support = np.zeros((48, 64), np.float32)
    for name, numbers in (("png", np.uint16), ("exr", np.float16)):
        out = tmp_path / name / f"a.####.{name}"
        with open_writer(out, plate) as writer:
            for frame in plate.frames():
                writer.write(frame, frame.image, support)
        delivered = open_clip(out)
        assert (delivered.info.first_number, delivered.info.frame_count) == (1001, 4)
        assert read_pixels(tmp_path / name / f"a.1002.{name}").dtype == numbers
    exr = open_clip(tmp_path / "exr")
    assert (exr.info.rate, exr.info.timecode, exr.info.encoding) == (plate.info.rate, "01:00:00:22", Encoding.LINEAR)
    for before, after in zip(plate.frames(), exr.frames(), strict=True):
        np.testing.assert_allclose(after.image, to_linear(before.image, Encoding.REC709), rtol=1e-3, atol=1e-4)
        assert isinstance(after.native, Still)
    last = list(exr.frames())[-1].native
    assert isinstance(last, Still)
    assert last.spec.get_string_attribute("smpte:TimeCode") == "01:00:01:01"


def test_existing_frames_are_refused_kept_or_replaced(tmp_path: Path) -> None:
    plate = write_shot(tmp_path / "plate", "png", np.uint8)
    out = tmp_path / "out" / "b.####.png"
    deliver(plate, out)
    with pytest.raises(DeliveryError, match=r"b\.1001\.png: exists already \(3 frames\)"):
        open_writer(out, plate)
    (tmp_path / "out" / "b.1002.png").unlink()
    kept = (tmp_path / "out" / "b.1001.png").stat().st_mtime_ns
    with open_writer(out, plate, skip_existing=True) as writer:
        assert [writer.done(number) for number in (1001, 1002, 1003)] == [True, False, True]
        for frame in plate.frames():
            writer.write(frame, frame.image, SUPPORT)
    assert (tmp_path / "out" / "b.1002.png").exists()
    assert (tmp_path / "out" / "b.1001.png").stat().st_mtime_ns == kept
    deliver(plate, out, overwrite=True)
    assert (tmp_path / "out" / "b.1001.png").stat().st_mtime_ns != kept


def test_the_credentials_of_another_delivery_are_not_written_over(tmp_path: Path) -> None:
    plate = write_shot(tmp_path / "in", "exr", np.float16)
    deliver(plate, tmp_path / "a.####.exr")
    # Without credentials there is nothing to lose.
    deliver(plate, tmp_path / "a.####.dpx")
    (tmp_path / "a.1002.c2pa").write_bytes(b"of either")
    for name in ("a.####.dpx", "a.1002.mkv"):
        with pytest.raises(DeliveryError, match=r"a\.1002\.c2pa holds the credentials of a\.1002\.(exr|dpx); choose"):
            open_writer(tmp_path / name, plate, overwrite=True)
    deliver(plate, tmp_path / "a.####.png")


def test_names_that_cannot_be_used(tmp_path: Path) -> None:
    plate = write_shot(tmp_path / "plate", "exr", np.float16)
    with pytest.raises(DeliveryError, match="number field"):
        open_writer(tmp_path / "out.exr", plate)
    for taken in ("a.####.exr", "a.%04d.exr"):
        with pytest.raises(DeliveryError, match="plate itself"):
            open_writer(tmp_path / "plate" / taken, plate, overwrite=True)
    # Of a name with other digits only some files are the plate's.
    (tmp_path / "grown").mkdir()
    for number in (9, 10):
        write_still(tmp_path / "grown" / f"sh.{number}.png", pixels_for(np.uint8, number))
    grown = open_clip(tmp_path / "grown" / "sh.9.png")
    assert grown.info.frame_count == 2
    with pytest.raises(DeliveryError, match="plate itself"):
        open_writer(tmp_path / "grown" / "sh.##.png", grown, overwrite=True)
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "a.1003.exr").symlink_to(tmp_path / "plate" / "a.1003.exr")
    with pytest.raises(DeliveryError, match="plate itself"):
        open_writer(tmp_path / "linked" / "a.####.exr", plate, overwrite=True)
    still = open_clip(write_still(tmp_path / "still_v2.png", pixels_for(np.uint8, 1)))
    deliver(still, tmp_path / "result_v7.png")
    assert (tmp_path / "result_v7.png").exists()
    with pytest.raises(ShapeError), open_writer(tmp_path / "b.####.exr", plate) as writer:
        writer.write(next(plate.frames()), np.zeros((6, 9, 3), np.float32), SUPPORT)


def test_a_full_disk_leaves_whole_frames_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plate = write_shot(tmp_path / "plate", "exr", np.float16)
    out = tmp_path / "out"
    frames = list(plate.frames())

    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def go_on_until_it_is_full() -> None:
        with open_writer(out / "b.####.exr", plate) as writer:
            writer.write(frames[0], frames[0].image, SUPPORT)
            monkeypatch.setattr(pecten.files.os, "fsync", fail)
            writer.write(frames[1], frames[1].image, SUPPORT)

    with pytest.raises(DeliveryError, match="disk full while writing") as caught:
        go_on_until_it_is_full()
    assert "b.1002.exr" in str(caught.value)
    assert [entry.name for entry in out.iterdir()] == ["b.1001.exr"]


def test_a_writer_library_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plate = write_shot(tmp_path / "plate", "png", np.uint8)

    class Broken:
        def open(self, *_: object) -> bool:
            return True

        def write_image(self, _: object) -> bool:
            return False

        def close(self) -> bool:
            return True

        def geterror(self) -> str:
            return "write error\nsecond line"

    monkeypatch.setattr(oiio.ImageOutput, "create", lambda _: Broken())
    for answers, words in (((True, True), "write error second line"), ((True, False), "disk full")):
        rooms = iter(answers)
        monkeypatch.setattr("pecten.deliver.sequence.has_room", lambda *_, rooms=rooms: next(rooms))
        with pytest.raises(DeliveryError, match=words) as caught:
            deliver(plate, tmp_path / "out" / "b.####.png")
        assert "\n" not in str(caught.value)
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on file sizes")
@pytest.mark.parametrize("suffix", ["exr", "png", "tif", "dpx", "jpg"])
def test_a_file_that_cannot_grow_leaves_whole_frames_only(tmp_path: Path, suffix: str) -> None:
    """The kernel itself refuses to write on: in a process of its own, for the limit cannot be lifted again."""
    plate = tmp_path / "plate.png"
    write_still(plate, pixels_for(np.uint8, 1, 3, 200, 300))
    program = f"""
import resource, signal
import numpy as np
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from pecten.deliver.writer import open_writer
from pecten.errors import DeliveryError
from pecten.footage.clip import open_clip
plate = open_clip({str(plate)!r})
resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
try:
    with open_writer({str(tmp_path / f"out.{suffix}")!r}, plate) as writer:
        for frame in plate.frames():
            writer.write(frame, frame.image, np.ones(frame.image.shape[:2], np.float32))
except DeliveryError as error:
    print("refused", error)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert result.stdout.startswith("refused"), result.stderr[-2000:]
    assert result.stdout.count("\n") == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["plate.png"]


def test_no_room_is_noticed_before_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plate = write_shot(tmp_path / "plate", "png", np.uint8)
    monkeypatch.setattr("pecten.deliver.sequence.has_room", lambda path, size: False)
    with pytest.raises(DeliveryError, match=r"disk full while writing .*b\.1001\.png"):
        deliver(plate, tmp_path / "out" / "b.####.png")
    assert not list((tmp_path / "out").iterdir())


def test_jpeg_is_close_enough_to_look_at(tmp_path: Path) -> None:
    y, x = np.mgrid[:48, :64]
    smooth = np.stack([127 + 90 * np.sin(x / 9), 127 + 90 * np.cos(y / 7), 3 * x + y], axis=-1).astype(np.uint8)
    plate = open_clip(write_still(tmp_path / "a.png", smooth))
    with open_writer(tmp_path / "out.jpg", plate) as writer:
        frame = next(plate.frames())
        writer.write(frame, frame.image, np.zeros((48, 64), np.float32))
    assert np.abs(read_pixels(tmp_path / "out.jpg").astype(float) - smooth).mean() < 1.5
