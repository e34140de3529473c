"""Progress on a terminal, and as plain lines where there is none."""

import time
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from pecten.quiet import heard

PLAIN_INTERVAL_S = 5.0


class Screen:
    """A bar with time left for each stage; call it as a `pecten.types.Progress`."""

    def __init__(self, console: Console | None = None) -> None:
        stream = heard()
        self.console = console or (Console(stderr=True) if stream is None else Console(file=stream))
        self._tasks: dict[str, TaskID] = {}
        self._paces: dict[str, _Pace] = {}
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=self.console,
            disable=not self.console.is_terminal,
        )

    def __enter__(self) -> "Screen":
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show that `done` of `total` units of `stage` are finished."""
        pace = self._paces.setdefault(stage, _Pace(done))
        left = pace.left(done, total)
        if not self.console.is_terminal:
            if pace.is_due(done >= total):
                self.say(f"{stage}: {done}/{total}, {_clock(pace.elapsed())}{f', {left}' if left else ''}")
            return
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=total, left="")
        self._bars.update(self._tasks[stage], completed=done, total=total, left=left)

    def expect(self, row: dict[str, Any]) -> None:
        """Take training's own estimate of the time left; later levels cost more than those that were timed."""
        if "eta_s" in row:
            self._paces.setdefault("train", _Pace(0)).expect(float(row["eta_s"]))

    def say(self, text: str) -> None:
        """Print a line above the bars."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)


class _Pace:
    """How fast one stage goes."""

    def __init__(self, first: int) -> None:
        self._start, self._first = time.monotonic(), first
        self._expected: tuple[float, float] | None = None
        self._told = 0.0

    def elapsed(self) -> float:
        return time.monotonic() - self._start

    def expect(self, seconds: float) -> None:
        """Trust this estimate from now on."""
        self._expected = time.monotonic(), seconds

    def left(self, done: int, total: int) -> str:
        """Say how much time is left; nothing at the end or before anything is known."""
        now = time.monotonic()
        if done >= total:
            return ""
        if self._expected is not None:
            return f"{_clock(max(0.0, self._expected[1] - (now - self._expected[0])))} left"
        if now <= self._start or done <= self._first:
            return ""
        return f"{_clock((total - done) * (now - self._start) / (done - self._first))} left"

    def is_due(self, finished: bool) -> bool:
        """Say whether a plain line is due: every few seconds, and once at the end."""
        now = time.monotonic()
        if now - self._told < PLAIN_INTERVAL_S and not (finished and self._told != float("inf")):
            return False
        self._told = float("inf") if finished else now
        return True


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
