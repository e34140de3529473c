"""Video is read whole, upright, with its rate, timecode, tags and sound known, or refused in one line."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from pecten.colour.transfer import Encoding
from pecten.errors import FootageError
from pecten.footage.clip import ColourTags, open_clip
from pecten.footage.colour import ColourChoice
from pecten.footage.video import VideoClip
from sample_clips import NTSC, picture, write_video


def refusal(path: Path) -> str:
    with pytest.raises(FootageError) as caught:
        open_clip(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format", "audio", "bits"),
    [
        ("a.mp4", "libx264", "yuv420p", "aac", 8),
        ("a.mov", "prores_ks", "yuv422p10le", "pcm_s16le", 10),
        ("a.mkv", "ffv1", "yuv444p10le", "pcm_s16le", 10),
    ],
)
def test_a_clip_knows_itself(tmp_path: Path, name: str, codec: str, pixel_format: str, audio: str, bits: int) -> None:
    path = write_video(tmp_path / name, codec, pixel_format, timecode="01:02:03:04", audio=audio)
    clip = open_clip(path)
    info = clip.info
    assert (info.kind, info.width, info.height, info.frame_count) == ("video", 64, 48, 12)
    assert (info.rate, info.timecode, info.has_audio) == (NTSC, "01:02:03:04", True)
    assert (info.encoding, info.colour) == (Encoding.REC709, ColourTags())
    assert (info.pixel_format, info.bit_depth) == (pixel_format, bits)
    frames = list(clip.frames())
    assert [frame.index for frame in frames] == list(range(12))
    for frame in frames:
        assert frame.image.shape == (48, 64, 3)
        assert np.abs(255 * frame.image - picture(frame.index)).mean() < 4


def test_seeking_gives_the_very_frames(tmp_path: Path) -> None:
    # Long groups with B-frames, the hard case.
    clip = open_clip(write_video(tmp_path / "a.mp4", count=40, codec_options={"g": "12", "bf": "3"}))
    everything = [frame.image for frame in clip.frames()]
    for start, stop in ((0, 3), (1, 2), (13, 17), (24, 25), (39, None), (5, 400)):
        part = list(clip.frames(start, stop))
        assert [frame.index for frame in part] == list(range(start, min(stop or 40, 40)))
        for frame in part:
            np.testing.assert_array_equal(frame.image, everything[frame.index])
    assert list(clip.frames(7, 7)) == []


@pytest.mark.parametrize("rotation", [90, 180, 270])
@pytest.mark.parametrize(("pixel_format", "codec"), [("yuv420p", "libx264"), ("yuv422p", "libx264")])
def test_phone_video_is_turned_upright(tmp_path: Path, rotation: int, pixel_format: str, codec: str) -> None:
    plain = open_clip(write_video(tmp_path / "plain.mp4", codec, pixel_format))
    turned = open_clip(write_video(tmp_path / "turned.mp4", codec, pixel_format, rotation=rotation))
    expected = np.rot90(next(plain.frames()).image, rotation // 90)
    found = next(turned.frames()).image
    assert (turned.info.height, turned.info.width) == expected.shape[:2] == found.shape[:2]
    np.testing.assert_array_equal(found, expected)


def test_the_turn_goes_the_way_the_file_says(tmp_path: Path) -> None:
    path = write_video(tmp_path / "turned.mp4", rotation=270)
    header = path.read_bytes()
    # tkhd's matrix sits 40 bytes after its version: (a b; c d) = (0 1; -1 0) takes right to down: clockwise.
    place = header.index(b"tkhd") + 4 + 40
    a, b, c, d = (
        int.from_bytes(header[place + at : place + at + 4], "big", signed=True) / 65536 for at in (0, 4, 12, 16)
    )
    assert (a, b, c, d) == (0, 1, -1, 0)
    found = next(open_clip(path).frames()).image
    assert np.abs(255 * found - np.rot90(picture(0), -1)).mean() < 4


@pytest.mark.parametrize("signs", [(-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0)])
def test_a_mirrored_video_is_refused(signs: tuple[int, int, int, int], tmp_path: Path) -> None:
    path = write_video(tmp_path / "mirrored.mp4", count=2)
    header = bytearray(path.read_bytes())
    place = header.index(b"tkhd") + 4 + 40
    for at, value in zip((0, 4, 12, 16), signs, strict=True):
        header[place + at : place + at + 4] = (value * 65536).to_bytes(4, "big", signed=True)
    path.write_bytes(header)
    with pytest.raises(FootageError, match=r"mirrored\.mp4: its header says that it is shown mirrored"):
        open_clip(path)


def test_missing_tags_get_their_usual_meaning(tmp_path: Path) -> None:
    small = open_clip(write_video(tmp_path / "small.mp4", tags=None))
    large = open_clip(write_video(tmp_path / "large.mp4", tags=None, size=(1280, 720), count=2))
    assert small.info.colour == ColourTags(matrix=6)
    assert large.info.colour == ColourTags(matrix=1)


def test_other_tags_are_read(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", "ffv1", "yuv420p10le", tags=(9, 13, 9, 2))
    clip = open_clip(path)
    assert clip.info.colour == ColourTags(primaries=9, transfer=13, matrix=9, full_range=True)
    assert clip.info.encoding is Encoding.SRGB
    assert open_clip(path, colour=ColourChoice("Linear")).info.encoding is Encoding.LINEAR


def test_a_varying_rate_loses_no_frame(tmp_path: Path) -> None:
    stamps = [0, 1, 2, 5, 6, 9, 10, 14]
    clip = open_clip(write_video(tmp_path / "a.mp4", count=8, rate=Fraction(30), stamps=stamps))
    assert isinstance(clip, VideoClip)
    assert clip.info.frame_count == 8 == len(list(clip.frames()))
    assert clip.times is not None
    assert [(time - clip.times[0]) * 30 for time in clip.times] == stamps
    assert [frame.index for frame in clip.frames(4, 6)] == [4, 5]
    assert open_clip(tmp_path / "a.mp4", rate=Fraction(25)).info.rate == 25


def test_a_steady_rate_needs_no_times(tmp_path: Path) -> None:
    for name, codec in (("a.mp4", "libx264"), ("a.mkv", "ffv1")):
        clip = open_clip(write_video(tmp_path / name, codec))
        assert isinstance(clip, VideoClip)
        assert clip.times is None


def test_rgb_video_is_read_without_a_matrix(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "bgr0"
        for index in range(3):
            frame = av.VideoFrame.from_ndarray(picture(index), format="rgb24").reformat(format="bgr0")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    for frame in open_clip(path).frames():
        np.testing.assert_array_equal(np.rint(255 * frame.image), picture(frame.index))


def test_a_text_file_is_called_one(tmp_path: Path) -> None:
    path = tmp_path / "notes.mp4"
    path.write_text("shot list\n" * 500)
    assert "text file" in refusal(path)


@pytest.mark.parametrize("name", ["take #2.mp4", "100%.mp4", "a%04d.mp4"])
def test_a_video_may_be_called_like_a_pattern(name: str, tmp_path: Path) -> None:
    assert open_clip(write_video(tmp_path / name, count=2)).info.kind == "video"


def test_no_file_and_an_empty_file(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "gone.mov")
    (tmp_path / "empty.mp4").touch()
    assert "empty" in refusal(tmp_path / "empty.mp4")


def test_a_file_without_its_index_is_cut_short(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4")
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"moov") - 20])
    assert "moov" in refusal(path)


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.mkv", "ffv1")])
def test_a_file_cut_in_the_middle_says_how_much_is_left(tmp_path: Path, name: str, codec: str) -> None:
    options = {"movflags": "faststart"} if name.endswith("mp4") else None
    path = write_video(tmp_path / name, codec, count=30, container_options=options, codec_options={"g": "1"})
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * 0.6)])
    message = refusal(path)
    assert "cut short" in message
    assert "of 30 frames" in message


def test_damage_inside_is_reported_when_it_is_reached(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", "ffv1", count=12)
    clip = open_clip(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(FootageError, match=r"of 12 frames can be decoded"):
        list(clip.frames())


def test_sound_alone_is_no_clip(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert "no video stream" in refusal(path)


def test_packed_formats_keep_their_samples(tmp_path: Path) -> None:
    plain = VideoClip(write_video(tmp_path / "plain.mkv", "rawvideo", "yuv422p"))
    packed = VideoClip(write_video(tmp_path / "packed.mkv", "rawvideo", "uyvy422"))
    assert packed.info.pixel_format == "yuv422p"
    for expected, found in zip(plain.frames(), packed.frames(), strict=True):
        assert np.abs(found.image - expected.image).max() < 1.5 / 255


def bars(woven: bool, count: int = 12) -> list[np.ndarray]:
    """Draw a bar that moves 6 px a frame over a picture; where woven, its even lines are half a frame ahead."""
    shown = []
    for index in range(count):
        image = picture(0)
        for first, at in ((0, 6 * index + 3), (1, 6 * index)) if woven else ((0, 6 * index), (1, 6 * index)):
            image[first::2, at % 64 : at % 64 + 8] = 250
        shown.append(image)
    return shown


@pytest.mark.parametrize(("woven", "fields"), [(True, "combed"), (False, "flagged")])
def test_two_moments_in_a_frame_are_told_from_a_mere_flag(tmp_path: Path, woven: bool, fields: str) -> None:
    flagged = {"flags": "+ildct"}
    path = write_video(tmp_path / "a.mov", "prores_ks", "yuv422p10le", pictures=bars(woven), codec_options=flagged)
    assert open_clip(path).info.fields == fields


def test_what_is_not_flagged_is_not_judged(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mov", "prores_ks", "yuv422p10le", pictures=bars(True))
    assert open_clip(path).info.fields == ""


@pytest.mark.parametrize(("rotation", "aspect"), [(0, Fraction(2)), (90, Fraction(1, 2))])
def test_the_shape_of_a_pixel_is_read_as_it_is_shown(tmp_path: Path, rotation: int, aspect: Fraction) -> None:
    path = write_video(tmp_path / "a.mov", "prores_ks", "yuv422p10le", pixel_aspect=Fraction(2), rotation=rotation)
    assert open_clip(path).info.pixel_aspect == aspect
    assert open_clip(write_video(tmp_path / "b.mov", "prores_ks", "yuv422p10le")).info.pixel_aspect == 1
