"""What every swap method must be able to do to be compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from pecten.dataset.crops import CropSet
from pecten.errors import UsageError
from pecten.types import Progress, silent

Crops = Float32[np.ndarray, "_frames _size _size 3"]


@dataclass(frozen=True)
class Budget:
    """How long a method may learn: so many images of all performers together, or so many seconds.

    Raises:
        UsageError: unless exactly one is given, above 0.
    """

    images: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        given = [value for value in (self.images, self.seconds) if value is not None]
        if len(given) != 1 or not given[0] > 0:
            raise UsageError(f"budget of {self.images} images, {self.seconds} s: give one of them, above 0")

    def is_spent(self, images: int, seconds: float) -> bool:
        """Say whether it is spent."""
        return images >= self.images if self.images is not None else seconds >= (self.seconds or 0)


@runtime_checkable
class SwapModel(Protocol):
    """A method that learns from two or more performers and shows one as another.

    Attributes:
        name: In tables.
        size: Side of its crops in px.
    """

    name: str
    size: int

    def teach(self, people: Mapping[str, CropSet], budget: Budget, progress: Progress = silent) -> int:
        """Learn from performers' crops.

        Args:
            people: Crops by identity. A method for pairs takes two: first the one whose appearance will be put on.
            budget: When to stop.
            progress: Told the images seen.
        Returns:
            Images seen, of all performers together.
        Raises:
            UsageError: if the method cannot learn from so many.
        """
        ...

    def show(self, crops: Crops, source: str) -> Crops:
        """Show a target's crops as a source.

        Args:
            crops: Display RGB in [0, 1], side `size`; neighbours in time lie side by side.
            source: One of the identities that were taught.
        Raises:
            ShapeError: if the crops have another size.
            UsageError: if the source was not taught.
        """
        ...
