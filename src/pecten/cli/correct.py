"""`pecten correct`: a key in the corrections beside what was found."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pecten.cli.options import DryRun
from pecten.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pecten.faces.records import ShotFaces

EXAMPLES = """
\b
Examples:
  pecten correct sh010.faces --frame 1041 --shift=3,-2 --rotate 1.5
  pecten correct sh010.faces --frame 1041 --box 820,310,1120,700 --then linear
  pecten correct faces/ada --clip take2 --frame 77 --drop --then hold
  pecten correct faces/ada --clip take2 --frame 90 --no-drop    # a face again from here
  pecten correct faces/ada --clip take2 --frame 77 --remove     # take frame 77's back
"""


def correct(
    folder: Annotated[Path, typer.Argument(help="Of what was found: a dataset, or a plate's NAME.faces.")],
    frame: Annotated[int, typer.Option(help="In the clip's own numbers.")],
    track: Annotated[int, typer.Option(help="Whose face.")] = 0,
    clip: Annotated[str | None, typer.Option(help="Which clip, where the folder holds several.")] = None,
    shift: Annotated[str | None, typer.Option(help="Move the face in the plate: x,y px.")] = None,
    rotate: Annotated[float | None, typer.Option(help="Turn it, degrees counter-clockwise.")] = None,
    scale: Annotated[float | None, typer.Option(help="Make it larger (above 1) or smaller.")] = None,
    box: Annotated[str | None, typer.Option(help="Look for the face here: x0,y0,x1,y1 px.")] = None,
    drop: Annotated[bool | None, typer.Option("--drop/--no-drop", help="This is no face; this is one.")] = None,
    then: Annotated[
        str | None,
        typer.Option(
            help="After the frame: only (nothing), linear (blend to the next key) or hold. [default: as it was]"
        ),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take back what was corrected on this frame.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Correct a face by hand; the next `pecten faces` or `pecten swap` follows it."""
    from pecten.faces.corrections import CORRECTIONS, concerns, load_entries, read_entries, save_entries, with_entry

    names, shots, may_grow = _shots_in(folder)
    if clip is not None and clip not in names:
        raise UsageError(f"--clip {clip}: no such clip: choose one of {', '.join(names)}")
    if clip is None and len(names) > 1:
        raise UsageError(f"{folder}: holds several clips: say which with --clip: {', '.join(names)}")
    place = names.index(clip) if clip is not None else 0
    said: dict[str, Any] = {
        "shift_px": _numbers("--shift", shift),
        "rotate_deg": rotate,
        "scale": scale,
        "box": _numbers("--box", box),
        "drop": drop,
    }
    said = {name: value for name, value in said.items() if value is not None}
    # Of a dataset by name even where there is one clip: another may come, or the performer be in one of several.
    named = {"clip": names[place]} if may_grow or clip is not None else {}
    if remove:
        if said:
            raise UsageError(f"--remove: takes back what is there: leave --{next(iter(said)).split('_')[0]} out")
        typer.echo(_removed(folder / CORRECTIONS, names, place, frame, track, dry_run))
        return
    entry = {**named, "frame": frame, "track": track, **said, **({} if then is None else {"then": then})}
    path, shot = folder / CORRECTIONS, shots[place]
    _check_inside(said, shot)
    read_entries(path, [entry], names[place], shot.first_number, shot.frame_count)
    entries = load_entries(path)
    kept, entry = with_entry(entries, entry, names[0] if len(names) == 1 else None)
    for name, one in zip(names, shots, strict=True):
        read_entries(path, [*kept, entry], name, one.first_number, one.frame_count)
    if box is None:
        _check_track(track, shot, [old for old in entries if concerns(old, names[place])])
    said = {name: entry[name] for name in said | entry if name not in _WHERE}
    words = f"frame {frame}, track {track}: {', '.join(f'{name} {value}' for name, value in said.items())}"
    words += {"hold": ", and on", "linear": ", and blends into the next"}.get(entry.get("then", "only"), "")
    if dry_run:
        typer.echo(f"would write to {path}: {words}")
        return
    save_entries(path, [*kept, entry])
    typer.echo(f"{path}: {words}")


def _removed(path: Path, names: "Sequence[str]", place: int, frame: int, track: int, dry_run: bool) -> str:
    """Take the entries of a frame and track out of a file, and say so."""
    from pecten.faces.corrections import load_entries, save_entries, without_entries

    entries = load_entries(path)
    kept = without_entries(entries, names[place], frame, track, names[0] if len(names) == 1 else None)
    count = len(entries) - len(kept)
    if not count:
        raise UsageError(f"{path}: corrects nothing on frame {frame}, track {track}: see which frames it names")
    if not dry_run:
        save_entries(path, kept)
    done = "would take back" if dry_run else "took back"
    return f"{path}: {done} {count} correction{'s' if count > 1 else ''} of frame {frame}, track {track}"


_WHERE = ("clip", "frame", "track", "then")


def _shots_in(folder: Path) -> "tuple[Sequence[str], Sequence[ShotFaces], bool]":
    """Read what was found: what the clips are called, their faces, and whether there may be more of them."""
    from pecten.faces.crops import clip_names
    from pecten.faces.records import RECORD, load_dataset, load_shot, record_kind

    record = folder / RECORD
    if record.is_file() and record_kind(record) == "dataset":
        dataset = load_dataset(folder)
        return dataset.folders, dataset.shots, True
    shot = load_shot(record)
    return clip_names([shot.clip]), [shot], False


def _check_track(track: int, shot: "ShotFaces", entries: list[dict[str, Any]]) -> None:
    """Refuse a track that the clip does not have; one that is dropped or new is known by its entries."""
    known = {*shot.track_ids(), *(entry.get("track", 0) for entry in entries)}
    if track not in known:
        listed = ", ".join(map(str, sorted(known)))
        raise UsageError(f"--track {track}: no such track: choose one of {listed}, or give a --box to look in")


def _check_inside(said: dict[str, Any], shot: "ShotFaces") -> None:
    """Refuse what takes the face out of the picture: digits too many, most likely."""
    size, width, height = f"{shot.width}x{shot.height}", shot.width, shot.height
    box, shift = said.get("box", []), said.get("shift_px", [])
    if len(box) == 4 and (box[2] <= 0 or box[3] <= 0 or box[0] >= width or box[1] >= height):
        raise UsageError(f"--box {_listed(box)}: lies outside the picture ({size})")
    if len(shift) == 2 and (abs(shift[0]) >= width or abs(shift[1]) >= height):
        raise UsageError(f"--shift {_listed(shift)}: moves the face out of the picture ({size})")


def _listed(numbers: list[float]) -> str:
    return ",".join(f"{number:g}" for number in numbers)


def _numbers(option: str, text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(f"{option} {text}: write numbers with commas between them") from None
