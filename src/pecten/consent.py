"""Performer records: who may be used, for what, and until when. Asked before training and before every swap."""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, get_args

from pecten.errors import ConsentError
from pecten.files import write_json

VERSION = 2
"""2 added a performer's looks; 1 is read as having none."""

SUFFIX = ".consent.json"
Use = Literal["train", "appearance", "performance"]
_NAMED = 6
"""Shots that a refusal lists."""

_ROLES = ("appearance", "performance")
_DATES = ("valid_from", "valid_until", "signed_on", "revoked_on")
_TEXT_LISTS = ("roles", "shots", "territories", "media", "prohibited_uses", "data_sha256", "looks")


@dataclass(frozen=True)
class LogEntry:
    """Something that happened to a record: who did what, and when."""

    on: date
    by: str
    what: str


@dataclass(frozen=True)
class PerformerRecord:
    """What a performer has agreed to.

    Attributes:
        version: Of the file's form.
        record_id: Names the record without naming the person; it goes into content credentials.
        name: Of the performer.
        identity: Key of the performer's decoder.
        adult: Whether the performer is of age.
        representative: Who signs or negotiates for the performer; needed for a minor.
        roles: "appearance" (the face is put on others) and "performance" (others' faces are put on theirs).
        production: Title.
        producer: Company.
        use: Specific description of what will be made.
        shots: Which shots it is for, by name or pattern (`sh010`, `sh01?_*`); empty for all of the production's.
        territories: Where it may be shown.
        media: In what.
        valid_from: First day.
        valid_until: Last day.
        prohibited_uses: What must never be made.
        training_permitted: Whether a comb may learn the face.
        data_sha256: Digests of the clips that may be learnt from (`pecten consent digest`); empty for any.
        document_sha256: Of the signed agreement.
        signed_on: When it was signed; None while it is a draft.
        signed_by_method: How, such as "ink" or a signing service.
        revoked_on: When it was taken back; None while it holds.
        approver: Who at the producer answers for the use.
        log: What happened to the record.
        looks: Further identities that are this performer's looks, such as "ada_old": the record covers them too.
    """

    version: int
    record_id: str
    name: str
    identity: str
    adult: bool
    representative: str | None
    roles: tuple[str, ...]
    production: str
    producer: str
    use: str
    shots: tuple[str, ...]
    territories: tuple[str, ...]
    media: tuple[str, ...]
    valid_from: date
    valid_until: date
    prohibited_uses: tuple[str, ...]
    training_permitted: bool
    data_sha256: tuple[str, ...]
    document_sha256: str | None
    signed_on: date | None
    signed_by_method: str | None
    revoked_on: date | None
    approver: str | None
    log: tuple[LogEntry, ...]
    looks: tuple[str, ...] = ()


def draft(identity: str, today: date) -> PerformerRecord:
    """Return a record to fill in: it permits nothing until it is signed."""
    return PerformerRecord(
        version=VERSION,
        record_id=f"{check_identity(identity)}-{today:%Y%m%d}",
        name="",
        identity=identity,
        adult=True,
        representative=None,
        roles=_ROLES,
        production="",
        producer="",
        use="",
        shots=(),
        territories=(),
        media=(),
        valid_from=today,
        valid_until=_a_year_after(today),
        prohibited_uses=(),
        training_permitted=False,
        data_sha256=(),
        document_sha256=None,
        signed_on=None,
        signed_by_method=None,
        revoked_on=None,
        approver=None,
        log=(LogEntry(today, "pecten", "drafted"),),
    )


def load(path: Path) -> PerformerRecord:
    """Read a record.

    Raises:
        ConsentError: if the file is missing, damaged, or of a newer form.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConsentError(f"{path}: no such consent record; check the path") from None
    except (OSError, ValueError) as error:
        raise ConsentError(f"{path}: not a readable consent record ({_one_line(error)}); restore or redo it") from None
    if not isinstance(value, dict) or not isinstance(value.get("version"), int):
        raise ConsentError(f"{path}: not a consent record (it has no version); restore or redo it")
    if value["version"] > VERSION:
        raise ConsentError(f"{path}: a consent record of version {value['version']}; update Pecten to read it")
    try:
        return _from_json(value)
    except (KeyError, TypeError, ValueError) as error:
        raise ConsentError(f"{path}: damaged consent record ({_one_line(error)}); mend or redo it") from None


def save(path: Path, record: PerformerRecord) -> None:
    """Write a record in one piece, as JSON to be read by people."""
    write_json(path, _to_json(record))


def fingerprint(record: PerformerRecord) -> str:
    """Return the SHA-256 of a record's canonical JSON (sorted keys, no spaces), in hex."""
    text = json.dumps(_to_json(record), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def revoke(record: PerformerRecord, on: date, by: str) -> PerformerRecord:
    """Return the record taken back: from that day it permits nothing.

    Raises:
        ConsentError: if nobody is named who takes it back, or it was taken back before.
    """
    if not by.strip():
        raise ConsentError(f"consent of {record.identity}: nobody is named who takes it back: give --by")
    if record.revoked_on is not None and record.revoked_on <= on:
        raise _refused(record, f"revoked on {record.revoked_on} already")
    return replace(record, revoked_on=on, log=(*record.log, LogEntry(on, by, "revoked")))


def home_folder() -> Path:
    """Return where Pecten keeps what belongs to the user: `$PECTEN_HOME`, or `pecten` in the user's configuration."""
    if home := os.environ.get("PECTEN_HOME"):
        return Path(home)
    configuration = os.environ.get("XDG_CONFIG_HOME")
    return (Path(configuration) if configuration else Path.home() / ".config") / "pecten"


def default_folders() -> tuple[Path, ...]:
    """Return where records are looked for: the project, the user's, and those of the shipped synthetic performers."""
    return Path("consent"), home_folder() / "consent", Path(__file__).parent / "assets" / "consent"


def find(identity: str, folders: Sequence[Path]) -> PerformerRecord:
    """Return the first record of an identity.

    Args:
        identity: Key of the performer's decoder.
        folders: Searched in this order for `IDENTITY.consent.json`; then for a record that lists it among its looks.
    Raises:
        ConsentError: if there is none, it is another's, or one that may be about it cannot be read.
    """
    return load(find_file(identity, folders))


def find_file(identity: str, folders: Sequence[Path]) -> Path:
    """Return where the first record of an identity lies; see `find`."""
    name = f"{check_identity(identity)}{SUFFIX}"
    for folder in folders:
        path = folder / name
        if path.is_file():
            record = load(path)
            if record.identity != identity:
                raise ConsentError(f"{path}: made out to {record.identity!r}, not {identity!r}; rename or redo it")
            return path
    for folder in folders:
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            if _lists(path, identity):
                return path
    searched = ", ".join(str(folder) for folder in folders) or "no folder"
    raise ConsentError(f"no consent record for {identity} in {searched}; make one with: pecten consent new {identity}")


def _lists(path: Path, look: str) -> bool:
    """Say whether a record lists a look.

    Raises:
        ConsentError: if it cannot be read and its text has the name: it may be the one that takes the look back.
    """
    try:
        return look in load(path).looks
    except ConsentError:
        # Another performer's damaged record says nothing of this one.
        if path.is_file() and f'"{look}"'.encode() not in path.read_bytes():
            return False
        raise


def require(identity: str, use: Use, folders: Sequence[Path], today: date, shot: str | None = None) -> PerformerRecord:
    """Return the record that permits a use.

    Args:
        identity: Key of the performer's decoder.
        use: "train" (learn the face), "appearance" (put it on another), "performance" (replace it by another).
        folders: Where records are.
        today: The day of the use.
        shot: What is made, where it is a shot; compared with the record's shots in any case of letters.
    Raises:
        ConsentError: if there is no record, or it does not permit the use on that day, or not in that shot.
    """
    if use not in get_args(Use):
        raise ConsentError(f"{use!r} is no use that a record can permit; use one of {', '.join(get_args(Use))}")
    record = find(identity, folders)
    why = _refusal(record, use, today) or (_shot_refusal(record, shot) if shot is not None else None)
    if why:
        raise _refused(record, why, identity)
    return record


def check_footage(record: PerformerRecord, footage: Iterable[tuple[str, str]]) -> None:
    """Refuse to learn from footage that a record does not list; a record that lists none permits any.

    Args:
        record: Of the performer.
        footage: Each clip's path and digest (`pecten.footage.digest`); "" where the digest is not known.
    Raises:
        ConsentError: naming the first clip that is not listed.
    """
    listed = {digest.lower() for digest in record.data_sha256}
    for clip, digest in footage if listed else ():
        if not digest:
            raise _refused(
                record,
                f"lists the footage that may be learnt from, but nobody knows the digest of {clip}: run `pecten faces` "
                "on it again, into the same folder",
            )
        if digest.lower() not in listed:
            raise _refused(
                record,
                f"{clip} is not in data_sha256, the footage that may be learnt from: leave it out, or agree on it and "
                "add what `pecten consent digest` says of it",
            )


def check_identity(identity: str) -> str:
    """Return a name that an identity can have: it is a key, a file's name and a decoder's.

    Raises:
        ConsentError: if it cannot.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", identity):
        raise ConsentError(f"{identity!r} cannot name a performer; use letters, digits, - and _")
    return identity


def _refused(record: PerformerRecord, why: str, identity: str | None = None) -> ConsentError:
    return ConsentError(f"consent of {identity or record.identity} (record {record.record_id}): {why}")


def _refusal(record: PerformerRecord, use: Use, today: date) -> str | None:
    """Say why a record does not permit a use, and what to do; None when it does."""
    if record.signed_on is None:
        return "not signed yet; have it signed and enter signed_on"
    if record.revoked_on is not None and record.revoked_on <= today:
        return f"revoked on {record.revoked_on}; stop using this face"
    if today < record.valid_from:
        return f"not valid before {record.valid_from}; wait or agree on an earlier day"
    if today > record.valid_until:
        return f"expired on {record.valid_until}; agree on a new term"
    if not record.adult and not record.representative:
        return "a minor without a representative; name the representative who signed"
    if use == "train" and not record.training_permitted:
        return "training is not permitted; agree on it and set training_permitted"
    if use in _ROLES and use not in record.roles:
        given = ", ".join(record.roles) or "none"
        return f"the role {use} is not given (given: {given}); agree on it and add it to roles"
    return None


def _shot_refusal(record: PerformerRecord, shot: str) -> str | None:
    name = shot.casefold()
    if not record.shots or any(fnmatchcase(name, pattern.casefold()) for pattern in record.shots):
        return None
    listed = ", ".join(record.shots[:_NAMED]) + (", ..." if len(record.shots) > _NAMED else "")
    return (
        f"shot {shot} is not among its shots ({listed}): agree on it and add it to shots, or say with --shot which of "
        "them this is"
    )


def _to_json(record: PerformerRecord) -> dict[str, Any]:
    value = asdict(record)
    for name in _DATES:
        value[name] = value[name].isoformat() if value[name] else None
    value["log"] = [{**entry, "on": entry["on"].isoformat()} for entry in value["log"]]
    if record.version < 2:
        # As it was written: credentials made with it name its fingerprint.
        del value["looks"]
    return {key: list(item) if isinstance(item, tuple) else item for key, item in value.items()}


def _from_json(value: dict[str, Any]) -> PerformerRecord:
    known = {field.name for field in fields(PerformerRecord)}
    if value["version"] < 2:
        value = {**value, "looks": value.get("looks", [])}
    unknown = sorted(set(value) - known)
    if unknown:
        raise ValueError(f"unknown entry {unknown[0]}")
    missing = sorted(known - set(value))
    if missing:
        raise ValueError(f"{missing[0]} is missing")
    value = dict(value)
    for name in _DATES:
        value[name] = None if value[name] is None else date.fromisoformat(value[name])
    for name in _TEXT_LISTS:
        if not isinstance(value[name], list) or not all(isinstance(item, str) for item in value[name]):
            raise ValueError(f"{name} is not a list of texts")
        value[name] = tuple(value[name])
    value["log"] = tuple(LogEntry(date.fromisoformat(e["on"]), str(e["by"]), str(e["what"])) for e in value["log"])
    _refuse_wrong_kinds(value)
    return PerformerRecord(**value)


def _refuse_wrong_kinds(value: dict[str, Any]) -> None:
    for name in ("adult", "training_permitted"):
        # A word in place of true or false would count as true.
        if not isinstance(value[name], bool):
            raise ValueError(f"{name} is neither true nor false")
    for name in ("record_id", "name", "identity", "production", "producer", "use"):
        if not isinstance(value[name], str):
            raise ValueError(f"{name} is not a text")
    for name in ("representative", "document_sha256", "signed_by_method", "approver"):
        if value[name] is not None and not isinstance(value[name], str):
            raise ValueError(f"{name} is not a text")
    for name in ("valid_from", "valid_until"):
        if value[name] is None:
            raise ValueError(f"{name} is missing")
    strangers = sorted(set(value["roles"]) - set(_ROLES))
    if strangers:
        raise ValueError(f"unknown role {strangers[0]}; the roles are {' and '.join(_ROLES)}")


def _a_year_after(day: date) -> date:
    # The 28th exists in every February.
    return day.replace(year=day.year + 1, day=min(day.day, 28) if day.month == 2 else day.day)


def _one_line(error: Exception) -> str:
    text = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
    return " ".join(text.split())
