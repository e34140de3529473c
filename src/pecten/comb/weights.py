"""Combs on disk: safetensors with a JSON header, checked by hash."""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from pecten.comb.config import CombConfig
from pecten.comb.model import Comb
from pecten.errors import CombError
from pecten.files import replacing, share

VERSION = 1
FILE_NAME = "comb.safetensors"


def save_comb(path: Path, comb: Comb, extra: Mapping[str, Any] | None = None, half: bool = False) -> None:
    """Write a comb in one piece.

    Args:
        path: The file.
        comb: Its weights are written as they are.
        extra: More for the header, such as `images_seen`; JSON-ready.
        half: Store float16 instead of float32.
    """
    dtype = torch.float16 if half else torch.float32
    write_tensors(
        path,
        {name: value.to(dtype) for name, value in comb.state_dict().items()},
        {"version": VERSION, "config": comb.config.to_dict(), **(extra or {})},
    )


def read_header(path: Path) -> dict[str, Any]:
    """Read a comb's header alone.

    Raises:
        CombError: if there is no comb or it cannot be read.
    """
    path = file_of(path)
    try:
        with safe_open(path, framework="pt") as handle:
            header: dict[str, Any] = json.loads((handle.metadata() or {}).get("pecten", "{}"))
    except (SafetensorError, OSError, ValueError) as error:
        raise CombError(
            f"{path}: not a comb, or cut short ({_one_line(error)}): use another copy or train again"
        ) from error
    if "config" not in header:
        raise CombError(f"{path}: not a comb: give the file {FILE_NAME} that training wrote, or its folder")
    if header.get("version") != VERSION:
        raise CombError(f"{path}: comb version {header.get('version')!r}: this Pecten reads {VERSION}")
    return header


def load_comb(path: Path) -> Comb:
    """Read a comb.

    Args:
        path: The file, or the training folder that holds it.
    Returns:
        The comb in float32, ready for evaluation.
    Raises:
        CombError: if there is none, or it is damaged, cut short or of another version.
    """
    header = read_header(path)
    path = file_of(path)
    tensors, _ = read_tensors(path)
    comb = Comb(CombConfig.from_dict(header.get("config", {})))
    try:
        comb.load_state_dict({name: value.float() for name, value in tensors.items()})
    except RuntimeError as error:
        raise CombError(
            f"{path}: weights do not fit their own header ({_one_line(error)[:120]}): train again"
        ) from error
    return comb.eval().requires_grad_(False)


def write_tensors(path: Path, tensors: Mapping[str, Tensor], header: Mapping[str, Any]) -> None:
    """Write tensors and a header that carries their hash."""
    held = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    metadata = {"pecten": json.dumps({**header, "sha256": hash_tensors(held)})}
    with replacing(path) as beside:
        try:
            save_file(held, beside, metadata)
        except SafetensorError as error:
            raise _fault(error) from error
        share(beside, path)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read tensors and header, and check the hash.

    Raises:
        CombError: if the file is missing, cut short or damaged.
    """
    try:
        with safe_open(path, framework="pt") as handle:
            header: dict[str, Any] = json.loads((handle.metadata() or {}).get("pecten", "{}"))
            tensors = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise CombError(
            f"{path}: cut short or damaged ({_one_line(error)}): use another copy or train again"
        ) from error
    if header.get("sha256") != hash_tensors(tensors):
        raise CombError(f"{path}: damaged, its content does not match its hash: use another copy or train again")
    return tensors, header


def hash_tensors(tensors: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of names, types, shapes and bytes, in the names' order."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        value = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def file_of(path: Path) -> Path:
    """Return a comb's file, given it or the folder it lies in."""
    found = path / FILE_NAME if path.is_dir() else path
    if not found.is_file():
        raise CombError(f"{found}: no such comb: train one first, or give its folder")
    return found


def _fault(error: SafetensorError) -> Exception:
    """Return the operating system's error that the library hides in a text, such as that of a full disk."""
    found = re.search(r"os error (\d+)", str(error))
    return OSError(int(found[1]), os.strerror(int(found[1]))) if found else error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
