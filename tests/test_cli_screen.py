"""Progress as plain lines."""

import io

import pytest
from rich.console import Console

from pecten.cli import screen as module
from pecten.cli.screen import Screen


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def _lines(clock: list[float], expected: float | None = None) -> list[str]:
    out = io.StringIO()
    with Screen(Console(file=out, width=100)) as screen:
        for done in range(1, 11):
            clock[0] += 2.0
            screen("train", done, 10)
            if expected is not None and done == 1:
                screen.expect({"eta_s": expected})
    return out.getvalue().splitlines()


def test_a_line_every_few_seconds_and_one_at_the_end(clock: list[float]) -> None:
    lines = _lines(clock)
    assert lines == [
        "train: 1/10, 0:00",
        "train: 4/10, 0:06, 0:12 left",
        "train: 7/10, 0:12, 0:06 left",
        "train: 10/10, 0:18",
    ]


def test_trainings_own_estimate_is_trusted_and_counts_down(clock: list[float]) -> None:
    assert _lines(clock, 90.0)[1:3] == ["train: 4/10, 0:06, 1:24 left", "train: 7/10, 0:12, 1:18 left"]
