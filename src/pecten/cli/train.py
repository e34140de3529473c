"""`pecten train`: performers' crops to a comb."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from pecten.cli.options import Consent, DryRun, Threads, check_place, consent_folders, use_threads
from pecten.cli.screen import Screen

EXAMPLES = """
\b
Examples:
  pecten train faces/ada faces/bruno faces/chidi -o comb/ --size 256
  pecten train faces/ada faces/bruno -o comb/ --preset quick --images 20000
  pecten train faces/ada faces/bruno -o comb/     # again: goes on where it stopped
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
    seed: Annotated[int, typer.Option(help="Seed of all randomness.")] = 0,
    threads: Threads = 0,
    consent: Consent = None,
    dry_run: DryRun = False,
) -> None:
    """Teach a comb: one encoder for everybody, a decoder for each performer."""
    from datetime import date

    from pecten.consent import require
    from pecten.faces.records import load_dataset
    from pecten.training.config import preset as make_preset

    records = [load_dataset(folder) for folder in datasets]
    check_identities([record.identity for record in records], datasets)
    for record in records:
        require(record.identity, "train", consent_folders(consent), date.today())
    use_threads(threads)
    shape, config = make_preset(preset, tuple(record.identity for record in records), size, images)
    config = replace(config, seed=seed, batch=batch or config.batch)
    check_place(out)
    if dry_run:
        for record, folder in zip(records, datasets, strict=True):
            typer.echo(f"would train {record.identity} on {folder}")
        typer.echo(f"would write a comb of {shape.size} px, {config.images} images seen, to {out}")
        return
    from pecten.dataset.crops import load_crops
    from pecten.training.forecast import forecast
    from pecten.training.loop import train as run

    crops = [load_crops(folder, shape.size) for folder in datasets]
    typer.echo(forecast(shape, config).line())
    with Screen() as screen:
        result = run(crops, shape, config, out, screen, screen.expect)
    typer.echo(f"comb written to {result}")


def check_identities(identities: list[str], folders: list[Path]) -> None:
    """Refuse two datasets of one name, and a comb of fewer than two performers."""
    from pecten.errors import UsageError

    for index, identity in enumerate(identities):
        if identity in identities[:index]:
            first = folders[identities.index(identity)]
            raise UsageError(
                f"{folders[index]}: identity {identity} is already in {first}: give one folder a performer, "
                "or find faces in all their clips at once"
            )
    if len(identities) < 2:
        raise UsageError(f"{folders[0]}: one performer only: a comb needs the source and the target at least")
