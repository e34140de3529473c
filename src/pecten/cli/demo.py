"""`pecten demo`: the main job on the footage that ships with Pecten."""

from pathlib import Path
from typing import Annotated

import typer

from pecten.cli.options import DryRun, Threads, check_place, use_threads
from pecten.cli.screen import Screen

EXAMPLES = """
\b
Examples:
  pecten demo
  pecten demo -o short --images 3000       # a shorter training
  pecten demo                                  # again: goes on where it stopped
"""


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")] = Path("demo"),
    images: Annotated[int | None, typer.Option(min=1, help="Images the comb sees. [default: preset quick's]")] = None,
    threads: Threads = 0,
    dry_run: DryRun = False,
) -> None:
    """Swap ada's face onto bruno's shot, raw footage to signed video, and measure it."""
    from pecten.demo.run import plan, run

    check_place(out)
    if dry_run:
        for line in plan(out, images):
            typer.echo(line)
        return
    use_threads(threads)
    with Screen() as screen:
        report = run(out, images, screen, screen.say, screen.expect)
    typer.echo(report.read_text(encoding="utf-8"))
    typer.echo(f"look at {out / 'contact_sheet.png'} and {out / 'side_by_side.mp4'}")
