"""`pecten swap`: a plate and a comb to a delivery."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pecten.cli.options import Consent, DryRun, Rate, Threads, consent_folders, frame_range, read_rate, use_threads
from pecten.cli.screen import Screen

if TYPE_CHECKING:
    from pecten.comb.model import Comb
    from pecten.consent import PerformerRecord
    from pecten.deliver.credentials import Statement
    from pecten.faces.records import ShotFaces
    from pecten.footage.clip import Clip

EXAMPLES = """
Examples:\n
  pecten swap plate.mov --comb comb/ --source ada -o out.mov\n
  pecten swap plates/sh010.####.exr --comb comb/ --source ada -o 'out/sh010.####.exr' --frames 1001-1048\n
  pecten swap plate.mp4 --comb comb/ --source ada --region lips -o lips.mp4
"""


def swap(
    plate: Annotated[str, typer.Argument(help="Video file or image sequence to change.")],
    comb: Annotated[Path, typer.Option("--comb", help="Folder or file of a trained comb.")],
    source: Annotated[str, typer.Option("--source", "-s", help="Identity whose face is put on.")],
    out: Annotated[str, typer.Option("--out", "-o", help="Video (.mov, .mp4, .mkv) or sequence (sh.####.exr).")],
    target: Annotated[str | None, typer.Option(help="Identity who performs in the plate, to name their consent.")] = None,
    region: Annotated[str, typer.Option(help="What is replaced: full, lips or eyes.")] = "full",
    bands: Annotated[int, typer.Option(min=0, max=4, help="Coarsest bands kept from the plate.")] = 2,
    contrast: Annotated[str, typer.Option(help="How contrast is matched: global, std or none.")] = "global",
    track: Annotated[list[int] | None, typer.Option(help="Track to replace (again for more). [default: main]")] = None,
    frames: Annotated[str | None, typer.Option(help="Frames to do, in the plate's numbers: 1001-1100.")] = None,
    faces: Annotated[
        Path | None, typer.Option(help="Folder that keeps what was found in the plate. [default: OUT's name + .faces]")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Crops decoded at a time.")] = 8,
    rate: Rate = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an output that exists.")] = False,
    threads: Threads = 0,
    consent: Consent = None,
    dry_run: DryRun = False,
) -> None:
    """Put a performer's face into a plate, and sign the result with content credentials."""
    from pecten.comb.weights import load_comb
    from pecten.consent import require
    from pecten.errors import CombError
    from pecten.footage.clip import open_clip

    clip = open_clip(plate, read_rate(rate))
    start, stop = frame_range(frames, clip.info.first_number, clip.info.frame_count)
    loaded = load_comb(comb)
    if source not in loaded.config.identities:
        known = ", ".join(loaded.config.identities)
        raise CombError(f"{comb}: no identity {source}: choose among {known}, or train one with `pecten train`")
    folders = consent_folders(consent)
    giver = require(source, "appearance", folders, date.today())
    performer = require(target, "performance", folders, date.today()) if target else None
    use_threads(threads)
    if dry_run:
        typer.echo(f"would put {source} into {plate}, frames {start} to {stop - 1} of {clip.info.frame_count}: {out}")
        return
    with Screen() as screen:
        found = plate_faces(clip, faces or beside(out), screen)
        _render(clip, found, loaded, out, screen, (start, stop), overwrite, _options(source, region, bands, contrast, batch, track), _statement(out, comb, giver, performer, clip, start, stop))
