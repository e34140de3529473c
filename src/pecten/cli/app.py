"""All verbs together."""

from typing import Annotated

import typer

from pecten import __version__
from pecten.cli import bench, comb, consent, correct, demo, enhance, faces, info, submit, swap, train

app = typer.Typer(
    name="pecten",
    help="Face replacement for film: find faces, teach a comb, swap, composite, deliver with credentials.",
    epilog="Start with: pecten demo",
    no_args_is_help=True,
    add_completion=False,
    # Plain: rich would take "[default: ...]" for markup and join the lines of the examples.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(asked: bool) -> bool:
    if asked:
        typer.echo(f"pecten {__version__}")
        raise typer.Exit
    return asked


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Face replacement for film."""


app.command("faces", epilog=faces.EXAMPLES)(faces.faces)
app.command("correct", epilog=correct.EXAMPLES)(correct.correct)
app.command("train", epilog=train.EXAMPLES)(train.train)
app.command(
    "submit",
    epilog=submit.EXAMPLES,
    # What comes after the verb of the job is the job's.
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)(submit.submit)
app.command("swap", epilog=swap.EXAMPLES)(swap.swap)
app.command("info", epilog=info.EXAMPLES)(info.info)
app.add_typer(comb.app, name="comb", help="Trained combs: keep, drop, mix or export identities, look into latents.")
app.add_typer(enhance.app, name="enhance", help="Low-resolution faces made sharp: train, faces, clip.")
app.add_typer(consent.app, name="consent", help="Performers' consent records: new, digest, revoke.")
app.command("demo", epilog=demo.EXAMPLES)(demo.demo)
app.add_typer(bench.app, name="bench", help="Measure what Pecten states about itself: swap, faces, composite, train.")
