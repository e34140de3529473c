"""`pecten faces`: footage to a performer's crops."""

from pathlib import Path
from typing import Annotated

import typer

from pecten.cli.options import (
    ColourConfig,
    ColourSpace,
    Consent,
    DryRun,
    Exposure,
    Rate,
    check_place,
    consent_folders,
    read_colour,
    read_rate,
    require_colour,
)
from pecten.cli.screen import Screen

EXAMPLES = """
\b
Examples:
  pecten faces ada_take1.mov ada_take2.mov --identity ada -o faces/ada
  pecten faces 'plates/sh010.####.exr' --identity bruno -o faces/bruno --rate 24
  pecten faces take3.mov --identity ada -o faces/ada --colorspace 'S-Log3 S-Gamut3.Cine'
  pecten faces crowd.mp4 --identity chidi --track 2 -o faces/chidi
"""


def faces(
    clips: Annotated[list[str], typer.Argument(help="Video files or image sequences of one performer.")],
    identity: Annotated[str, typer.Option("--identity", "-i", help="Whose face this is.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")],
    size: Annotated[int, typer.Option(min=64, max=2048, help="Side of the crops in px.")] = 512,
    perturbations: Annotated[int, typer.Option(min=1, max=64, help="Landmark runs a face, averaged.")] = 9,
    track: Annotated[
        int | None, typer.Option(help="Take this track instead of the person seen most, where there are several.")
    ] = None,
    rate: Rate = None,
    colorspace: ColourSpace = None,
    colorconfig: ColourConfig = None,
    exposure: Exposure = 0.0,
    consent: Consent = None,
    dry_run: DryRun = False,
) -> None:
    """Find, follow and normalise a performer's face: a folder of crops to train on."""
    from pecten.cli.describe import describe_colour, describe_dataset
    from pecten.consent import check_identity, find
    from pecten.errors import ConsentError
    from pecten.faces.extract import extract_dataset
    from pecten.faces.follow import FaceOptions
    from pecten.faces.overview import write_overview
    from pecten.footage.clip import open_clip

    check_identity(identity)
    colour = read_colour(colorspace, colorconfig, exposure)
    opened = [open_clip(clip, read_rate(rate), colour) for clip in clips]
    for clip in opened:
        require_colour(clip)
    check_place(out)
    if dry_run:
        for clip in opened:
            typer.echo(f"would find faces in {clip.info.path}: {clip.info.frame_count} frames")
            typer.echo(f"  {describe_colour(clip.info)}")
        typer.echo(f"would write crops of {size} px to {out}")
        return
    options = FaceOptions(perturbations=perturbations, track=track)
    with Screen() as screen:
        record = extract_dataset(opened, identity, out, size, options, screen)
    for line in describe_dataset(record):
        typer.echo(line)
    typer.echo(f"look at {write_overview(out, record)}")
    try:
        find(identity, consent_folders(consent))
    except ConsentError as missing:
        typer.echo(f"note: training will need consent: {missing}")
