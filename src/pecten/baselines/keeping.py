"""A method's training on disk: gone on with after an interrupt, and not made again once it is done."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pecten.comb.weights import read_tensors, write_tensors
from pecten.errors import CombError, TrainingError

VERSION = 1
FILE = "state.safetensors"


def keep(folder: Path, network: nn.Module, optimiser: torch.optim.Optimizer | None, note: Mapping[str, Any]) -> None:
    """Write a training's state in one piece.

    Args:
        folder: Takes `state.safetensors`, in place of an earlier one.
        network: Its weights are kept.
        optimiser: What it remembers is kept; None when nothing will be learnt any more.
        note: What the training was of and how far it is; JSON-ready.
    """
    tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
    for name, parameter in network.named_parameters():
        state = {} if optimiser is None else optimiser.state.get(parameter, {})
        tensors |= {f"moment.{key}.{name}": torch.as_tensor(value) for key, value in state.items()}
    write_tensors(folder / FILE, tensors, {"version": VERSION, "kind": "baseline", "note": dict(note)})


def restore(folder: Path, network: nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, Any] | None:
    """Go on from what `keep` wrote.

    Args:
        folder: Where it lies.
        network, optimiser: Changed in place.
    Returns:
        The note; None where nothing usable was kept.
    Raises:
        TrainingError: if it was kept of a network of another shape.
    """
    if not (folder / FILE).is_file():
        return None
    try:
        tensors, header = read_tensors(folder / FILE)
    except CombError:
        return None  # What a disk damaged is made again.
    if header.get("version") != VERSION:
        return None
    try:
        network.load_state_dict(_under("network.", tensors))
    except RuntimeError as error:
        raise TrainingError(f"{folder / FILE}: of a network of another shape: choose another folder") from error
    _remember(tensors, network, optimiser)
    return dict(header["note"])


def _remember(tensors: Mapping[str, Tensor], network: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    optimiser.state.clear()
    keys = sorted({name.split(".")[1] for name in tensors if name.startswith("moment.")})
    for name, parameter in network.named_parameters():
        held = {key: tensors[f"moment.{key}.{name}"] for key in keys if f"moment.{key}.{name}" in tensors}
        if held:
            optimiser.state[parameter] = {key: _as_it_was(value, parameter) for key, value in held.items()}


def _as_it_was(value: Tensor, parameter: nn.Parameter) -> Any:
    if value.shape == parameter.shape:
        # As the parameter lies in memory: sums over it are then taken in the same order.
        return torch.empty_like(parameter, requires_grad=False).copy_(value)
    # Adam counts its steps in a tensor, AdaBelief in a number.
    return value.clone() if value.is_floating_point() else int(value)


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
