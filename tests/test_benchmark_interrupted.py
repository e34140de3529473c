"""A benchmark that keeps nothing of a part says so when it is stopped."""

import signal
from pathlib import Path

import pytest

from cli_support import pecten
from pecten.benchmark.footage import TruthFootage

LOST = "interrupted; nothing is kept: run the same command again to begin anew"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("name", "work"),
    [
        ("faces", "faces.measure_faces"),
        ("composite", "composite.measure_composite"),
        ("train", "train.measure_training"),
    ],
)
def test_nothing_is_said_to_be_kept_that_is_not(
    name: str,
    work: str,
    number: int,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(f"pecten.benchmark.{work}", lambda *_: signal.raise_signal(number))
    monkeypatch.setattr("pecten.benchmark.footage.read_footage", lambda _: TruthFootage((), (), ()))
    footage = () if name == "train" else ("--footage", tmp_path)
    told = pecten(capfd, "bench", name, *footage, "-o", tmp_path / "out")
    assert (told.code, told.complaint) == (130, LOST)
    assert list(tmp_path.iterdir()) == []
