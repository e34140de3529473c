"""The training benchmark on pictures too small to tell anything."""

import math
from pathlib import Path

import pytest
import torch

from cli_support import pecten
from pecten.benchmark import train as bench
from pecten.benchmark.report import Figure, Table
from pecten.benchmark.train import PARTS
from pecten.benchmark.train_card import measure_card
from pecten.benchmark.train_steps import made_up, measure_feeds, measure_growth, people, timed


def test_work_is_run_once_more_than_it_is_timed() -> None:
    done: list[int] = []
    spent = timed(lambda: done.append(0), 3)
    assert len(done) == 4
    assert 0 <= spent.wall < 1


def test_crops_made_up_have_a_face_and_are_shared() -> None:
    crops = made_up("one", 32, count=3)
    assert crops.images.shape == (3, 32, 32, 3)
    assert 0.1 < (crops.mattes > 0).mean() < 0.9
    first, second = people(2, 32)
    assert (first.identity, second.identity) == ("p0", "p1")
    assert first.images is second.images


def test_growth_and_feeds_give_figures() -> None:
    figures, (table,) = measure_growth(quick=True)
    assert [row[0] for row in table.rows] == ["2", "4"]
    assert all(math.isfinite(figure.value) for figure in [*figures, *measure_feeds(quick=True)[0]])
    # What becomes less is no fault, and the figure says that it does not count.
    assert [figure.name.rsplit(": ")[1] for figure in figures] == ["largest increase"] * 2


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_what_needs_a_gpu_says_that_there_is_none() -> None:
    figures, _ = measure_card(quick=True)
    assert all(math.isnan(figure.value) and figure.met is None for figure in figures)
    assert {figure.note for figure in figures} == {"not measured: no GPU"}


def test_the_report_holds_every_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, table = [Figure("a figure", 1.0)], Table("a table", ("a",), (("1",),))
    parts = [(words, lambda quick, place=place: (one, [table] * (place % 2))) for place, (words, _) in enumerate(PARTS)]
    monkeypatch.setattr(bench, "PARTS", parts)
    told: list[int] = []
    report = bench.measure_training(tmp_path, lambda stage, done, total: told.append(done), quick=True)
    text = report.read_text(encoding="utf-8")
    assert text.count("a figure") == 5
    assert text.count("## a table") == 2
    assert told == list(range(6))


def test_the_command_says_what_it_would_time(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    told = pecten(capfd, "bench", "train", "--quick", "-o", tmp_path / "out", "--dry-run")
    assert (told.code, told.out.count("would time")) == (0, len(PARTS))
    assert "half a minute" in told.out
    assert list(tmp_path.iterdir()) == []
