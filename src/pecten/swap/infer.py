"""From a target's crops to the source's face in them."""

from typing import Protocol, final, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float32

from pecten.comb.blocks import evened
from pecten.comb.model import Comb
from pecten.errors import ShapeError

Crops = Float32[np.ndarray, "_frames _size _size 3"]


@runtime_checkable
class Decoder(Protocol):
    """Anything that shows a target's face as a source: a comb, or another method."""

    @property
    def size(self) -> int:
        """Side of its crops, in px."""

    def show(self, crops: Crops, source: str) -> Crops:
        """Show a target's crops (display RGB, side `size`) as a source."""


@final
class CombDecoder:
    """A comb as a decoder.

    Args:
        comb: Trained.
        batch: Crops in one pass.
    """

    def __init__(self, comb: Comb, batch: int = 8) -> None:
        self.size, self._comb, self._batch = comb.config.size, comb, batch

    def show(self, crops: Crops, source: str) -> Crops:
        """Show crops as one of the comb's identities; see `swap_crops`."""
        return swap_crops(self._comb, source, crops, self._batch)


def swap_crops(comb: Comb, source: str, crops: Crops, batch: int = 8) -> Crops:
    """Show what is in the crops as the source.

    Args:
        comb: Trained; runs where it lies, in its own precision.
        source: Identity whose decoder is used.
        crops: The target's, display RGB at the comb's size; values beyond [0, 1] are clipped for the network.
        batch: Crops in one pass.
    Returns:
        Display RGB in [0, 1]; trustworthy inside the trained region only.
    Raises:
        ShapeError: if the crops have another size than the comb.
        CombError: if the comb does not know the source.
    """
    size = comb.config.size
    if crops.shape[1] != size:
        raise ShapeError(f"crops of {crops.shape[1]} px for a comb of {size} px: crop the plate at {size} px")
    device = next(comb.parameters()).device
    shown = np.empty_like(crops)
    with torch.inference_mode():
        for start in range(0, len(crops), batch):
            part = torch.from_numpy(np.ascontiguousarray(crops[start : start + batch].transpose(0, 3, 1, 2))).to(device)
            faces = comb(part.clamp(0, 1).contiguous(memory_format=torch.channels_last), source).float()
            faces = evened(faces, comb.config.fold).clamp(0, 1)
            shown[start : start + batch] = faces.permute(0, 2, 3, 1).cpu().numpy()
    return shown
