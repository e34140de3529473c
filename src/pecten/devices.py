"""Where networks run, and how much memory there is."""

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

from pecten.errors import UsageError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Room:
    """Free memory in bytes.

    Attributes:
        machine: Of the machine, or of the container it is.
        card: Of the GPU; None where none is used.
    """

    machine: int
    card: int | None = None


def choose_device(name: str) -> str:
    """Return "cuda" for "auto" where there is a GPU, else "cpu"; other names stand."""
    if name != "auto":
        return name
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def gains_by_bfloat16(device: str) -> bool:
    """Say whether networks are computed faster in bfloat16 than in float32.

    A CPU without 512-bit vectors has convolutions in bfloat16 only by a plain loop: training of the preset "quick" at
    256 px took 17 times as long there.

    Args:
        device: From `choose_device`, or a type of torch's.
    """
    if not device.startswith("cpu"):
        return True
    import torch

    return torch.backends.cpu.get_cpu_capability().startswith("AVX512")


def require_compiler(device: "torch.device") -> None:
    """See that networks can be compiled here.

    Raises:
        UsageError: if what torch compiles with is missing.
    """
    if device.type == "cpu" and not any(which(name) for name in (os.environ.get("CXX", "g++"), "g++", "clang++")):
        raise UsageError("torch compiles networks with a C++ compiler, and none is here: install g++, or do not ask to")
    if device.type == "cuda" and find_spec("triton") is None:
        raise UsageError("torch compiles networks for a GPU with triton, which is not installed: do not ask to")


def room_on(device: str, proc: Path = Path("/proc"), groups: Path = Path("/sys/fs/cgroup")) -> Room:
    """Measure the free memory.

    Args:
        device: From `choose_device`.
        proc: Where Linux tells its memory.
        groups: Where it tells a container's limit.
    """
    machine = _free_of_machine(proc)
    limit, used = (_number(groups / name) for name in ("memory.max", "memory.current"))
    if limit is not None and used is not None:
        machine = min(machine, max(0, limit - used))
    if not device.startswith("cuda"):
        return Room(machine)
    import torch

    return Room(machine, torch.cuda.mem_get_info(device)[0])


def _free_of_machine(proc: Path) -> int:
    try:
        lines = (proc / "meminfo").read_text(encoding="ascii").splitlines()
        (free,) = (int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError):
        # Not Linux: what there is in all, as what is free is told nowhere in common.
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return free


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):  # "max" is no limit
        return None
