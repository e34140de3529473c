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
    """Say what a clip, dataset, comb, consent record or delivery is; check its content credentials.

    Ends with code 1 where credentials are not valid, or some frames of a signed sequence have none.
    """
    from pecten.cli.describe import NOT_VALID, describe

    colour, is_sound = read_colour(colorspace, colorconfig), True
    for index, thing in enumerate(things):
        if index:
            typer.echo("")
        for line in describe(thing, colour):
            is_sound = is_sound and not line.strip().startswith(NOT_VALID)
            typer.echo(line)
    if not is_sound:
        raise typer.Exit(1)
