"""How much memory a run will take, told before it starts."""

import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from pecten.comb.config import CombConfig
from pecten.comb.model import Comb
from pecten.dataset.augment import Batch
from pecten.devices import Room, gains_by_bfloat16
from pecten.errors import TrainingError
from pecten.faces.mean import MEAN_MESH
from pecten.training.config import TrainConfig
from pecten.training.step import gather, parts

GIB = 2**30

_COPIES = 5
"""Of every weight, float32: itself, its gradient, Adam's two moments, the average."""

_CROP_BYTES = 5
"""A pixel: three of the picture, two of the mattes."""

_MEASURED = 2
"""Identities of a part that are gone through one by one."""

_RUNTIME = GIB // 2
"""What Python and torch take before anything is trained; a CUDA context is about as large."""


@dataclass(frozen=True)
class Forecast:
    """Bytes that a run holds at its highest level.

    Attributes:
        parameters: Count of weights.
        weights: Weights, gradients, moments and average.
        step: Most that one part of a step holds on top.
        crops: All performers' crops, on the device ("device") or in the machine's memory ("host").
        cache: Where they are.
        on_cpu: Whether the device is the machine itself.
    """

    parameters: int
    weights: int
    step: int
    crops: int
    cache: str
    on_cpu: bool

    @property
    def device(self) -> int:
        """Return what the device must hold."""
        host = self.crops if self.on_cpu else 0
        return _RUNTIME + self.weights + self.step + host + (self.crops if self.cache == "device" else 0)

    @property
    def host(self) -> int:
        """Return what the machine must hold; on a GPU a checkpoint passes through its memory."""
        if self.on_cpu:
            return self.device
        return _RUNTIME + self.crops * (1 if self.cache == "device" else 2) + self.parameters * 4 * (_COPIES - 1)

    def line(self) -> str:
        """Say it in one line."""
        where = "" if self.on_cpu or self.cache == "device" else ", in the machine's memory"
        return (
            f"{self.parameters / 1e6:.1f} M weights, about {self.device / GIB:.1f} GiB ({self.weights / GIB:.1f} for "
            f"weights and optimiser, {self.step / GIB:.1f} for a step, {self.crops / GIB:.1f} of crops{where})"
        )


def forecast(shape: CombConfig, config: TrainConfig, frames: int = 0, on_cpu: bool = True) -> Forecast:
    """Work out the memory of a run.

    One part of a step is made with tensors that have a size but no content, and what is alive at a time is counted:
    every switch of the comb and of the loss is in the figure. What libraries take for themselves (workspaces of
    convolutions) is not.

    Args:
        shape: Of the comb.
        config: Of the training.
        frames: Crops of all performers.
        on_cpu: Whether it runs on the machine itself.
    """
    return _Planner(shape, config, on_cpu).forecast(config, frames)


def plan_memory(shape: CombConfig, config: TrainConfig, frames: int, room: Room) -> tuple[Forecast, TrainConfig]:
    """See that a run fits before it starts, and choose where the crops are kept.

    Args:
        shape, config, frames: As for `forecast`.
        room: What there is.
    Returns:
        The forecast, and the configuration with `cache` decided.
    Raises:
        TrainingError: in one line, with settings that would fit.
    """
    on_cpu = room.card is None
    planner = _Planner(shape, config, on_cpu)
    choices = ("device", "host") if config.cache == "auto" and not on_cpu else ("device",)
    wanted = [replace(config, cache=one if config.cache == "auto" else config.cache) for one in choices]
    for settings in wanted:
        made = planner.forecast(settings, frames)
        if _fits(made, room):
            return made, settings
    advice = planner.advice(wanted[-1], frames, room)
    if made.device > (free := room.card or room.machine):
        what, need = "the card" if room.card else "this machine", made.device
    else:
        what, need, free = "this machine", made.host, room.machine
    raise TrainingError(f"training needs {need / GIB:.1f} GiB, {what} has {free / GIB:.1f} free: {advice}")


def _fits(made: Forecast, room: Room) -> bool:
    return made.device <= (room.card or room.machine) and made.host <= room.machine


class _Planner:
    """The parts of one comb's steps, each measured once."""

    def __init__(self, shape: CombConfig, config: TrainConfig, on_cpu: bool) -> None:
        self.shape, self._on_cpu = shape, on_cpu
        bfloat16 = config.bfloat16 and gains_by_bfloat16("cpu" if on_cpu else "cuda")
        self._config = replace(config, bfloat16=bfloat16)
        with torch.device("meta"):
            self.parameters = sum(p.numel() for p in Comb(shape).parameters())
        self._measured: dict[tuple[int, int], int] = {}

    def forecast(self, config: TrainConfig, frames: int) -> Forecast:
        made = parts(self.shape.identities, config.batch, config.accumulate)
        # The first part is the largest.
        step = self._part(len(made[0][0]), len(range(config.batch)[made[0][1][0]]))
        cache = "device" if config.cache == "auto" else config.cache
        crops = frames * _CROP_BYTES * self.shape.size**2
        return Forecast(self.parameters, self.parameters * 4 * _COPIES, step, crops, cache, self._on_cpu)

    def _part(self, identities: int, pictures: int) -> int:
        if identities > _MEASURED:
            # Every further one adds the same.
            more, most = (self._part(count, pictures) for count in (_MEASURED - 1, _MEASURED))
            return most + (identities - _MEASURED) * (most - more)
        if (identities, pictures) not in self._measured:
            self._measured[identities, pictures] = _peak(self.shape, self._config, identities, pictures)
        return self._measured[identities, pictures]

    def advice(self, config: TrainConfig, frames: int, room: Room) -> str:
        def fit(settings: Sequence[TrainConfig]) -> TrainConfig | None:
            return next((one for one in settings if _fits(self.forecast(one, frames), room)), None)

        pictures = config.batch * len(self.shape.identities)
        halvings = [config.batch >> k for k in range(1, config.batch.bit_length())]
        doublings = [2**k for k in range(1, pictures.bit_length() + 1) if config.accumulate < 2**k]
        smaller = fit([replace(config, batch=batch) for batch in halvings])
        split = fit([replace(config, accumulate=min(count, pictures)) for count in doublings])
        said = [f"--batch {smaller.batch}"] if smaller else []
        said += [f"--accumulate {split.accumulate}"] if split else []
        if said:
            return f"use {' or '.join(said)}"
        return f"use fewer performers or frames, or --size {self.shape.size // 2}"


class _Alive(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of all storages that operations make and that are still alive."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now, self.peak = 0, 0
        self._known: dict[int, int] = {}

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        for value in tree_leaves(result):
            if isinstance(value, torch.Tensor):
                self._meet(value.untyped_storage())
        return result

    def _meet(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key not in self._known:
            self._known[key] = storage.nbytes()
            self.now += storage.nbytes()
            self.peak = max(self.peak, self.now)
            weakref.finalize(storage, self._part, key)

    def _part(self, key: int) -> None:
        self.now -= self._known.pop(key)


def _peak(shape: CombConfig, config: TrainConfig, identities: int, pictures: int) -> int:
    """Measure what a part of a step holds at most, its pictures included, at the highest level as it fades in.

    Args:
        shape, config: Of the run.
        identities: Of the part.
        pictures: Of each.
    Returns:
        Bytes, gradients not among them: those of earlier parts are there already.
    """
    names = tuple(str(k) for k in range(identities))
    settings = replace(config, batch=pictures, accumulate=1)
    with FakeTensorMode(allow_non_fake_inputs=True), torch.device("cpu"):
        comb = Comb(replace(shape, identities=names))
        for parameter in comb.parameters():
            parameter.grad = torch.empty_like(parameter)
        with _Alive() as alive:
            batches = {name: _blank(pictures, shape.size, bool(shape.texture)) for name in names}
            gather(comb, batches, 1 / identities, shape.highest_level, 0.5, settings)
        return int(alive.peak)


def _blank(pictures: int, side: int, with_points: bool) -> Batch:
    inputs, targets, mattes, features = (torch.empty(pictures, planes, side, side) for planes in (3, 3, 1, 1))
    return Batch(inputs, targets, mattes, features, torch.empty(pictures, len(MEAN_MESH), 2) if with_points else None)
