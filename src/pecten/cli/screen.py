"""Progress on a terminal, and as plain lines where there is none."""

import time
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

PLAIN_INTERVAL_S = 5.0


class Screen:
    """A bar with time left for each stage; call it as a `pecten.types.Progress`."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self._tasks: dict[str, TaskID] = {}
        self._plain = _PlainLines(self.console)
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
            # The mean over two minutes: progressive training slows down from level to level.
            speed_estimate_period=120,
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
        if not self.console.is_terminal:
            self._plain(stage, done, total)
            return
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=total)
        self._bars.update(self._tasks[stage], completed=done, total=total)

    def say(self, text: str) -> None:
        """Print a line above the bars."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)


class _PlainLines:
    """A line every few seconds, for logs and farm machines."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started: dict[str, tuple[float, int]] = {}
        self._last: dict[str, float] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        start, first = self._started.setdefault(stage, (now, done))
        finished = done >= total
        if not finished and now - self._last.get(stage, 0.0) < PLAIN_INTERVAL_S:
            return
        if finished and self._last.get(stage) == float("inf"):
            return
        self._last[stage] = float("inf") if finished else now
        rate = (done - first) / (now - start) if now > start else 0.0
        left = f", {_clock((total - done) / rate)} left" if rate > 0 and not finished else ""
        self._console.print(
            f"{stage}: {done}/{total}, {_clock(now - start)}{left}", highlight=False, markup=False, soft_wrap=True
        )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
