"""A comb in other programs' formats answers as it does in torch."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from pecten.comb.blocks import evened
from pecten.comb.config import CombConfig
from pecten.comb.export import export
from pecten.comb.model import Comb
from pecten.errors import CombError, UsageError

ABOUT = {"source_record": "record-1"}


@pytest.fixture(scope="module")
def comb() -> Comb:
    torch.manual_seed(5)
    shape = CombConfig(("ada", "bruno"), 32, "tiny", latent_size=8, fold=2, down="stride", residual=True)
    return Comb(shape).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.1, 1.1, (3, 3, 32, 32)).astype(np.float32)


@pytest.fixture(scope="module")
def expected(comb: Comb, crops: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return evened(comb(torch.from_numpy(crops).clamp(0, 1), "bruno"), 2).clamp(0, 1).numpy()


def test_onnx(comb: Comb, crops: np.ndarray, expected: np.ndarray, tmp_path: Path) -> None:
    export(comb, "bruno", tmp_path / "bruno.onnx", ABOUT)
    session = onnxruntime.InferenceSession(tmp_path / "bruno.onnx", providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(None, {"crops": crops})[0], expected, atol=1e-5)
    said = session.get_modelmeta().custom_metadata_map
    assert said["pecten.source"] == "bruno"
    assert said["pecten.source_record"] == "record-1"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bruno.onnx"]


def test_openvino(comb: Comb, crops: np.ndarray, expected: np.ndarray, tmp_path: Path) -> None:
    import openvino

    export(comb, "bruno", tmp_path / "bruno.xml", ABOUT)
    core = openvino.Core()
    model = core.read_model(str(tmp_path / "bruno.xml"))
    run = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    np.testing.assert_allclose(run(crops)[0], expected, atol=1e-4)
    assert model.get_rt_info(["pecten", "source_record"]).astype(str) == "record-1"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bruno.bin", "bruno.xml"]


def test_torchscript(comb: Comb, crops: np.ndarray, expected: np.ndarray, tmp_path: Path) -> None:
    export(comb, "bruno", tmp_path / "bruno.pt", ABOUT)
    said = {"pecten.source_record": ""}
    script = torch.jit.load(str(tmp_path / "bruno.pt"), _extra_files=said)
    np.testing.assert_allclose(script(torch.from_numpy(crops)).numpy(), expected, atol=1e-5)
    assert said["pecten.source_record"] == b"record-1"


def test_torchscript_is_bound_to_no_device(tmp_path: Path) -> None:
    """A tensor that is made on the way would stay where the program was written."""
    shape = CombConfig(("ada",), 64, "tiny", latent_size=6, texture=1, irises=True, fold=2)
    export(Comb(shape).eval(), "ada", tmp_path / "ada.pt", ABOUT)
    script = torch.jit.load(str(tmp_path / "ada.pt"))
    assert "Device" not in str(script.inlined_graph)


def test_what_cannot_be_exported_is_one_line(comb: Comb, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no format for \.engine"):
        export(comb, "bruno", tmp_path / "bruno.engine", ABOUT)
    with pytest.raises(CombError, match="no identity chidi"):
        export(comb, "chidi", tmp_path / "chidi.onnx", ABOUT)
    assert not list(tmp_path.iterdir())
