"""`pecten faces`: footage to performers' crops."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
)
from pecten.cli.plate import open_plate
from pecten.cli.screen import Screen
from pecten.errors import UsageError

if TYPE_CHECKING:
    from pecten.faces.records import DatasetRecord, ShotFaces

EXAMPLES = """
\b
Examples:
  pecten faces ada_take1.mov ada_take2.mov --identity ada -o faces/ada
  pecten faces 'plates/sh010.####.exr' --identity bruno -o faces/bruno --rate 24
  pecten faces take3.mov --identity ada -o faces/ada --colorspace 'S-Log3 S-Gamut3.Cine'
  pecten faces crowd.mp4 --tracks -o faces        # who is in it: faces/tracks.jpg
  pecten faces crowd.mp4 --identity ada=2 --identity bruno=0,3 -o faces
  pecten faces day1.mov day2.mov --identity ada=p0 --identity chidi=day2:1 -o faces
"""


def faces(
    clips: Annotated[list[str], typer.Argument(help="Video files or image sequences.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write; of several performers, a folder each.")],
    identity: Annotated[
        list[str] | None,
        typer.Option(
            "--identity",
            "-i",
            help="Whose face this is: NAME (the person seen most), or NAME=TRACKS (again for more) with tracks as "
            "--tracks draws them: 3, CLIP:3 of several clips, p0 for a person.",
        ),
    ] = None,
    tracks: Annotated[
        bool, typer.Option("--tracks", help="Only find who is in the clips and draw it: OUT/tracks.jpg.")
    ] = False,
    size: Annotated[int, typer.Option(min=64, max=2048, help="Side of the crops in px.")] = 512,
    perturbations: Annotated[int, typer.Option(min=1, max=64, help="Landmark runs a face, averaged.")] = 9,
    track: Annotated[int | None, typer.Option(help="The same as NAME=TRACK, for one performer.")] = None,
    rate: Rate = None,
    colorspace: ColourSpace = None,
    colorconfig: ColourConfig = None,
    exposure: Exposure = 0.0,
    consent: Consent = None,
    dry_run: DryRun = False,
) -> None:
    """Find, follow and normalise performers' faces: a folder of crops to train on for each."""
    from pecten.cli.describe import describe_colour
    from pecten.faces.casting import extract_performers, find_tracks
    from pecten.faces.extract import extract_dataset
    from pecten.faces.follow import FaceOptions

    wishes = read_wishes(identity or [], track is not None, tracks)
    records_in = consent_folders(consent)
    opened = [open_plate(clip, rate, colorspace, colorconfig, exposure) for clip in clips]
    refuse_twice([clip.info.path for clip in opened])
    check_place(out)
    if dry_run:
        for clip in opened:
            typer.echo(f"would find faces in {clip.info.path}: {clip.info.frame_count} frames")
            typer.echo(f"  {describe_colour(clip.info)}")
        typer.echo(f"would draw their tracks in {out}" if tracks else f"would write crops of {size} px to {out}")
        return
    options = FaceOptions(perturbations=perturbations, track=track)
    with Screen() as screen:
        if tracks:
            found, picture = find_tracks(opened, out, options, screen)
        elif any(wishes.values()):
            records = extract_performers(opened, wishes, out, size, options, screen)
        else:
            records = [extract_dataset(opened, name, out, size, options, screen) for name in wishes]
    if tracks:
        for line in describe_people(found):
            typer.echo(line)
        typer.echo(f"look at {picture}, then name them: --identity NAME=TRACKS")
        return
    for record in records:
        _tell(record, out / record.identity if len(records) > 1 else out, records_in)


def refuse_twice(paths: list[str]) -> None:
    """Refuse a clip that is named twice: training would see its frames twice as often.

    Raises:
        UsageError: naming it.
    """
    places = [Path(path).resolve() for path in paths]
    for index, place in enumerate(places):
        if place in places[:index]:
            raise UsageError(f"{paths[index]}: given twice: name each clip once")


def read_wishes(given: list[str], is_track: bool, only_tracks: bool) -> dict[str, list[str]]:
    """Read `--identity`: for each performer the tracks asked for, none for the person seen most.

    Raises:
        UsageError: if it does not say who plays whom, or says it twice.
    """
    from pecten.consent import check_identity

    if only_tracks or not given:
        if only_tracks and (given or is_track):
            raise UsageError(
                "--tracks only shows who is there: leave out --identity and --track, or leave out --tracks"
            )
        if not only_tracks:
            raise UsageError("whose faces are they? give --identity NAME, or --tracks to see who is there")
        return {}
    wishes: dict[str, list[str]] = {}
    for text in given:
        name, equals, listed = text.partition("=")
        check_identity(name)
        if name in wishes:
            raise UsageError(f"--identity {name} is given twice: write all tracks at once: {name}=0,3")
        wishes[name] = [token.strip() for token in listed.split(",")] if equals else []
    bare = [name for name, tracks in wishes.items() if not tracks]
    if bare and len(wishes) > 1:
        raise UsageError(f"--identity {bare[0]}: with several performers say which tracks are whose: {bare[0]}=0,3")
    if is_track and not bare:
        raise UsageError("--track and --identity NAME=TRACK say the same thing: leave out --track")
    return wishes


def _tell(record: "DatasetRecord", out: Path, consent: list[Path]) -> None:
    from pecten.cli.describe import describe_dataset
    from pecten.consent import check_footage, find
    from pecten.errors import ConsentError
    from pecten.faces.overview import write_left_out, write_overview

    for line in describe_dataset(record):
        typer.echo(line)
    pictures = [write_overview(out, record), write_left_out(out, record)]
    typer.echo(f"look at {', '.join(str(picture) for picture in pictures if picture is not None)}")
    try:
        check_footage(find(record.identity, consent), record.footage())
    except ConsentError as missing:
        typer.echo(f"note: training will need consent: {missing}")


def describe_people(found: "list[ShotFaces]") -> list[str]:
    """Describe who is in clips, a line a person."""
    from pecten.faces.crops import clip_names
    from pecten.faces.people import group_people, track_name

    names = clip_names([shot.clip for shot in found])
    lines = []
    for number, person in enumerate(group_people(found)):
        listed = ", ".join(track_name(names, place, track) for place, track in person.tracks)
        frames = sum(len(found[place].of_track(track)) for place, track in person.tracks)
        lines.append(f"p{number}: {frames} frames, tracks {listed}")
    return lines
