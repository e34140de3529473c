"""What the verbs that read a plate and deliver it share: options, and what they mean."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pecten.cli.options import (
    ColourConfig,
    ColourSpace,
    Consent,
    DryRun,
    Exposure,
    Overwrite,
    Rate,
    Threads,
    read_colour,
    read_rate,
)
from pecten.errors import UsageError

if TYPE_CHECKING:
    from pecten.footage.clip import Clip

MOST_SQUEEZE = 1.5
"""Width over height of a pixel, or its inverse, up to which faces are found and fitted as they are."""

Delivery = Annotated[Path, typer.Option("--out", "-o", help="Video (.mov, .mp4, .mkv) or sequence (sh.####.exr).")]
Tracks = Annotated[
    list[int] | None, typer.Option("--track", help="Track to change (again for more). [default: the one seen most]")
]
Frames = Annotated[str | None, typer.Option("--frames", help="Frames to do, in the plate's numbers: 1001-1100.")]
Found = Annotated[
    Path | None,
    typer.Option("--faces", help="Folder that keeps what was found in the plate. [default: OUT's name + .faces]"),
]
Shot = Annotated[
    str | None,
    typer.Option("--shot", help="Name of the shot, for consent records that list shots. [default: the file's]"),
]


@dataclass(frozen=True)
class PlateOptions:
    """The options of every verb that reads a plate and delivers it: see `pecten.cli.options.expanded`."""

    track: Tracks = None
    frames: Frames = None
    faces: Found = None
    shot: Shot = None
    rate: Rate = None
    colorspace: ColourSpace = None
    colorconfig: ColourConfig = None
    exposure: Exposure = 0.0
    overwrite: Overwrite = False
    threads: Threads = 0
    consent: Consent = None
    dry_run: DryRun = False

    def open(self, path: str) -> "Clip":
        """Open the plate as the options say; see `open_plate`."""
        return open_plate(path, self.rate, self.colorspace, self.colorconfig, self.exposure)

    def shot_of(self, clip: "Clip") -> str:
        """Return the name of the plate's shot."""
        from pecten.footage.clip import shot_name

        return self.shot or shot_name(clip.info.path)


def open_plate(path: str, rate: str | None, colorspace: str | None, colorconfig: str | None, exposure: float) -> "Clip":
    """Open a clip as the options say.

    Raises:
        UsageError: if an option cannot be followed, or nobody says how the clip is coded.
        FootageError: if it cannot be read, or its faces would be combed or squeezed.
    """
    from pecten.errors import FootageError
    from pecten.footage.clip import open_clip

    clip = open_clip(path, read_rate(rate), read_colour(colorspace, colorconfig, exposure))
    info = clip.info
    if not info.coding.sure:
        raise UsageError(
            f"{info.path}: {info.coding.why}: give --colorspace: rec709, cineon, or a log such as 'ARRI LogC3 (EI800)'"
        )
    if info.fields == "combed":
        raise FootageError(f"{info.path}: interlaced, two moments in each frame: de-interlace it first")
    if not 1 / MOST_SQUEEZE <= info.pixel_aspect <= MOST_SQUEEZE:
        raise FootageError(
            f"{info.path}: anamorphic, with pixels {float(info.pixel_aspect):.4g}:1: scale it to square pixels first"
        )
    return clip


def frames_of(clip: "Clip", text: str | None) -> tuple[tuple[int, int], str]:
    """Read which of a clip's frames are to be done.

    Args:
        clip: The plate.
        text: What `--frames` says: `1001-1100`, `1001`, or None for all.
    Returns:
        First and one past the last frame index, and the same in the clip's own numbers: `1001-1100`.
    Raises:
        UsageError: if it is no range, or lies outside the clip.
    """
    first, count = clip.info.first_number, clip.info.frame_count
    last = first + count - 1
    if text is None:
        return (0, count), f"{first}-{last}"
    begin, dash, end = text.partition("-")
    try:
        start, stop = int(begin), int(end if dash else begin)
    except ValueError:
        raise UsageError(f"--frames {text}: not a range: write it as {first}-{last}") from None
    if not first <= start <= stop <= last:
        raise UsageError(f"--frames {text}: the clip has frames {first}-{last}: choose among them")
    return (start - first, stop - first + 1), f"{start}-{stop}"


def folder_of_found(given: Path | None, out: Path) -> Path:
    """Return the folder that keeps what is found in a plate; `sh010.####.exr` has `sh010.faces`."""
    # All else of the name counts: v1.left.mov and v1.right.mov are of two plates.
    name = re.sub(r"[._-]*(#+|%0?\d*d)$", "", out.stem)
    return given or out.with_name(f"{name or 'plate'}.faces")


def told_kept(count: int) -> str:
    """Say how many frames an earlier run had finished, as the end of a sentence."""
    return f", {count} kept from an earlier run" if count else ""
