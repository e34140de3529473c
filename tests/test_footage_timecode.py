"""Timecode against a counter that steps one frame at a time."""

from fractions import Fraction

import pytest

from pecten.errors import FootageError
from pecten.footage.timecode import advance, packed, unpacked


@pytest.mark.parametrize(
    ("start", "frames", "rate", "expected"),
    [
        ("01:00:00:10", 5, Fraction(24000, 1001), "01:00:00:15"),
        ("01:00:00:20", 5, Fraction(24), "01:00:01:01"),
        ("23:59:59:24", 1, Fraction(25), "00:00:00:00"),
        ("01:00:59;29", 1, Fraction(30000, 1001), "01:01:00;02"),
        ("01:09:59;29", 1, Fraction(30000, 1001), "01:10:00;00"),
        ("01:00:59;59", 1, Fraction(60000, 1001), "01:01:00;04"),
        ("23:59:59;29", 1, Fraction(30000, 1001), "00:00:00;00"),
        ("10:00:00:00", 0, Fraction(25), "10:00:00:00"),
    ],
)
def test_counting_on(start: str, frames: int, rate: Fraction, expected: str) -> None:
    assert advance(start, frames, rate) == expected


def test_drop_frame_counts_like_a_counter() -> None:
    rate = Fraction(30000, 1001)
    hours, minutes, seconds, frame = 0, 8, 58, 0
    for count in range(4000):
        assert advance("00:08:58;00", count, rate) == f"{hours:02d}:{minutes:02d}:{seconds:02d};{frame:02d}"
        frame += 1
        if frame == 30:
            seconds, frame = seconds + 1, 0
        if seconds == 60:
            minutes, seconds = minutes + 1, 0
            frame = 0 if minutes % 10 == 0 else 2


def test_packed_form() -> None:
    assert packed("01:02:03:04") == 0x01020304
    assert packed("23:59:58;29") == 0x23595829 | 0x40
    for text in ("01:02:03:04", "23:59:58;29", "10:00:00:00"):
        assert unpacked(packed(text)) == text
    # Colour frame, field mark and binary groups are other flags.
    assert unpacked(packed("23:59:58:29") | 0x80808080 | 0x00400000) == "23:59:58:29"
    with pytest.raises(FootageError, match="HH:MM:SS:FF"):
        packed("noon")
