"""A comb with one decoder, as other programs read it: ONNX, OpenVINO, TorchScript (for Nuke's CatFileCreator)."""

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pecten.comb.adapted import AdaptedDecoder, standing_alone
from pecten.comb.blocks import evened
from pecten.comb.model import Comb
from pecten.errors import CombError, UsageError
from pecten.files import replacing
from pecten.quiet import hushed

OPSET = 18


class Swapper(nn.Module):
    """Crops in, the source's face out, both (n, 3, size, size) display RGB in [0, 1], float32.

    Args:
        comb: Its encoder and one decoder are used.
        source: Whose decoder.
    Raises:
        CombError: if the comb does not know the source.
    """

    def __init__(self, comb: Comb, source: str) -> None:
        super().__init__()
        comb.config.check_identity(source, "the comb")
        decoder = comb.decoders[source]
        self.encoder = comb.encoder
        self.decoder = standing_alone(decoder) if isinstance(decoder, AdaptedDecoder) else decoder
        self.level = comb.config.highest_level
        self.size, self.lattice = comb.config.size, comb.config.lattice

    def forward(self, crops: Tensor) -> Tensor:
        """Show what is in the crops as the source."""
        face: Tensor = self.decoder(self.encoder(crops.clamp(0, 1), self.level), self.level)
        return evened(face, self.lattice).clamp(0, 1)


def export(comb: Comb, source: str, path: Path, about: Mapping[str, str]) -> None:
    """Write encoder and one decoder for another program; the suffix says which.

    Args:
        comb: Trained.
        source: Whose decoder.
        path: `.onnx`, `.xml` (OpenVINO, with a `.bin` beside it) or `.pt` (TorchScript).
        about: Kept in the file where the format can: consent record, hash of the comb.
    Raises:
        CombError: if the comb does not know the source.
        UsageError: if the suffix names no format, or a package for it is missing.
    """
    check_format(path)
    module = Swapper(comb, source).cpu().float().eval()
    try:
        _WRITERS[path.suffix](module, path, {**about, "source": source, "size": str(module.size)})
    except ImportError as error:
        raise UsageError(f"{path}: {error.name} is needed for this: pip install 'pecten[export]'") from error


def check_format(path: Path) -> None:
    """Refuse a file whose suffix names no format.

    Raises:
        UsageError: naming the formats.
    """
    if path.suffix not in _WRITERS:
        raise UsageError(f"{path}: no format for {path.suffix or 'no suffix'}: choose one of {', '.join(_WRITERS)}")


def openvino_model(module: nn.Module, example: Tensor) -> Any:
    """Turn a module of one input and one output into an OpenVINO model, for any number of inputs at once.

    Args:
        module: Ready for evaluation.
        example: Two inputs: a batch of one would be taken for a constant.
    Returns:
        An `openvino.Model`, not yet compiled.
    Raises:
        ImportError: if OpenVINO is missing.
    """
    from openvino import PartialShape
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    # Given to the reader itself: the converter tool would report its use to its maker. By way of ONNX it takes twenty
    # times as long.
    reader = FrontEndManager().load_by_framework("pytorch")
    with hushed(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = TorchScriptPythonDecoder(_traced(module, example))
        model = reader.convert(reader.load(traced))
    model.reshape(PartialShape([-1, *example.shape[1:]]))
    return model


def _onnx(module: Swapper, path: Path, about: Mapping[str, str]) -> None:
    import onnx

    # The exporter tells of operators of packages that are not installed.
    with hushed(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module,
            (_example(module),),
            input_names=["crops"],
            output_names=["faces"],
            opset_version=OPSET,
            dynamo=True,
            dynamic_shapes=({0: torch.export.Dim("n")},),
            verbose=False,
        )
    if program is None:
        raise CombError(f"{path}: torch made no ONNX program: update torch and onnxscript")
    model = program.model_proto
    for key, value in about.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = f"pecten.{key}", value
    with replacing(path) as beside:
        onnx.save(model, str(beside))


def _openvino(module: Swapper, path: Path, about: Mapping[str, str]) -> None:
    import openvino

    model = openvino_model(module, _example(module))
    model.input().get_tensor().set_names({"crops"})
    model.output().get_tensor().set_names({"faces"})
    model.set_rt_info(dict(about), ["pecten"])
    # The runtime puts the weights beside what it is told to write, under the same name.
    with replacing(path.with_suffix(".bin")), replacing(path) as beside:
        openvino.save_model(model, str(beside), compress_to_fp16=False)


def _torchscript(module: Swapper, path: Path, about: Mapping[str, str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = _traced(module, _example(module))
    with replacing(path) as beside:
        traced.save(str(beside), _extra_files={f"pecten.{key}": value for key, value in about.items()})


def _example(module: Swapper) -> Tensor:
    # Two: a batch of one would be taken for a constant.
    return torch.zeros(2, 3, module.size, module.size)


def _traced(module: nn.Module, example: Tensor) -> Any:
    with torch.no_grad():
        return torch.jit.trace(module, example, check_trace=False)  # type: ignore[no-untyped-call]


_WRITERS: Mapping[str, Callable[[Swapper, Path, Mapping[str, str]], None]] = {
    ".onnx": _onnx,
    ".xml": _openvino,
    ".pt": _torchscript,
}
