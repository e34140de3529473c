"""Native libraries that write to standard error by themselves, kept from it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hushed() -> Iterator[None]:
    """Keep what native code writes out of the command's standard error; errors still come back as they should."""
    try:
        kept = os.dup(2)
    except OSError:
        # Without a standard error there is nothing to keep clean.
        yield
        return
    void = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(void, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(void)
