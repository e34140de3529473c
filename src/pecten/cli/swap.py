"""`pecten swap`: a plate and a comb to a delivery."""

from collections import Counter
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
    check_place,
    named_option,
    permitted,
    use_threads,
)
from pecten.cli.plate import Delivery, Found, Frames, Tracks, folder_of_found, frames_of, open_plate, told_kept
from pecten.cli.screen import Screen
from pecten.errors import UsageError

if TYPE_CHECKING:
    from pecten.comb.model import Comb
    from pecten.composite.recipe import Recipe
    from pecten.faces.records import ShotFaces
    from pecten.shot.matte import MatteOptions
    from pecten.shot.options import SwapSummary
    from pecten.shot.wishes import Keyed

EXAMPLES = """
\b
Examples:
  pecten swap plate.mov --comb comb/ --source ada -o out.mov
  pecten swap 'plates/sh010.####.exr' --comb comb/ --source ada -o 'out/sh010.####.exr'
  pecten swap plate.mp4 --comb comb/ --source ada --region lips --frames 24-47 -o lips.mp4
  pecten swap plate.mov --comb comb/ -s ada_young --look ada_old=1001:0,1100:1 -o ageing.mov
  pecten swap plate.mov --comb comb/ -s ada --edit mouth=0.5 --edit eyes=-0.3 -o edited.mov
  pecten swap plate.mov --comb comb/ -s ada --place size=1.03 --place down=0.5 -o larger.mov
  pecten swap a.mov --comb comb/ -s ada --matte 'roto.####.exr' --matte-mode holdout -o b.mov
"""


def swap(
    plate: Annotated[str, typer.Argument(help="Video file or image sequence to change.")],
    comb: Annotated[Path, typer.Option("--comb", help="Folder or file of a trained comb.")],
    source: Annotated[str, typer.Option("--source", "-s", help="Identity whose face is put on.")],
    out: Delivery,
    target: Annotated[str | None, typer.Option(help="Identity in the plate, so that their consent is named.")] = None,
    region: Annotated[
        str, typer.Option(help="What is replaced: full, or parts such as eyes+brows (lips, eyes, brows, nose).")
    ] = "full",
    light: Annotated[
        str, typer.Option(help="Where light comes from: skin (fitted), bands (the plate's coarsest) or face (as is).")
    ] = "skin",
    bands: Annotated[int, typer.Option(min=0, max=4, help="With --light bands: how many.")] = 2,
    contrast: Annotated[
        str | None, typer.Option(help="global, std or none. [default: global with --light bands, else none]")
    ] = None,
    grain: Annotated[
        float, typer.Option(min=0, max=2, help="How much of the plate's grain the face gets: 1 as much, 0 none.")
    ] = 1.0,
    sharpness: Annotated[
        bool, typer.Option("--sharpness/--no-sharpness", help="Make the face as sharp or as soft as the plate.")
    ] = True,
    shutter: Annotated[
        float | None,
        typer.Option(min=0, max=360, help="Shutter angle for motion blur; 0 adds none. [default: measured]"),
    ] = None,
    blend: Annotated[
        str, typer.Option(help="How the face is laid into the plate: multiband, alpha, poisson, seamless or standard.")
    ] = "multiband",
    matte: Annotated[
        str | None, typer.Option(help="Your own matte in the plate's geometry and numbers: sequence, video or still.")
    ] = None,
    matte_mode: Annotated[
        str, typer.Option(help="What it does to the one that is found: replace, multiply, add or holdout.")
    ] = "replace",
    write_matte: Annotated[
        str | None, typer.Option(help="Also write the mattes that were used: matte.####.exr.")
    ] = None,
    strength: Annotated[
        str, typer.Option(help="How much shows, 0 to 1; or keys by frame: 1001:0,1012:1,1100:1,1110:0.")
    ] = "1",
    ease: Annotated[bool, typer.Option("--ease", help="Ease in and out of all keys.")] = False,
    fade: Annotated[
        int, typer.Option(min=0, help="Frames in which a face that is lost, or turns into profile, fades out and in.")
    ] = 5,
    occlusion: Annotated[
        bool, typer.Option("--occlusion/--no-occlusion", help="Keep hands, glasses and hair that cover the face.")
    ] = True,
    fill: Annotated[
        bool,
        typer.Option(
            "--fill/--no-fill", help="Carry the face's skin on to the target's jaw where its own is narrower."
        ),
    ] = True,
    track: Tracks = None,
    frames: Frames = None,
    faces: Found = None,
    look: Annotated[
        list[str] | None,
        typer.Option("--look", help="Share of another of the performer's looks: NAME=0.7, or NAME=1001:0,1040:1."),
    ] = None,
    looks_by: Annotated[
        str, typer.Option("--looks-by", help="weights mixes decoders that grew from one another; else pictures.")
    ] = "weights",
    edit: Annotated[
        list[str] | None,
        typer.Option("--edit", help="Move yaw, pitch, mouth or eyes by standard deviations: mouth=0.5, or keys."),
    ] = None,
    place: Annotated[
        list[str] | None,
        typer.Option(
            "--place", help="Lay the face in larger or elsewhere: size=1.03, right=-0.5, down=1 (%), or keys."
        ),
    ] = None,
    engine: Annotated[str, typer.Option(help="What runs the comb: torch, openvino or auto.")] = "auto",
    batch: Annotated[int, typer.Option(min=1, help="Crops decoded at a time.")] = 8,
    rate: Rate = None,
    colorspace: ColourSpace = None,
    colorconfig: ColourConfig = None,
    exposure: Exposure = 0.0,
    overwrite: Overwrite = False,
    threads: Threads = 0,
    consent: Consent = None,
    dry_run: DryRun = False,
) -> None:
    """Put a performer's face into a plate; the result is signed with content credentials."""
    from pecten.cli.describe import describe_colour, describe_parts
    from pecten.comb.latent_file import load_latents
    from pecten.comb.weights import load_comb
    from pecten.faces.follow import FaceOptions
    from pecten.footage.matte import open_matte
    from pecten.shot import Outside, SwapOptions, claim_of, open_output, plate_faces, render, statement_of
    from pecten.shot.placement import read_placement

    clip = open_plate(plate, rate, colorspace, colorconfig, exposure)
    span, numbers = frames_of(clip, frames)
    loaded = load_comb(comb)
    loaded.config.check_identity(source, str(comb))
    giver = permitted(source, "appearance", consent)
    performer = permitted(target, "performance", consent) if target else None
    options = SwapOptions(
        source,
        choose_region(region),
        choose_recipe(light, bands, contrast, blend, grain, sharpness, shutter),
        batch,
        tuple(track) if track else None,
        choose_matte(matte, matte_mode, write_matte, strength, ease, fade, fill, occlusion),
        *choose_looks(loaded, comb, look or [], looks_by, edit or [], engine, ease, span[1] - span[0]),
        placement=read_placement(place or [], ease),
    )
    givers = [giver, *(permitted(one.name, "appearance", consent) for one in options.looks)]
    latents = load_latents(comb, loaded)
    if options.edits and latents is None:
        raise UsageError(f"--edit: {comb} has no record of its latents: make it with `pecten comb latent`")
    if matte is not None:
        open_matte(matte, clip.info).check(*span)
    kept = folder_of_found(faces, out)
    statement = statement_of(comb, givers, performer, numbers)
    claim = claim_of(clip, options, out, statement, kept)
    open_output(clip, out, overwrite, claim, mattes=options.matte)
    for folder in (out.parent, kept, *([Path(write_matte).parent] if write_matte else [])):
        check_place(folder)
    if dry_run:
        typer.echo(f"would put {source} into {plate}, frames {numbers}, and write {out}")
        for line in [describe_colour(clip.info), *describe_parts(clip.info)]:
            typer.echo(f"  {line}")
        typer.echo(f"would keep what is found in the plate in {kept}")
        return
    use_threads(threads)
    with Screen() as screen:
        found = plate_faces(clip, kept, FaceOptions(), screen)
        outside = Outside(source, latents)
        done = render(
            clip, found, loaded, options, out, statement, screen, span, overwrite, outside, claim, latents=latents
        )
    typer.echo(f"{out}: {done.frames} frames, {done.swapped} with {source}'s face{told_kept(done.kept)}")
    for line in [
        *describe_parts(clip.info),
        *told_frames(done),
        *told_beyond(comb, source, found, options.tracks),
        *outside.told(),
    ]:
        typer.echo(f"  {line}")


def choose_looks(
    loaded: "Comb", comb: Path, looks: list[str], looks_by: str, edits: list[str], engine: str, ease: bool, frames: int
) -> "tuple[tuple[Keyed, ...], str, tuple[Keyed, ...], str]":
    """Read which looks are mixed how, what is edited, and what runs the comb."""
    from pecten.shot.engine import choose_engine
    from pecten.shot.wishes import read_edits, read_looks

    if looks_by not in ("weights", "pictures"):
        raise UsageError(f"--looks-by {looks_by}: choose weights or pictures")
    with named_option():
        keyed, changes = read_looks(looks, ease), read_edits(edits, ease)
        chosen = choose_engine(engine, loaded, frames, bool(keyed) and looks_by == "weights")
    for one in keyed:
        loaded.config.check_identity(one.name, str(comb))
    return keyed, looks_by, changes, chosen


def told_beyond(comb: Path, source: str, found: "ShotFaces", tracks: tuple[int, ...] | None) -> list[str]:
    """Say how many faces of the plate do what the source was not trained on."""
    from pecten.comb.weights import read_header
    from pecten.dataset.reach import Reach, beyond

    record = read_header(comb).get("seen", {}).get(source)
    main = found.main_track()
    wanted = tracks or (() if main is None else (main,))
    faces = [face.landmarks for track in wanted for face in found.of_track(track)]
    counts = beyond(Reach.from_dict(record), faces) if record else []
    return [
        f"{count} of {len(faces)} faces {what} than {source} was trained on: look at them" for what, count in counts
    ]


def told_frames(done: "SwapSummary") -> list[str]:
    """Say how many frames are as in the plate, by reason, and which were faded, run by run."""
    whole = Counter(reason for _, reason in done.untouched).most_common()
    runs: list[tuple[int, int, str]] = []
    for number, reason in done.faded:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = runs[-1][0], number, runs[-1][2]
        else:
            runs.append((number, number, reason))
    return [
        *(f"{count} as in the plate: {reason}" for reason, count in whole),
        *(f"faded at {first}-{last}: {reason}" for first, last, reason in runs),
    ]


def choose_region(name: str) -> str:
    """Read the name of a region."""
    from pecten.faces.steady import parts_of

    with named_option():
        return "+".join(parts_of(name))


def choose_matte(
    given: str | None, mode: str, written: str | None, strength: str, ease: bool, fade: int, fill: bool, occlusion: bool
) -> "MatteOptions":
    """Read what the mattes are made of."""
    from pecten.composite.matte import MatteMode
    from pecten.shot.matte import MatteOptions
    from pecten.shot.strength import read_strength

    if mode not in list(MatteMode):
        raise UsageError(f"--matte-mode {mode}: choose one of {', '.join(MatteMode)}")
    with named_option():
        keys = read_strength(strength, ease)
    return MatteOptions(given, MatteMode(mode), keys, fade, occlusion, fill, written)


def choose_recipe(
    light: str,
    bands: int,
    contrast: str | None,
    blend: str = "multiband",
    grain: float = 1.0,
    sharpness: bool = True,
    shutter_deg: float | None = None,
) -> "Recipe":
    """Read how light, contrast and texture are to be matched and the face is laid into the plate."""
    from pecten.composite.contrast import ContrastMethod
    from pecten.composite.recipe import BlendMethod, LightSource, Recipe

    if light not in list(LightSource):
        raise UsageError(f"--light {light}: choose one of {', '.join(LightSource)}")
    if contrast not in [None, "none", *ContrastMethod]:
        raise UsageError(f"--contrast {contrast}: choose one of {', '.join(ContrastMethod)}, none")
    if blend not in list(BlendMethod):
        raise UsageError(f"--blend {blend}: choose one of {', '.join(BlendMethod)}")
    default = ContrastMethod.GLOBAL if light == LightSource.BANDS else None
    method = default if contrast is None else None if contrast == "none" else ContrastMethod(contrast)
    opened = None if shutter_deg is None else shutter_deg / 360
    return Recipe(
        LightSource(light), bands, method, BlendMethod(blend), grain=grain, sharpness=sharpness, shutter=opened
    )
