"""Enhancers on disk: safetensors with a JSON header, checked by hash."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from pecten.comb.weights import read_tensors, write_tensors
from pecten.enhance.config import EnhanceConfig
from pecten.enhance.network import Enhancer
from pecten.errors import CombError

VERSION = 1
FILE_NAME = "enhancer.safetensors"


def save_enhancer(path: Path, enhancer: Enhancer, extra: Mapping[str, Any]) -> None:
    """Write an enhancer in one piece.

    Args:
        path: The file.
        enhancer: Its weights are written as they are.
        extra: More for the header; JSON-ready.
    """
    head = {"kind": "enhancer", "version": VERSION, "enhancer": enhancer.config.to_dict()}
    write_tensors(path, enhancer.state_dict(), {**head, **extra})


def load_enhancer(path: Path) -> tuple[Enhancer, dict[str, Any]]:
    """Read an enhancer.

    Args:
        path: The file, or the folder that holds it.
    Returns:
        The enhancer in float32, ready for use, and its header.
    Raises:
        CombError: if there is none, or it is damaged, cut short or of another version.
    """
    path = enhancer_file(path)
    tensors, header = read_tensors(path)
    if header.get("kind") != "enhancer" or header.get("version") != VERSION:
        raise CombError(
            f"{path}: {header.get('kind', 'a comb')} of version {header.get('version')!r}, not an enhancer of version "
            f"{VERSION}: give what `pecten enhance train` wrote"
        )
    enhancer = Enhancer(EnhanceConfig.from_dict(header["enhancer"]))
    try:
        enhancer.load_state_dict(tensors)
    except RuntimeError as error:
        raise CombError(f"{path}: weights do not fit their own header: teach it again") from error
    return enhancer.to(torch.float32).eval().requires_grad_(False), header


def enhancer_file(path: Path) -> Path:
    """Return an enhancer's file, given it or the folder it lies in.

    Raises:
        CombError: if there is none.
    """
    found = path / FILE_NAME if path.is_dir() else path
    if not found.is_file():
        raise CombError(f"{found}: no such enhancer: teach one with `pecten enhance train`, or give its folder")
    return found
