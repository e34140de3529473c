"""Crops where the step can take them: on its device, or sent there ahead of it."""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

from pecten.dataset.crops import CropSet

Crops = tuple[Tensor, Tensor, Tensor]
"""Images, mattes and features, (n, planes, side, side), 8 bits."""

Key = tuple[int, str, int]
"""Level, identity, images seen: what a step asks for."""


class Feed:
    """Every performer's crops at one level.

    Args:
        datasets: By identity.
        device: Where steps run.
        on_host: Crops stay in the machine's memory, and those of the next step are gathered beside the present one;
            otherwise all lie on the device.
    """

    def __init__(self, datasets: Mapping[str, CropSet], device: torch.device, on_host: bool) -> None:
        self._datasets, self._device, self._on_host = datasets, device, on_host
        self._held: tuple[int, Mapping[str, Crops]] = (-1, {})
        self._ahead: dict[Key, Future[Crops]] = {}
        self._worker = ThreadPoolExecutor(1, "crops") if on_host else None

    def at(self, level: int) -> Mapping[str, Crops]:
        """Return all crops, reduced to side 2**level px; the last level asked for is kept."""
        if self._held[0] != level:
            place = torch.device("cpu") if self._on_host else self._device
            reduced = {identity: crops.at_size(2**level) for identity, crops in self._datasets.items()}
            self._held = (
                level,
                {
                    identity: (
                        _planar(crops.images, place),
                        _planar(crops.mattes[..., None], place),
                        _planar(crops.features[..., None], place),
                    )
                    for identity, crops in reduced.items()
                },
            )
        return self._held[1]

    def take(self, key: Key, chosen: Int64[np.ndarray, " _count"]) -> Crops:
        """Return some of an identity's crops on the device.

        Args:
            key: Of the step that asks.
            chosen: Rows.
        """
        level, identity, _ = key
        if not self._on_host:
            rows = torch.from_numpy(chosen).to(self._device)
            images, mattes, features = (held[rows] for held in self.at(level)[identity])
            return images, mattes, features
        # What was sent for and is not for this step any more, after a roll-back or at a new level, is let go.
        waiting = self._ahead.pop(key, None)
        self._ahead = {other: made for other, made in self._ahead.items() if other[2] >= key[2]}
        gathered = waiting.result() if waiting else self._gather(self.at(level)[identity], chosen)
        images, mattes, features = (part.to(self._device, non_blocking=True) for part in gathered)
        return images, mattes, features

    def send_for(self, key: Key, chosen: Int64[np.ndarray, " _count"]) -> None:
        """Gather beside the present step what the next one will take; nothing to do where all lie on the device."""
        level, identity, _ = key
        if self._worker is None or level != self._held[0] or key in self._ahead:
            return
        self._ahead[key] = self._worker.submit(self._gather, self._held[1][identity], chosen)

    def _gather(self, crops: Crops, chosen: Int64[np.ndarray, " _count"]) -> Crops:
        rows = torch.from_numpy(chosen)
        images, mattes, features = (self._picked(part, rows) for part in crops)
        return images, mattes, features

    def _picked(self, crops: Tensor, rows: Tensor) -> Tensor:
        # Pinned memory goes to a GPU beside its work.
        place = torch.empty((len(rows), *crops.shape[1:]), dtype=crops.dtype, pin_memory=self._device.type == "cuda")
        return torch.index_select(crops, 0, rows, out=place)


def _planar(pictures: UInt8[np.ndarray, "_frames _side _side _channels"], device: torch.device) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))).to(device)
