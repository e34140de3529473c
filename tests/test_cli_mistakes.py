"""Every mistake: one line that says what was found, where and what to do; an exit code; nothing half-written."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from cli_support import Answer, Studio, copy, cut_short, pecten, refused, swap, tree

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("name", ["a b", "../ada", "ada.b", "", "-", "å", "a/b", "$(x)", "con:1"])
def test_identities_with_odd_characters(name: str, studio: Studio, here: Path, capfd: Capture) -> None:
    refused(pecten(capfd, "faces", studio.plate, "-i", name, "-o", "new"), "cannot name a performer; use letters")
    refused(pecten(capfd, "consent", "new", "--", name), "cannot name a performer")
    refused(
        pecten(capfd, "swap", studio.plate, "--comb", studio.comb, f"--source={name}", "-o", "a.mov"), "no identity"
    )
    assert list(here.iterdir()) == []


def test_identities_and_combs_that_are_not_there(studio: Studio, here: Path, capfd: Capture) -> None:
    words = ("swap", studio.plate, "-o", "a.mov", "--comb")
    refused(pecten(capfd, *words, studio.comb, "-s", "nobody"), "no identity nobody: choose among ada, chidi")
    refused(pecten(capfd, *words, here / "gone", "-s", "ada"), "gone: no such comb: train one first")
    refused(pecten(capfd, *words, studio.folder, "-s", "ada"), "no such comb")
    comb = copy(studio.comb, here / "comb")
    cut_short(comb / "comb.safetensors")
    refused(pecten(capfd, *words, comb, "-s", "ada"), "comb.safetensors: not a comb, or cut short")
    refused(pecten(capfd, "info", comb), "comb.safetensors: not a comb, or cut short")
    refused(pecten(capfd, *words, studio.ada / "record.safetensors", "-s", "ada"), "record.safetensors: not a comb")
    refused(pecten(capfd, *words, studio.plate, "-s", "ada"), "plate.mp4: not a comb")
    content = bytearray((studio.comb / "comb.safetensors").read_bytes())
    content[-5] ^= 64
    (comb / "comb.safetensors").write_bytes(content)
    refused(pecten(capfd, *words, comb, "-s", "ada"), "damaged")
    assert [p.name for p in here.iterdir()] == ["comb"]


def test_datasets_that_cannot_be_used(studio: Studio, here: Path, capfd: Capture) -> None:
    def train(*folders: Path, more: tuple[object, ...] = ("--size", 32)) -> Answer:
        return pecten(capfd, "train", *folders, "-o", "comb", "--preset", "quick", *more)

    (here / "bare").mkdir()
    refused(train(here / "bare", studio.chidi), "bare/record.json: no such record; run `pecten faces`")
    refused(train(here / "gone", studio.chidi), "gone/record.json: no such record; run `pecten faces`")
    refused(train(studio.ada, studio.ada), "identity ada is already in")
    refused(train(studio.ada), "one performer only")
    refused(train(studio.ada, studio.chidi, more=("--size", 128)), "crops of 64 px, but 128 px are asked for")
    refused(train(studio.ada, studio.chidi, more=("--size", 48)), "48 px: choose a power of two")
    refused(train(studio.ada, studio.chidi, more=("--preset", "best")), "no training preset 'best': choose one of")
    refused(train(studio.ada, studio.plate), "record.json: no such record")

    numbers = copy(studio.ada, here / "numbers")
    cut_short(numbers / "record.safetensors")
    refused(train(numbers, studio.chidi), "numbers/record.json: damaged record")
    words = copy(studio.ada, here / "words")
    cut_short(words / "record.json")
    refused(train(words, studio.chidi), "words/record.json: damaged record")
    refused(pecten(capfd, "info", words), "words/record.json: damaged record")
    for name, hurt in (("gone", Path.unlink), ("cut", cut_short), ("void", lambda path: path.write_bytes(b""))):
        crops = copy(studio.ada, here / f"crop_{name}")
        first = sorted(crops.rglob("*.png"))[0]
        hurt(first)
        refused(train(crops, studio.chidi), first.name, "missing, damaged")
    later = copy(studio.ada, here / "later")
    record = json.loads((later / "record.json").read_text())
    (later / "record.json").write_text(json.dumps({**record, "version": 99}))
    refused(train(later, studio.chidi), "version 99", "newer Pecten")
    assert not (here / "comb").exists()


def test_a_comb_of_another_configuration_is_not_gone_on_with(studio: Studio, here: Path, capfd: Capture) -> None:
    words = ("train", studio.ada, studio.chidi, "-o", "comb", "--preset", "quick", "--size", 32, "--batch", 2)
    assert pecten(capfd, *words, "--images", 8).code == 0
    before = tree(here)
    for more in ((), ("--dry-run",)):
        answer = pecten(capfd, *words, "--images", 8, "--seed", 3, *more)
        refused(answer, "seed was 0, now 3: use the same value or another folder")
    assert tree(here) == before


def test_outputs_that_cannot_be_written(studio: Studio, here: Path, capfd: Capture) -> None:
    (here / "taken.mov").write_bytes(b"precious")
    (here / "file").write_text("")
    (here / "seq.1002.exr").write_bytes(b"precious")
    before = tree(here)
    refused(
        swap(capfd, studio, Path("taken.mov")), "taken.mov: exists already; choose another name, or give --overwrite"
    )
    refused(swap(capfd, studio, Path("seq.####.exr")), "seq.1002.exr: exists already (1 frames)")
    refused(swap(capfd, studio, Path("seq.####.exr"), "-n"), "exists already")
    refused(swap(capfd, studio, studio.plate, "--overwrite"), "plate.mp4: that is the plate itself")
    same = ("--overwrite", "--faces", "f")
    refused(swap(capfd, studio, studio.sequence, *same, plate=studio.sequence), "that is the plate itself")
    refused(swap(capfd, studio, Path("a.xyz")), "a.xyz: cannot deliver .xyz; use one of .mov, .mp4, .mkv")
    refused(swap(capfd, studio, Path("nothing")), "nothing: cannot deliver without a suffix")
    refused(swap(capfd, studio, Path("a.exr")), "a.exr: one name for 6 frames; write a number field: a.####.exr")
    refused(swap(capfd, studio, Path("a.##.b##.exr")), "write one number field")
    refused(swap(capfd, studio, Path("file/a.mov")), "file is a file, but a folder is needed")
    refused(pecten(capfd, "faces", studio.plate, "-i", "ada", "-o", "file"), "file is a file, but a folder is needed")
    train = ("train", studio.ada, studio.chidi, "--preset", "quick", "--size", 32, "-o", "file")
    refused(pecten(capfd, *train), "file is a file, but a folder is needed")
    refused(pecten(capfd, "demo", "-o", "file"), "file is a file, but a folder is needed")
    assert tree(here) == before


def test_folders_without_the_right_to_write(
    studio: Studio, here: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "closed").mkdir()
    real = os.access
    # By injection: root, whom continuous integration often runs as, may write anywhere.
    monkeypatch.setattr(
        os, "access", lambda path, mode: not (Path(path).name == "closed" and mode & os.W_OK) and real(path, mode)
    )
    words = "closed: no right to write there: choose another place"
    refused(swap(capfd, studio, Path("closed/a.mov")), words)
    refused(pecten(capfd, "faces", studio.plate, "-i", "ada", "-o", "closed"), words)
    refused(pecten(capfd, "demo", "-o", "closed"), words)
    train = ("train", studio.ada, studio.chidi, "--preset", "quick", "--size", 32, "-o", "closed")
    refused(pecten(capfd, *train), words)
    assert [path.name for path in here.rglob("*")] == ["closed"]


@pytest.mark.parametrize("text", ["7", "0-6", "4-2", "x", "1-x", "", "-", "-3", "1001-1002", "1.5"])
def test_frames_that_are_not_in_the_clip(text: str, studio: Studio, here: Path, capfd: Capture) -> None:
    refused(swap(capfd, studio, Path("a.mov"), "--frames", text), f"--frames {text}".strip())
    assert list(here.iterdir()) == []


def test_frames_of_a_sequence_are_in_its_own_numbers(studio: Studio, here: Path, capfd: Capture) -> None:
    done = swap(capfd, studio, Path("a.####.exr"), "--frames", "0-3", plate=studio.sequence)
    refused(done, "--frames 0-3: the clip has frames 1001-1006: choose among them")
    inside = swap(capfd, studio, Path("a.####.exr"), "--frames", "1003-1006", "--dry-run", plate=studio.sequence)
    assert (inside.code, "frames 1003-1006" in inside.out) == (0, True)
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("text", ["0", "-1", "x", "24/0", "nan", "inf", "1e9", "", "25 fps"])
def test_rates_that_are_none(text: str, studio: Studio, here: Path, capfd: Capture) -> None:
    refused(swap(capfd, studio, Path("a.mov"), f"--rate={text}"), f"--rate {text}: not a frame rate".replace("  ", " "))
    words = ("faces", studio.plate, "-i", "ada", "-o", "new", f"--rate={text}")
    refused(pecten(capfd, *words), "not a frame rate")
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("swp",), "No such command 'swp'. Did you mean 'swap'?: see pecten --help"),
        (("frobnicate",), "No such command 'frobnicate'"),
        (("consent", "lend", "mia"), "No such command 'lend'"),
        (("swap",), "see pecten swap --help"),
        (("swap", "a.mov", "-o", "b.mov", "-s", "ada"), "Missing option '--comb'"),
        (("faces", "a.mov", "-i", "ada", "-o", "b", "--colour"), "No such option: --colour"),
        (("--colour",), "No such option: --colour"),
        (("faces", "a.mov", "-i", "ada", "-o", "b", "--size", "big"), "'--size': Input should be a valid integer"),
        (
            ("faces", "a.mov", "-i", "ada", "-o", "b", "--size", "5000"),
            "'--size': Input should be less than or equal to 2048",
        ),
        (("train", "a", "-o", "b", "--images", "0"), "'--images': Input should be greater than or equal to 1"),
        (("consent", "new", "mia", "--until", "soon"), "'soon' does not match"),
        (("info",), "Missing argument"),
        (("demo", "now"), "Got unexpected extra argument"),
        (("swap", "--out"), "Option '--out' requires an argument"),
    ],
)
def test_command_lines_that_cannot_be_read(words: tuple[str, ...], said: str, here: Path, capfd: Capture) -> None:
    refused(pecten(capfd, *words), said, code=2)
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--region", "ears"), "--region ears: choose one of full, lips, eyes, brows, nose, or several joined by +"),
        (("--region", "eyes+"), "--region eyes+: choose one of"),
        (("--strength", "2"), "--strength 2: 2 lies outside 0 to 1: choose a number between them"),
        (("--strength", "1:0,2"), "--strength 1:0,2: write a number from 0 to 1, or keys by frame as 1001:0,1012:1"),
        (("--matte-mode", "over"), "--matte-mode over: choose one of replace, multiply, add, holdout"),
        (("--matte-mode", "holdout"), "--matte-mode holdout: says what a matte of yours does: give it with --matte"),
        (("--matte", "roto.####.exr"), "roto.####.exr: no such frames; check the folder and the name"),
        (("--write-matte", "m.####.png"), "m.####.png: mattes are written as an OpenEXR sequence; name it as"),
        (("--light", "sun"), "--light sun: choose one of"),
        (("--blend", "glue"), "--blend glue: choose one of"),
        (("--contrast", "much"), "--contrast much: choose one of"),
        (("--target", "nobody"), "no consent record for nobody"),
    ],
)
def test_choices_that_are_none(words: tuple[str, str], said: str, studio: Studio, here: Path, capfd: Capture) -> None:
    refused(swap(capfd, studio, Path("a.mov"), *words), said)
    assert list(here.iterdir()) == []


def test_things_that_are_nothing(studio: Studio, here: Path, capfd: Capture) -> None:
    (here / "notes.txt").write_text("x")
    (here / "x.consent.json").write_text("[]")
    (here / "x.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    (here / "x.exr").write_bytes(np.arange(99, dtype=np.uint8).tobytes())
    before = tree(here)
    for name in ("notes.txt", "x.consent.json", "x.png", "x.exr", "gone", "gone.####.exr", "record.json"):
        refused(pecten(capfd, "info", name), name)
    refused(pecten(capfd, "info", ""), "no clip given")
    assert tree(here) == before


def test_a_mistake_of_ours_is_one_line_too(studio: Studio, capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> list[str]:
        raise ZeroDivisionError("division\nby zero")

    monkeypatch.setattr("pecten.cli.describe.describe", broken)
    refused(pecten(capfd, "info", studio.plate), "ZeroDivisionError: division by zero", "PECTEN_TRACEBACK=1", code=70)
    monkeypatch.setenv("PECTEN_TRACEBACK", "1")
    assert "Traceback" in pecten(capfd, "info", studio.plate).err
