"""Working ahead: a stage of a pipeline in a thread of its own, and a look at what comes next."""

import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from itertools import islice
from queue import Empty, Full, Queue
from typing import Generic, TypeVar

T = TypeVar("T")

_PATIENCE_S = 0.1


class _End:
    """After the last item: why there are no more."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def ahead(source: Iterable[T], depth: int = 3) -> Generator[T, None, None]:
    """Give the items of a source that is run in a thread, up to `depth` of them ahead.

    Order and values are the source's own. Its error is raised where the item would have come. Close the generator (or
    let it end) to stop the thread; it stops after the item that it is working on.

    Args:
        source: Run in the thread, and closed there when it can be.
        depth: Items that may wait.
    """
    waiting: Queue[T | _End] = Queue(depth)
    stop = threading.Event()

    def offer(item: T | _End) -> bool:
        while not stop.is_set():
            try:
                waiting.put(item, timeout=_PATIENCE_S)
            except Full:
                continue
            return True
        return False

    def work() -> None:
        end = _End()
        try:
            for item in source:
                if not offer(item):
                    break
        except BaseException as error:
            end = _End(error)
        if isinstance(source, Generator):
            source.close()
        offer(end)

    thread = threading.Thread(target=work, name="pecten ahead", daemon=True)
    thread.start()
    try:
        while not isinstance(item := waiting.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stop.set()
        _drain(waiting)
        thread.join()


class Peeking(Generic[T]):
    """Gives the items of a source in turn, and those still to come before their turn."""

    def __init__(self, source: Iterator[T]) -> None:
        self._source = source
        self._waiting: deque[T] = deque()

    def __iter__(self) -> Iterator[T]:
        """Go on where it was left."""
        return self

    def __next__(self) -> T:
        """Give the next item."""
        return self._waiting.popleft() if self._waiting else next(self._source)

    def coming(self, count: int) -> list[T]:
        """Return the next items, fewer at the end; they are still given in their turn."""
        self._waiting.extend(islice(self._source, max(0, count - len(self._waiting))))
        return list(self._waiting)[:count]


def _drain(waiting: "Queue[T]") -> None:
    while True:
        try:
            waiting.get_nowait()
        except Empty:
            return
