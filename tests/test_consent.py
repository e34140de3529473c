"""No record, no use; and a record says exactly what it permits."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from pecten import consent
from pecten.consent import (
    PerformerRecord,
    check_footage,
    default_folders,
    draft,
    find,
    fingerprint,
    load,
    require,
    revoke,
    save,
)
from pecten.errors import ConsentError

TODAY = date(2026, 11, 23)
SHIPPED = default_folders()[-1]


def signed(identity: str = "dana") -> PerformerRecord:
    return replace(
        draft(identity, date(2026, 1, 31)), signed_on=date(2026, 2, 1), training_permitted=True, name="Dana Example"
    )


def refusal(record: PerformerRecord, use: consent.Use, folder: Path, today: date = TODAY) -> str:
    save(folder / f"{record.identity}.consent.json", record)
    with pytest.raises(ConsentError) as caught:
        require(record.identity, use, [folder], today)
    message = str(caught.value)
    assert "\n" not in message
    assert record.identity in message
    return message


def test_a_record_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    record = replace(
        revoke(signed(), TODAY, "Dana"), shots=("sh010", "sh020"), data_sha256=("ab" * 32,), approver="Line producer"
    )
    save(tmp_path / "dana.consent.json", record)
    assert load(tmp_path / "dana.consent.json") == record
    assert json.loads((tmp_path / "dana.consent.json").read_text())["valid_until"] == "2027-01-31"


def test_the_fingerprint_is_of_the_content() -> None:
    assert fingerprint(signed()) == fingerprint(signed())
    assert fingerprint(signed()) != fingerprint(replace(signed(), use="another"))
    # Golden: credentials made earlier must still match their record.
    assert (
        fingerprint(replace(signed(), version=1)) == "5ee8a242c0c2ae0d18ae96e724de1b020117804339bc6810da4b70248085244c"
    )


def test_a_signed_record_permits_its_uses(tmp_path: Path) -> None:
    save(tmp_path / "b" / "dana.consent.json", signed())
    for use in ("train", "appearance", "performance"):
        assert require("dana", use, [tmp_path / "a", tmp_path / "b"], TODAY) == signed()
    for day in (date(2026, 1, 31), date(2027, 1, 31)):
        assert require("dana", "train", [tmp_path / "b"], day)


@pytest.mark.parametrize(
    ("changes", "use", "words"),
    [
        ({"signed_on": None}, "train", "not signed"),
        ({"revoked_on": date(2026, 11, 23)}, "appearance", "revoked on 2026-11-23"),
        ({"valid_until": date(2026, 11, 22)}, "performance", "expired on 2026-11-22"),
        ({"valid_from": date(2026, 11, 24)}, "train", "not valid before 2026-11-24"),
        ({"training_permitted": False}, "train", "training is not permitted"),
        ({"roles": ("performance",)}, "appearance", "role appearance is not given"),
        ({"roles": ()}, "performance", "given: none"),
        ({"adult": False}, "train", "representative"),
    ],
)
def test_what_a_record_does_not_permit_is_refused(
    tmp_path: Path, changes: dict[str, object], use: consent.Use, words: str
) -> None:
    assert words in refusal(replace(signed(), **changes), use, tmp_path)  # type: ignore[arg-type]


def test_only_the_shots_that_are_listed_may_be_made(tmp_path: Path) -> None:
    record = replace(signed(), shots=("sq010_*", "SH020", "pickup [12]"))
    save(tmp_path / "dana.consent.json", record)
    for shot in ("sq010_0010", "SQ010_a", "sh020", "Pickup 2", None):
        assert require("dana", "appearance", [tmp_path], TODAY, shot) == record
    for shot in ("sq0100010", "sh0200", "sh02", "pickup 3", ""):
        with pytest.raises(ConsentError, match="is not among its shots") as caught:
            require("dana", "performance", [tmp_path], TODAY, shot)
        assert str(caught.value) == (
            f"consent of dana (record dana-20260131): shot {shot} is not among its shots (sq010_*, SH020, pickup [12])"
            ": agree on it and add it to shots, or say with --shot which of them this is"
        )
    save(tmp_path / "dana.consent.json", replace(record, shots=tuple(f"sh{number}" for number in range(40))))
    with pytest.raises(ConsentError, match=r"\(sh0, sh1, sh2, sh3, sh4, sh5, \.\.\.\)"):
        require("dana", "appearance", [tmp_path], TODAY, "sh040")
    save(tmp_path / "dana.consent.json", replace(record, shots=()))
    assert require("dana", "appearance", [tmp_path], TODAY, "whatever")


def test_only_the_footage_that_is_listed_may_be_learnt_from() -> None:
    take, other = ("take1.mov", "ab" * 32), ("take2.mov", "cd" * 32)
    unread = pytest.fail
    check_footage(signed(), (unread("read in vain") for _ in (1,)))
    check_footage(replace(signed(), data_sha256=("AB" * 32, "cd" * 32)), [take, other])
    only = replace(signed(), data_sha256=("ab" * 32,))
    with pytest.raises(
        ConsentError, match=r"^consent of dana \(record dana-20260131\): take2.mov is not in data_sha256"
    ):
        check_footage(only, [take, other])
    with pytest.raises(ConsentError, match=r"digest of old\.mov: run `pecten faces` on it again"):
        check_footage(only, [take, ("old.mov", "")])


def test_a_later_revocation_and_a_represented_minor_do_not_refuse(tmp_path: Path) -> None:
    record = replace(signed(), revoked_on=date(2026, 12, 1), adult=False, representative="A. Guardian")
    save(tmp_path / "dana.consent.json", record)
    assert require("dana", "train", [tmp_path], TODAY) == record


def test_a_performers_record_covers_the_looks_that_it_lists(tmp_path: Path) -> None:
    record = replace(signed(), looks=("dana_old", "dana_bearded"))
    save(tmp_path / "dana.consent.json", record)
    (tmp_path / "broken.consent.json").write_text("{")
    assert require("dana_old", "appearance", [tmp_path], TODAY) == record
    with pytest.raises(ConsentError, match="no consent record for dana_young"):
        require("dana_young", "appearance", [tmp_path], TODAY)
    # A record of its own comes first.
    own = replace(signed("dana_old"), roles=("performance",))
    save(tmp_path / "dana_old.consent.json", own)
    with pytest.raises(ConsentError, match="role appearance is not given"):
        require("dana_old", "appearance", [tmp_path], TODAY)


def test_a_record_that_may_take_a_look_back_is_not_passed_over(tmp_path: Path) -> None:
    """Written by a newer Pecten, or damaged, and an older record elsewhere still permits the look."""
    first, second = tmp_path / "first", tmp_path / "second"
    record = replace(signed(), looks=("dana_old",))
    save(second / "dana.consent.json", record)
    save(first / "dana.consent.json", revoke(record, TODAY, "Dana"))
    with pytest.raises(ConsentError, match="revoked on"):
        require("dana_old", "appearance", [first, second], TODAY)
    held = json.loads((first / "dana.consent.json").read_text())
    (first / "dana.consent.json").write_text(json.dumps({**held, "version": 99}))
    with pytest.raises(ConsentError, match="version 99; update Pecten"):
        require("dana_old", "appearance", [first, second], TODAY)
    (first / "dana.consent.json").write_text("{")
    assert require("dana_old", "appearance", [first, second], TODAY) == record


def test_a_record_is_taken_back_once_and_by_somebody() -> None:
    taken = revoke(signed(), TODAY, "Dana")
    with pytest.raises(ConsentError, match=f"revoked on {TODAY} already"):
        revoke(taken, TODAY, "Dana")
    with pytest.raises(ConsentError, match="nobody is named who takes it back"):
        revoke(signed(), TODAY, "  ")


def test_a_record_of_version_1_is_read_and_stays_what_it_was(tmp_path: Path) -> None:
    path = tmp_path / "dana.consent.json"
    save(path, replace(signed(), version=1))
    assert "looks" not in json.loads(path.read_text())
    assert load(path) == replace(signed(), version=1)
    save(path, load(path))
    assert fingerprint(load(path)) == "5ee8a242c0c2ae0d18ae96e724de1b020117804339bc6810da4b70248085244c"


def test_no_record_names_the_folders_and_the_command(tmp_path: Path) -> None:
    with pytest.raises(ConsentError) as caught:
        find("nobody", [tmp_path / "x", tmp_path / "y"])
    message = str(caught.value)
    for words in ("nobody", str(tmp_path / "x"), str(tmp_path / "y"), "pecten consent new nobody"):
        assert words in message


@pytest.mark.parametrize("identity", ["", "../ada", "a/b", ".ada", "ada.consent"])
def test_names_that_could_leave_the_folder_are_refused(tmp_path: Path, identity: str) -> None:
    with pytest.raises(ConsentError, match="cannot name a performer"):
        find(identity, [tmp_path])


def test_another_persons_record_under_this_name_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "erin.consent.json", signed("dana"))
    with pytest.raises(ConsentError, match="made out to 'dana', not 'erin'"):
        find("erin", [tmp_path])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda v: v.pop("revoked_on"), "revoked_on is missing"),
        (lambda v: v.update(valid_until="soon"), "soon"),
        (lambda v: v.update(valid_until=None), "valid_until is missing"),
        (lambda v: v.update(adult="no"), "adult is neither true nor false"),
        (lambda v: v.update(training_permitted="no"), "training_permitted is neither"),
        (lambda v: v.update(roles="appearance"), "roles is not a list"),
        (lambda v: v.update(roles=["director"]), "unknown role director"),
        (lambda v: v.update(name=3), "name is not a text"),
        (lambda v: v.update(representative=3), "representative is not a text"),
        (lambda v: v.update(revoked=True), "unknown entry revoked"),
        (lambda v: v.update(log=[{"on": "2026-01-01"}]), "by is missing"),
        (lambda v: v.update(version=3), "update Pecten"),
        (lambda v: v.pop("version"), "no version"),
    ],
)
def test_damaged_records_are_refused_in_one_line(tmp_path: Path, change: object, words: str) -> None:
    path = tmp_path / "dana.consent.json"
    save(path, signed())
    value = json.loads(path.read_text())
    assert callable(change)
    change(value)
    path.write_text(json.dumps(value))
    with pytest.raises(ConsentError, match=words) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_records(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{cut sh")
    for name, words in (("a.json", "not a readable"), ("gone.json", "no such")):
        with pytest.raises(ConsentError, match=words):
            load(tmp_path / name)


def test_folders_follow_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PECTEN_HOME", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert default_folders()[:2] == (Path("consent"), tmp_path / "pecten" / "consent")
    monkeypatch.delenv("XDG_CONFIG_HOME")
    assert default_folders()[1] == Path.home() / ".config" / "pecten" / "consent"
    monkeypatch.setenv("PECTEN_HOME", str(tmp_path / "mine"))
    assert default_folders()[1] == tmp_path / "mine" / "consent"


def test_a_draft_of_a_leap_day_is_valid_for_a_year() -> None:
    assert draft("dana", date(2028, 2, 29)).valid_until == date(2029, 2, 28)


@pytest.mark.parametrize("identity", ["ada", "bruno", "chidi"])
@pytest.mark.parametrize("use", ["train", "appearance", "performance"])
def test_the_shipped_synthetic_performers_may_be_used(identity: str, use: consent.Use) -> None:
    record = require(identity, use, [SHIPPED], TODAY)
    assert record.identity == identity
    assert "synthetic" in record.use
    assert "CC0" in record.use
    assert record.valid_until.year == 2099
