"""`pecten train`: performers' crops to a comb."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pecten.cli.options import Consent, DryRun, Threads, check_place, may_be_learnt, use_threads
from pecten.cli.screen import Screen
from pecten.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pecten.comb.config import CombConfig
    from pecten.comb.model import Comb
    from pecten.dataset.crops import CropSet
    from pecten.faces.records import DatasetRecord
    from pecten.training.config import TrainConfig

EXAMPLES = """
\b
Examples:
  pecten train faces/ada faces/bruno faces/chidi -o comb/ --size 256
  pecten train faces/ada faces/bruno -o comb/ --preset quick --images 20000
  pecten train faces/ada faces/bruno -o comb/     # again: goes on where it stopped
  pecten train faces/dana --from comb/ --freeze-encoder -o comb_with_dana/
"""


def train(
    datasets: Annotated[list[Path], typer.Argument(help="Folders made by `pecten faces`, one a performer.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the comb.")],
    size: Annotated[
        int | None, typer.Option(help="Side of the decoded face in px: a power of two. [default: preset's]")
    ] = None,
    preset: Annotated[str, typer.Option(help="paper, studio or quick.")] = "studio",
    images: Annotated[int | None, typer.Option(min=1, help="Images to see in all. [default: preset's]")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Images a step and performer. [default: preset's]")] = None,
    accumulate: Annotated[
        int | None,
        typer.Option(min=1, help="Parts a step is made in, for many performers in little memory. [default: preset's]"),
    ] = None,
    texture: Annotated[
        int | None,
        typer.Option(min=0, help="Pictures of fine detail of each performer; 0 for none. [default: preset's]"),
    ] = None,
    irises: Annotated[
        bool | None,
        typer.Option(
            "--irises/--no-irises",
            help="Pictures of irises, laid where the eyes look; need a texture. [default: preset's]",
        ),
    ] = None,
    sharpen: Annotated[
        bool | None,
        typer.Option(
            "--sharpen/--no-sharpen",
            help="In the end fit fine detail once more, to footage moved to where decoders draw. [default: preset's]",
        ),
    ] = None,
    trunk: Annotated[
        str | None,
        typer.Option(help="shared: performers change one decoder by a tenth; or each their own. [default: preset's]"),
    ] = None,
    compiled: Annotated[
        bool, typer.Option("--compile", help="Let torch compile the networks first; no gain on a CPU.")
    ] = False,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write OUT/tensorboard as well; needs 'pecten[tensorboard]'.")
    ] = False,
    base: Annotated[
        Path | None,
        typer.Option("--from", help="Begin with this comb, at its full size; performers it does not know are added."),
    ] = None,
    freeze_encoder: Annotated[
        bool, typer.Option("--freeze-encoder", help="With --from: teach only the decoders of the performers given.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all randomness.")] = 0,
    threads: Threads = 0,
    consent: Consent = None,
    dry_run: DryRun = False,
) -> None:
    """Teach a comb: one encoder for everybody, a decoder for each performer."""
    records = read_datasets(datasets, consent, alone=base is not None)
    # What is wrong with them is told before torch is loaded, which takes seconds.
    from pecten.comb.weights import FILE_NAME, file_of, load_comb
    from pecten.devices import choose_device, room_on
    from pecten.training.board import require_tensorboard
    from pecten.training.config import preset as make_preset
    from pecten.training.forecast import plan_memory
    from pecten.training.loop import check_folder

    if freeze_encoder and base is None:
        raise UsageError("--freeze-encoder: an encoder that has learnt nothing: give --from a trained comb")
    if freeze_encoder and trunk == "shared":
        raise UsageError("--trunk shared: with --freeze-encoder the others' decoders would be lost: leave one out")
    use_threads(threads)
    names = tuple(record.identity for record in records)
    shape, config = make_preset(preset, names, size, images)
    if tensorboard:
        require_tensorboard()
    config = replace(config, seed=seed, compile=compiled, tensorboard=tensorboard)
    config = replace(config, batch=batch or config.batch, accumulate=accumulate or config.accumulate)
    config = replace(config, sharpen=config.sharpen if sharpen is None else sharpen)
    begun = None
    if base is None:
        shape = changed(shape, texture, irises, trunk)
    else:
        begun = load_comb(base)
        if file_of(base).resolve() == (out / FILE_NAME).resolve():
            raise UsageError(f"--out {out}: --from is the comb in it, which would be lost: choose another folder")
        shape = grown(begun.config, names, size, texture, irises, trunk, base)
        config = begun_with(base, shape, replace(config, freeze_encoder=freeze_encoder))
    check_place(out)
    check_folder(out, shape, config)
    memory, config = plan_memory(shape, config, count_usable(records), room_on(choose_device(config.device)))
    if dry_run:
        for record, folder in zip(records, datasets, strict=True):
            typer.echo(f"would train {record.identity} on {folder}")
        typer.echo(f"would write a comb of {shape.size} px, {config.images} images seen, to {out}")
        typer.echo(memory.line())
        return
    teach(datasets, shape, config, out, begun, memory.line(), base)


def read_datasets(folders: list[Path], consent: list[Path] | None, alone: bool = False) -> "list[DatasetRecord]":
    """Read what is to be learnt, and ask whether it may be.

    Args:
        folders: Made by `pecten faces`.
        consent: What `--consent` says.
        alone: Whether one performer is enough.
    Raises:
        FacesError: if a record is missing or damaged.
        UsageError: if two are of one performer, or one is too few.
        ConsentError: if a performer's record does not permit it.
    """
    from pecten.faces.records import load_dataset

    records = [load_dataset(folder) for folder in folders]
    check_identities([record.identity for record in records], folders, alone)
    for record in records:
        may_be_learnt(record, consent)
    return records


def begun_with(base: Path, shape: "CombConfig", config: "TrainConfig") -> "TrainConfig":
    """Return the settings of a training that begins with a comb: at its full size, and with no other comb."""
    from pecten.comb.weights import file_of
    from pecten.files import sha256_of

    return replace(config, start_px=shape.size, base_sha256=sha256_of(file_of(base)))


def teach(
    datasets: list[Path],
    shape: "CombConfig",
    config: "TrainConfig",
    out: Path,
    begun: "Comb | None",
    head: str,
    base: Path | None = None,
) -> None:
    """Train, in as many processes as were started; the first tells of it, after `head`."""
    from pecten.comb.weights import read_header
    from pecten.dataset.crops import load_crops
    from pecten.training.loop import train as run
    from pecten.training.ranks import joined

    crops = [load_crops(folder, shape.size) for folder in datasets]
    with joined() as ranks:
        if not ranks.leads:
            run(crops, shape, config, out, base=begun, ranks=ranks)
            return
        typer.echo(head)
        with Screen() as screen:
            seen = read_header(base).get("seen", {}) if base else {}
            result = run(crops, shape, config, out, screen, screen.expect, base=begun, ranks=ranks, seen=seen)
        keep_latents(result, crops, base)
    typer.echo(f"comb written to {result}")


def count_usable(records: "Sequence[DatasetRecord]") -> int:
    """Count the frames of all performers that are fit for training."""
    return sum(face.left_out is None for record in records for shot in record.shots for face in shot.faces)


def keep_latents(comb: Path, datasets: "list[CropSet]", base: Path | None = None) -> None:
    """Keep what a finished comb's latents mean beside it.

    Where performers of the comb have no crops here, what is known of a base with the same encoder is kept, and theirs
    added who have; without it nothing is.
    """
    from pecten.comb.latent import latents_of, learn_latents
    from pecten.comb.latent_file import latent_file, load_latents, save_latents
    from pecten.comb.weights import load_comb

    loaded = load_comb(comb)
    everybody = {crops.identity for crops in datasets} == set(loaded.config.identities)
    known = load_latents(base, loaded) if base is not None and not everybody else None
    if not everybody and known is None:
        return
    seen = {crops.identity: latents_of(loaded, crops) for crops in datasets}
    latents, described = ({name: pair[k] for name, pair in seen.items()} for k in (0, 1))
    record = learn_latents(latents, described) if known is None else known.joined_by(latents, described)
    save_latents(latent_file(comb), record, loaded)


def changed(shape: "CombConfig", texture: int | None, irises: bool | None, trunk: str | None) -> "CombConfig":
    """Return a preset's shape with what was asked for in its place; without a texture there are no irises."""
    texture = shape.texture if texture is None else texture
    irises = shape.irises and texture > 0 if irises is None else irises
    return replace(shape, texture=texture, irises=irises, trunk=trunk or shape.trunk)


def grown(
    held: "CombConfig",
    identities: tuple[str, ...],
    size: int | None,
    texture: int | None,
    irises: bool | None,
    trunk: str | None,
    base: Path,
) -> "CombConfig":
    """Return a comb's shape with performers added, and a texture, irises or a shared trunk where asked for and lacking.

    Raises:
        UsageError: if another size, another texture, no irises where there are some, or decoders of their own in place
            of a trunk are asked for.
    """
    if held.irises and irises is False:
        raise UsageError(f"--no-irises: {base} has them: leave --no-irises out, or train from nothing")
    if held.trunk == "shared" and trunk not in (None, "shared"):
        raise UsageError(f"--trunk {trunk}: {base} has a shared one: leave --trunk out, or train from nothing")
    if held.texture and texture not in (None, held.texture):
        raise UsageError(f"--texture {texture}: {base} has {held.texture}: leave --texture out, or train from nothing")
    if size not in (None, held.size):
        raise UsageError(f"--size {size}: {base} has {held.size} px: leave --size out, or train from nothing")
    added = [identity for identity in identities if identity not in held.identities]
    return replace(
        held,
        identities=(*held.identities, *added),
        texture=texture or held.texture,
        irises=irises or held.irises,
        trunk=trunk or held.trunk,
    )


def check_identities(identities: list[str], folders: list[Path], alone: bool = False) -> None:
    """Refuse two datasets of one name, and a comb of fewer than two performers unless they may be taught alone."""
    for index, identity in enumerate(identities):
        if identity in identities[:index]:
            first = folders[identities.index(identity)]
            raise UsageError(
                f"{folders[index]}: identity {identity} is already in {first}: give one folder a performer, "
                "or find faces in all their clips at once"
            )
    if len(identities) < 2 and not alone:
        raise UsageError(f"{folders[0]}: one performer only: a comb needs the source and the target at least")
