"""Statistics and previews as TensorBoard shows them; the package for it is optional."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from pecten.errors import TrainingError

_SCALARS = ("gradient_norm", "images_per_s", "lr", "px", "fade")


def require_tensorboard() -> None:
    """See that the package is there.

    Raises:
        TrainingError: if it is not.
    """
    if find_spec("tensorboard") is None:
        raise TrainingError("TensorBoard is not installed: pip install 'pecten[tensorboard]', or leave it out")


class Board:
    """Event files of one run; the clock is images seen.

    Args:
        folder: Where they go; `tensorboard --logdir` takes it.
        images_seen: Where the run goes on; what an earlier part wrote of later steps is not shown any more.
    Raises:
        TrainingError: if the package is not installed.
    """

    def __init__(self, folder: Path, images_seen: int) -> None:
        require_tensorboard()
        from torch.utils.tensorboard import SummaryWriter

        # The first row of a run has no rows after it to take back.
        purge = images_seen + 1 if images_seen else None
        self._writer: Any = SummaryWriter(str(folder), purge_step=purge)

    def note(self, row: Mapping[str, Any]) -> None:
        """Write a row of `stats.jsonl`; events are written as text."""
        seen = int(row["images_seen"])
        if "event" in row:
            self._writer.add_text("events", ", ".join(f"{key}: {value}" for key, value in row.items()), seen)
            return
        for identity, value in row["loss"].items():
            self._writer.add_scalar(f"loss/{identity}", value, seen)
        for name in _SCALARS:
            self._writer.add_scalar(f"run/{name}", row[name], seen)
        self._writer.flush()

    def picture(self, shown: UInt8[np.ndarray, "_height _width 3"], images_seen: int) -> None:
        """Write a preview."""
        self._writer.add_image("preview", shown, images_seen, dataformats="HWC")
        self._writer.flush()

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()
