"""A comb run by OpenVINO shows what torch shows."""

import importlib.util

import numpy as np
import pytest
import torch

from pecten.comb.config import CombConfig
from pecten.comb.model import Comb
from pecten.comb.runtime import OpenVinoCodec, has_openvino
from pecten.errors import CombError
from pecten.swap.infer import TorchCodec, Wish, show_crops

pytestmark = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("openvino", "onnx", "onnxscript")),
    reason="OpenVINO is not installed",
)


def comb(**shape: object) -> Comb:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        config = CombConfig(("ada", "chidi"), 32, "tiny", latent_size=8, **shape)  # type: ignore[arg-type]
        return Comb(config).eval().requires_grad_(False)


def test_openvino_shows_what_torch_shows() -> None:
    taught = comb(fold=2, residual=True, down="stride", encoder_px=16)
    crops = np.random.default_rng(0).uniform(0, 1, (3, 32, 32, 3)).astype(np.float32)
    wishes = [Wish({"ada": 1.0}), Wish({"ada": 1.0}, shift=np.full(8, 0.1, np.float32)), Wish({"ada": 1.0})]
    wanted, latents = show_crops(TorchCodec(taught), wishes, crops, batch=2)
    exact, found = show_crops(OpenVinoCodec(taught, threads=1, exact=True), wishes, crops, batch=2)
    assert np.abs(exact - wanted).max() < 1e-4
    assert np.abs(found - latents).max() < 1e-4 * np.abs(latents).max()


def test_what_openvino_cannot_do_is_refused() -> None:
    codec = OpenVinoCodec(comb(), threads=1)
    assert has_openvino()
    with pytest.raises(CombError, match="--engine torch"):
        codec.decode(torch.zeros(1, 8, 1, 1), {"ada": 0.5, "chidi": 0.5})
    with pytest.raises(CombError, match="no identity dana"):
        codec.decode(torch.zeros(1, 8, 1, 1), {"dana": 1.0})
