"""`pecten bench`: the figures that Pecten states about itself, measured here."""

from pathlib import Path
from typing import Annotated

import typer

from pecten.cli.bench_swap import EXAMPLES as SWAP_EXAMPLES
from pecten.cli.bench_swap import swap
from pecten.cli.options import DryRun, Threads, check_place, use_threads
from pecten.cli.screen import Screen
from pecten.interrupt import nothing_kept

app = typer.Typer(no_args_is_help=True, help="Measure what Pecten states about itself, on footage with known truth.")

FACES_EXAMPLES = """
\b
Examples:
  pecten bench faces --footage footage
  pecten bench faces --footage footage -o figures --quick
"""

COMPOSITE_EXAMPLES = """
\b
Examples:
  pecten bench composite --footage footage
  pecten bench composite --footage footage --comb comb/ -o figures
"""

TRAIN_EXAMPLES = """
\b
Examples:
  pecten bench train --quick
  pecten bench train -o figures --threads 2
"""

app.command("swap", epilog=SWAP_EXAMPLES)(swap)

Footage = Annotated[Path, typer.Option("--footage", help="Folder with performers/ and truth/.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")]
Quick = Annotated[bool, typer.Option("--quick", help="Few clips and frames, to try the command.")]


@app.command("faces", epilog=FACES_EXAMPLES)
def faces(
    footage: Footage,
    out: Out = Path("bench-faces"),
    quick: Quick = False,
    dry_run: DryRun = False,
) -> None:
    """Measure how still, how true and how fast faces are normalised."""
    from pecten.benchmark.faces import check_takes, measure_faces
    from pecten.benchmark.footage import read_footage

    check_place(out)
    takes = read_footage(footage)
    if dry_run:
        check_takes(takes)
        count = len(takes.performers) + len(takes.truth) + len(takes.swaps)
        typer.echo(f"would find faces in {count} clips{', some frames of each' if quick else ''}, and write to {out}")
        return
    with nothing_kept(), Screen() as screen:
        report = measure_faces(takes, out, screen, quick)
    typer.echo(report.read_text(encoding="utf-8"))


@app.command("composite", epilog=COMPOSITE_EXAMPLES)
def composite(
    footage: Footage,
    out: Out = Path("bench-composite"),
    comb: Annotated[Path | None, typer.Option("--comb", help="A trained comb, to compose its output as well.")] = None,
    quick: Quick = False,
    threads: Threads = 0,
    dry_run: DryRun = False,
) -> None:
    """Compare blends and light on true swaps: light, seams, detail, flicker and time."""
    from pecten.benchmark.composite import composed, measure_composite
    from pecten.benchmark.composite_examples import check_pairs
    from pecten.benchmark.footage import read_footage

    check_place(out)
    takes = read_footage(footage)
    if dry_run:
        pairs = composed(takes, quick)
        check_pairs(pairs)
        count = f"{len(pairs)} true swap{'' if len(pairs) == 1 else 's'}"
        typer.echo(f"would compose {count}{f', and what {comb} decodes' if comb else ''}, and write to {out}")
        return
    use_threads(threads)
    decode = None
    if comb is not None:
        from pecten.benchmark.composite_examples import decoder_of
        from pecten.comb.weights import load_comb

        decode = decoder_of(load_comb(comb), str(comb), [take.source for take in takes.swaps])
    with nothing_kept(), Screen() as screen:
        report = measure_composite(takes, out, screen, quick, decode)
    typer.echo(report.read_text(encoding="utf-8"))


@app.command("train", epilog=TRAIN_EXAMPLES)
def train(
    out: Out = Path("bench-train"),
    quick: Annotated[bool, typer.Option("--quick", help="Small pictures, few repeats, to try the command.")] = False,
    threads: Threads = 0,
    dry_run: DryRun = False,
) -> None:
    """Measure how fast combs learn and show: images, identities, crops, inference, and a GPU where there is one."""
    from pecten.benchmark.train import measure_training, planned

    check_place(out)
    if dry_run:
        for line in planned(out, quick):
            typer.echo(line)
        return
    use_threads(threads)
    with nothing_kept(), Screen() as screen:
        report = measure_training(out, screen, quick)
    typer.echo(report.read_text(encoding="utf-8"))
