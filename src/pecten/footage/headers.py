"""What image files' headers say: timecode, rate, shape of pixels, and how the numbers are coded."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import OpenImageIO as oiio

from pecten.colour.transfer import Encoding
from pecten.errors import FootageError
from pecten.footage.colour import Guess, by_chromaticities
from pecten.footage.timecode import unpacked

_UPRIGHT = 1
_SIGNED = (oiio.INT8, oiio.INT16, oiio.INT32, oiio.INT64)
_FASTEST = 1e5
_ROUNDED_RATE = 0.001

# SMPTE 268 table 5A, in OpenImageIO's words.
_DPX_TRANSFERS = {
    "Printing density": Encoding.CINEON,
    "Logarithmic": Encoding.CINEON,
    "Linear": Encoding.LINEAR,
    **dict.fromkeys(
        ("Unspecified video", "SMPTE 274M", "ITU-R 709-4", "ITU-R 601-5 system B or G", "ITU-R 601-5 system M"),
        Encoding.REC709,
    ),
    **dict.fromkeys(("NTSC composite video", "PAL composite video"), Encoding.REC709),
}


def refuse_unreadable(path: Path, spec: Any) -> None:
    """Refuse pictures whose pixels have no one colour, lie on their side, or are numbers without a known white.

    Raises:
        FootageError: saying what to do.
    """
    if spec.deep:
        raise FootageError(f"{path}: deep pixels, which have no one colour. Flatten them first.")
    if spec.format.basetype in _SIGNED:
        raise FootageError(
            f"{path}: signed whole numbers ({spec.format}). Convert it to 16 bits unsigned, or to float."
        )
    turn = spec.get_int_attribute("Orientation", _UPRIGHT)
    # Some write 0, which means nothing.
    if turn not in (0, _UPRIGHT):
        raise FootageError(f"{path}: stored turned or mirrored (orientation {turn}). Save it upright first.")


def timecode_in(spec: Any, suffix: str) -> str | None:
    """Return the timecode in a header, with `;` for one that drops frames: OpenImageIO's words leave that out."""
    code = spec.getattribute("smpte:TimeCode")
    # DPX has no flags in its timecode.
    if suffix == ".exr" and isinstance(code, tuple):
        return unpacked(int(code[0]))
    return spec.get_string_attribute("smpte:TimeCode") or None


def stated_rate(spec: Any, timecode: str | None) -> Fraction | None:
    """Return the frames a second that a header states: of EXR, else of DPX as film, else as television."""
    for name in ("FramesPerSecond", "dpx:FrameRate", "dpx:TemporalFrameRate"):
        rate = _rate(spec.getattribute(name))
        if rate:
            return rate
    # SMPTE ST 12-1: frames are dropped at 30000/1001 and its double alone.
    return Fraction(30000, 1001) if timecode and ";" in timecode else None


def _rate(stated: Any) -> Fraction | None:
    if isinstance(stated, tuple) and len(stated) == 2 and stated[0] > 0 and stated[1] > 0:
        return Fraction(*stated)
    if not isinstance(stated, float) or not 0 < stated < _FASTEST:
        return None
    whole = round(stated * 1001 / 1000)
    # 23.976, 29.97 and 59.94 are short for these.
    is_ntsc = abs(stated - whole * 1000 / 1001) < _ROUNDED_RATE < abs(stated - round(stated))
    return Fraction(whole * 1000, 1001) if is_ntsc else Fraction(stated).limit_denominator(1001)


def pixel_aspect(spec: Any) -> Fraction:
    """Return a pixel's width by its height; 1 where the header says nothing that makes sense."""
    aspect = Fraction(spec.get_float_attribute("PixelAspectRatio", 1.0)).limit_denominator(1000)
    return aspect if aspect > 0 else Fraction(1)


def guess(spec: Any, suffix: str) -> Guess:
    """Say how a file's numbers are coded, as far as its header and its kind tell."""
    if suffix == ".exr" or spec.format.basetype in (oiio.HALF, oiio.FLOAT, oiio.DOUBLE):
        stated = spec.get_string_attribute("oiio:ColorSpace") or spec.get_string_attribute("colorSpace")
        primaries = spec.getattribute("chromaticities")
        space = by_chromaticities(primaries) if isinstance(primaries, tuple) else None
        if space:
            return Guess(space, "the header's chromaticities", stated=stated)
        return Guess(Encoding.LINEAR, "the header names no primaries", working=True, stated=stated)
    if suffix != ".dpx":
        return Guess(Encoding.SRGB, "usual for stills of whole numbers")
    transfer = spec.get_string_attribute("dpx:Transfer")
    space = _DPX_TRANSFERS.get(transfer)
    if space:
        return Guess(space, f"the header says {transfer}")
    return Guess(Encoding.REC709, f"the header's transfer is {transfer or 'empty'}, so video is assumed", sure=False)
