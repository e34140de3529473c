"""`pecten consent`: performers' records."""

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pecten.cli.options import DryRun, Overwrite
from pecten.cli.screen import Screen

if TYPE_CHECKING:
    from pecten.consent import PerformerRecord

NEW_EXAMPLES = """
\b
Examples:
  pecten consent new mia        # a draft: permits nothing yet
  pecten consent new mia --name "Mia Berg" --producer "Studio X" --production "Film Y" \\
      --use "face of Mia on her stunt double" --shot 'sh01?' --role appearance --training \\
      --footage mia_take1.mov --signed-on 2026-11-02 --signed-by "on paper, file 118"
"""
DIGEST_EXAMPLES = """
\b
Examples:
  pecten consent digest mia_take1.mov 'plates/sh010.####.exr'     # a line each: digest, clip
"""
REVOKE_EXAMPLES = """
\b
Examples:
  pecten consent revoke mia --by "Mia Berg"
"""
app = typer.Typer(
    no_args_is_help=True, help="Performers' consent records: new, digest, revoke. Show one with `pecten info`."
)
Folder = Annotated[Path, typer.Option("--folder", help="Where records are kept.")]


@app.command("new", epilog=NEW_EXAMPLES)
def new(
    identity: Annotated[str, typer.Argument(help="Key of the performer's decoder, such as mia.")],
    name: Annotated[str, typer.Option(help="The performer's name; stays in the record.")] = "",
    role: Annotated[
        list[str] | None, typer.Option(help="appearance or performance (again for both). [default: both]")
    ] = None,
    producer: Annotated[str, typer.Option(help="Who may use the face.")] = "",
    production: Annotated[str, typer.Option(help="In which production.")] = "",
    use: Annotated[str, typer.Option(help="For what exactly.")] = "",
    shot: Annotated[
        list[str] | None, typer.Option(help="In which shots: a name, or a pattern such as 'sq010_*' (again for more).")
    ] = None,
    training: Annotated[bool, typer.Option("--training", help="A comb may be trained on the face.")] = False,
    footage: Annotated[
        list[str] | None,
        typer.Option(help="Clip that may be learnt from, and no other (again for more); its digest is kept."),
    ] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day. [default: a year]")] = None,
    signed_on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day of the signature.")] = None,
    signed_by: Annotated[str, typer.Option(help="How it was signed, and where the document is.")] = "",
    document: Annotated[Path | None, typer.Option(help="The signed document; only its SHA-256 is kept.")] = None,
    approver: Annotated[str, typer.Option(help="Who at the producer answers for the use.")] = "",
    minor_for: Annotated[str, typer.Option("--representative", help="Of a minor: who signed for them.")] = "",
    folder: Folder = Path("consent"),
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
) -> None:
    """Write a performer's record. Without a signature it is a draft and permits nothing."""
    from pecten.consent import SUFFIX, draft, save
    from pecten.errors import ConsentError
    from pecten.files import sha256_of
    from pecten.footage.digest import digests_of

    path = folder / f"{identity}{SUFFIX}"
    record = draft(identity, date.today())
    if path.exists() and not overwrite:
        raise ConsentError(f"{path}: exists already: edit it, revoke it, or give --overwrite")
    record = _following(path, record)
    _check_roles(role)
    words = (("--name", name), ("--producer", producer), ("--production", production), ("--use", use))
    _check_words([(option, text) for option, text in words if text] + [("--shot", text) for text in shot or ()])
    record = replace(
        record,
        name=name,
        adult=not minor_for,
        representative=minor_for or None,
        roles=tuple(role) if role else record.roles,
        producer=producer,
        production=production,
        use=use,
        shots=tuple(shot or ()),
        valid_until=until.date() if until else record.valid_until,
        training_permitted=training,
        data_sha256=tuple(digest for _, digest in digests_of(footage or ())),
        signed_on=signed_on.date() if signed_on else None,
        signed_by_method=signed_by or None,
        document_sha256=sha256_of(document) if document else None,
        approver=approver or None,
    )
    _check_agreed(record)
    if dry_run:
        typer.echo(f"would write {path}")
        return
    save(path, record)
    typer.echo(
        f"wrote {path}{'' if record.signed_on else ': a draft, it permits nothing until signed_on is filled in'}"
    )


@app.command("digest", epilog=DIGEST_EXAMPLES)
def digest(clips: Annotated[list[str], typer.Argument(help="Video files or image sequences.")]) -> None:
    """Print clips' digests: a record's data_sha256 lists those that may be learnt from."""
    from pecten.footage.digest import digests_of

    with Screen() as screen:
        for path, found in digests_of(clips, screen):
            typer.echo(f"{found}  {path}")


@app.command("revoke", epilog=REVOKE_EXAMPLES)
def revoke(
    identity: Annotated[str, typer.Argument(help="Key of the performer's decoder.")],
    by: Annotated[str, typer.Option("--by", help="Who takes it back.")],
    folder: Folder = Path("consent"),
    dry_run: DryRun = False,
) -> None:
    """Take a record back: from today it permits nothing."""
    from pecten.consent import find_file, load, save
    from pecten.consent import revoke as revoked

    # A record may cover further looks, and is taken back as a whole, wherever it lies.
    path = find_file(identity, [folder])
    record = revoked(load(path), date.today(), by)
    if dry_run:
        typer.echo(f"would revoke {path}")
        return
    save(path, record)
    covered = ", ".join((record.identity, *record.looks))
    typer.echo(f"revoked {path}; combs that were trained on {covered} stay on disk: delete them")


def _following(path: Path, record: "PerformerRecord") -> "PerformerRecord":
    """Carry on the log of the record whose place a new one takes; one that was taken back keeps its place."""
    from pecten.consent import load
    from pecten.errors import ConsentError

    if not path.exists():
        return record
    try:
        old = load(path)
    except ConsentError:
        return record  # Damaged; to make it anew is what is advised.
    if old.revoked_on is not None:
        raise ConsentError(f"{path}: revoked on {old.revoked_on}, which must stay on record: move it to another folder")
    return replace(record, log=(*old.log, *record.log))


def _check_words(said: list[tuple[str, str]]) -> None:
    """Refuse words of blanks alone, which would pass for an answer."""
    from pecten.errors import UsageError

    for option, words in said:
        if not words.strip():
            raise UsageError(f"{option} {words!r}: says nothing: write it out, or leave {option} out")


def _check_roles(roles: list[str] | None) -> None:
    from pecten.errors import UsageError

    for role in roles or ():
        if role not in ("appearance", "performance"):
            raise UsageError(f"--role {role}: choose appearance or performance")


def _check_agreed(record: "PerformerRecord") -> None:
    """Refuse a signature under an empty agreement, and a term that is over before it begins."""
    from pecten.errors import ConsentError

    if record.valid_until < record.valid_from:
        raise ConsentError(f"--until {record.valid_until}: before {record.valid_from}, its first day: give a later one")
    if record.signed_on is None:
        return
    if record.signed_on > date.today():
        raise ConsentError(f"--signed-on {record.signed_on}: lies in the future: give the day of the signature")
    needed = ("name", "producer", "production", "use", "signed_by_method")
    missing = [field for field in needed if not getattr(record, field)]
    if missing:
        options = ", ".join(f"--{field.replace('signed_by_method', 'signed-by')}" for field in missing)
        raise ConsentError(f"consent of {record.identity}: signed, but nothing says {options}: give them too")
