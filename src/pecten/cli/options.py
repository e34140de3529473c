"""Options that several verbs share."""

import inspect
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pecten.errors import UsageError

if TYPE_CHECKING:
    from pecten.consent import PerformerRecord, Use
    from pecten.faces.records import DatasetRecord
    from pecten.footage.colour import ColourChoice

DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Say what would be done, write nothing.")]
Threads = Annotated[int, typer.Option("--threads", min=0, help="CPU threads; 0 for all.", show_default=False)]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]
Consent = Annotated[
    list[Path] | None,
    typer.Option("--consent", help="Folder with performers' records (again for more). [default: ./consent and yours]"),
]
Rate = Annotated[
    str | None, typer.Option("--rate", help="Frames a second of a sequence that does not say: 24000/1001.")
]
ColourSpace = Annotated[
    str | None,
    typer.Option(
        "--colorspace",
        help="How the clips are coded: rec709, srgb, linear, pq, hlg, cineon, or an OpenColorIO space such as "
        "ACEScg. [default: as the file says]",
    ),
]
ColourConfig = Annotated[
    str | None, typer.Option("--colorconfig", help="OpenColorIO configuration. [default: $OCIO, else the built-in one]")
]
Exposure = Annotated[
    float,
    typer.Option(
        "--exposure", help="Stops that networks see the clips brighter by; what is delivered keeps its level."
    ),
]


def expanded(verb: Callable[..., None]) -> Callable[..., None]:
    """Let a verb take each field of its last parameter, a dataclass, as an option of its own.

    So verbs that share options share their names, defaults and help, too.
    """
    *own, last = inspect.signature(verb).parameters.values()
    group = last.annotation
    shared = [
        inspect.Parameter(field.name, last.kind, default=field.default, annotation=field.type)
        for field in fields(group)
    ]

    def called(**given: Any) -> None:
        together = group(**{one.name: given.pop(one.name) for one in shared})
        verb(**given, **{last.name: together})

    called.__doc__, called.__name__ = verb.__doc__, verb.__name__
    called.__signature__ = inspect.Signature([*own, *shared])  # type: ignore[attr-defined]
    called.__annotations__ = {one.name: one.annotation for one in [*own, *shared]}
    return called


def read_colour(space: str | None, config: str | None, exposure: float = 0.0) -> "ColourChoice":
    """Gather what is said of a clip's colour.

    Raises:
        UsageError: if the exposure is beyond reason.
    """
    from pecten.colour.view import MOST_EXPOSURE
    from pecten.footage.colour import ColourChoice

    if not abs(exposure) <= MOST_EXPOSURE:
        raise UsageError(f"--exposure {exposure:g}: give stops between {-MOST_EXPOSURE:g} and {MOST_EXPOSURE:g}")
    return ColourChoice(space, config, exposure)


def consent_folders(given: list[Path] | None) -> list[Path]:
    """Return the folders to search for consent records, the given ones first.

    Raises:
        UsageError: if a given one is no folder: another folder's record would be taken in its place.
    """
    from pecten.consent import default_folders

    for folder in given or []:
        if not folder.is_dir():
            what = "a file: give the folder that holds it" if folder.exists() else "no such folder; check the path"
            raise UsageError(f"--consent {folder}: {what}")
    return [*(given or []), *default_folders()]


def permitted(identity: str, use: "Use", given: list[Path] | None, shot: str | None = None) -> "PerformerRecord":
    """Return a performer's record that permits a use today.

    Args:
        identity: Key of the performer.
        use: "train", "appearance" or "performance".
        given: What `--consent` says.
        shot: Name of what is made, where it is a shot.
    Raises:
        ConsentError: if there is none, or it does not permit the use, or not in this shot.
    """
    from pecten.consent import require

    return require(identity, use, consent_folders(given), date.today(), shot)


def may_be_learnt(record: "DatasetRecord", given: list[Path] | None) -> "PerformerRecord":
    """Return a performer's record that permits learning their face from a dataset today.

    Args:
        record: Of the dataset.
        given: What `--consent` says.
    Raises:
        ConsentError: if there is none, or it does not permit training, or not on this footage.
    """
    from pecten.consent import check_footage

    performer = permitted(record.identity, "train", given)
    check_footage(performer, record.footage())
    return performer


@contextmanager
def named_option() -> Iterator[None]:
    """Turn what is wrong with a value into what is wrong with the option that is named like it."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"--{error}") from error


def read_rate(text: str | None) -> Fraction | None:
    """Read a frame rate such as `25`, `23.98` or `24000/1001`."""
    if text is None:
        return None
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 0 < rate <= 1000:
        raise UsageError(f"--rate {text}: not a frame rate: write it as 25 or 24000/1001")
    near = Fraction(round(rate * 1001 / 1000) * 1000, 1001)
    return near if rate.denominator > 1 and abs(float(near - rate)) < 0.005 else rate


def check_place(folder: Path) -> None:
    """Refuse a folder that cannot be made or written, before any work is done for it.

    Raises:
        UsageError: naming what stands in the way.
    """
    nearest = folder.absolute()
    while not nearest.exists():
        nearest = nearest.parent
    if not nearest.is_dir():
        raise UsageError(f"{folder}: {nearest.name} is a file, but a folder is needed: choose another place")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise UsageError(f"{folder}: no right to write there: choose another place, or change its permissions")


def use_threads(count: int) -> None:
    """Limit the threads of torch and OpenCV; 0 leaves them to use all cores. Keeps freed memory for the next frame."""
    keep_memory()
    if count > 0:
        import cv2
        import torch

        torch.set_num_threads(count)
        cv2.setNumThreads(count)


def keep_memory() -> bool:
    """Let the memory of one picture serve the next, instead of going back to the system in between.

    Pages that come anew must be cleared first, which takes longer than what is done to the picture: the composite of a
    4K frame takes a quarter less time without.

    Returns:
        Whether this system's C library can be told so (glibc can).
    """
    from ctypes import CDLL

    trim_threshold, top_pad, mmap_threshold = -1, -2, -3
    try:
        tell = CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    wanted = {mmap_threshold: 32, trim_threshold: 256, top_pad: 64}
    told = [tell(what, megabytes << 20) == 1 for what, megabytes in wanted.items()]
    return all(told)
