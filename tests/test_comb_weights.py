"""Combs on disk: read back as written, refused when damaged."""

from pathlib import Path

import pytest
import torch

from pecten.comb.config import CombConfig
from pecten.comb.model import Comb
from pecten.comb.weights import load_comb, read_header, save_comb
from pecten.errors import CombError


@pytest.fixture
def comb() -> Comb:
    torch.manual_seed(1)
    return Comb(CombConfig(("one", "two"), 16, "tiny", latent_size=4))


def test_a_comb_comes_back_as_it_was(comb: Comb, tmp_path: Path) -> None:
    save_comb(tmp_path / "comb.safetensors", comb, {"images_seen": 7})
    for place in (tmp_path, tmp_path / "comb.safetensors"):
        back = load_comb(place)
        assert back.config == comb.config
        x = torch.rand(1, 3, 16, 16)
        torch.testing.assert_close(back(x, "two"), comb(x, "two"), rtol=0, atol=0)
    header = read_header(tmp_path)
    assert header["images_seen"] == 7
    assert len(header["sha256"]) == 64
    assert [path.name for path in tmp_path.iterdir()] == ["comb.safetensors"]


def test_half_precision_is_half_the_size(comb: Comb, tmp_path: Path) -> None:
    save_comb(tmp_path / "full.safetensors", comb)
    save_comb(tmp_path / "half.safetensors", comb, half=True)
    back = load_comb(tmp_path / "half.safetensors")
    torch.testing.assert_close(back.encoder.base.weight, comb.encoder.base.weight, rtol=1e-3, atol=1e-3)
    values = 4 * sum(p.numel() for p in comb.parameters())
    saved = (tmp_path / "full.safetensors").stat().st_size - (tmp_path / "half.safetensors").stat().st_size
    assert saved == pytest.approx(values / 2, rel=0.2)


def refused(path: Path) -> str:
    with pytest.raises(CombError) as error:
        load_comb(path)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_file_cut_short_is_refused(comb: Comb, tmp_path: Path) -> None:
    path = tmp_path / "comb.safetensors"
    save_comb(path, comb)
    whole = path.read_bytes()
    for length in (0, 5, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert "cut short" in refused(path)


def test_a_changed_byte_is_noticed(comb: Comb, tmp_path: Path) -> None:
    path = tmp_path / "comb.safetensors"
    save_comb(path, comb)
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    assert "hash" in refused(path)


def test_other_files_are_refused(comb: Comb, tmp_path: Path) -> None:
    assert "no such comb" in refused(tmp_path)
    other = tmp_path / "notes.txt"
    other.write_text("this is no comb, whatever its name says, and it is long enough to look like a header")
    assert "notes.txt" in refused(other)
    save_comb(tmp_path / "next.safetensors", comb, {"version": 2})
    assert "version 2" in refused(tmp_path / "next.safetensors")
    shape = CombConfig(("one", "two"), 16, "tiny", latent_size=5).to_dict()
    save_comb(tmp_path / "odd.safetensors", comb, {"config": shape})
    assert "do not fit" in refused(tmp_path / "odd.safetensors")
