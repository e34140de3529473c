"""A small studio for tests of the command: clips of two stills, their faces, and a comb that has learnt nothing."""

import re
import shutil
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from faces_support import still
from pecten.__main__ import run
from pecten.colour.transfer import Encoding, to_linear
from pecten.comb.config import CombConfig
from pecten.comb.model import Comb
from pecten.comb.weights import save_comb
from pecten.faces.extract import extract_dataset
from pecten.faces.follow import FaceOptions
from pecten.footage.clip import open_clip
from pecten.types import ByteImage
from sample_clips import write_still, write_video

RATE = Fraction(25)
COUNT = 6
FIRST = 1001
FACE_BOX = (40, 220, 155, 312)
"""Rows and columns of ada's still beyond which nothing may change: top, bottom, left, right."""


@dataclass(frozen=True)
class Studio:
    """Where things are.

    Attributes:
        folder: Of all.
        plate: Video of ada with sound and timecode.
        sequence: Half-float EXR frames of the same, with a depth channel.
        empty: Video without a face.
        ada, chidi: Datasets of 64 px.
        comb: Of both, 32 px.
    """

    folder: Path
    plate: Path
    sequence: Path
    empty: Path
    ada: Path
    chidi: Path
    comb: Path


def pictures(name: str = "ada", count: int = COUNT) -> list[ByteImage]:
    """Return the still, moved a little from frame to frame."""
    image = still(name)
    high, wide = image.shape[:2]
    moves = [np.array([[1.0, 0.0, 0.7 * k], [0.0, 1.0, 0.4 * k]]) for k in range(count)]
    return [np.asarray(cv2.warpAffine(image, m, (wide, high), borderMode=cv2.BORDER_REPLICATE)) for m in moves]


def write_clip(path: Path, shown: list[ByteImage], audio: str | None = None, timecode: str | None = None) -> Path:
    """Write pictures as H.264."""
    high, wide = shown[0].shape[:2]
    return write_video(
        path, count=len(shown), rate=RATE, size=(wide, high), pictures=shown, audio=audio, timecode=timecode
    )


def write_sequence(folder: Path, shown: list[ByteImage]) -> Path:
    """Write pictures as EXR from frame 1001 and return their pattern."""
    folder.mkdir()
    for k, image in enumerate(shown):
        light = to_linear(image.astype(np.float32) / np.float32(255), Encoding.SRGB)
        depth = np.full((*light.shape[:2], 1), 3.5 + k, np.float32)
        pixels = np.concatenate([light, depth], axis=2).astype(np.float16)
        # 01:00:00:00 in SMPTE's binary-coded decimals.
        write_still(
            folder / f"sh010.{FIRST + k}.exr",
            pixels,
            channels=("R", "G", "B", "Z"),
            rate=(25, 1),
            timecode=0x01000000 + k,
        )
    return folder / "sh010.####.exr"


def tiny_comb(path: Path, identities: tuple[str, ...] = ("ada", "chidi"), seed: int = 0) -> Path:
    """Save a comb of random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        save_comb(path / "comb.safetensors", Comb(CombConfig(identities, 32, "tiny", latent_size=8)))
    return path


def build_studio(folder: Path) -> Studio:
    """Make everything."""
    shown = pictures()
    plate = write_clip(folder / "plate.mp4", shown, "aac", "01:00:00:00")
    other = write_clip(folder / "chidi.mp4", pictures("chidi", 3))
    blank = [np.full_like(shown[0], 90 + k) for k in range(3)]
    quick = FaceOptions(perturbations=1)
    for identity, clip in (("ada", plate), ("chidi", other)):
        extract_dataset([open_clip(clip)], identity, folder / identity, 64, quick)
    return Studio(
        folder,
        plate,
        write_sequence(folder / "plates", shown),
        write_clip(folder / "empty.mp4", blank),
        folder / "ada",
        folder / "chidi",
        tiny_comb(folder / "comb"),
    )


@dataclass(frozen=True)
class Answer:
    """What a command answered: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line of error; anything besides it and lines of progress is a fault."""
        lines = self.err.splitlines()
        said = [line for line in lines if line.startswith("pecten: ")]
        rest = [line for line in lines if not line.startswith("pecten: ")]
        assert len(said) == 1, self.err
        assert lines[-1] == said[0], self.err
        assert all(is_progress(line) for line in rest), self.err
        return said[0].removeprefix("pecten: ")


def is_progress(line: str) -> bool:
    """Say whether a line is a stage's count, such as "faces: 3/6, 0:01", or announces a part of the demo."""
    return re.match(r"[\w ]+: \d+/\d+, \d|[123]/[23] ", line) is not None


def pecten(capfd: pytest.CaptureFixture[str], *words: object) -> Answer:
    """Run the command in this process; native libraries' own words on standard error are seen too."""
    capfd.readouterr()
    code = run([str(word) for word in words])
    captured = capfd.readouterr()
    return Answer(code, captured.out, captured.err)


def refused(answer: Answer, *words: str, code: int = 1) -> None:
    """See that a command failed with one line that holds these words."""
    line = answer.complaint
    assert answer.code == code, line
    for word in words:
        assert word in line


def swap(
    capfd: pytest.CaptureFixture[str], studio: Studio, out: Path, *more: object, plate: Path | None = None
) -> Answer:
    """Run `pecten swap` of chidi's face into ada's plate."""
    return pecten(capfd, "swap", plate or studio.plate, "--comb", studio.comb, "--source", "chidi", "-o", out, *more)


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder with its content, to see that nothing changed."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def copy(folder: Path, to: Path) -> Path:
    """Copy a folder so that it can be damaged."""
    return Path(shutil.copytree(folder, to))


def cut_short(path: Path, share: float = 0.6) -> None:
    """Keep the first part of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
