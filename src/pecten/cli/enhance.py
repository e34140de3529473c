"""`pecten enhance`: low-resolution footage of a performer of whom sharp crops exist."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pecten.cli.options import Consent, DryRun, Threads, check_place, expanded, may_be_learnt, permitted, use_threads
from pecten.cli.plate import Delivery, PlateOptions, folder_of_found, frames_of, told_kept
from pecten.cli.screen import Screen
from pecten.errors import UsageError

if TYPE_CHECKING:
    from pecten.faces.records import DatasetRecord, ShotFaces

TRAIN_EXAMPLES = """
\b
Examples:
  pecten enhance train faces/ada -o enhance/ada             # sharp crops: minutes on one core
  pecten enhance train faces/ada -o enhance/ada             # again: goes on where it stopped
"""
FACES_EXAMPLES = """
\b
Examples:
  pecten enhance faces faces/ada_1998 --model enhance/ada -o faces/ada_1998_sharp
"""
CLIP_EXAMPLES = """
\b
Examples:
  pecten enhance clip tape.mov --model enhance/ada -o tape_sharp.mov
  pecten enhance clip tape.mp4 --model enhance/ada --larger 4 -o tape_x4.mp4
"""
app = typer.Typer(no_args_is_help=True)
Model = Annotated[Path, typer.Option("--model", "-m", help="Folder or file that `pecten enhance train` wrote.")]


@app.command("train", epilog=TRAIN_EXAMPLES)
def train(
    dataset: Annotated[Path, typer.Argument(help="Folder made by `pecten faces` from sharp footage of one performer.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the model.")],
    size: Annotated[int | None, typer.Option(min=64, max=1024, help="Side of the crops. [default: theirs]")] = None,
    images: Annotated[int, typer.Option(min=1, help="Patches to see in all.")] = 12_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all randomness.")] = 0,
    threads: Threads = 0,
    consent: Consent = None,
    dry_run: DryRun = False,
) -> None:
    """Teach a network how one performer's face looks sharp, by crops that are made soft on purpose."""
    from pecten.enhance.config import STEP_PX, EnhanceConfig
    from pecten.faces.records import load_dataset

    record = load_dataset(dataset)
    may_be_learnt(record, consent)
    side = size or record.size
    if side % STEP_PX:
        raise UsageError(f"--size {side}: give a multiple of {STEP_PX}")
    if side > record.size:
        raise UsageError(
            f"--size {side}: crops in {dataset} have {record.size} px: leave --size out, or extract them again"
        )
    config = EnhanceConfig(record.identity, side, images=images, seed=seed, patch=min(192, side))
    check_place(out)
    if dry_run:
        typer.echo(f"would teach {record.identity}'s face at {side} px, {images} patches seen, and write {out}")
        return
    from pecten.dataset.crops import load_crops
    from pecten.enhance.learn import learn

    use_threads(threads)
    crops = load_crops(dataset, side)
    with Screen() as screen:
        path = learn(crops, config, out, screen, {"looks": looks_of(record)})
    typer.echo(f"wrote {path}: {record.identity}'s face at {side} px, from {len(crops.images)} crops")


@app.command("faces", epilog=FACES_EXAMPLES)
def faces(
    dataset: Annotated[Path, typer.Argument(help="Folder made by `pecten faces` from low-resolution footage.")],
    model: Model,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the new dataset, to train a comb on.")],
    threads: Threads = 0,
    consent: Consent = None,
    dry_run: DryRun = False,
) -> None:
    """Write a dataset whose crops are enhanced."""
    from pecten.enhance.faces import check_fit, enhance_dataset
    from pecten.enhance.weights import enhancer_file, load_enhancer
    from pecten.faces.records import load_dataset
    from pecten.files import sha256_of

    enhancer, _ = load_enhancer(model)
    record = load_dataset(dataset)
    check_fit(record, enhancer, dataset)
    permitted(record.identity, "appearance", consent)
    check_place(out)
    count = sum(len(shot.faces) for shot in record.shots)
    if dry_run:
        typer.echo(f"would enhance {count} crops of {record.identity} and write {out}")
        return
    use_threads(threads)
    with Screen() as screen:
        made = enhance_dataset(dataset, enhancer, sha256_of(enhancer_file(model)), out, screen)
    kept = [sum(f.left_out is None for shot in r.shots for f in shot.faces) for r in (record, made)]
    typer.echo(f"{out}: {count} crops of {made.size} px, {kept[1]} to train on ({kept[0]} before)")


@app.command("clip", epilog=CLIP_EXAMPLES)
@expanded
def clip(
    plate: Annotated[str, typer.Argument(help="Video file or image sequence of low resolution.")],
    model: Model,
    out: Delivery,
    larger: Annotated[int, typer.Option("--larger", min=1, max=8, help="Deliver so many times as large.")] = 1,
    amount: Annotated[float, typer.Option(min=0, max=1, help="How much of the detail is added.")] = 1.0,
    *,
    shared: PlateOptions,
) -> None:
    """Give a performer's face its detail back; the result is signed with content credentials."""
    opened = shared.open(plate)
    span, numbers = frames_of(opened, shared.frames)
    # A wrong path is told before torch is loaded, which takes seconds.
    from pecten.cli.describe import describe_colour
    from pecten.consent import fingerprint
    from pecten.deliver.credentials import Statement, seal_with
    from pecten.deliver.losses import losses
    from pecten.enhance.clip import EnhanceOptions, claim_of, enhance_clip, open_output
    from pecten.enhance.weights import enhancer_file, load_enhancer
    from pecten.faces.follow import FaceOptions
    from pecten.files import sha256_of
    from pecten.shot import plate_faces

    enhancer, header = load_enhancer(model)
    identity = enhancer.config.identity
    shot_name = shared.shot_of(opened)
    giver = permitted(identity, "appearance", shared.consent, shot_name)
    options = EnhanceOptions(larger, amount, tuple(shared.track or ()))
    kept = folder_of_found(shared.faces, out)
    statement = Statement(
        title="",
        source_record=giver.record_id,
        source_record_sha256=fingerprint(giver),
        target_record=giver.record_id,
        comb_sha256=sha256_of(enhancer_file(model)),
        frames=numbers,
        edit="enhanced",
        shot=shot_name if giver.shots else None,
    )
    claim = claim_of(opened, options, out, statement, kept)
    open_output(opened, options, out, shared.overwrite, claim, seal_with(statement))
    for folder in (out.parent, kept):
        check_place(folder)
    if shared.dry_run:
        typer.echo(f"would enhance {identity}'s face in {plate}, frames {numbers}, and write {out}")
        for line in (describe_colour(opened.info), *losses(opened.info, out, larger > 1)):
            typer.echo(f"  {line}")
        return
    use_threads(shared.threads)
    with Screen() as screen:
        shot = plate_faces(opened, kept, FaceOptions(), screen)
        done = enhance_clip(opened, shot, enhancer, options, out, statement, screen, span, shared.overwrite, claim)
    typer.echo(f"{out}: {done.frames} frames, {done.enhanced} with {identity}'s face enhanced{told_kept(done.kept)}")
    for line in (
        *losses(opened.info, out, larger > 1),
        *told_strangers(identity, header.get("looks"), shot, options.tracks),
    ):
        typer.echo(f"  {line}")


def looks_of(record: "DatasetRecord") -> list[float] | None:
    """Return how a recogniser describes a performer, from the record's portraits; None where it has none."""
    import numpy as np

    portraits = [portrait.embedding for shot in record.shots for portrait in shot.portraits]
    if not portraits:
        return None
    return [round(float(value), 5) for value in np.mean(portraits, axis=0)]


def told_strangers(identity: str, looks: list[float] | None, found: "ShotFaces", tracks: tuple[int, ...]) -> list[str]:
    """Say which faces do not look like the one that an enhancer has learnt: it would give them another's features."""
    import numpy as np

    from pecten.metrics.identity import SAME_PERSON, distance

    main = found.main_track()
    wanted = tracks or (() if main is None else (main,))
    seen = {portrait.track: portrait.embedding for portrait in found.portraits if portrait.track in wanted}
    if looks is None:
        return []
    far = {track: distance(embedding, np.array(looks)) for track, embedding in seen.items()}
    return [
        f"WARNING: the face of track {track} does not look like {identity} ({value:.2f}; one person is below "
        f"{SAME_PERSON:g}): it gets {identity}'s features"
        for track, value in far.items()
        if value > SAME_PERSON
    ]
