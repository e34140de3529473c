"""Files that are written beside and renamed."""

import os
import stat
from pathlib import Path

import pytest
import torch

from pecten.comb.weights import write_tensors
from pecten.files import replacing, share


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_others_may_read_what_the_umask_lets_them(mask: int, tmp_path: Path) -> None:
    """Whatever a library thinks of it; a file that is replaced keeps its rights."""
    path, before = tmp_path / "comb.bin", os.umask(mask)
    try:
        with replacing(path) as beside:
            beside.write_bytes(b"1")
            beside.chmod(0o600)
            share(beside, path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask
        path.chmod(0o640)
        with replacing(path) as beside:
            beside.write_bytes(b"2")
            share(beside, path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        assert path.read_bytes() == b"2"
    finally:
        os.umask(before)


def test_what_is_private_stays_so(tmp_path: Path) -> None:
    with replacing(tmp_path / "key.pem") as beside:
        beside.write_bytes(b"1")
        beside.chmod(0o600)
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600


def test_a_comb_may_be_read_by_others(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_tensors(tmp_path / "comb.safetensors", {"one": torch.zeros(1)}, {})
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "comb.safetensors").stat().st_mode) == 0o644
