"""`pecten bench`: the figures that Pecten states about itself, measured here."""

import typer

app = typer.Typer(no_args_is_help=True, help="Measure what Pecten states about itself, on footage with known truth.")
