"""`pecten info`: what is this file, dataset, comb, delivery?"""

from typing import Annotated

import typer

EXAMPLES = """
Examples:\n
  pecten info plate.mov\n
  pecten info 'plates/sh010.####.exr'\n
  pecten info faces/ada\n
  pecten info comb/\n
  pecten info out.mov        # a delivery: shows its content credentials
"""


def info(
    things: Annotated[list[str], typer.Argument(help="Clips, stills, datasets, combs, records or deliveries.")],
) -> None:
    """Say what something is: clip, dataset, comb, consent record or delivery with its credentials."""
    from pecten.cli.describe import describe

    for index, thing in enumerate(things):
        if index:
            typer.echo("")
        for line in describe(thing):
            typer.echo(line)
