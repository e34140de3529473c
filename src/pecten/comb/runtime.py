"""A comb run by OpenVINO, which is made for CPUs without a GPU beside them."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pecten.comb.adapted import AdaptedDecoder, standing_alone
from pecten.comb.config import CombConfig
from pecten.comb.export import openvino_model
from pecten.comb.model import Comb
from pecten.errors import CombError, UsageError


def has_openvino() -> bool:
    """Say whether what `OpenVinoCodec` needs is installed."""
    return find_spec("openvino") is not None


class OpenVinoCodec:
    """A comb as two kinds of OpenVINO programs: the encoder, and a decoder for each identity that is asked for.

    Programs are made when they are first needed, which takes about a second each.

    Args:
        comb: Trained; left as it is.
        threads: Of the CPU; 0 for all.
        exact: Compute in 32-bit floats; else in what is fastest here, which on CPUs with matrix units is bfloat16.
    Raises:
        UsageError: if OpenVINO is missing.
    """

    def __init__(self, comb: Comb, threads: int = 0, exact: bool = False) -> None:
        if not has_openvino():
            raise UsageError("--engine openvino: it is not installed: pip install 'pecten[export]'")
        import openvino

        self._comb, self._core = comb, openvino.Core()
        self._settings: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
        if threads:
            self._settings["INFERENCE_NUM_THREADS"] = threads
        if exact:
            self._settings["INFERENCE_PRECISION_HINT"] = "f32"
        self._programs = dict[str, Any]()

    @property
    def config(self) -> CombConfig:
        """Its shape."""
        return self._comb.config

    def encode(self, pictures: Tensor) -> Tensor:
        """See `pecten.swap.infer.Codec`."""
        return self._run("", pictures)

    def decode(self, latents: Tensor, shares: Mapping[str, float]) -> Tensor:
        """See `pecten.swap.infer.Codec`.

        Raises:
            CombError: if the comb does not know an identity, or several are to be mixed.
        """
        if len(shares) > 1:
            raise CombError("looks are mixed by weights with torch alone: give --engine torch, or --looks-by pictures")
        (identity,) = shares
        self.config.check_identity(identity, "the comb")
        return self._run(identity, latents)

    def _run(self, name: str, values: Tensor) -> Tensor:
        if name not in self._programs:
            self._programs[name] = self._made(name, values)
        given = np.ascontiguousarray(values.cpu().float().numpy())
        return torch.from_numpy(np.array(self._programs[name]([given])[0]))

    def _made(self, name: str, values: Tensor) -> Any:
        level = self.config.highest_level
        module = self._comb.decoders[name] if name else self._comb.encoder
        module = standing_alone(module) if isinstance(module, AdaptedDecoder) else module
        model = openvino_model(_AtLevel(module, level).eval(), torch.zeros(2, *values.shape[1:]))
        return self._core.compile_model(model, "CPU", self._settings)


class _AtLevel(nn.Module):
    """An encoder or decoder at its highest level, as a function of one tensor."""

    def __init__(self, module: nn.Module, level: int) -> None:
        super().__init__()
        self.module, self.level = module, level

    def forward(self, x: Tensor) -> Tensor:
        """Run it."""
        result: Tensor = self.module(x, self.level)
        return result
