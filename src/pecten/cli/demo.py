"""`pecten demo`: the main job on the footage that ships with Pecten."""

from pathlib import Path
from typing import Annotated

import typer

from pecten.cli.options import DryRun, Threads, check_place, use_threads
from pecten.cli.screen import Screen

EXAMPLES = """
\b
Examples:
  pecten demo                                # with the comb that ships
  pecten demo --train -o trained             # a comb from nothing: minutes on a CPU
  pecten demo --train -o trained             # again: goes on where it stopped
  pecten demo --images 3000 -o short         # a shorter training
"""


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")] = Path("demo"),
    train: Annotated[bool, typer.Option("--train", help="Train a comb from nothing first.")] = False,
    images: Annotated[
        int | None, typer.Option(min=1, help="Images it sees; implies --train. [default: preset quick's]")
    ] = None,
    threads: Threads = 0,
    dry_run: DryRun = False,
) -> None:
    """Swap ada's face onto bruno's shot, raw footage to signed video, and measure it."""
    from pecten.demo.run import Teaching, plan, run

    check_place(out)
    teaching = Teaching(images) if train or images else None
    if dry_run:
        for line in plan(out, teaching):
            typer.echo(line)
        return
    use_threads(threads)
    with Screen() as screen:
        report = run(out, teaching, screen, screen.say, screen.expect)
    typer.echo(report.read_text(encoding="utf-8"))
    typer.echo(f"look at {out / 'contact_sheet.png'} and {out / 'side_by_side.mp4'}")
