"""Interrupts that wait for the end of what must not be cut in two."""

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
