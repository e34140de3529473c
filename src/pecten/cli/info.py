"""`pecten info`: what is this file, dataset, comb, delivery?"""

from typing import Annotated

import typer

from pecten.cli.options import ColourConfig, ColourSpace, read_colour

EXAMPLES = """
\b
Examples:
  pecten info plate.mov
  pecten info 'plates/sh010.####.exr'
  pecten info faces/ada
  pecten info comb/
  pecten info consent/mia.consent.json
  pecten info out.mov        # a delivery: shows its content credentials
"""


def info(
    things: Annotated[list[str], typer.Argument(help="Clips, stills, datasets, combs, records or deliveries.")],
    colorspace: ColourSpace = None,
    colorconfig: ColourConfig = None,
) -> None:
    """Say what a clip, dataset, comb, consent record or delivery is; check its content credentials."""
    from pecten.cli.describe import describe

    colour = read_colour(colorspace, colorconfig)
    for index, thing in enumerate(things):
        if index:
            typer.echo("")
        for line in describe(thing, colour):
            typer.echo(line)
