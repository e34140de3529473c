"""Interrupts that wait for the end of what must not be cut in two, and those that lose all."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupt:
    """Whether an interrupt has come."""

    def __init__(self) -> None:
        self.came = False

    def raise_if_came(self) -> None:
        """Raise the interrupt that was held back.

        Raises:
            KeyboardInterrupt: if one came.
        """
        if self.came:
            raise KeyboardInterrupt


class NothingKept(KeyboardInterrupt):
    """An interrupt of work that leaves nothing to go on with."""


@contextmanager
def nothing_kept() -> Iterator[None]:
    """Tell of an interrupt that comes in the block that what was done there is lost.

    Raises:
        NothingKept: in place of the interrupt.
    """
    try:
        yield
    except KeyboardInterrupt as stop:
        raise NothingKept from stop


@contextmanager
def held_back() -> Iterator[Interrupt]:
    """Hold back SIGINT and SIGTERM; a second one goes through at once. Outside the main thread nothing is held."""
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return

    def hold(number: int, frame: FrameType | None) -> None:
        if interrupt.came:
            raise KeyboardInterrupt
        interrupt.came = True

    before = {number: signal.signal(number, hold) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
