"""Finding faces in a picture."""

from dataclasses import dataclass

import cv2
import numpy as np
import onnxruntime
from jaxtyping import Float32

from pecten.assets import asset
from pecten.types import ByteImage, Points

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in px, edges where pixel centres are at integers."""

_STRIDE = 4
_MULTIPLE = 32


@dataclass(frozen=True)
class Detection:
    """One face: its box, the score (may exceed 1), and eyes, nose tip and mouth corners (left to right)."""

    box: Box
    score: float
    points: Points


class Detector:
    """CenterFace on the CPU.

    Args:
        threads: Of the network.
        long_side_px: The picture is shrunk (never enlarged) to this before it is looked at.
        least_score: Faces that score less are dropped.

    Reference:
        Xu et al. 2019, CenterFace: Joint Face Detection and Alignment Using Face as Point.
    """

    def __init__(self, threads: int = 1, long_side_px: int = 640, least_score: float = 0.5) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            asset("models/centerface.onnx").read_bytes(), options, providers=["CPUExecutionProvider"]
        )
        self._long_side_px = long_side_px
        self._least_score = least_score

    def detect(self, image: ByteImage) -> list[Detection]:
        """Find the faces of a picture, best first."""
        scale = min(1.0, self._long_side_px / max(image.shape[:2]))
        wide, high = (max(1, round(n * scale)) for n in (image.shape[1], image.shape[0]))
        small = cv2.resize(image, (wide, high), interpolation=cv2.INTER_AREA)
        padded = cv2.copyMakeBorder(small, 0, -high % _MULTIPLE, 0, -wide % _MULTIPLE, cv2.BORDER_CONSTANT)
        blob = np.ascontiguousarray(padded.transpose(2, 0, 1)[None], dtype=np.float32)
        heat, sizes, shifts, marks = self._session.run(None, {self._session.get_inputs()[0].name: blob})
        found = decode(heat[0, 0], sizes[0], shifts[0], marks[0], self._least_score)
        ratio = np.array([image.shape[1] / wide, image.shape[0] / high])
        return [_to_plate(d, ratio) for d in suppress(found)]


def decode(
    heat: Float32[np.ndarray, "h w"],
    sizes: Float32[np.ndarray, "2 h w"],
    shifts: Float32[np.ndarray, "2 h w"],
    marks: Float32[np.ndarray, "10 h w"],
    least_score: float,
) -> list[Detection]:
    """Read CenterFace's four maps (each pair y before x) into faces, in the px of the picture that it was given."""
    rows, columns = np.nonzero(heat > least_score)
    found = []
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        high, wide = (float(np.exp(sizes[axis, row, column])) * _STRIDE for axis in range(2))
        # Edges here run from 0 at the picture's corner; half a pixel is taken off to put centres at integers.
        x = (column + float(shifts[1, row, column]) + 0.5) * _STRIDE - wide / 2 - 0.5
        y = (row + float(shifts[0, row, column]) + 0.5) * _STRIDE - high / 2 - 0.5
        places = marks[:, row, column].reshape(5, 2).astype(np.float64)
        points = np.column_stack([places[:, 1] * wide + x, places[:, 0] * high + y])
        found.append(Detection((x, y, x + wide, y + high), float(heat[row, column]), points))
    return found


def suppress(found: list[Detection], most_overlap: float = 0.3) -> list[Detection]:
    """Keep the best of every group of detections that overlap, best first."""
    kept: list[Detection] = []
    for one in sorted(found, key=lambda d: -d.score):
        if all(overlap(one.box, other.box) <= most_overlap for other in kept):
            kept.append(one)
    return kept


def overlap(a: Box, b: Box) -> float:
    """Return the intersection of two boxes over their union."""
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or high <= 0:
        return 0.0
    return wide * high / (area(a) + area(b) - wide * high)


def area(box: Box) -> float:
    """Return the area of a box, in square px."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _to_plate(one: Detection, ratio: np.ndarray) -> Detection:
    corners = (np.array(one.box).reshape(2, 2) + 0.5) * ratio - 0.5
    x0, y0, x1, y1 = corners.ravel().tolist()
    return Detection((x0, y0, x1, y1), one.score, (one.points + 0.5) * ratio - 0.5)
