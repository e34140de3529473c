"""`pecten comb` from the command line: what it writes, and what it refuses in one line."""

from pathlib import Path

import pytest
import torch

from pecten.__main__ import run
from pecten.comb.config import CombConfig
from pecten.comb.model import Comb
from pecten.comb.weights import load_comb, read_header, save_comb


@pytest.fixture
def comb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PECTEN_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(1)
    shape = CombConfig(("ada", "bruno", "dana"), 16, "tiny", latent_size=8)
    save_comb(tmp_path / "comb" / "comb.safetensors", Comb(shape), {"images_seen": 7})
    return tmp_path / "comb"


def test_keep_drop_and_mix_write_combs(comb: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["comb", "keep", str(comb), "ada", "-o", "one.safetensors", "--half"]) == 0
    assert run(["comb", "drop", str(comb), "dana", "-o", "two"]) == 0
    assert run(["comb", "mix", str(comb), "ada=1", "bruno=3", "--name", "both", "-o", "mix"]) == 0
    assert capfd.readouterr().out.splitlines()[-1] == "wrote mix/comb.safetensors: comb of ada, bruno, dana, both"
    assert load_comb(Path("one.safetensors")).config.identities == ("ada",)
    assert load_comb(Path("two")).config.identities == ("ada", "bruno")
    assert load_comb(Path("mix")).config.identities[-1] == "both"
    header = read_header(Path("two"))
    assert header["images_seen"] == 7
    assert len(header["made_from_sha256"]) == 64


def test_dry_run_writes_nothing(comb: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = sorted(comb.parent.rglob("*"))
    assert run(["comb", "drop", str(comb), "dana", "-o", "two", "-n"]) == 0
    assert run(["comb", "export", str(comb), "--source", "ada", "-o", "ada.onnx", "-n"]) == 0
    assert capfd.readouterr().out.count("would write") == 2
    assert sorted(comb.parent.rglob("*")) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["keep", "comb", "nobody", "-o", "x"], "no identity nobody"),
        (["drop", "comb", "ada", "bruno", "dana", "-o", "x"], "nobody would be left"),
        (["drop", "comb", "ada", "-o", "comb"], "exists already"),
        (["mix", "comb", "ada", "--name", "m", "-o", "x"], "write each look once, as NAME=0.3"),
        (["mix", "comb", "ada=1", "ada=2", "--name", "m", "-o", "x"], "write each look once"),
        (["mix", "comb", "ada=nan", "--name", "m", "-o", "x"], "not a share"),
        (["mix", "comb", "ada=inf", "--name", "m", "-o", "x"], "not a share"),
        (["mix", "comb", "ada=1", "bruno=1", "--name", "half", "-o", "x"], "'half': PyTorch needs this word"),
        (["export", "comb", "--source", "ada", "-o", "x.XML"], "no format for .XML"),
        (["mix", "comb", "dana=1", "--name", "m", "-o", "x"], "pecten consent new dana"),
        (["export", "comb", "--source", "dana", "-o", "x.onnx"], "pecten consent new dana"),
        (["export", "comb", "--source", "ada", "-o", "x.trt"], "no format for .trt"),
    ],
)
def test_mistakes_are_one_line(comb: Path, capfd: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    assert run(["comb", *words]) == 1
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]
    assert not Path("x").exists()
