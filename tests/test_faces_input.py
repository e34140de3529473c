"""Footage of every kind gives the same faces; what cannot be followed is refused in one line."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from cli_support import pecten, write_clip
from faces_support import Pictures, still
from pecten.errors import FootageError
from pecten.faces.extract import find_faces
from pecten.faces.follow import FaceOptions
from pecten.footage.clip import open_clip
from pecten.types import Points
from sample_clips import write_still, write_video

QUICK = FaceOptions(perturbations=0, threads=1)
SIZE = (480, 270)
RATE = Fraction(25)


def _one_frame(folder: Path) -> Path:
    return write_clip(folder / "one.mp4", [still()])


def _phone(folder: Path) -> Path:
    turned = np.ascontiguousarray(np.rot90(still(), -1))
    return write_video(folder / "phone.mov", count=2, rate=RATE, size=SIZE[::-1], rotation=90, pictures=[turned] * 2)


def _varying(folder: Path) -> Path:
    return write_video(folder / "vfr.mkv", count=3, rate=RATE, size=SIZE, stamps=[0, 1, 9], pictures=[still()] * 3)


def _ten_bits(folder: Path) -> Path:
    return write_video(
        folder / "ten.mov", "prores_ks", "yuv422p10le", count=2, rate=RATE, size=SIZE, pictures=[still()] * 2
    )


def _alpha_video(folder: Path) -> Path:
    return write_video(
        folder / "alpha.mov",
        "prores_ks",
        "yuva444p10le",
        count=2,
        rate=RATE,
        size=SIZE,
        pictures=[still()] * 2,
        codec_options={"profile": "4444", "alpha_bits": "16"},
    )


def _alpha_stills(folder: Path) -> Path:
    matte = np.full((*still().shape[:2], 1), 255, np.uint8)
    for number in (7, 8):
        write_still(folder / f"sh.{number:04d}.png", np.concatenate([still(), matte], axis=2))
    return folder / "sh.####.png"


@pytest.fixture(scope="module")
def landmarks() -> Points:
    return find_faces(Pictures([still()]), QUICK).faces[0].landmarks


@pytest.mark.parametrize(
    ("make", "count"),
    [(_one_frame, 1), (_phone, 2), (_varying, 3), (_ten_bits, 2), (_alpha_video, 2), (_alpha_stills, 2)],
)
def test_footage_of_every_kind(make: Callable[[Path], Path], count: int, tmp_path: Path, landmarks: Points) -> None:
    clip = open_clip(make(tmp_path))
    assert (clip.info.width, clip.info.height) == SIZE
    shot = find_faces(clip, QUICK)
    assert [face.index for face in shot.faces] == list(range(count))
    for face in shot.faces:
        # Compression and colour conversion move a point by less than this.
        assert np.abs(face.landmarks - landmarks).max() < 2.5


def _changing(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuvj420p"
        for index in range(4):
            wide, high = SIZE if index < 2 else (240, 136)
            coder = av.CodecContext.create("mjpeg", "w")
            coder.width, coder.height, coder.pix_fmt = wide, high, "yuvj420p"
            coder.time_base = Fraction(1, 25)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(still()[:high, :wide]), format="rgb24")
            frame = frame.reformat(format="yuvj420p")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            for packet in coder.encode(frame):
                packet.stream, packet.pts, packet.dts, packet.time_base = stream, index, index, Fraction(1, 25)
                container.mux(packet)
    return path


def test_a_clip_that_changes_size_is_refused_where_it_does(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    clip = open_clip(_changing(tmp_path / "changing.avi"))
    with pytest.raises(FootageError, match=r"frame 2 is 240x136, but frame 0 is 480x270\. Export it at one size"):
        find_faces(clip, QUICK)
    done = pecten(capfd, "faces", tmp_path / "changing.avi", "-i", "ada", "-o", tmp_path / "new", "--size", 64)
    assert done.code == 1
    assert "frame 2 is 240x136" in done.complaint
    assert not (tmp_path / "new").exists()
