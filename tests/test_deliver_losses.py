"""What is lost between a plate and its delivery is said, and nothing else."""

from fractions import Fraction
from pathlib import Path

import pytest

from pecten.colour.transfer import Encoding
from pecten.deliver.losses import losses
from pecten.footage.clip import ClipInfo, ColourTags


def plate(path: str, pixel_format: str, bits: int, alpha: bool) -> ClipInfo:
    kind = "sequence" if "#" in path else "video"
    size = (64, 48, Fraction(25), 8, 0, None)
    encoding = Encoding.LINEAR if pixel_format == "half" else Encoding.SRGB
    return ClipInfo(path, kind, *size, encoding, ColourTags(), False, pixel_format, "some", bit_depth=bits, alpha=alpha)


PRORES = plate("a.mov", "yuva444p10le", 10, True)
DEEP = plate("a.mp4", "yuv420p10le", 10, False)
PNG = plate("a.####.png", "uint8", 8, True)
EXR = plate("a.####.exr", "half", 16, True)
SCAN = plate("a.####.tif", "uint16", 16, False)


def test_a_larger_picture_is_not_the_plates_own_file() -> None:
    assert losses(PRORES, Path("b.mov"), larger=True) == []
    (said,) = losses(PNG, Path("b.####.png"), larger=True)
    assert "alpha" in said


@pytest.mark.parametrize(
    ("given", "out", "lost"),
    [
        (PRORES, "b.mov", []),
        (PRORES, "b.mkv", []),
        (PRORES, "b.####.png", []),
        (PRORES, "b.mp4", ["8 bits", "alpha"]),
        (PRORES, "b.####.JPG", ["8 bits", "alpha"]),
        (DEEP, "b.mp4", ["8 bits"]),
        (DEEP, "b.mov", []),
        (DEEP, "b.mkv", []),
        (PNG, "b.####.png", []),
        (PNG, "b.mov", ["alpha"]),
        (PNG, "b.mp4", ["alpha"]),
        (PNG, "b.####.exr", ["alpha"]),
        (EXR, "b.####.exr", []),
        (EXR, "b.####.tif", ["above white is cut", "alpha"]),
        (EXR, "b.####.png", ["above white is cut", "alpha"]),
        (EXR, "b.mov", ["above white is cut", "alpha"]),
        (EXR, "b.mkv", ["above white is cut", "alpha"]),
        (SCAN, "b.mov", ["10 bits, the plate has 16"]),
        (SCAN, "b.####.dpx", ["10 bits, the plate has 16"]),
        (SCAN, "b.####.jpg", ["8 bits, the plate has 16", "packed with loss"]),
        (plate("a.####.jpg", "uint8", 8, False), "b.####.jpg", ["packed with loss"]),
        (SCAN, "b.mkv", []),
        (SCAN, "b.####.png", []),
        (SCAN, "b.####.tif", []),
        (plate("a.####.dpx", "uint16", 10, False), "b.####.dpx", []),
        (plate("a.####.dpx", "uint16", 10, False), "b.mov", []),
        (plate("a.mp4", "yuv420p", 8, False), "b.mp4", []),
    ],
)
def test_every_loss_is_said(given: ClipInfo, out: str, lost: list[str]) -> None:
    said = losses(given, Path(out))
    assert len(said) == len(lost)
    for line, what in zip(said, lost, strict=True):
        assert what in line
        assert Path(out).suffix.lower() in line
