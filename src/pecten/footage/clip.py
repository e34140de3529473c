"""Moving pictures of every kind, as one thing: frames with a rate, a timecode and a colour coding."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Protocol, runtime_checkable

from pecten.colour.view import View
from pecten.errors import FootageError
from pecten.files import sha256_of
from pecten.footage.colour import Coding, ColourChoice
from pecten.types import Image, Mask

STILL_SUFFIXES = (".exr", ".png", ".tif", ".tiff", ".dpx", ".jpg", ".jpeg")
FIRST_NUMBER_FOR_VIDEO = 1001
"""Number of a video's first frame where it goes with numbered files."""


@dataclass(frozen=True)
class ColourTags:
    """What a video says about its colours, in codes of ITU-T H.273."""

    primaries: int = 1
    transfer: int = 1
    matrix: int = 1
    full_range: bool = False


@dataclass(frozen=True)
class ClipInfo:
    """What is known of a clip before its frames are read.

    Attributes:
        path: The file, or the sequence's pattern (`shot.####.exr`).
        kind: "video" or "sequence".
        width: Of the picture as shown (rotated phone video is upright), in px.
        height: Likewise.
        rate: Frames a second; the average when the video's rate varies.
        frame_count: Frames that can be read.
        first_number: File number of frame 0; 0 for video.
        timecode: Of frame 0, `HH:MM:SS:FF` (`;FF` for drop-frame), when the clip carries one.
        encoding: How `Frame.image` is coded: an `Encoding`, or a colour space of the configuration in `coding`.
        colour: The video's colour tags, with what was missing filled in.
        has_audio: Whether there is sound to carry over.
        pixel_format: The file's own, such as `yuv420p` or `half`.
        codec: Likewise, such as `h264` or `openexr`.
        bit_depth: Bits a sample in the file.
        coding: What goes with `encoding`.
        pixel_aspect: Width over height of a pixel as shown; 2 for a squeezed anamorphic plate.
        rate_known: Whether the clip or the user says the rate; else it is taken to be 24.
        fields: "" where frames are whole; "flagged" where the file calls them interlaced, but they look whole;
            "combed" where two moments are woven into one frame.
        parts: Names of the parts of each file, or of its layers, where it has several: the one that is read first, then
            the others.
        alpha: Whether the pictures have alpha beside their colours.
    """

    path: str
    kind: str
    width: int
    height: int
    rate: Fraction
    frame_count: int
    first_number: int
    timecode: str | None
    encoding: str
    colour: ColourTags
    has_audio: bool
    pixel_format: str
    codec: str
    bit_depth: int
    coding: Coding = field(default_factory=Coding)
    pixel_aspect: Fraction = Fraction(1)
    rate_known: bool = True
    fields: str = ""
    parts: tuple[str, ...] = ()
    alpha: bool = False

    def view(self) -> View:
        """Return the way between the clip's numbers and what networks see; make it once, it may load a configuration.

        Raises:
            UsageError: if its colour space cannot be used.
        """
        return View(self.encoding, self.coding.config, self.coding.exposure)

    def colour_note(self) -> list[str | float]:
        """Return what the view depends on, as JSON gives it back; a configuration in a file counts by its content."""
        config = self.coding.config
        content = [sha256_of(Path(config))] if config and Path(config).is_file() else []
        return [str(self.encoding), config, self.coding.exposure, *content]


@dataclass(frozen=True)
class Frame:
    """One picture of a clip.

    Attributes:
        index: Counted from 0 within the clip.
        number: `index` plus the clip's first number.
        image: RGB in the clip's encoding.
        native: The file's own samples (`av.VideoFrame` or `sequence.Still`), so that what is left alone can be
            delivered bit for bit; None for frames made elsewhere.
        alpha: The picture's, 0..1, where `native` does not hold it as the picture is shown; else None.
    """

    index: int
    number: int
    image: Image
    native: object | None = None
    alpha: Mask | None = None


@runtime_checkable
class Clip(Protocol):
    """A plate or a performance that can be read more than once."""

    @property
    def info(self) -> ClipInfo:
        """What is known of the clip."""

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Read frames `start` to `stop` (indices, half-open; None means to the end), in order."""


@runtime_checkable
class Timed(Protocol):
    """A clip with a clock of its own."""

    @property
    def times(self) -> tuple[Fraction, ...] | None:
        """When each frame is shown, in s, where the rate varies; else None."""

    @property
    def start_time(self) -> Fraction:
        """When the first frame is shown, in s."""


def open_clip(path: str | Path, rate: Fraction | None = None, colour: ColourChoice | None = None) -> Clip:
    """Open a video, an image sequence or a still.

    Args:
        path: A video file; a sequence as `shot.####.exr`, `shot.%04d.exr`, one of its files, or a folder that holds
            exactly one; or a single image.
        rate: Frames a second, in place of what the clip says. A sequence that says nothing runs at 24.
        colour: How the numbers are coded, in place of what the clip says.
    Raises:
        FootageError: if it cannot be read whole; the message names the file and what is wrong with it.
        UsageError: if a colour space or configuration cannot be used.
    """
    # Imported here so that a worker that only makes pictures need not load both libraries.
    from pecten.footage.sequence import open_sequence
    from pecten.footage.video import VideoClip

    text = str(path)
    if not text:
        raise FootageError("no clip given: name a video, an image sequence or a folder")
    place = Path(text)
    if place.is_dir() or place.suffix.lower() in STILL_SUFFIXES or is_pattern(place):
        return open_sequence(place, rate, colour)
    if not place.exists():
        raise FootageError(f"{place}: no such file; check the path")
    if not place.is_file():
        raise FootageError(f"{place}: not a file; give a video, an image sequence or a folder")
    return VideoClip(place, rate, colour)


def is_pattern(path: Path) -> bool:
    """Say whether a path names the files of a sequence, and not one file that is called so."""
    return ("#" in path.name or "%" in path.name) and not path.is_file()


def shot_name(path: str) -> str:
    """Return what the shot of a clip is called where nobody says: `sh010` of `plates/sh010.####.exr`.

    Args:
        path: Of the clip, as `ClipInfo` has it; where its files are called by numbers alone, the folder's name counts.
    """
    place = Path(path)
    return re.sub(r"[._-]*(#+|%0?\d*d)$", "", place.stem) or place.absolute().parent.name


def files_of(info: ClipInfo) -> list[Path]:
    """List a clip's files in order: the video, or every frame of the sequence."""
    from pecten.footage.sequence import numbering_of

    if info.kind != "sequence":
        return [Path(info.path)]
    name = numbering_of(Path(info.path))
    return [name.file(number) for number in name.numbers()]


def stamp_of(info: ClipInfo) -> list[int | str]:
    """Return rate, total size, latest change and a digest of name, size and change of each of a clip's files.

    When any of them differs, it is not the clip that it was: also where frames were exchanged or given other numbers.
    """
    states = [(path.name, path.stat()) for path in files_of(info) if path.is_file()]
    each = "".join(f"{name} {state.st_size} {state.st_mtime_ns}\n" for name, state in states)
    size, latest = sum(state.st_size for _, state in states), max((state.st_mtime_ns for _, state in states), default=0)
    return [str(info.rate), size, latest, hashlib.sha256(each.encode("utf-8", "surrogateescape")).hexdigest()[:16]]
