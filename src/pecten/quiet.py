"""Native libraries that write to standard error by themselves, kept from it."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TextIO, final


@final
class _StandardError:
    """The process's standard error, of which there is one for all threads: the last to leave restores it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._within = 0
        self._kept: int | None = None

    def hush(self) -> None:
        with self._lock:
            self._within += 1
            if self._within > 1:
                return
            try:
                self._kept = os.dup(2)
            except OSError:
                # Without a standard error there is nothing to keep clean.
                return
            void = os.open(os.devnull, os.O_WRONLY)
            os.dup2(void, 2)
            os.close(void)

    def restore(self) -> None:
        with self._lock:
            self._within -= 1
            if self._within or self._kept is None:
                return
            os.dup2(self._kept, 2)
            os.close(self._kept)
            self._kept = None


_STANDARD_ERROR = _StandardError()


@contextmanager
def hushed() -> Iterator[None]:
    """Keep what native code writes out of the command's standard error; errors still come back as they should.

    Threads may be inside at once. What any of them writes to standard error meanwhile is lost.
    """
    _STANDARD_ERROR.hush()
    try:
        yield
    finally:
        _STANDARD_ERROR.restore()


@cache
def heard() -> TextIO | None:
    """Return a stream to the process's standard error that is not hushed with it; None where there is no such.

    Progress is told by one thread while another may be inside `hushed`.
    """
    stream = sys.__stderr__
    if stream is None or sys.stderr is not stream:
        return None
    try:
        return os.fdopen(os.dup(stream.fileno()), "w", 1, stream.encoding, stream.errors)
    except (OSError, ValueError):
        return None
