"""What performers have agreed to is asked by every verb that learns or shows a face."""

import json
import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from cli_support import Studio, copy, pecten, refused, swap, tiny_comb, tree
from pecten.consent import draft, load, revoke, save

Capture = pytest.CaptureFixture[str]
TODAY = date.today()


def allowing(folder: Path, **changes: object) -> Path:
    """Write a signed record of ada and return its folder."""
    record = replace(draft("ada", TODAY), signed_on=TODAY, training_permitted=True, **changes)  # type: ignore[arg-type]
    save(folder / "ada.consent.json", record)
    return folder


@pytest.mark.parametrize(("role", "words"), [("performance", ("--target", "ada")), ("appearance", ("-s", "ada"))])
def test_a_shot_that_is_not_agreed_on_is_not_made(
    role: str, words: tuple[str, str], studio: Studio, tmp_path: Path, capfd: Capture
) -> None:
    folder = allowing(tmp_path / "consent", roles=(role,), shots=("sq010_*", "SH010"))
    more = (*words, "--consent", folder, "-n")
    answer = swap(capfd, studio, tmp_path / "a.mov", *more)
    assert answer.code == 1
    assert f"record ada-{TODAY:%Y%m%d}): shot plate is not among its shots (sq010_*, SH010)" in answer.complaint
    assert swap(capfd, studio, tmp_path / "a.mov", *more, "--shot", "SQ010_0020").code == 0
    # By default the shot is called as its files are.
    assert swap(capfd, studio, tmp_path / "a.####.exr", *more, plate=studio.sequence).code == 0
    assert swap(capfd, studio, tmp_path / "a.####.exr", *more, "--shot", "sh020", plate=studio.sequence).code == 1


def test_a_delivery_says_as_which_shot_it_was_made(studio: Studio, tmp_path: Path, capfd: Capture) -> None:
    folder = allowing(tmp_path / "consent", shots=("sh010",))
    more = ("--target", "ada", "--consent", folder, "--frames", "1001")
    out = tmp_path / "a.####.exr"
    assert swap(capfd, studio, out, *more, "--shot", "Sh010", plate=studio.sequence).code == 0
    assert json.loads((tmp_path / "a.faces" / "a.####.exr.json").read_text())["shot"] == "Sh010"
    assert "    shot: Sh010\n" in pecten(capfd, "info", tmp_path / "a.1001.exr").out
    # Made as another shot it would be another delivery.
    assert "exists already" in swap(capfd, studio, out, *more, plate=studio.sequence).complaint
    # Where nobody limits the shots, their names are nobody's business.
    assert swap(capfd, studio, tmp_path / "b.mov", "--frames", "0", "--shot", "secret").code == 0
    assert "secret" not in pecten(capfd, "info", tmp_path / "b.mov").out


def digest_by(capfd: Capture, clip: Path) -> str:
    answer = pecten(capfd, "consent", "digest", clip)
    digest, path = answer.out.split()
    assert (answer.code, path, len(digest)) == (0, str(clip), 64)
    return digest


@pytest.mark.parametrize("verb", ["train", "enhance train"])
def test_a_face_is_learnt_from_the_footage_that_is_listed_alone(
    verb: str, studio: Studio, tmp_path: Path, capfd: Capture
) -> None:
    words = {
        "train": ("train", studio.ada, studio.chidi, "-o", tmp_path / "new", "--preset", "quick", "--size", 32, "-n"),
        "enhance train": ("enhance", "train", studio.ada, "-o", tmp_path / "new", "-n"),
    }[verb]
    good = allowing(tmp_path / "good", data_sha256=("00" * 32, digest_by(capfd, studio.plate)))
    assert pecten(capfd, *words, "--consent", good).code == 0
    bad = allowing(tmp_path / "bad", data_sha256=(digest_by(capfd, studio.empty),))
    answer = pecten(capfd, *words, "--consent", bad)
    assert answer.code == 1
    assert f"consent of ada (record ada-{TODAY:%Y%m%d}): {studio.plate} is not in data_sha256" in answer.complaint


def test_the_benchmark_and_the_demo_learn_from_what_is_listed(
    studio: Studio, tmp_path: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowing(tmp_path / "consent", data_sha256=("00" * 32,))
    monkeypatch.chdir(tmp_path)
    for name in ("performers/ada_talk1", "performers/chidi_talk1", "truth/ada_talk9", "truth/chidi_talk9"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(studio.plate, tmp_path / f"{name}.mp4")
    answer = pecten(capfd, "bench", "swap", "--footage", ".", "--methods", "comb", "-n")
    assert "ada_talk1.mp4 is not in data_sha256" in answer.complaint
    allowing(tmp_path / "consent", shots=("sh010",))
    answer = pecten(capfd, "bench", "swap", "--footage", ".", "--methods", "comb", "--pairs", "chidi:ada", "-n")
    assert "shot ada_talk9 is not among its shots (sh010)" in answer.complaint
    allowing(tmp_path / "consent", shots=("ada_talk9", "chidi_talk9"))
    words = ("bench", "swap", "--footage", ".", "--methods", "comb", "--plate", studio.plate, "-n")
    assert "shot plate is not among its shots" in pecten(capfd, *words).complaint
    assert pecten(capfd, *words[:-3], "-n").code == 0
    allowing(tmp_path / "consent", data_sha256=("00" * 32,))
    answer = pecten(capfd, "demo", "--train")
    assert "is not in data_sha256" in answer.complaint
    assert not (tmp_path / "demo").exists()


def test_footage_that_is_not_listed_is_told_when_faces_are_found(
    studio: Studio, tmp_path: Path, capfd: Capture
) -> None:
    folder, words = allowing(tmp_path / "bad", data_sha256=("00" * 32,)), ("faces", studio.plate, "-i", "ada")
    done = pecten(capfd, *words, "-o", tmp_path / "new", "--size", 64, "--perturbations", 1, "--consent", folder)
    assert done.code == 0
    assert "note: training will need consent: consent of ada" in done.out
    assert "plate.mp4 is not in data_sha256" in done.out


def test_a_record_is_made_with_the_footage_it_is_for(studio: Studio, tmp_path: Path, capfd: Capture) -> None:
    folder = tmp_path / "consent"
    words = ("consent", "new", "ada", "--footage", studio.plate, "--footage", studio.sequence, "--folder", folder)
    assert pecten(capfd, *words).code == 0
    held = json.loads((folder / "ada.consent.json").read_text())["data_sha256"]
    assert held == [digest_by(capfd, studio.plate), digest_by(capfd, studio.sequence)]
    assert "to be learnt from: clips by digest (2)" in pecten(capfd, "info", folder / "ada.consent.json").out
    before = tree(tmp_path)
    answer = pecten(capfd, *words[:4], tmp_path / "gone.mov", "--folder", folder, "--overwrite")
    assert "gone.mov: no such file" in answer.complaint
    answer = pecten(capfd, *words[:3], "--folder", folder, "--overwrite", "--until", f"{TODAY - timedelta(days=1)}")
    assert f"before {TODAY}, its first day: give a later one" in answer.complaint
    assert tree(tmp_path) == before


def test_a_record_is_revoked_where_it_lies(tmp_path: Path, capfd: Capture) -> None:
    """Whatever its file is called; a record of the same performer for another film stays."""
    film, other = tmp_path / "film", tmp_path / "film" / "mia.consent.json"
    whole = replace(draft("mia", TODAY), signed_on=TODAY, looks=("mia_old",))
    save(film / "agency_mia.consent.json", whole)
    save(other, replace(draft("mia", TODAY), production="Film B"))
    before = other.read_bytes()
    answer = pecten(capfd, "consent", "revoke", "mia_old", "--by", "Mia", "--folder", film)
    assert f"revoked {film / 'agency_mia.consent.json'}" in answer.out
    assert json.loads((film / "agency_mia.consent.json").read_text())["revoked_on"] == f"{TODAY}"
    assert other.read_bytes() == before
    assert "revoked on" in pecten(capfd, "consent", "revoke", "mia_old", "--by", "Mia", "--folder", film).complaint


def test_a_new_record_does_not_hide_what_was(tmp_path: Path, capfd: Capture) -> None:
    words = ("consent", "new", "mia", "--folder", tmp_path, "--overwrite")
    for _ in range(2):
        assert pecten(capfd, *words).code == 0
    record = load(tmp_path / "mia.consent.json")
    assert [entry.what for entry in record.log] == ["drafted", "drafted"]
    assert "--shot '': says nothing" in pecten(capfd, *words, "--shot", "").complaint
    assert "--name ' ': says nothing" in pecten(capfd, *words, "--name", " ").complaint
    save(tmp_path / "mia.consent.json", revoke(record, TODAY, "Mia"))
    assert f"revoked on {TODAY}, which must stay on record" in pecten(capfd, *words).complaint
    assert load(tmp_path / "mia.consent.json").revoked_on == TODAY


def records(folder: Path) -> Path:
    """Write consent records that each permit something else."""
    whole = replace(
        draft("ada", TODAY - timedelta(days=30)),
        signed_on=TODAY - timedelta(days=30),
        training_permitted=True,
        valid_until=TODAY + timedelta(days=9),
    )
    kinds = {
        "expired": {"valid_until": TODAY - timedelta(days=1)},
        "early": {"valid_from": TODAY + timedelta(days=1)},
        "revoked": {"revoked_on": TODAY},
        "untrained": {"training_permitted": False},
        "target_only": {"roles": ("performance",)},
        "unsigned": {"signed_on": None},
        "minor": {"adult": False},
    }
    for name, change in kinds.items():
        save(folder / f"{name}.consent.json", replace(whole, identity=name, record_id=name, **change))
    (folder / "damaged.consent.json").write_text('{"version": 1')
    save(folder / "other.consent.json", replace(whole, identity="somebody"))
    return folder


REFUSALS = {
    "nobody": "no consent record for nobody",
    "expired": "expired on",
    "early": "not valid before",
    "revoked": "revoked on",
    "target_only": "the role appearance is not given",
    "unsigned": "not signed yet",
    "minor": "a minor without a representative",
    "damaged": "not a readable consent record",
    "other": "made out to 'somebody'",
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_swap_without_consent(name: str, studio: Studio, here: Path, capfd: Capture) -> None:
    folder, comb = records(here / "records"), tiny_comb(here / "comb", ("ada", name))
    words = ("swap", studio.plate, "--comb", comb, "-s", name, "-o", "a.mov", "--consent", folder)
    refused(pecten(capfd, *words), REFUSALS[name])
    assert sorted(p.name for p in here.iterdir()) == ["comb", "records"]


@pytest.mark.parametrize("name", ["nobody", "expired", "revoked", "untrained"])
def test_training_without_consent(name: str, studio: Studio, here: Path, capfd: Capture) -> None:
    folder, faces = records(here / "records"), copy(studio.ada, here / "faces")
    record = (faces / "record.json").read_text().replace('"identity": "ada"', f'"identity": "{name}"')
    (faces / "record.json").write_text(record)
    words = ("train", faces, studio.chidi, "-o", "comb", "--preset", "quick", "--consent", folder)
    refused(pecten(capfd, *words), {**REFUSALS, "untrained": "training is not permitted"}[name])
    assert not (here / "comb").exists()


@pytest.mark.parametrize("verb", ["swap", "train", "faces"])
def test_a_consent_folder_that_is_none_is_not_passed_over(
    verb: str, studio: Studio, here: Path, capfd: Capture
) -> None:
    # Each of these would go on with the record of another folder.
    (here / "ada.consent.json").write_text("{}")
    words = {
        "swap": ("swap", studio.plate, "--comb", studio.comb, "-s", "ada", "-o", "a.mov"),
        "train": ("train", studio.ada, studio.chidi, "-o", "comb"),
        "faces": ("faces", studio.plate, "-i", "ada", "-o", "new"),
    }[verb]
    refused(pecten(capfd, *words, "--consent", "consnet"), "--consent consnet: no such folder")
    refused(pecten(capfd, *words, "--consent", "ada.consent.json"), "a file: give the folder that holds it")
    assert [p.name for p in here.iterdir()] == ["ada.consent.json"]


def test_faces_without_consent_is_a_note(studio: Studio, here: Path, capfd: Capture) -> None:
    done = pecten(capfd, "faces", studio.folder / "chidi.mp4", "-i", "nobody", "-o", "new", "--size", 64)
    assert done.code == 0
    assert "note: training will need consent: no consent record for nobody" in done.out
