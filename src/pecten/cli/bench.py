"""`pecten bench`: the figures that Pecten states about itself, measured here."""

from pathlib import Path
from typing import Annotated

import typer

from pecten.cli.options import check_place
from pecten.cli.screen import Screen

app = typer.Typer(no_args_is_help=True, help="Measure what Pecten states about itself, on footage with known truth.")

FACES_EXAMPLES = """
\b
Examples:
  pecten bench faces --footage footage
  pecten bench faces --footage footage -o figures --quick
"""

Footage = Annotated[Path, typer.Option("--footage", help="Folder with performers/ and truth/.")]
Quick = Annotated[bool, typer.Option("--quick", help="Few clips and frames, to try the command.")]


@app.command("faces", epilog=FACES_EXAMPLES)
def faces(
    footage: Footage,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")] = Path("bench-faces"),
    quick: Quick = False,
) -> None:
    """Measure how still, how true and how fast faces are normalised."""
    from pecten.benchmark.faces import measure_faces
    from pecten.benchmark.footage import read_footage

    check_place(out)
    takes = read_footage(footage)
    with Screen() as screen:
        report = measure_faces(takes, out, screen, quick)
    typer.echo(report.read_text(encoding="utf-8"))
