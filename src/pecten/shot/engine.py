"""What runs a comb in a swap."""

import torch

from pecten.comb.model import Comb
from pecten.comb.runtime import OpenVinoCodec, has_openvino
from pecten.comb.surgery import with_pores
from pecten.errors import UsageError
from pecten.swap.infer import Codec, TorchCodec

ENGINES = ("auto", "torch", "openvino")

WORTH_PX = 200 * 256**2
"""Decoded pixels from which OpenVINO pays: it needs two seconds to begin and takes a half to three quarters of torch's
time, which at 256 px is even after some 200 frames, at 512 px after 50, at 1024 px after 12."""


def choose_engine(name: str, comb: Comb, frames: int, by_weights: bool = False) -> str:
    """Return "torch" or "openvino".

    Args:
        name: One of `ENGINES`; "auto" takes OpenVINO for a long shot, where it is installed and there is no GPU.
        comb: To be run.
        frames: In how many frames.
        by_weights: Decoders' weights are to be mixed, which torch alone can do.
    Raises:
        UsageError: if there is no such engine, it is not installed, or it cannot do what is asked.
    """
    if name not in ENGINES:
        raise UsageError(f"engine {name}: choose one of {', '.join(ENGINES)}")
    if name == "auto":
        on_cpu = next(comb.parameters()).device.type == "cpu"
        pays = on_cpu and frames * comb.config.size**2 >= WORTH_PX
        return "openvino" if pays and not by_weights and has_openvino() else "torch"
    if name == "openvino" and not has_openvino():
        raise UsageError("engine openvino: it is not installed: pip install 'pecten[export]', or choose torch")
    if name == "openvino" and by_weights:
        raise UsageError("engine openvino: it cannot mix looks by weights: choose torch, or mix looks by pictures")
    return name


def codec_of(comb: Comb, engine: str, pores: float = 1.0) -> Codec:
    """Return a comb ready to be run by an engine, with as many threads as torch has.

    Args:
        comb: Not changed.
        engine: "torch" or "openvino".
        pores: How much of them shows.
    """
    comb = comb if pores == 1 else with_pores(comb, pores)
    return OpenVinoCodec(comb, torch.get_num_threads()) if engine == "openvino" else TorchCodec(comb)
