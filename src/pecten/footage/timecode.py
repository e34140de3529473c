"""SMPTE timecode: counting on from one, and the forms that image files store."""

import re
from fractions import Fraction

from pecten.errors import FootageError

_DROPPED_A_MINUTE_AT_30 = 2
_DROP_FLAG = 1 << 6


def advance(timecode: str, frames: int, rate: Fraction) -> str:
    """Count on from a timecode.

    Args:
        timecode: `HH:MM:SS:FF`, or `HH:MM:SS;FF` for drop-frame.
        frames: How many frames later.
        rate: Frames a second; timecode counts the nearest whole rate.
    Returns:
        The timecode then, past midnight from 00 again.
    Raises:
        FootageError: if `timecode` is none.
    Reference:
        SMPTE ST 12-1, section 5.2 (drop-frame counting).
    """
    hours, minutes, seconds, frame, drops = _parse(timecode)
    nominal = max(1, round(rate))
    dropped = _DROPPED_A_MINUTE_AT_30 * nominal // 30 if drops else 0
    total_minutes = hours * 60 + minutes
    count = (total_minutes * 60 + seconds) * nominal + frame - dropped * (total_minutes - total_minutes // 10) + frames
    a_minute, ten_minutes = 60 * nominal - dropped, 600 * nominal - 9 * dropped
    count %= 144 * ten_minutes
    tens, rest = divmod(count, ten_minutes)
    if rest >= a_minute + dropped:
        # Every minute but each tenth skips its first numbers.
        rest += dropped * ((rest - dropped) // a_minute)
    whole = tens * 600 * nominal + rest
    seconds_in_all, frame = divmod(whole, nominal)
    hours, minutes, seconds = seconds_in_all // 3600 % 24, seconds_in_all // 60 % 60, seconds_in_all % 60
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{';' if drops else ':'}{frame:02d}"


def packed(timecode: str) -> int:
    """Return a timecode as the binary-coded decimals that EXR and DPX store.

    Raises:
        FootageError: if `timecode` is none.
    Reference:
        SMPTE ST 12-1, section 9; OpenEXR `Imf::TimeCode`, TV60 packing.
    """
    hours, minutes, seconds, frame, drops = _parse(timecode)
    code = 0
    for number in (hours, minutes, seconds, frame):
        code = code << 8 | (number // 10) << 4 | number % 10
    return code | (_DROP_FLAG if drops else 0)


def unpacked(code: int) -> str:
    """Return the timecode that binary-coded decimals stand for; of their flags only that of dropped frames counts.

    Reference:
        See `packed`.
    """
    hours, minutes, seconds, frame = (
        10 * (code >> shift + 4 & tens) + (code >> shift & 15) for shift, tens in ((24, 3), (16, 7), (8, 7), (0, 3))
    )
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{';' if code & _DROP_FLAG else ':'}{frame:02d}"


def _parse(timecode: str) -> tuple[int, int, int, int, bool]:
    match = re.fullmatch(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d)", timecode)
    if not match:
        raise FootageError(f"{timecode!r} is not a timecode; write it as HH:MM:SS:FF")
    return int(match[1]), int(match[2]), int(match[3]), int(match[5]), match[4] != ":"
