"""The network: a small U-Net of plain convolutions, and its export to ONNX."""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional

WIDTHS = (24, 48, 80, 112, 112)
FOLD = 2


class Unit(nn.Module):
    """Convolution, batch norm, rectifier."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, kernel: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.norm(self.conv(x)))


class Matter(nn.Module):
    """RGB in [0, 1], a multiple of 32 px a side, to the logit of being seen.

    Args:
        widths: Channels at a half, a quarter ... of the picture's size.
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.widths = widths
        first = 3 * FOLD**2
        self.down = nn.ModuleList(
            nn.Sequential(
                Unit(first if level == 0 else widths[level - 1], width, 1 if level == 0 else 2), Unit(width, width)
            )
            for level, width in enumerate(widths)
        )
        self.deep = Unit(widths[-1], widths[-1])
        self.narrow = nn.ModuleList(nn.Conv2d(widths[level + 1], widths[level], 1) for level in range(len(widths) - 1))
        self.up = nn.ModuleList(Unit(width, width) for width in widths[:-1])
        self.out = nn.Conv2d(widths[0], FOLD**2, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.pixel_unshuffle(x - 0.5, FOLD)
        kept = []
        for level in self.down:
            x = level(x)
            kept.append(x)
        x = self.deep(x)
        for level in reversed(range(len(self.narrow))):
            x = functional.interpolate(self.narrow[level](x), scale_factor=2, mode="nearest")
            x = self.up[level](x + kept[level])
        return functional.pixel_shuffle(self.out(x), FOLD)


def to_onnx(net: Matter, path: Path) -> None:
    """Write a network with its norms folded in and its weights in half precision; opset 17.

    Input "crops" (n, 3, height, width) RGB in [0, 1]; output "visible" (n, height, width) in [0, 1].
    """
    graph = _Graph()
    centred = graph.node("Sub", ["crops", graph.constant(np.float32(0.5))])
    x = graph.node("SpaceToDepth", [centred], blocksize=FOLD)
    kept = []
    order = _unshuffle_order()
    for level in net.down:
        for unit in level:
            x = graph.unit(x, unit, order if not kept and unit is level[0] else None)
        kept.append(x)
    x = graph.unit(x, net.deep, None)
    for level in reversed(range(len(net.narrow))):
        narrow = net.narrow[level]
        x = graph.conv(x, narrow.weight, narrow.bias, 1)
        scales = graph.constant(np.array([1, 1, 2, 2], np.float32))
        x = graph.node(
            "Resize", [x, "", scales], mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"
        )
        x = graph.unit(graph.node("Add", [x, kept[level]]), net.up[level], None)
    x = graph.conv(x, net.out.weight, net.out.bias, 1)
    x = graph.node("DepthToSpace", [x], blocksize=FOLD, mode="CRD")
    x = graph.node("Squeeze", [x, graph.constant(np.array([1], np.int64))])
    graph.nodes.append(helper.make_node("Sigmoid", [x], ["visible"]))
    ports = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)]
        for name, shape in (("crops", ["n", 3, "height", "width"]), ("visible", ["n", "height", "width"]))
    ]
    made = helper.make_graph(graph.nodes, "occlusion", ports[0], ports[1], graph.weights)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="pecten")
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def _unshuffle_order() -> np.ndarray:
    """ONNX's SpaceToDepth counts block before channel, torch's pixel_unshuffle channel before block."""
    return np.arange(3 * FOLD**2).reshape(3, FOLD**2).T.ravel()


class _Graph:
    """Nodes and weights of a graph that is being made."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def node(self, kind: str, inputs: list[str], **options: object) -> str:
        name = f"x{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **options))
        return name

    def constant(self, value: np.ndarray | np.float32) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def half(self, value: torch.Tensor) -> str:
        return self.node("Cast", [self.constant(value.detach().numpy().astype(np.float16))], to=TensorProto.FLOAT)

    def conv(self, x: str, weight: torch.Tensor, bias: torch.Tensor, stride: int) -> str:
        kernel = weight.shape[-1]
        inputs = [x, self.half(weight), self.half(bias)]
        return self.node("Conv", inputs, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[kernel // 2] * 4)

    def unit(self, x: str, unit: Unit, order: np.ndarray | None) -> str:
        norm = unit.norm
        gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        weight, bias = unit.conv.weight * gain[:, None, None, None], norm.bias - norm.running_mean * gain
        if order is not None:
            weight = weight[:, torch.from_numpy(order)]
        return self.node("Relu", [self.conv(x, weight, bias, unit.conv.stride[0])])
