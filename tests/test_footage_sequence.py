"""Sequences are found by any of their names, read exactly, and refused by the name of the frame at fault."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from pecten.cli.describe import describe_parts
from pecten.colour.transfer import Encoding
from pecten.errors import FootageError
from pecten.footage.clip import open_clip
from pecten.footage.sequence import Still, numbering_of
from sample_clips import write_still


def half(seed: int, height: int = 6, width: int = 8, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.3, 1, (height, width, channels)).astype(np.float16)


def write_shot(folder: Path, numbers: range = range(1001, 1006)) -> Path:
    folder.mkdir(exist_ok=True)
    for number in numbers:
        write_still(folder / f"sh.{number}.exr", half(number), rate=(24000, 1001), timecode=0x01020300 + number - 1001)
    return folder


def refusal(path: Path) -> str:
    with pytest.raises(FootageError) as caught:
        list(open_clip(path).frames())
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", ["sh.####.exr", "sh.%04d.exr", "sh.1003.exr", ""])
def test_a_sequence_has_many_names(tmp_path: Path, name: str) -> None:
    clip = open_clip(write_shot(tmp_path / "shot") / name)
    info = clip.info
    assert info.path.endswith("sh.####.exr")
    assert (info.kind, info.width, info.height, info.frame_count, info.first_number) == ("sequence", 8, 6, 5, 1001)
    assert (info.rate, info.timecode) == (Fraction(24000, 1001), "01:02:03:00")
    assert (info.encoding, info.bit_depth, info.pixel_format) == (Encoding.LINEAR, 16, "half")
    for frame in clip.frames():
        assert frame.number == 1001 + frame.index
        np.testing.assert_array_equal(frame.image, half(frame.number).astype(np.float32))
    assert [frame.number for frame in clip.frames(1, 3)] == [1002, 1003]


@pytest.mark.parametrize(("suffix", "dtype"), [("png", np.uint8), ("png", np.uint16), ("tif", np.uint16)])
def test_a_still_is_a_clip_of_one_frame(tmp_path: Path, suffix: str, dtype: type) -> None:
    peak = np.iinfo(dtype).max
    pixels = np.random.default_rng(1).integers(0, peak, (6, 8, 4)).astype(dtype)
    clip = open_clip(write_still(tmp_path / f"portrait.{suffix}", pixels), rate=Fraction(25))
    assert (clip.info.frame_count, clip.info.rate, clip.info.encoding) == (1, 25, Encoding.SRGB)
    frame = next(clip.frames())
    assert isinstance(frame.native, Still)
    # Not multiplied by alpha.
    np.testing.assert_array_equal(frame.native.pixels, pixels)
    np.testing.assert_allclose(frame.image * peak, pixels[..., :3], atol=1e-2)


def test_channels_are_found_by_name(tmp_path: Path) -> None:
    pixels = half(1, channels=5)
    path = write_still(tmp_path / "a.exr", pixels, channels=("Z.z", "beauty.R", "beauty.G", "beauty.B", "A"))
    frame = next(open_clip(path).frames())
    assert isinstance(frame.native, Still)
    names = list(frame.native.spec.channelnames)
    expected = frame.native.pixels[..., [names.index(f"beauty.{colour}") for colour in "RGB"]]
    np.testing.assert_array_equal(frame.image, expected.astype(np.float32))


def test_the_picture_is_preferred_to_what_it_is_made_of(tmp_path: Path) -> None:
    names = [f"{layer}.{colour}" for layer in ("albedo", "beauty", "spec") for colour in "RGB"]
    clip = open_clip(write_still(tmp_path / "a.exr", half(1, channels=9), channels=names))
    assert clip.info.parts == ("beauty", "albedo", "spec")
    assert describe_parts(clip.info) == ["part beauty is read, not albedo, spec"]
    frame = next(clip.frames())
    assert isinstance(frame.native, Still)
    np.testing.assert_array_equal(frame.image, frame.native.pixels[..., 3:6].astype(np.float32))
    # Colours of its own come before all layers, and one layer is no choice.
    plain = write_still(tmp_path / "b.exr", half(1, channels=6), channels=["R", "G", "B", *names[:3]])
    single = write_still(tmp_path / "c.exr", half(1), channels=names[:3])
    assert open_clip(plain).info.parts == open_clip(single).info.parts == ()


def test_pictures_that_cannot_be_read_right_are_refused(tmp_path: Path) -> None:
    turned = write_still(tmp_path / "a.tif", np.zeros((4, 5, 3), np.uint8), Orientation=6)
    with pytest.raises(FootageError, match=r"a\.tif: stored turned or mirrored \(orientation 6\)"):
        open_clip(turned)
    signed = write_still(tmp_path / "b.tif", np.zeros((4, 5, 3), np.int16))
    with pytest.raises(FootageError, match=r"b\.tif: signed whole numbers \(int16\)"):
        open_clip(signed)


def test_grey_becomes_rgb(tmp_path: Path) -> None:
    path = write_still(tmp_path / "a.png", np.full((4, 5, 1), 51, np.uint8))
    np.testing.assert_allclose(next(open_clip(path).frames()).image, np.full((4, 5, 3), 0.2), atol=1e-6)


def test_a_data_window_is_placed_in_its_display_window(tmp_path: Path) -> None:
    pixels = half(2)
    path = write_still(tmp_path / "a.exr", pixels, x=-2, y=1, full_width=10, full_height=9)
    clip = open_clip(path)
    assert (clip.info.width, clip.info.height) == (10, 9)
    image = next(clip.frames()).image
    np.testing.assert_array_equal(image[1:7, 0:6], pixels[:, 2:].astype(np.float32))
    assert not image[0].any()
    assert not image[:, 6:].any()


def test_stray_infinities_do_not_reach_the_image(tmp_path: Path) -> None:
    pixels = half(3)
    pixels[0, 0], pixels[1, 1] = np.inf, np.nan
    frame = next(open_clip(write_still(tmp_path / "a.exr", pixels)).frames())
    assert np.isfinite(frame.image).all()
    assert isinstance(frame.native, Still)
    assert np.isnan(frame.native.pixels[1, 1]).all()


def test_a_missing_frame_is_named(tmp_path: Path) -> None:
    folder = write_shot(tmp_path / "shot")
    (folder / "sh.1003.exr").unlink()
    message = refusal(folder)
    assert "sh.1003.exr" in message
    assert "missing" in message


def test_a_frame_of_another_size_is_named(tmp_path: Path) -> None:
    folder = write_shot(tmp_path / "shot")
    write_still(folder / "sh.1004.exr", half(4, height=7))
    message = refusal(folder)
    assert "sh.1004.exr: 8x7, but sh.1001.exr is 8x6" in message


def test_a_frame_cut_short_is_named(tmp_path: Path) -> None:
    folder = write_shot(tmp_path / "shot")
    path = folder / "sh.1002.exr"
    path.write_bytes(path.read_bytes()[:-40])
    assert "sh.1002.exr: damaged or cut short" in refusal(folder)


def test_folders_without_one_sequence_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no images" in refusal(tmp_path / "empty")
    folder = write_shot(tmp_path / "two")
    write_still(folder / "other.0001.exr", half(1))
    message = refusal(folder)
    assert "2 sequences" in message
    assert "other.####.exr" in message
    assert "sh.####.exr" in message


def test_wrong_names_and_wrong_files_are_refused(tmp_path: Path) -> None:
    assert "no such frames" in refusal(tmp_path / "gone.####.exr")
    assert "no such file" in refusal(tmp_path / "gone.1001.exr")
    assert "number field" in refusal(tmp_path / "a.##.b.##.exr")
    (tmp_path / "text.exr").write_text("hello")
    assert "not an image" in refusal(tmp_path / "text.exr")


def test_numbers_grow_beyond_their_padding(tmp_path: Path) -> None:
    write_shot(tmp_path, range(9998, 10002))
    assert [frame.number for frame in open_clip(tmp_path / "sh.####.exr").frames()] == [9998, 9999, 10000, 10001]
    name = numbering_of(tmp_path / "sh.####.exr")
    assert name.file(7).name == "sh.0007.exr"
    assert name.file(123456).name == "sh.123456.exr"


@pytest.mark.parametrize("numbers", [range(8, 13), range(98, 102), range(997, 1003)])
def test_numbers_without_padding_are_one_sequence(tmp_path: Path, numbers: range) -> None:
    for number in numbers:
        write_still(tmp_path / f"a.{number}.png", np.zeros((4, 6, 3), np.uint8))
    for name in ("", "a.%d.png", f"a.{numbers[0]}.png", f"a.{numbers[-1]}.png"):
        info = open_clip(tmp_path / name).info
        assert (info.first_number, info.frame_count) == (numbers[0], len(numbers))


def test_padded_numbers_stay_apart_from_longer_ones(tmp_path: Path) -> None:
    for name in ("a.0999.png", "a.1000.png", "a.99999.png"):
        write_still(tmp_path / name, np.zeros((4, 6, 3), np.uint8))
    with pytest.raises(FootageError, match="2 sequences"):
        open_clip(tmp_path)
