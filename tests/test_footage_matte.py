"""A user's own matte is read as it was painted, for the frame that it was painted for."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from pecten.errors import FootageError
from pecten.footage.clip import ClipInfo, open_clip
from pecten.footage.matte import open_matte
from sample_clips import write_still, write_video

WIDE, HIGH = 32, 24


@pytest.fixture
def plate(tmp_path: Path) -> ClipInfo:
    for number in range(1001, 1005):
        write_still(tmp_path / f"plate.{number}.exr", np.zeros((HIGH, WIDE, 3), np.float16))
    return open_clip(tmp_path / "plate.####.exr").info


def ramp(number: int, channels: int = 1) -> np.ndarray:
    """Return a matte of its own for each number."""
    levels = np.linspace(0, 1, WIDE, dtype=np.float32)[None] * np.full((HIGH, 1), (number % 10) / 8, np.float32)
    return np.repeat(levels[..., None], channels, axis=2)


@pytest.mark.parametrize("names", [("A",), ("Y",), ("R", "G", "B", "A")])
def test_a_sequence_goes_by_numbers(names: tuple[str, ...], plate: ClipInfo, tmp_path: Path) -> None:
    for number in range(1000, 1006):
        pixels = ramp(number, len(names))
        if len(names) == 4:
            pixels[..., :3] = 1
        write_still(tmp_path / f"roto.{number}.exr", pixels.astype(np.float16), channels=names)
    matte = open_matte(str(tmp_path / "roto.####.exr"), plate)
    matte.check(0, 4)
    for index in (2, 0, 1, 1, 3):
        np.testing.assert_allclose(matte.at(index), ramp(1001 + index)[..., 0], atol=1e-3)
    assert matte.channel == ("red" if names == ("Y",) else "alpha")


def test_a_solid_alpha_says_nothing_and_a_still_goes_with_every_frame(plate: ClipInfo, tmp_path: Path) -> None:
    pixels = np.concatenate([ramp(8, 3), np.ones((HIGH, WIDE, 1), np.float32)], axis=2)
    path = write_still(tmp_path / "garbage.png", np.rint(pixels * 255).astype(np.uint8), channels=("R", "G", "B", "A"))
    matte = open_matte(str(path), plate)
    matte.check(0, 4)
    assert matte.channel == "red"
    np.testing.assert_allclose(matte.at(0), ramp(8)[..., 0], atol=1 / 255)
    assert np.array_equal(matte.at(0), matte.at(3))


def test_a_video_s_black_is_black_and_its_white_white(plate: ClipInfo, tmp_path: Path) -> None:
    shown = [np.full((HIGH, WIDE, 3), 0 if k % 2 else 255, np.uint8) for k in range(4)]
    path = write_video(tmp_path / "roto.mp4", count=4, rate=Fraction(24), size=(WIDE, HIGH), pictures=shown)
    matte = open_matte(str(path), plate)
    assert [(matte.at(k).min(), matte.at(k).max()) for k in range(4)] == [(1, 1), (0, 0), (1, 1), (0, 0)]


def test_frames_of_a_video_count_from_1001(tmp_path: Path) -> None:
    video = open_clip(write_video(tmp_path / "plate.mp4", count=3, size=(WIDE, HIGH))).info
    for number in (1001, 1002):
        write_still(tmp_path / f"roto.{number}.exr", ramp(number).astype(np.float16))
    matte = open_matte(str(tmp_path / "roto.####.exr"), video)
    np.testing.assert_allclose(matte.at(1), ramp(1002)[..., 0], atol=1e-3)
    with pytest.raises(FootageError, match=r"roto\.####\.exr: matte of frame 1003 .* missing, it has 1001-1002"):
        matte.check(0, 3)


def test_what_does_not_fit_is_refused_in_one_line(plate: ClipInfo, tmp_path: Path) -> None:
    write_still(tmp_path / "small.1001.exr", np.zeros((HIGH, WIDE - 1, 1), np.float16))
    write_still(tmp_path / "small.1002.exr", np.zeros((HIGH, WIDE - 1, 1), np.float16))
    for number in (1002, 1003):
        write_still(tmp_path / f"late.{number}.exr", np.zeros((HIGH, WIDE, 1), np.float16))
    with pytest.raises(FootageError, match=r"small\.####\.exr: 31x24, but the plate is 32x24; render the matte"):
        open_matte(str(tmp_path / "small.####.exr"), plate)
    late = open_matte(str(tmp_path / "late.####.exr"), plate)
    late.check(1, 3)
    for start, stop, number in ((0, 3, 1001), (1, 4, 1004)):
        with pytest.raises(
            FootageError, match=rf"^\S*late\.####\.exr: matte of frame {number} missing, it has 1002-1003"
        ):
            late.check(start, stop)
    with pytest.raises(FootageError, match="no such frames"):
        open_matte(str(tmp_path / "gone.####.exr"), plate)


@pytest.mark.parametrize("solid", [(), (1001,), (1001, 1004)])
def test_one_frame_s_alpha_says_that_alpha_is_the_matte(
    solid: tuple[int, ...], plate: ClipInfo, tmp_path: Path
) -> None:
    for number in range(1001, 1005):
        pixels = np.ones((HIGH, WIDE, 4), np.float16)
        pixels[:, : WIDE // 2, 3] = 1 if number in solid else 0
        write_still(tmp_path / f"roto.{number}.exr", pixels, channels=("R", "G", "B", "A"))
    matte = open_matte(str(tmp_path / "roto.####.exr"), plate)
    assert matte.channel == "alpha"
    assert [float(matte.at(k)[0, 0]) for k in range(4)] == [float(1001 + k in solid) for k in range(4)]


def test_alpha_where_red_was_read_is_told(tmp_path: Path) -> None:
    """Of a long sequence only some frames are asked at first."""
    for number in range(1, 31):
        pixels = np.ones((4, 4, 4), np.float16)
        pixels[0, 0, 3] = 0 if number == 3 else 1
        write_still(tmp_path / f"roto.{number:04d}.exr", pixels, channels=("R", "G", "B", "A"))
    info = open_clip(tmp_path / "roto.####.exr").info
    matte = open_matte(str(tmp_path / "roto.####.exr"), info)
    assert matte.channel == "red"
    assert matte.at(1).min() == 1
    with pytest.raises(FootageError, match="frame 3 has alpha, but it is solid on others"):
        matte.at(2)


def test_a_video_s_alpha_is_read(plate: ClipInfo, tmp_path: Path) -> None:
    path = tmp_path / "roto.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("prores_ks", rate=24, options={"profile": "4444"})
        stream.width, stream.height, stream.pix_fmt = WIDE, HIGH, "yuva444p10le"
        for k in range(4):
            shown = np.full((HIGH, WIDE, 4), 255, np.uint8)
            shown[:, : WIDE // 2, 3] = 0 if k else 102
            frame = av.VideoFrame.from_ndarray(shown, format="rgba").reformat(format="yuva444p10le")
            frame.pts, frame.time_base = k, Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    matte = open_matte(str(path), plate)
    assert matte.channel == "alpha"
    for k, level in enumerate((0.4, 0.0, 0.0, 0.0)):
        assert matte.at(k)[:, -1].min() == 1
        np.testing.assert_allclose(matte.at(k)[:, 0], level, atol=0.01)


def test_a_sequence_of_one_frame_is_no_still(plate: ClipInfo, tmp_path: Path) -> None:
    path = write_still(tmp_path / "roto.1002.exr", np.ones((HIGH, WIDE, 1), np.float16))
    with pytest.raises(FootageError, match=r"matte of frame 1001 missing, it has 1002-1002"):
        open_matte(str(tmp_path / "roto.####.exr"), plate).check(0, 4)
    assert open_matte(str(path), plate).at(3).min() == 1
