"""The face mesh network in torch, for large batches on a GPU; its weights are read from the LiteRT file itself."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ai_edge_litert.schema_py_generated import BuiltinOperator, Model, ModelT
from jaxtyping import Float, Float32
from torch import Tensor, nn
from torch.nn import functional

from pecten.errors import FacesError

Step = Callable[[dict[int, Tensor]], Tensor]
_SAME = 0
_DTYPES = {0: np.float32, 1: np.float16, 2: np.int32}
"""Of the schema's TensorType: those that the file uses."""


class TorchMesh(nn.Module):
    """The operators of a LiteRT file, one after the other, planar and in float32.

    Args:
        model: The `.tflite` file.
    Raises:
        FacesError: if it holds an operator that the face mesh does not need.
    """

    def __init__(self, model: Path) -> None:
        super().__init__()
        content = ModelT.InitFromObj(Model.GetRootAs(model.read_bytes(), 0))
        self._graph = content.subgraphs[0]
        self._content = content
        self._input, self._outputs = int(self._graph.inputs[0]), [int(i) for i in self._graph.outputs]
        self._steps: list[tuple[int, Step]] = []
        self._constants: dict[int, np.ndarray] = {}
        for operator in self._graph.operators:
            code = content.operatorCodes[operator.opcodeIndex]
            self._add(max(code.builtinCode, code.deprecatedBuiltinCode), operator, model)
        # What was needed to build the steps holds the whole file.
        del self._graph, self._content, self._constants

    def forward(self, patches: Float[Tensor, "k 256 256 3"]) -> list[Tensor]:
        """Return the network's outputs, each flat: places (k, 1434), presence logit (k, 1), and what else it tells."""
        values = {self._input: patches.permute(0, 3, 1, 2)}
        for place, step in self._steps:
            values[place] = step(values)
        return [values[i].flatten(1) for i in self._outputs]

    def stages(self, patches: Float[Tensor, "k side side 3"], count: int) -> list[Tensor]:
        """Return the last feature map of each size, from fine to coarse, and compute no more.

        Args:
            patches: As for the whole network, of any size that halves `count` times.
            count: How many maps.
        """
        values = {self._input: patches.permute(0, 3, 1, 2)}
        last, found = values[self._input], []
        for place, step in self._steps:
            value = values[place] = step(values)
            if value.shape[-1] < last.shape[-1]:
                found.append(last)
            if len(found) > count:
                break
            last = value
        # The first is the picture itself.
        return found[1:]

    def _add(self, kind: int, operator: Any, model: Path) -> None:
        inputs, out = [int(i) for i in operator.inputs], int(operator.outputs[0])
        if kind == BuiltinOperator.DEQUANTIZE:
            self._constants[out] = self._constant(inputs[0]).astype(np.float32)
            return
        makers: dict[int, Callable[[list[int], Any], Step]] = {
            BuiltinOperator.CONV_2D: self._convolution,
            BuiltinOperator.DEPTHWISE_CONV_2D: self._depthwise,
            BuiltinOperator.PRELU: self._prelu,
            BuiltinOperator.ADD: lambda i, _: lambda values: values[i[0]] + values[i[1]],
            BuiltinOperator.MAX_POOL_2D: lambda i, _: lambda values: functional.max_pool2d(values[i[0]], 2),
            BuiltinOperator.PAD: self._pad,
            BuiltinOperator.LOGISTIC: lambda i, _: lambda values: torch.sigmoid(values[i[0]]),
            BuiltinOperator.RESHAPE: lambda i, _: lambda values: values[i[0]].flatten(1),
        }
        if kind not in makers:
            raise FacesError(f"{model}: operator {kind} is not one of the face mesh's; install Pecten again")
        self._steps.append((out, makers[kind](inputs, operator.builtinOptions)))

    def _constant(self, index: int) -> np.ndarray:
        if index in self._constants:
            return self._constants[index]
        tensor = self._graph.tensors[index]
        data = np.asarray(self._content.buffers[tensor.buffer].data, np.uint8)
        return data.view(_DTYPES[tensor.type]).reshape(tuple(tensor.shape))

    def _keep(self, array: np.ndarray) -> Callable[[], Tensor]:
        """Keep an array where `.to(device)` moves it."""
        name = f"weight{len(list(self.buffers()))}"
        self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(array)), persistent=False)
        return lambda: self.get_buffer(name)

    def _convolution(self, inputs: list[int], options: Any, groups: int = 1) -> Step:
        kernel = self._constant(inputs[1])
        # LiteRT keeps (out, height, width, in), and a depthwise kernel as (1, height, width, channels).
        planar = kernel.transpose(3, 0, 1, 2) if groups > 1 else kernel.transpose(0, 3, 1, 2)
        weight, bias = self._keep(planar), self._keep(self._constant(inputs[2]))
        stride, size, same = int(options.strideH), kernel.shape[1], options.padding == _SAME

        def step(values: dict[int, Tensor]) -> Tensor:
            x = values[inputs[0]]
            if same:
                x = _padded(x, size, stride)
            return functional.conv2d(x, weight(), bias(), stride, groups=groups)

        return step

    def _depthwise(self, inputs: list[int], options: Any) -> Step:
        return self._convolution(inputs, options, groups=self._constant(inputs[1]).shape[3])

    def _prelu(self, inputs: list[int], _options: Any) -> Step:
        slope = self._keep(self._constant(inputs[1]).reshape(-1))
        return lambda values: functional.prelu(values[inputs[0]], slope())

    def _pad(self, inputs: list[int], _options: Any) -> Step:
        _, high, wide, deep = self._constant(inputs[1]).tolist()
        return lambda values: functional.pad(values[inputs[0]], [*wide, *high, *deep])


def _padded(x: Float[Tensor, "k c h w"], size: int, stride: int) -> Tensor:
    """Pad as TensorFlow's SAME does: what is odd goes to the right and below."""
    pads: list[int] = []
    for side in (x.shape[3], x.shape[2]):
        total = max((-(-side // stride) - 1) * stride + size - side, 0)
        pads += [total // 2, total - total // 2]
    return functional.pad(x, pads)


def runner(model: Path, device: str) -> Callable[[Float32[np.ndarray, "k 256 256 3"]], list[np.ndarray]]:
    """Return a function that runs the network on a device.

    Args:
        model: The `.tflite` file.
        device: As torch names it.
    """
    network = TorchMesh(model).to(device).eval()

    @torch.inference_mode()
    def run(patches: Float32[np.ndarray, "k 256 256 3"]) -> list[np.ndarray]:
        return [output.cpu().numpy() for output in network(torch.from_numpy(patches).to(device))]

    return run
