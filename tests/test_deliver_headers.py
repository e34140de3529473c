"""What a sequence's headers say of its plate: rate, timecode, the shape of a pixel, how alpha counts."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from pecten.footage.clip import open_clip
from pecten.footage.sequence import Still
from test_deliver_sequence import SUPPORT, deliver, write_shot


def test_a_rate_that_nobody_said_is_not_written(tmp_path: Path) -> None:
    said = write_shot(tmp_path / "said", "exr", np.float16, rate=(25, 1))
    silent = write_shot(tmp_path / "silent", "exr", np.float16)
    assert (said.info.rate_known, silent.info.rate_known) == (True, False)
    for plate, rate in ((said, (25, 1)), (silent, None), (open_clip(silent.info.path, Fraction(25)), (25, 1))):
        deliver(plate, tmp_path / "out" / "a.####.exr", overwrite=True)
        (_, still, _) = (frame.native for frame in open_clip(tmp_path / "out").frames())
        assert isinstance(still, Still)
        assert still.spec.getattribute("FramesPerSecond") == rate


@pytest.mark.parametrize("plate_suffix", ["exr", "dpx"])
@pytest.mark.parametrize("suffix", ["exr", "dpx"])
def test_rates_and_timecodes_go_between_exr_and_dpx(tmp_path: Path, plate_suffix: str, suffix: str) -> None:
    """The flag of dropped frames is EXR's alone: DPX would show it as a digit."""
    dropped = plate_suffix == "exr"
    given = {"rate": (30000, 1001)} if dropped else {"dpx:FrameRate": 29.97}
    code = 0x01005928 | (0x40 if dropped else 0)
    pixels = np.float16 if dropped else np.uint16
    plate = write_shot(tmp_path / "in", plate_suffix, pixels, timecode=code, **given)
    assert (plate.info.rate, plate.info.rate_known) == (Fraction(30000, 1001), True)
    assert plate.info.timecode == ("01:00:59;28" if dropped else "01:00:59:28")
    deliver(plate, tmp_path / "out" / f"a.####.{suffix}")
    out = open_clip(tmp_path / "out").info
    assert out.rate == Fraction(30000, 1001)
    assert out.timecode == ("01:00:59;28" if dropped and suffix == "exr" else "01:00:59:28")


def test_a_timecode_that_drops_frames_tells_the_rate(tmp_path: Path) -> None:
    plate = write_shot(tmp_path / "in", "exr", np.float16, timecode=0x01005929 | 0x40)
    assert (plate.info.rate, plate.info.timecode) == (Fraction(30000, 1001), "01:00:59;29")
    deliver(plate, tmp_path / "out" / "a.####.exr")
    (_, second, _) = (frame.native for frame in open_clip(tmp_path / "out").frames())
    assert isinstance(second, Still)
    assert second.spec.getattribute("FramesPerSecond") == (30000, 1001)


@pytest.mark.parametrize("unassociated", [0, 1])
def test_how_a_tiffs_alpha_counts_stays(tmp_path: Path, unassociated: int) -> None:
    given = {"oiio:UnassociatedAlpha": unassociated}
    plate = write_shot(tmp_path / "in", "tif", np.uint16, 4, **given)
    deliver(plate, tmp_path / "out" / "a.####.tif")
    for before, after in zip(plate.frames(), open_clip(tmp_path / "out").frames(), strict=True):
        assert isinstance(before.native, Still)
        assert isinstance(after.native, Still)
        assert after.native.spec.get_int_attribute("oiio:UnassociatedAlpha", 0) == unassociated
        outside = SUPPORT == 0
        np.testing.assert_array_equal(after.native.pixels[outside], before.native.pixels[outside])


def test_the_colours_of_a_jpeg_stay_what_its_profile_says(tmp_path: Path) -> None:
    profile, pixels = np.arange(200, dtype=np.uint8), np.zeros((6, 8, 3), np.uint8)
    (tmp_path / "in").mkdir()
    for number in (1001, 1002):
        kinds = [cv2.IMAGE_METADATA_ICCP] if number == 1001 else []
        _, coded = cv2.imencodeWithMetadata(".jpg", pixels, kinds, [profile] * len(kinds))
        (tmp_path / "in" / f"a.{number}.jpg").write_bytes(coded.tobytes())
    deliver(open_clip(tmp_path / "in"), tmp_path / "out" / "a.####.jpg")
    first, second = (frame.native for frame in open_clip(tmp_path / "out").frames())
    assert isinstance(first, Still)
    assert isinstance(second, Still)
    np.testing.assert_array_equal(first.spec.getattribute("ICCProfile"), profile)
    assert second.spec.getattribute("ICCProfile") is None


@pytest.mark.parametrize("suffix", ["exr", "dpx"])
def test_the_shape_of_a_pixel_is_carried(tmp_path: Path, suffix: str) -> None:
    plate = write_shot(tmp_path / "in", "exr", np.float16, PixelAspectRatio=2.0)
    deliver(plate, tmp_path / "out" / f"a.####.{suffix}")
    assert (plate.info.pixel_aspect, open_clip(tmp_path / "out").info.pixel_aspect) == (2, 2)
