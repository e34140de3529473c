"""A writer for tests that keeps what it is given."""

from collections.abc import Sequence

from pecten.footage.clip import Frame
from pecten.types import Image, Mask


class Kept:
    """A writer that keeps what it is given."""

    def __init__(self, done: Sequence[int] = ()) -> None:
        self.images: dict[int, tuple[Image, Image, Mask]] = {}
        self._done = done

    def write(self, frame: Frame, image: Image, support: Mask) -> None:
        """Keep a frame."""
        self.images[frame.number] = (frame.image, image, support)

    def done(self, number: int) -> bool:
        """Say whether it was there."""
        return number in self._done

    def close(self) -> None:
        """Do nothing."""

    def abort(self) -> None:
        """Do nothing."""

    def __enter__(self) -> "Kept":
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        pass
