"""A clip is known by its content, in any folder and under any number of files; a shot by its name."""

import hashlib
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from pecten.footage.clip import open_clip, shot_name, stamp_of
from pecten.footage.digest import digest_of, digests_of
from sample_clips import write_still, write_video


def _frames(folder: Path, numbers: range) -> Path:
    folder.mkdir()
    for number in numbers:
        write_still(folder / f"sh010.{number:04d}.exr", np.full((8, 8, 3), number, np.float16))
    return folder / "sh010.####.exr"


def test_a_video_and_a_still_have_their_files_digest(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.mp4", count=2)
    assert digest_of(open_clip(video).info) == hashlib.sha256(video.read_bytes()).hexdigest()
    still = write_still(tmp_path / "one.exr", np.zeros((8, 8, 3), np.float16)) or tmp_path / "one.exr"
    assert digest_of(open_clip(still).info) == hashlib.sha256(still.read_bytes()).hexdigest()


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="compared with coreutils")
def test_a_sequence_has_what_sha256sum_says_of_its_frames(tmp_path: Path) -> None:
    # Frame 10 comes after frame 9, and the shell's order of names is the same for padded numbers.
    pattern = _frames(tmp_path / "a", range(8, 12))
    words = f"sha256sum {tmp_path}/a/sh010.*.exr | cut -c1-64 | sha256sum"
    expected = subprocess.run(["bash", "-c", words], capture_output=True, text=True, check=True).stdout.split()[0]
    told: list[tuple[str, int, int]] = []
    found = digest_of(open_clip(pattern).info, lambda *said: told.append(said))
    assert found == expected
    assert told[-1] == ("digest", 4, 4)
    # Elsewhere and under other numbers it is the same footage; in another order it is not.
    moved = tmp_path / "b"
    moved.mkdir()
    for number in range(8, 12):
        shutil.copy(tmp_path / "a" / f"sh010.{number:04d}.exr", moved / f"x.{number + 1000}.exr")
    assert list(digests_of([moved / "x.####.exr"])) == [(str(moved / "x.####.exr"), expected)]
    (moved / "x.1008.exr").rename(moved / "x.1012.exr")
    assert digest_of(open_clip(moved / "x.####.exr").info) != expected


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("plates/sh010.####.exr", "sh010"),
        ("plates/sh010_v2_####.exr", "sh010_v2"),
        ("plates/sh010.%04d.dpx", "sh010"),
        ("plates/sh010/####.exr", "sh010"),
        ("sq010_0020.mov", "sq010_0020"),
        ("v1.left.mov", "v1.left"),
    ],
)
def test_a_shot_is_called_as_its_files_are(path: str, name: str) -> None:
    assert shot_name(path) == name


def test_a_stamp_tells_frames_that_were_exchanged_or_renumbered(tmp_path: Path) -> None:
    pattern = _frames(tmp_path / "a", range(1001, 1005))
    was = stamp_of(open_clip(pattern).info)
    assert stamp_of(open_clip(pattern).info) == was
    assert stamp_of(open_clip(pattern, rate=Fraction(25)).info) != was
    one, other = tmp_path / "a" / "sh010.1001.exr", tmp_path / "a" / "sh010.1003.exr"
    one.rename(tmp_path / "aside")
    other.rename(one)
    (tmp_path / "aside").rename(other)
    exchanged = stamp_of(open_clip(pattern).info)
    assert exchanged != was
    assert exchanged[1:3] == was[1:3]
    for number in range(1001, 1005):
        (tmp_path / "a" / f"sh010.{number}.exr").rename(tmp_path / "a" / f"sh010.{number + 100}.exr")
    assert stamp_of(open_clip(pattern).info) != exchanged
