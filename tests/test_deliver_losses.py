"""What is lost between a plate and its delivery is said, and nothing else."""

from fractions import Fraction
from pathlib import Path

import pytest

from pecten.colour.transfer import Encoding
from pecten.deliver.losses import losses
from pecten.deliver.writer import open_writer
from pecten.errors import DeliveryError
from pecten.footage.clip import ClipInfo, ColourTags, open_clip
from sample_clips import write_video


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


def test_what_a_container_cannot_hold_is_found_before_the_first_frame(tmp_path: Path) -> None:
    flac = open_clip(write_video(tmp_path / "plate.mkv", audio="flac"))
    with pytest.raises(DeliveryError, match=r"this picture and its sound do not go into \.mov .*deliver \.mkv instead"):
        open_writer(tmp_path / "out.mov", flac)
    odd = open_clip(write_video(tmp_path / "odd.mkv", "ffv1", "yuv444p", size=(63, 48), count=1))
    with pytest.raises(DeliveryError, match=r"63x48 has an odd side, which prores4444 cannot hold; deliver \.mkv"):
        open_writer(tmp_path / "out.mov", odd)
    assert not list(tmp_path.glob("*out*"))
    open_writer(tmp_path / "out.mkv", flac)
    open_writer(tmp_path / "out.mkv", odd)
    assert not list(tmp_path.glob("*out*"))
