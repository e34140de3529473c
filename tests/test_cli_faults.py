"""What no user can help: full disks, and interrupts in every stage. Nothing half-written stays, and work goes on."""

import errno
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pecten as pecten_package
from cli_support import COUNT, Studio, pecten, refused, swap, tree
from pecten.__main__ import run
from pecten.cli.screen import Screen
from pecten.comb.weights import read_header

Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
INTERRUPTED = "interrupted; finished work is kept: run the same command again to go on"
TRAIN = ("--preset", "quick", "--size", "32", "--batch", "2", "--threads", "1", "--images", "24")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: Patch) -> Path:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def interrupt_at(monkeypatch: Patch, stage: str, done: int, number: int = signal.SIGINT) -> None:
    """Press Ctrl-C when a stage has come so far, once."""
    real, left = Screen.__call__, [1]

    def pressed(screen: Screen, name: str, now: int, total: int) -> None:
        real(screen, name, now, total)
        if name == stage and now == done and left:
            left.clear()
            signal.raise_signal(number)

    monkeypatch.setattr(Screen, "__call__", pressed)


def halves(folder: Path) -> list[str]:
    """List what should have been removed."""
    return [str(path) for path in folder.rglob("*partial*")]


def stopped(answer: Any, folder: Path, finding: bool = False) -> None:
    """See that a command was interrupted as it should, and says what is lost if it was finding faces."""
    lost = r", but nothing of \S+\.mp4, whose faces were being found" if finding else ""
    assert answer.code == 130
    assert re.fullmatch(INTERRUPTED.replace("kept", "kept" + lost), answer.complaint)
    assert halves(folder) == []


@pytest.mark.parametrize("stage", ["faces", "crops"])
def test_faces_interrupted(stage: str, studio: Studio, here: Path, capfd: Capture, monkeypatch: Patch) -> None:
    words = ("faces", studio.plate, "-i", "ada", "-o", "new", "--size", 64, "--perturbations", 1)
    with monkeypatch.context() as patch:
        interrupt_at(patch, stage, 3)
        stopped(pecten(capfd, *words), here, stage == "faces")
    assert (here / "new/record.json").exists() == (stage == "crops")
    if stage == "crops":
        refused(pecten(capfd, *["bruno" if word == "ada" else word for word in words]), "new: holds the faces of ada")
    assert pecten(capfd, *words).code == 0
    assert len(list(here.rglob("*.png"))) == COUNT


def test_faces_interrupted_keep_the_clips_that_are_done(
    studio: Studio, here: Path, capfd: Capture, monkeypatch: Patch
) -> None:
    copy = shutil.copy(studio.plate, here / "take2.mp4")
    words = ("faces", studio.plate, copy, "-i", "ada", "-o", "new", "--size", 64, "--perturbations", 1)
    with monkeypatch.context() as patch:
        seen = []
        real = Screen.__call__

        def pressed(screen: Screen, name: str, now: int, total: int) -> None:
            real(screen, name, now, total)
            seen.append(name)
            if seen.count("faces") == COUNT + 2:
                signal.raise_signal(signal.SIGINT)

        patch.setattr(Screen, "__call__", pressed)
        stopped(pecten(capfd, *words), here, finding=True)
    kept = {path.name: path.stat().st_mtime_ns for path in (here / "new/crops/plate").iterdir()}
    assert len(kept) == COUNT
    assert pecten(capfd, *words).code == 0
    assert {path.name: path.stat().st_mtime_ns for path in (here / "new/crops/plate").iterdir()} == kept


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_training_interrupted(number: int, studio: Studio, here: Path, capfd: Capture, monkeypatch: Patch) -> None:
    words = ("train", studio.ada, studio.chidi, "-o", "comb", *TRAIN)
    with monkeypatch.context() as patch:
        interrupt_at(patch, "train", 8, number)
        stopped(pecten(capfd, *words), here)
    assert read_header(here / "comb")["images_seen"] == 8
    done = pecten(capfd, *words)
    assert done.code == 0
    assert "train: 12/24" in done.err
    assert "train: 8/24" not in done.err
    assert read_header(here / "comb")["images_seen"] == 24


def test_an_interrupt_during_the_last_saving_is_not_lost(
    studio: Studio, here: Path, capfd: Capture, monkeypatch: Patch
) -> None:
    words = ("train", studio.ada, studio.chidi, "-o", "comb", *TRAIN)
    interrupt_at(monkeypatch, "train", 24)
    stopped(pecten(capfd, *words), here)
    assert read_header(here / "comb")["images_seen"] == 24
    assert pecten(capfd, *words).code == 0


@pytest.mark.parametrize("stage", ["faces", "swap"])
def test_a_swap_to_video_interrupted(
    stage: str, studio: Studio, here: Path, capfd: Capture, monkeypatch: Patch
) -> None:
    out = here / "out.mp4"
    with monkeypatch.context() as patch:
        interrupt_at(patch, stage, 3)
        stopped(swap(capfd, studio, out), here, stage == "faces")
    assert not out.exists()
    again = swap(capfd, studio, out)
    assert again.code == 0
    assert ("faces: " in again.err) == (stage == "faces")


def test_a_swap_to_a_sequence_interrupted(studio: Studio, here: Path, capfd: Capture, monkeypatch: Patch) -> None:
    out = here / "out.####.exr"
    with monkeypatch.context() as patch:
        interrupt_at(patch, "swap", 3)
        stopped(swap(capfd, studio, out, plate=studio.sequence), here)
    whole = tree(here)
    assert sorted(name for name in whole if name.endswith((".exr", ".c2pa"))) == [
        f"out.{number}.{kind}" for number in (1001, 1002, 1003) for kind in ("c2pa", "exr")
    ]
    again = swap(capfd, studio, out, plate=studio.sequence)
    assert again.out.startswith(f"{out}: {COUNT} frames, 3 with chidi's face, 3 kept from an earlier run\n")
    assert {name: content for name, content in tree(here).items() if name in whole} == whole


@pytest.mark.parametrize("name", ["out.mov", "out.####.png"])
def test_an_interrupt_while_signing_parts_nothing(
    name: str, studio: Studio, here: Path, capfd: Capture, monkeypatch: Patch
) -> None:
    from pecten.deliver import credentials

    real, left = credentials._claim, [1]

    def pressed(*given: Any) -> dict[str, Any]:
        # Not while the certificate is tried, before the first frame.
        if left and given[0].title.startswith("out"):
            left.clear()
            signal.raise_signal(signal.SIGINT)
        return real(*given)

    monkeypatch.setattr(credentials, "_claim", pressed)
    stopped(swap(capfd, studio, Path(name)), here)
    (delivered,) = (path for path in here.iterdir() if path.suffix in (".mov", ".png"))
    assert "content credentials: valid" in pecten(capfd, "info", delivered).out


@pytest.mark.parametrize(
    ("stage", "kept"),
    [("bruno faces", "faces/ada/record.json"), ("train", "comb/comb.safetensors"), ("swap", "comb/comb.safetensors")],
)
def test_the_demo_interrupted(
    stage: str, kept: str, studio: Studio, here: Path, capfd: Capture, monkeypatch: Patch
) -> None:
    small_demo(studio, monkeypatch)
    words = ("demo", "-o", "demo", "--images", 8)
    with monkeypatch.context() as patch:
        interrupt_at(patch, stage, 4)
        stopped(pecten(capfd, *words), here, stage == "bruno faces")
    assert (here / "demo" / kept).exists()
    assert not (here / "demo/ada_on_bruno.mp4").exists()
    monkeypatch.setattr("pecten.demo.run.write_report", lambda gathered, out, *rest: written(out / "report.md"))
    done = pecten(capfd, *words)
    assert done.code == 0
    assert "the report" in done.out


@pytest.mark.parametrize(("stage", "kept"), [("faces", False), ("swap", True)])
def test_the_demo_with_a_ready_comb_interrupted(
    stage: str, kept: bool, studio: Studio, here: Path, capfd: Capture, monkeypatch: Patch
) -> None:
    small_demo(studio, monkeypatch)
    monkeypatch.setattr("pecten.demo.footage.SOURCE", "chidi")
    monkeypatch.setattr("pecten.demo.footage.comb", lambda: studio.comb)
    words = ("demo", "-o", "demo")
    with monkeypatch.context() as patch:
        interrupt_at(patch, stage, 4)
        stopped(pecten(capfd, *words), here, stage == "faces")
    assert (here / "demo/faces/plate/record.json").exists() == kept
    assert not (here / "demo/ada_on_bruno.mp4").exists()
    monkeypatch.setattr("pecten.demo.run.write_report", lambda gathered, out, *rest: written(out / "report.md"))
    done = pecten(capfd, *words)
    assert done.code == 0, done.err
    assert "the report" in done.out
    assert not (here / "demo/comb").exists()


def written(path: Path) -> Path:
    path.write_text("the report")
    return path


def small_demo(studio: Studio, monkeypatch: Patch) -> None:
    """Put the studio's few frames in the place of the demo's footage."""
    from pecten.demo import footage, run
    from pecten.faces.follow import FaceOptions
    from pecten.training.config import PRESETS

    monkeypatch.setattr(footage, "SHOTS", {"ada": (), "bruno": ()})
    monkeypatch.setattr(footage, "training_clips", lambda identity: [studio.plate])
    monkeypatch.setattr(footage, "plate", lambda: studio.plate)
    monkeypatch.setattr(run, "FaceOptions", lambda: FaceOptions(perturbations=1))
    shape, config = PRESETS["quick"]
    small = ({**shape, "size": 32, "channels": "tiny", "latent_size": 8}, type(config)(images=8, batch=2, device="cpu"))
    monkeypatch.setattr("pecten.training.config.PRESETS", {"quick": small})


def full_after(monkeypatch: Patch, target: Any, name: str, calls: int) -> Callable[[], int]:
    """Let a function work so many times, and then find the disk full."""
    real, count = getattr(target, name), [0]

    def full(*given: Any, **named: Any) -> Any:
        count[0] += 1
        if count[0] > calls:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*given, **named)

    monkeypatch.setattr(target, name, full)
    return lambda: count[0]


def test_a_full_disk_while_finding_faces(studio: Studio, here: Path, capfd: Capture, monkeypatch: Patch) -> None:
    words = ("faces", studio.plate, "-i", "ada", "-o", "new", "--size", 64, "--perturbations", 1)
    with monkeypatch.context() as patch:
        full_after(patch, Path, "write_bytes", 4)
        done = pecten(capfd, *words)
    assert (done.code, done.complaint) == (
        1,
        "new/crops/plate/000003.png: disk full: free some space, then run the same command again",
    )
    assert halves(here) == []
    refused(
        pecten(capfd, "info", "new"), "new/record.json: its crops are not all made yet: run the same `pecten faces`"
    )
    assert pecten(capfd, *words).code == 0


@pytest.mark.parametrize("error", ["of the system", "of the library"])
def test_a_full_disk_while_training(error: str, studio: Studio, here: Path, capfd: Capture, monkeypatch: Patch) -> None:
    from safetensors import SafetensorError

    from pecten.comb import weights

    def full(tensors: Any, path: Path, metadata: Any) -> None:
        Path(path).write_bytes(b"some of it")
        if error == "of the system":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    words = ("train", studio.ada, studio.chidi, "-o", "comb", *TRAIN)
    with monkeypatch.context() as patch:
        patch.setattr(weights, "save_file", full)
        done = pecten(capfd, *words)
    said = "comb/checkpoints/00000024.safetensors: disk full: free some space, then run the same command again"
    assert (done.code, done.complaint) == (1, said)
    assert halves(here) == []
    assert list(here.rglob("*.safetensors")) == []
    assert pecten(capfd, *words).code == 0


@pytest.mark.parametrize("name", ["out.mov", "out.####.exr"])
def test_a_full_disk_while_signing(name: str, studio: Studio, here: Path, capfd: Capture, monkeypatch: Patch) -> None:
    from pecten.deliver import credentials

    with monkeypatch.context() as patch:
        full_after(patch, credentials, "_signed", 0)
        done = swap(capfd, studio, Path(name), "--faces", "found")
    assert done.code == 1
    assert "disk full while writing" in done.complaint
    assert halves(here) == []
    assert sorted({path.suffix for path in here.iterdir()}) == [""]
    assert swap(capfd, studio, Path(name), "--faces", "found").code == 0


def test_a_full_disk_while_encoding(studio: Studio, here: Path, capfd: Capture, monkeypatch: Patch) -> None:
    from pecten.deliver.video import VideoWriter

    with monkeypatch.context() as patch:
        full_after(patch, VideoWriter, "_picture", 2)
        done = swap(capfd, studio, Path("out.mov"), "--faces", "found")
    assert (done.code, done.complaint) == (
        1,
        "disk full while writing out.mov: free space or choose another place",
    )
    assert halves(here) == []
    assert not (here / "out.mov").exists()


def test_a_real_ctrl_c_in_a_process_of_its_own(studio: Studio, here: Path) -> None:
    clips = [shutil.copy(studio.plate, here / f"take{n}.mp4") for n in range(40)]
    words = [sys.executable, "-m", "pecten", "faces", *map(str, clips), "-i", "ada", "-o", "new", "--size", "64"]
    paths = {**os.environ, "PYTHONPATH": str(Path(pecten_package.__file__).parents[1])}
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stderr=pipe, stdout=pipe, text=True, env=paths) as process:
        until = time.monotonic() + 60
        while not list(here.glob("new/crops/*/*.png")) and process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    (said,) = (line for line in err.splitlines() if line.startswith("pecten: "))
    assert said.startswith("pecten: interrupted; finished work is kept")
    assert "Traceback" not in err
    assert halves(here) == []


@pytest.mark.parametrize("pressed", [True, False])
def test_a_library_interrupted_while_it_is_loaded_is_an_interrupt(
    pressed: bool, capfd: Capture, monkeypatch: Patch
) -> None:
    """NumPy answers Ctrl-C during its import with an error of its own."""

    def load(_: list[str]) -> int:
        try:
            if pressed:
                signal.raise_signal(signal.SIGINT)
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise ImportError("initialization failed") from None

    monkeypatch.setattr("pecten.__main__._run", load)
    before = signal.getsignal(signal.SIGINT)
    assert run([]) == (130 if pressed else 70)
    assert signal.getsignal(signal.SIGINT) is before
    assert ("interrupted" in capfd.readouterr().err) == pressed


def test_a_job_in_the_background_is_not_stopped_by_the_terminal(monkeypatch: Patch) -> None:
    def press(_: list[str]) -> int:
        signal.raise_signal(signal.SIGINT)
        return 0

    monkeypatch.setattr("pecten.__main__._run", press)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert run([]) == 0
    finally:
        signal.signal(signal.SIGINT, before)
