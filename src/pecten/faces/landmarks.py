"""The network that finds the face mesh."""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from jaxtyping import Float32, Float64

from pecten.assets import asset
from pecten.faces.mesh import MESH_POINTS, ROI_SIZE
from pecten.geometry import similarity as sim
from pecten.geometry.warp import warp_linear
from pecten.quiet import hushed
from pecten.types import Affine, ByteImage

_MODEL = "models/face_landmarks_detector.tflite"
_FINE_SCALE, _COARSE_SCALE = 0.34, 0.5
"""Region px per px of the picture that looks are sampled from: finer plates are averaged by blocks, coarser ones
enlarged, so that bilinear sampling is exact enough and cost does not grow with the plate."""
_BATCH = 5

Network = Callable[[Float32[np.ndarray, "k 256 256 3"]], list[np.ndarray]]
"""Takes patches in [0, 1] to the network's outputs: places in patch px, presence logits, and what else it tells."""


class FaceMesh:
    """MediaPipe's face landmark network: on the CPU through LiteRT, on a GPU through torch.

    Args:
        threads: Looks on the CPU that run side by side.
        device: "cpu", or a GPU as torch names it.

    Reference:
        Kartynnik et al. 2019, Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs.
    """

    def __init__(self, threads: int = 1, device: str = "cpu") -> None:
        self._run = _on_cpu(threads) if device == "cpu" else _on_gpu(device)
        self._patches: dict[int, Float32[np.ndarray, "k 256 256 3"]] = {}

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
        patches = self._patches.get(len(rois))
        if patches is None:
            # Kept: fresh memory of this size costs as much as a look.
            patches = self._patches[len(rois)] = np.empty((len(rois), ROI_SIZE, ROI_SIZE, 3), np.float32)
        look(image, rois, patches)
        patches /= np.float32(255)
        outputs = self._run(patches)
        # The network counts from the corner of its input; half a pixel is taken off to put centres at integers.
        places = outputs[0].reshape(len(rois), MESH_POINTS, 3)[..., :2].astype(np.float64) - 0.5
        presence = 1 / (1 + np.exp(-outputs[1].reshape(len(rois)).astype(np.float64)))
        return np.stack([sim.apply(sim.invert(roi), p) for roi, p in zip(rois, places, strict=True)]), presence


def _on_cpu(threads: int) -> Network:
    # A network for each batch size and part: resizing one back and forth would allocate anew each time. Parts side by
    # side take a third less of all cores than one network that shares its layers out among threads, and say the same.
    networks: dict[tuple[int, int], Interpreter] = {}
    side_by_side = ThreadPoolExecutor(threads, "pecten look") if threads > 1 else None

    def run(patches: Float32[np.ndarray, "k 256 256 3"]) -> list[np.ndarray]:
        # What flows through a larger batch no longer fits in the cache.
        count = max(1, -(-len(patches) // _BATCH), min(threads, len(patches)))
        parts = enumerate(np.array_split(patches, count))
        done = list(map(one, parts) if side_by_side is None or count == 1 else side_by_side.map(one, parts))
        return [np.concatenate(of_each) for of_each in zip(*done, strict=True)]

    def one(part: tuple[int, Float32[np.ndarray, "k 256 256 3"]]) -> list[np.ndarray]:
        place, patches = part
        network = networks.get((place, len(patches)))
        if network is None:
            network = networks[place, len(patches)] = _interpreter(len(patches))
        network.set_tensor(network.get_input_details()[0]["index"], patches)
        network.invoke()
        return [network.get_tensor(detail["index"]) for detail in network.get_output_details()]

    return run


def _on_gpu(device: str) -> Network:
    from pecten.faces.mesh_torch import runner

    return runner(asset(_MODEL), device)


def _interpreter(batch: int) -> Interpreter:
    # LiteRT greets on standard error, which no setting turns off.
    with hushed():
        network = Interpreter(str(asset(_MODEL)), num_threads=1)
        network.resize_tensor_input(network.get_input_details()[0]["index"], [batch, ROI_SIZE, ROI_SIZE, 3])
        network.allocate_tensors()
    return network


def look(
    image: ByteImage, rois: Sequence[Affine], patches: Float32[np.ndarray, "k 256 256 3"] | None = None
) -> Float32[np.ndarray, "k 256 256 3"]:
    """Cut regions of interest out of a plate, anti-aliased.

    The plate is softened once, on its own pixels, to what the regions can show. Each look then costs one bilinear
    sampling, and hardly depends on how the pixels happen to lie under the face.

    Args:
        image: The plate.
        rois: Each maps plate px to the px of a square of `ROI_SIZE`; all of about the first one's scale.
        patches: Where to write them; None makes room.
    Returns:
        0..255; black beyond the plate.
    """
    if patches is None:
        patches = np.empty((len(rois), ROI_SIZE, ROI_SIZE, 3), np.float32)
    window = _window(image, rois)
    if window is None:
        patches.fill(0)
        return patches
    soft, soft_from_plate = _softened(image, window, sim.scale_of(rois[0]))
    plate_from_soft = sim.invert(soft_from_plate)
    for roi, patch in zip(rois, patches, strict=True):
        patch[...] = warp_linear(soft, sim.compose(roi, plate_from_soft), ROI_SIZE, ROI_SIZE)
    return patches


def _window(image: ByteImage, rois: Sequence[Affine]) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the first and the last but one pixel (x, y) that the regions see of a plate; None where they see none."""
    corners = np.array([[-1.0, -1.0], [ROI_SIZE, -1.0], [-1.0, ROI_SIZE], [ROI_SIZE, ROI_SIZE]])
    seen = np.concatenate([sim.apply(sim.invert(roi), corners) for roi in rois])
    size = np.array([image.shape[1], image.shape[0]])
    reach = 2 + 2 / sim.scale_of(rois[0])
    first, last = np.maximum(np.floor(seen.min(axis=0) - reach), 0), np.minimum(np.ceil(seen.max(axis=0) + reach), size)
    return (first.astype(int), last.astype(int)) if (first < last).all() else None


def _softened(
    image: ByteImage, window: tuple[np.ndarray, np.ndarray], scale: float
) -> tuple[Float32[np.ndarray, "_high _wide 3"], Affine]:
    """Soften a part of a plate to pixels of 1 / `scale` px by a triangle two of them wide; black lies around it.

    Returns:
        The soft part, and from the plate to it.
    """
    block, fold = max(1, int(_FINE_SCALE / scale)), max(1, math.ceil(scale / _COARSE_SCALE))
    # Whole blocks from the plate's own corner: the same from frame to frame.
    (x0, y0), (x1, y1) = window[0] // block * block, window[1]
    part = image[y0:y1, x0:x1]
    if block > 1:
        part = cv2.copyMakeBorder(part, 0, (y0 - y1) % block, 0, (x0 - x1) % block, cv2.BORDER_CONSTANT)
        size = part.shape[1] // block, part.shape[0] // block
        part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA))
    reach = math.ceil(block / scale) + 1
    part = np.asarray(cv2.copyMakeBorder(part, reach, reach, reach, reach, cv2.BORDER_CONSTANT))
    to_part = sim.compose(sim.resize(block, 1), sim.similarity(1.0, 0.0, (-float(x0), -float(y0))))
    to_part[:, 2] += reach
    if fold > 1:
        part = cv2.resize(part.astype(np.float32), None, fx=fold, fy=fold, interpolation=cv2.INTER_CUBIC)
        to_part = sim.compose(sim.resize(1, fold), to_part)
    taps = _triangle(fold / block / scale)
    soft = cv2.sepFilter2D(part, cv2.CV_32F, taps, taps, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(soft, np.float32), to_part


def _triangle(reach: float) -> Float32[np.ndarray, " taps"]:
    """Return the weights of a triangle that falls to nothing `reach` px from its middle."""
    far = math.ceil(reach)
    weights = np.maximum(0, 1 - np.abs(np.arange(-far, far + 1)) / reach)
    return np.asarray(weights / weights.sum(), np.float32)
