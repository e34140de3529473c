"""`pecten swap`: a plate and a comb to a delivery."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pecten.cli.options import check_place, expanded, permitted, use_threads
from pecten.cli.plate import Delivery, PlateOptions, folder_of_found, frames_of, told_kept
from pecten.cli.screen import Screen
from pecten.cli.swap_options import choose_looks, choose_matte, choose_placement, choose_recipe, choose_region
from pecten.errors import UsageError

if TYPE_CHECKING:
    from pecten.comb.latent import LatentRecord
    from pecten.comb.model import Comb
    from pecten.deliver.claim import Claim
    from pecten.deliver.credentials import Statement
    from pecten.faces.records import ShotFaces
    from pecten.footage.clip import Clip
    from pecten.shot.options import SwapOptions, SwapSummary

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


@expanded
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
    pores: Annotated[
        float, typer.Option(min=0, max=2, help="How much of the pores shows that the comb kept of the source's skin.")
    ] = 1.0,
    shutter: Annotated[
        float | None,
        typer.Option(min=0, max=360, help="Shutter angle for motion blur; 0 adds none. [default: measured]"),
    ] = None,
    specular: Annotated[
        bool, typer.Option("--specular/--no-specular", help="Give the skin the highlights that the plate's skin has.")
    ] = True,
    catch_lights: Annotated[
        bool,
        typer.Option(
            "--catch-lights/--no-catch-lights", help="Give the eyes the highlights that the plate's eyes have."
        ),
    ] = True,
    irises: Annotated[
        bool,
        typer.Option("--irises/--no-irises", help="Draw irises anew from the source's footage, if the comb kept them."),
    ] = True,
    lashes: Annotated[bool, typer.Option("--lashes/--no-lashes", help="Likewise the lashes of shut eyes.")] = True,
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
    *,
    shared: PlateOptions,
) -> None:
    """Put a performer's face into a plate; the result is signed with content credentials."""
    clip = shared.open(plate)
    span, numbers = frames_of(clip, shared.frames)
    # A wrong path is told before torch is loaded, which takes seconds.
    from pecten.comb.latent_file import load_latents
    from pecten.comb.weights import load_comb
    from pecten.shot import SwapOptions, claim_of, statement_of

    loaded = load_comb(comb)
    loaded.config.check_identity(source, str(comb))
    shot = shared.shot_of(clip)
    giver = permitted(source, "appearance", shared.consent, shot)
    performer = permitted(target, "performance", shared.consent, shot) if target else None
    options = SwapOptions(
        source,
        choose_region(region),
        choose_recipe(light, bands, contrast, blend, grain, sharpness, shutter, specular, catch_lights, irises, lashes),
        batch,
        tuple(shared.track) if shared.track else None,
        choose_matte(matte, matte_mode, write_matte, strength, ease, fade, fill, occlusion),
        *choose_looks(loaded, comb, look or [], looks_by, edit or [], engine, ease, clip.info.frame_count),
        placement=choose_placement(place or [], ease),
        pores=pores,
    )
    givers = [giver, *(permitted(one.name, "appearance", shared.consent, shot) for one in options.looks)]
    kept = folder_of_found(shared.faces, out)
    statement = statement_of(comb, givers, performer, numbers, shot)
    latents = load_latents(comb, loaded)
    claim = claim_of(clip, options, out, statement, kept, latents)
    job = _Job(clip, span, comb, loaded, latents, options, out, kept, statement, claim)
    check(job, shared.overwrite)
    if shared.dry_run:
        lines = planned(job)
    else:
        use_threads(shared.threads)
        lines = carried_out(job, shared.overwrite)
    for line in lines:
        typer.echo(line)


@dataclass(frozen=True)
class _Job:
    """A swap that has been permitted.

    Attributes:
        clip: The plate.
        span: First and one past the last frame index.
        comb: Its file or folder.
        loaded: It.
        latents: What its latents mean; None where nobody has looked.
        options: How the face is put in.
        out: The delivery.
        kept: Folder of what is found in the plate.
        statement: Of the credentials.
        claim: What the pixels depend on.
    """

    clip: "Clip"
    span: tuple[int, int]
    comb: Path
    loaded: "Comb"
    latents: "LatentRecord | None"
    options: "SwapOptions"
    out: Path
    kept: Path
    statement: "Statement"
    claim: "Claim"


def check(job: _Job, overwrite: bool) -> None:
    """Refuse, before any work is done, what could not be finished.

    Raises:
        UsageError: if a folder cannot be written, or edits are asked for and nobody knows what latents mean.
        FootageError: if the user's own matte lacks a frame, or does not fit the plate.
        DeliveryError: if the output cannot be written.
        CredentialsError: if it could not be signed.
    """
    from pecten.deliver.credentials import seal_with
    from pecten.footage.matte import open_matte
    from pecten.shot import open_output

    mattes = job.options.matte
    if job.options.edits and job.latents is None:
        raise UsageError(f"--edit: {job.comb} has no record of its latents: make it with `pecten comb latent`")
    if mattes.given is not None:
        open_matte(mattes.given, job.clip.info).check(*job.span)
    open_output(job.clip, job.out, overwrite, job.claim, seal_with(job.statement), mattes)
    for folder in (job.out.parent, job.kept, *([Path(mattes.written).parent] if mattes.written else [])):
        check_place(folder)


def planned(job: _Job) -> list[str]:
    """Say what would be done."""
    from pecten.cli.describe import describe_colour, describe_parts
    from pecten.deliver.losses import losses

    info = job.clip.info
    return [
        f"would put {job.options.source} into {info.path}, frames {job.statement.frames}, and write {job.out}",
        *(f"  {line}" for line in (describe_colour(info), *describe_parts(info), *losses(info, job.out))),
        *(f"  {line}" for line in told_target(job)),
        f"would keep what is found in the plate in {job.kept}",
    ]


def carried_out(job: _Job, overwrite: bool) -> list[str]:
    """Find the faces, swap, deliver; return what is to be said of it."""
    from pecten.cli.describe import describe_parts
    from pecten.deliver.losses import losses
    from pecten.faces.follow import FaceOptions
    from pecten.shot import Outside, plate_faces, render

    source, outside = job.options.source, Outside(job.options.source, job.latents)
    with Screen() as screen:
        found = plate_faces(job.clip, job.kept, FaceOptions(), screen)
        done = render(
            job.clip,
            found,
            job.loaded,
            job.options,
            job.out,
            job.statement,
            screen,
            job.span,
            overwrite,
            outside,
            job.claim,
            latents=job.latents,
        )
    told = [
        *describe_parts(job.clip.info),
        *losses(job.clip.info, job.out),
        *told_frames(done),
        *told_beyond(job, found),
        *outside.told(),
        *told_target(job),
    ]
    head = f"{job.out}: {done.frames} frames, {done.swapped} with {source}'s face{told_kept(done.kept)}"
    return [head, *(f"  {line}" for line in told)]


def told_beyond(job: _Job, found: "ShotFaces") -> list[str]:
    """Say how many of the faces that were replaced do what the source was not trained on."""
    from pecten.comb.weights import read_header
    from pecten.dataset.reach import Reach, beyond
    from pecten.faces.extract import performer_tracks

    source, (start, stop) = job.options.source, job.span
    record = read_header(job.comb).get("seen", {}).get(source)
    wanted = job.options.tracks or performer_tracks(job.clip, found)
    shown = (face for track in wanted for face in found.of_track(track) if start <= face.index < stop)
    faces = [face.landmarks for face in shown]
    counts = beyond(Reach.from_dict(record), faces) if record else []
    return [
        f"{count} of {len(faces)} faces {what} than {source} was trained on: look at them" for what, count in counts
    ]


def told_target(job: _Job) -> list[str]:
    """Say where nobody was asked whether the performer in the plate agrees to be replaced."""
    if job.statement.target_record is not None:
        return []
    return ["consent of whom the plate shows: not asked, and not named in the credentials; give --target"]


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
