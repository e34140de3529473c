"""What a face does, as 52 weights: how far each brow is up, each eye shut, the jaw open."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64

from pecten.assets import asset
from pecten.errors import ShapeError
from pecten.metrics.expression import MESH, Curve, Track, correlation
from pecten.quiet import hushed

Weights = Float64[np.ndarray, "_frames 52"]
"""One a name; NaN where unknown."""

_MODEL = "models/face_blendshapes.tflite"

NAMES = (
    "_neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff",
    "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight",
    "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight",
    "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen", "jawRight",
    "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel",
    "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker",
    "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft",
    "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "noseSneerLeft", "noseSneerRight",
)  # fmt: skip
"""Left and right are the performer's own."""

GAZE = tuple(index for index, name in enumerate(NAMES) if name.startswith("eyeLook"))
"""Those that `pecten.metrics.gaze` measures better."""

# fmt: off
_POINTS = (
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80, 81,
    82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153, 154,
    155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251, 263,
    267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314, 317, 318, 321,
    323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382, 384, 385, 386, 387,
    388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471, 472, 473, 474, 475, 476, 477,
)
# fmt: on


class Blendshapes:
    """MediaPipe's blendshape network; holds its weights, so make one and keep it.

    Reference:
        Grishchenko et al. 2022, Blendshapes GHUM: Real-time Monocular Facial Blendshape Prediction.
    """

    def __init__(self) -> None:
        from ai_edge_litert.interpreter import Interpreter

        # LiteRT greets on standard error, which no setting turns off.
        with hushed():
            self._network: Any = Interpreter(str(asset(_MODEL)), num_threads=1)
            self._network.allocate_tensors()

    def read(self, track: Track) -> Weights:
        """Read a face's blendshapes off its landmarks.

        Args:
            track: The 478 mesh points of every frame, px; place, size and tilt do not count.
        Returns:
            0 to 1, in the order of `NAMES`.
        Raises:
            ShapeError: if there are not 478 points.
        """
        if track.shape[1] != 478:
            raise ShapeError(f"{track.shape[1]} landmarks: give the 478 of the mesh")
        place = self._network.get_input_details()[0]["index"]
        result = self._network.get_output_details()[0]["index"]
        weights = []
        for face in track:
            self._network.set_tensor(place, _upright(face)[None, list(_POINTS)].astype(np.float32))
            self._network.invoke()
            weights.append(np.array(self._network.get_tensor(result), np.float64))
        return np.array(weights).reshape(-1, len(NAMES))


def weight_errors(found: Weights, truth: Weights, left_out: Sequence[int] = (0, *GAZE)) -> Curve:
    """Measure how far blendshape weights are off: the mean absolute difference, frame by frame.

    Args:
        found: Of the face to judge.
        truth: Of the true face, read by the same network, or known from its animation (`from_animation`).
        left_out: Weights that do not count, besides those that either does not know: the neutral one and the gaze.
    Returns:
        One a frame; NaN where nothing is known.
    Raises:
        ShapeError: if the frames differ in number.
    """
    if found.shape != truth.shape:
        raise ShapeError(f"weights of {len(found)} and {len(truth)} frames: give as many")
    apart = np.abs(np.delete(found - truth, list(left_out), axis=1))
    known = ~np.isnan(apart)
    total = np.where(known, apart, 0).sum(axis=1)
    count = known.sum(axis=1)
    errors: Curve = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return errors


def weight_correlation(
    found: Weights, truth: Weights, left_out: Sequence[int] = (0, *GAZE), least: float = 0.05
) -> float:
    """Correlate blendshape weights over time: the mean over those that move, each with the say of its movement.

    Args:
        found, truth, left_out: As for `weight_errors`.
        least: Standard deviation, in the truth, from which on a weight counts as moving.
    Returns:
        1 if all move as they should; NaN if none moves in the truth. A weight that stands still instead counts as 0.
    Raises:
        ShapeError: if the frames differ in number.
    """
    if found.shape != truth.shape:
        raise ShapeError(f"weights of {len(found)} and {len(truth)} frames: give as many")
    total = says = 0.0
    for index in range(len(NAMES)):
        say = float(truth[:, index].std())
        if index in left_out or not say >= least or np.isnan(found[:, index]).any():
            continue
        together = correlation(found[:, index], truth[:, index])
        total, says = total + say * (0.0 if np.isnan(together) else together), says + say
    return total / says if says else float("nan")


def from_animation(weights: Float64[np.ndarray, "_frames _shapes"], names: Sequence[str]) -> Weights:
    """Put the weights that a synthetic face was animated by into the order of `NAMES`.

    Args:
        weights: One column a shape.
        names: Of the shapes, sides as `_L` and `_R` or spelt out; both sides of what has no sides here are averaged.
    Returns:
        NaN in columns that the animation does not know.
    Raises:
        ShapeError: if names and columns differ in number.
    """
    if weights.shape[1] != len(names):
        raise ShapeError(f"{len(names)} names for {weights.shape[1]} weights: give one a weight")
    table = np.full((len(weights), len(NAMES)), np.nan)
    columns: dict[str, list[int]] = {}
    for column, name in enumerate(names):
        spelt = name.replace("_L", "Left").replace("_R", "Right")
        columns.setdefault(spelt if spelt in NAMES else name[:-2], []).append(column)
    for index, name in enumerate(NAMES):
        if name in columns:
            table[:, index] = weights[:, columns[name]].mean(axis=1)
    return table


def _upright(face: np.ndarray) -> np.ndarray:
    """Turn a face until the corners of its eyes are level, at a usual size."""
    right, left = MESH.outer_eye_corners
    across = face[left] - face[right]
    size = np.linalg.norm(across)
    level = np.array([[across[0], across[1]], [-across[1], across[0]]]) / size**2 * 256
    return np.asarray((face - face.mean(axis=0)) @ level.T)
