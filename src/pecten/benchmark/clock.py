"""How long work takes."""

import time
from collections.abc import Callable


def laps(work: Callable[[], object], repeats: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Time work after one run that does not count.

    Returns:
        Seconds of wall-clock, and of CPU over all threads, one a run.
    """
    work()
    spent = []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        spent.append((time.perf_counter() - wall, time.process_time() - cpu))
    walls, cpus = zip(*spent, strict=True)
    return walls, cpus
