"""`pecten correct`: a key in the corrections beside what was found."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pecten.cli.options import DryRun
from pecten.errors import UsageError

EXAMPLES = """
\b
Examples:
  pecten correct sh010.faces --frame 1041 --shift=3,-2 --rotate 1.5
  pecten correct sh010.faces --frame 1041 --box 820,310,1120,700 --then linear
  pecten correct faces/ada --clip take2 --frame 77 --drop
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
    drop: Annotated[bool, typer.Option("--drop", help="This is no face.")] = False,
    then: Annotated[
        str, typer.Option(help="After the frame: only (nothing), linear (blend to the next key) or hold.")
    ] = "only",
    dry_run: DryRun = False,
) -> None:
    """Correct a face by hand; the next `pecten faces` or `pecten swap` follows it."""
    from pecten.faces.corrections import CORRECTIONS, load_entries, read_entries, save_entries
    from pecten.faces.crops import clip_names
    from pecten.faces.records import RECORD, load_dataset, load_shot, record_kind

    record = folder / RECORD
    if record.is_file() and record_kind(record) == "dataset":
        shots = load_dataset(folder).shots
    else:
        shots = (load_shot(record),)
    names = clip_names([shot.clip for shot in shots])
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
        "drop": drop or None,
    }
    said = {name: value for name, value in said.items() if value is not None}
    where = {"frame": frame, "track": track} if clip is None else {"clip": clip, "frame": frame, "track": track}
    entry = {**where, **said, **({} if then == "only" else {"then": then})}
    path, shot = folder / CORRECTIONS, shots[place]
    kept = [old for old in load_entries(path) if not _same_place(old, entry)]
    read_entries(path, [entry], names[place], shot.first_number, shot.frame_count)
    words = f"frame {frame}, track {track}: {', '.join(f'{name} {value}' for name, value in said.items())}"
    if dry_run:
        typer.echo(f"would write to {path}: {words}")
        return
    save_entries(path, [*kept, entry])
    typer.echo(f"{path}: {words}")


def _same_place(old: dict[str, Any], entry: dict[str, Any]) -> bool:
    return all(old.get(name, default) == entry.get(name, default) for name, default in _PLACE.items())


_PLACE = {"clip": None, "frame": None, "track": 0}


def _numbers(option: str, text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(f"{option} {text}: write numbers with commas between them") from None
