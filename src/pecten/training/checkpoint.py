"""The whole state of a run on disk: weights, their average, Adam's moments, the clock."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pecten.comb.weights import read_tensors, write_tensors
from pecten.errors import CombError

VERSION = 1
KEEP = 3
MOMENTS = ("step", "exp_avg", "exp_avg_sq")


@dataclass(frozen=True)
class Clock:
    """What a run knows besides its tensors.

    Args:
        images_seen: Of all identities together.
        rate_scale: Of the learning rate, lowered by each roll-back.
        rollbacks: So far.
        copied: The first decoder has been copied to the others.
    """

    images_seen: int = 0
    rate_scale: float = 1.0
    rollbacks: int = 0
    copied: bool = False


Learner = tuple[nn.Module, torch.optim.Optimizer]
"""What learns, and its Adam."""


def save(
    folder: Path,
    comb: nn.Module,
    ema: nn.Module,
    optimiser: torch.optim.Optimizer,
    clock: Clock,
    critic: Learner | None = None,
) -> Path:
    """Write a checkpoint in one piece and remove all but the last three."""
    tensors = {f"comb.{name}": value for name, value in comb.state_dict().items()}
    tensors |= {f"ema.{name}": value for name, value in ema.state_dict().items()}
    tensors |= _moments("adam", comb, optimiser)
    if critic is not None:
        tensors |= {f"critic.{name}": value for name, value in critic[0].state_dict().items()}
        tensors |= _moments("critic_adam", *critic)
    path = folder / f"{clock.images_seen:08d}.safetensors"
    write_tensors(path, tensors, {"version": VERSION, "kind": "checkpoint", **asdict(clock)})
    for old in sorted(folder.glob("*.safetensors"))[:-KEEP]:
        old.unlink()
    return path


def load_latest(
    folder: Path, comb: nn.Module, ema: nn.Module, optimiser: torch.optim.Optimizer, critic: Learner | None = None
) -> tuple[Clock | None, tuple[str, ...]]:
    """Restore the newest checkpoint that is whole.

    Args:
        folder: Of the checkpoints; may be missing.
        comb: Changed in place, as are `ema`, `optimiser` and `critic`; untouched when there is none to restore.
    Returns:
        Its clock (None when there is none), and why newer ones were passed over.
    """
    reasons: list[str] = []
    for path in sorted(folder.glob("*.safetensors"), reverse=True):
        try:
            tensors, header = read_tensors(path)
            if header.get("version") != VERSION:
                raise CombError(f"{path}: checkpoint version {header.get('version')!r}: this Pecten reads {VERSION}")
            _restore(tensors, comb, ema, optimiser, critic, path)
        except CombError as error:
            reasons.append(str(error))
            continue
        return _clock(header), tuple(reasons)
    return None, tuple(reasons)


def _restore(
    tensors: Mapping[str, Tensor],
    comb: nn.Module,
    ema: nn.Module,
    optimiser: torch.optim.Optimizer,
    critic: Learner | None,
    path: Path,
) -> None:
    try:
        comb.load_state_dict(_under("comb.", tensors))
        ema.load_state_dict(_under("ema.", tensors))
        if critic is not None:
            critic[0].load_state_dict(_under("critic.", tensors))
    except RuntimeError as error:
        raise CombError(f"{path}: made for a comb of another shape: choose another folder") from error
    _restore_moments("adam", comb, optimiser, tensors)
    if critic is not None:
        _restore_moments("critic_adam", *critic, tensors)


def _moments(prefix: str, module: nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return Adam's state by name; a level that has not been trained yet has none."""
    return {
        f"{prefix}.{key}.{name}": value
        for name, parameter in module.named_parameters()
        for key, value in optimiser.state.get(parameter, {}).items()
    }


def _restore_moments(
    prefix: str, module: nn.Module, optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]
) -> None:
    optimiser.state.clear()
    for name, parameter in module.named_parameters():
        if f"{prefix}.step.{name}" not in tensors:
            continue
        state: dict[str, Tensor] = {"step": tensors[f"{prefix}.step.{name}"].clone()}
        for key in MOMENTS[1:]:
            # As the parameter lies in memory: sums over it are then taken in the same order.
            state[key] = torch.empty_like(parameter, requires_grad=False).copy_(tensors[f"{prefix}.{key}.{name}"])
        optimiser.state[parameter] = state


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _clock(header: Mapping[str, Any]) -> Clock:
    return Clock(
        int(header["images_seen"]), float(header["rate_scale"]), int(header["rollbacks"]), bool(header["copied"])
    )
