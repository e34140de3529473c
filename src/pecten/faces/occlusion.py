"""What stands before a face: hands, glasses, hair, microphones, cups."""

import cv2
import numpy as np
import onnxruntime
from jaxtyping import Float32

from pecten.assets import asset
from pecten.errors import ShapeError
from pecten.types import Image, Mask

SIDE = 192
"""Side of the picture that the network looks at, in px."""

_FINE_SIDE = 224
"""Side of the second picture. Edges lie better there, but it is larger than what was learnt from: skin far from any
edge is cut now and then, so that the second look counts near the first one's edges alone."""
_NEAR_PX = 6
_SOFT_PX = 2.0

# Of the guided filter: its reach at the matte's size, and how small a contrast counts as an edge. A wider reach smears
# the matte over more than the network's own edges are wide.
_REACH_PX = 1
_CONTRAST = 0.02


class Occlusion:
    """A small U-Net of our own, trained by `runs/train_occlusion.py` on drawn occluders over synthetic performers.

    Args:
        threads: Of the network.
        fine: Whether it looks twice, the second time larger, where it has found an edge. Once will do where only the
            share that is covered is asked for.

    Reference:
        Ronneberger et al. 2015, U-Net.
    """

    def __init__(self, threads: int = 1, fine: bool = True) -> None:
        self._fine = fine
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            asset("models/occlusion.onnx").read_bytes(), options, providers=["CPUExecutionProvider"]
        )

    def visible(self, crops: Float32[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n h w"]:
        """Find where faces are seen and where something in front covers them.

        Args:
            crops: Square normalised crops, display-coded, 0..1.
        Returns:
            1 where the face is seen, 0 where it is covered, between on soft and moving edges. Outside the face the
            answer means little.
        Raises:
            ShapeError: if the crops are not square.
        """
        side = crops.shape[1]
        if crops.shape[2] != side or side < 1:
            raise ShapeError(f"crops of {crops.shape[2]}x{side} px: give square ones")
        # One at a time: a batch costs as much, and rounds otherwise.
        mattes = [self._one(crop) for crop in crops]
        return np.stack(mattes) if mattes else np.zeros((0, side, side), np.float32)

    def _one(self, crop: Image) -> Mask:
        small = _bounded(_resized(crop, SIDE))
        matte = self._look(small)
        if self._fine and crop.shape[0] > _FINE_SIDE and matte.min() < 0.5:
            small = _bounded(_resized(crop, _FINE_SIDE))
            matte = refined(_resized(matte, _FINE_SIDE), self._look(small))
        return sharpened(matte, small, crop) if crop.shape[0] > SIDE else _resized(matte, crop.shape[0])

    def _look(self, picture: Image) -> Mask:
        blob = np.ascontiguousarray(picture.transpose(2, 0, 1)[None], np.float32)
        return np.asarray(self._session.run(["visible"], {"crops": blob})[0][0], np.float32)


def covered_share(visible: Mask, matte: Mask) -> float:
    """Return the share of a face that is covered.

    Args:
        visible: 1 where the face is seen.
        matte: The face's, of the same size.
    Returns:
        0 for a face that is wholly seen, or for an empty matte, to 1.
    Raises:
        ShapeError: if the sizes differ.
    """
    if visible.shape != matte.shape:
        raise ShapeError(f"a matte of {matte.shape} over visibility of {visible.shape}: give one size")
    whole = float(matte.sum(dtype=np.float64))
    return float((matte * (1 - visible)).sum(dtype=np.float64)) / whole if whole > 0 else 0.0


def refined(matte: Mask, finer: Mask) -> Mask:
    """Take a finer matte near a matte's edges, and the matte elsewhere.

    Args:
        matte: The one to be trusted.
        finer: Of the same size.
    """
    covered, near = (matte < 0.5).astype(np.uint8), np.ones((2 * _NEAR_PX + 1,) * 2, np.uint8)
    edge = (cv2.dilate(covered, near) - cv2.erode(covered, near)).astype(np.float32)
    merged: Mask = matte + cv2.GaussianBlur(edge, (0, 0), _SOFT_PX) * (finer - matte)
    return merged


def sharpened(matte: Mask, small: Image, crop: Image) -> Mask:
    """Enlarge a matte so that its edges lie on the crop's own.

    Args:
        matte: Found at the small size.
        small: The crop, at the matte's size.
        crop: The crop, as large as the result.
    Reference:
        He and Sun 2015, Fast guided filter, algorithm 2, with a grey guide.
    """
    guide, reach = _grey(small), 2 * _REACH_PX + 1
    mean, mean_matte = (cv2.blur(one, (reach, reach)) for one in (guide, matte))
    spread = cv2.blur(guide * guide, (reach, reach)) - mean * mean
    joint = cv2.blur(guide * matte, (reach, reach)) - mean * mean_matte
    gain = joint / (spread + np.float32(_CONTRAST**2))
    offset = mean_matte - gain * mean
    size = crop.shape[0]
    gain, offset = (_resized(np.asarray(cv2.blur(one, (reach, reach)), np.float32), size) for one in (gain, offset))
    enlarged: Mask = np.clip(gain * _grey(crop) + offset, 0, 1).astype(np.float32)
    return enlarged


def _grey(picture: Image) -> Mask:
    return _bounded(np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32))


def _bounded(values: np.ndarray) -> np.ndarray:
    """Bring values to 0..1, what is no number to 0."""
    bounded: np.ndarray = np.clip(np.nan_to_num(values, copy=False), 0, 1)
    return bounded


def _resized(picture: np.ndarray, size: int) -> np.ndarray:
    kind = cv2.INTER_AREA if picture.shape[0] > size else cv2.INTER_LINEAR
    resized: np.ndarray = cv2.resize(picture, (size, size), interpolation=kind)
    return resized
