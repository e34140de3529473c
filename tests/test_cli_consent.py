"""What performers have agreed to is asked by every verb that learns or shows a face."""

import json
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from cli_support import Studio, pecten, tree
from pecten.consent import draft, save

Capture = pytest.CaptureFixture[str]
TODAY = date.today()


def allowing(folder: Path, **changes: object) -> Path:
    """Write a signed record of ada and return its folder."""
    record = replace(draft("ada", TODAY), signed_on=TODAY, training_permitted=True, **changes)  # type: ignore[arg-type]
    save(folder / "ada.consent.json", record)
    return folder


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
    assert "to be learnt from: 2 clips, by digest" in pecten(capfd, "info", folder / "ada.consent.json").out
    before = tree(tmp_path)
    answer = pecten(capfd, *words[:4], tmp_path / "gone.mov", "--folder", folder, "--overwrite")
    assert "gone.mov: no such file" in answer.complaint
    assert tree(tmp_path) == before
