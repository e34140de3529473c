"""Faults of the disk, told in one line."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pecten.errors import DeliveryError


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn an operating-system error while writing `path` into a `DeliveryError`."""
    try:
        yield
    except OSError as error:
        raise fault(path, error) from error


def fault(path: Path, error: OSError) -> DeliveryError:
    """Say in one line why `path` could not be written, and what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(path)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return DeliveryError(f"{path}: no right to write there; choose another place")
    return DeliveryError(f"{path}: cannot be written ({error.strerror or error}); choose another place")


def disk_full(path: Path) -> DeliveryError:
    """Say that there is no room for `path`."""
    return DeliveryError(f"disk full while writing {path}: free space or choose another place")


def has_room(path: Path, size: int) -> bool:
    """Say whether `size` bytes fit beside `path`."""
    return shutil.disk_usage(path.parent).free >= size
