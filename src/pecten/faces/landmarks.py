"""The network that finds the face mesh."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from jaxtyping import Float32, Float64

from pecten.assets import asset
from pecten.faces.mesh import MESH_POINTS, ROI_SIZE
from pecten.geometry import similarity as sim
from pecten.geometry.warp import warp, warp_linear
from pecten.quiet import hushed
from pecten.types import Affine, ByteImage

_MODEL = "models/face_landmarks_detector.tflite"
_TRIANGLE = np.array([0.25, 0.5, 0.25], dtype=np.float32)


Network = Callable[[Float32[np.ndarray, "k 256 256 3"]], list[np.ndarray]]
"""Takes patches in [0, 1] to the network's outputs: places in patch px, presence logits, and what else it tells."""


class FaceMesh:
    """MediaPipe's face landmark network: on the CPU through LiteRT, on a GPU through torch.

    Args:
        threads: Of the network on the CPU.
        device: "cpu", or a GPU as torch names it.

    Reference:
        Kartynnik et al. 2019, Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs.
    """

    def __init__(self, threads: int = 2, device: str = "cpu") -> None:
        self._run = _on_cpu(threads) if device == "cpu" else _on_gpu(device)

    def locate(
        self, image: ByteImage, rois: Sequence[Affine]
    ) -> tuple[Float64[np.ndarray, "k 478 2"], Float64[np.ndarray, "k"]]:
        """Find the mesh in each region of a picture, all in one run.

        Args:
            image: The plate.
            rois: Each maps plate px to the px of a square of `ROI_SIZE`.
        Returns:
            Landmarks in plate px, and the probability that the region shows a face.
        """
        outputs = self._run(look(image, rois) / np.float32(255))
        # The network counts from the corner of its input; half a pixel is taken off to put centres at integers.
        places = outputs[0].reshape(len(rois), MESH_POINTS, 3)[..., :2].astype(np.float64) - 0.5
        presence = 1 / (1 + np.exp(-outputs[1].reshape(len(rois)).astype(np.float64)))
        return np.stack([sim.apply(sim.invert(roi), p) for roi, p in zip(rois, places, strict=True)]), presence


def _on_cpu(threads: int) -> Network:
    # One interpreter a batch size: resizing one back and forth would allocate anew each time.
    interpreters: dict[int, Interpreter] = {}

    def run(patches: Float32[np.ndarray, "k 256 256 3"]) -> list[np.ndarray]:
        network = interpreters.get(len(patches))
        if network is None:
            network = interpreters[len(patches)] = _interpreter(len(patches), threads)
        network.set_tensor(network.get_input_details()[0]["index"], patches)
        network.invoke()
        return [network.get_tensor(detail["index"]) for detail in network.get_output_details()]

    return run


def _on_gpu(device: str) -> Network:
    from pecten.faces.mesh_torch import runner

    return runner(asset(_MODEL), device)


def _interpreter(batch: int, threads: int) -> Interpreter:
    # LiteRT greets on standard error, which no setting turns off.
    with hushed():
        network = Interpreter(str(asset(_MODEL)), num_threads=threads)
        network.resize_tensor_input(network.get_input_details()[0]["index"], [batch, ROI_SIZE, ROI_SIZE, 3])
        network.allocate_tensors()
    return network


def look(image: ByteImage, rois: Sequence[Affine]) -> Float32[np.ndarray, "k 256 256 3"]:
    """Cut regions of interest out of a plate, anti-aliased.

    Several looks at one face share a picture of twice the resolution that holds no detail finer than they can show, so
    that each costs one bilinear sampling.

    Args:
        image: The plate.
        rois: Each maps plate px to the px of a square of `ROI_SIZE`.
    Returns:
        0..255; black beyond the plate.
    """
    shared = _shared_grid(rois)
    if shared is None:
        return np.stack([warp(image, roi, ROI_SIZE, ROI_SIZE, "linear", "zero") for roi in rois]).astype(np.float32)
    grid, side = shared
    double = warp(image, grid, side, side, "linear", "zero").astype(np.float32)
    # One look's pixel is two of these wide: this triangle is a box of that width, sampled linearly.
    double = np.asarray(cv2.sepFilter2D(double, -1, _TRIANGLE, _TRIANGLE))
    back = sim.invert(grid)
    return np.stack([warp_linear(double, sim.compose(roi, back), ROI_SIZE, ROI_SIZE) for roi in rois])


def _shared_grid(rois: Sequence[Affine]) -> tuple[Affine, int] | None:
    """Return the doubled grid around all regions and its side; None where sharing would not pay."""
    if len(rois) < 3:
        return None
    corners = np.array([[-1.0, -1.0], [ROI_SIZE, -1.0], [-1.0, ROI_SIZE], [ROI_SIZE, ROI_SIZE]])
    seen = np.concatenate([sim.apply(sim.compose(rois[0], sim.invert(roi)), corners) for roi in rois])
    first, last = seen.min(axis=0), seen.max(axis=0)
    side = int(np.ceil(2 * (last - first).max())) + 4
    scales = [sim.scale_of(roi) for roi in rois]
    if side > 4 * ROI_SIZE or max(scales) > 1.2 * min(scales) or min(scales) >= 0.5:
        return None
    to_double = np.array([[2.0, 0.0, 2 - 2 * first[0]], [0.0, 2.0, 2 - 2 * first[1]]])
    return sim.compose(to_double, rois[0]), side
