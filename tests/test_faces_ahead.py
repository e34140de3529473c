"""Working ahead changes nothing but the time: same items, same error, and the thread ends."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from pecten.faces.ahead import Peeking, ahead


def _threads() -> int:
    return sum(thread.name == "pecten ahead" for thread in threading.enumerate())


def test_items_come_in_order_and_the_thread_ends() -> None:
    assert list(ahead(ahead(iter(range(50)), 2), 3)) == list(range(50))
    assert _threads() == 0


def test_an_error_comes_where_its_item_would() -> None:
    def source() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("disk full")

    seen = []
    with pytest.raises(OSError, match="disk full"):
        seen.extend(item for item in ahead(ahead(source())))
    assert _threads() == 0
    taken = ahead(source())
    assert [next(taken), next(taken)] == [1, 2]
    with pytest.raises(OSError, match="disk full"):
        next(taken)


def test_whoever_stops_early_stops_the_source() -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            number = 0
            while True:
                yield number
                number += 1
        finally:
            closed.set()

    with closing(ahead(ahead(endless()))) as items:
        assert next(items) == 0
    assert closed.is_set()
    assert _threads() == 0


def test_what_is_looked_at_beforehand_still_comes_in_its_turn() -> None:
    peeking = Peeking(iter(range(6)))
    seen = [(item, peeking.coming(2) if item in (1, 2, 4) else None) for item in peeking]
    assert seen == [(0, None), (1, [2, 3]), (2, [3, 4]), (3, None), (4, [5]), (5, None)]
