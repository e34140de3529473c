"""The training benchmark on pictures too small to tell anything."""

import math
from pathlib import Path

import pytest
import torch

from pecten.benchmark import train as bench
from pecten.benchmark.report import Figure, Table
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
    figures, table = measure_growth(quick=True)
    assert [row[0] for row in table.rows] == ["2", "4"]
    assert all(math.isfinite(figure.value) for figure in [*figures, *measure_feeds(quick=True)])


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_what_needs_a_gpu_says_that_there_is_none() -> None:
    figures = measure_card(quick=True)
    assert all(math.isnan(figure.value) and figure.met is None for figure in figures)
    assert {figure.note for figure in figures} == {"not measured: no GPU"}


def test_the_report_holds_every_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, table = [Figure("a figure", 1.0)], Table("a table", ("a",), (("1",),))
    for name in ("measure_methods", "measure_feeds", "measure_card"):
        monkeypatch.setattr(bench, name, lambda quick: one)
    for name in ("measure_growth", "measure_shown"):
        monkeypatch.setattr(bench, name, lambda quick: (one, table))
    told: list[int] = []
    report = bench.measure_training(tmp_path, lambda stage, done, total: told.append(done), quick=True)
    text = report.read_text(encoding="utf-8")
    assert text.count("a figure") == 5
    assert text.count("## a table") == 2
    assert told == list(range(6))
