"""Whether the edge of a swap shows."""

import cv2
import numpy as np

from pecten.errors import ShapeError
from pecten.types import Image, Mask


def seam(image: Image, plate: Image, matte: Mask, width_px: float = 2.0) -> float:
    """Compare the step across a matte's edge with the plate's own step there.

    Args:
        image: The composite.
        plate: The plate under it, same coding.
        matte: What was swapped; its edge is where it passes one half.
        width_px: The step is taken between this far inside and this far outside.
    Returns:
        Ratio of mean absolute steps: 1 if the edge shows no more than the plate's own detail, 0 for no step at all.
    Raises:
        ShapeError: if sizes differ, the matte has no edge, or the plate is flat there.
    """
    if image.shape != plate.shape or matte.shape != plate.shape[:2]:
        raise ShapeError(f"pictures {image.shape} and {plate.shape}, matte {matte.shape}: give equal sizes")
    own = edge_step(plate, matte, width_px)
    if own <= 0:
        raise ShapeError("the plate is flat across the matte's edge, so the seam has no measure: use edge_step")
    return edge_step(image, matte, width_px) / own


def edge_step(image: Image, matte: Mask, width_px: float = 2.0) -> float:
    """Measure the mean absolute step across a matte's edge, along its normal.

    Args:
        image: Any coding.
        matte: Its edge is where it passes one half.
        width_px: The step is taken between this far inside and this far outside.
    Returns:
        In the picture's own unit.
    Raises:
        ShapeError: if the matte has no edge inside the picture.
    """
    inside = (matte >= 0.5).astype(np.uint8)
    within, beyond = (cv2.distanceTransform(side, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for side in (inside, 1 - inside))
    depth = np.asarray(within - beyond, np.float32)
    across = cv2.Sobel(depth, cv2.CV_32F, 1, 0, ksize=5)
    down = cv2.Sobel(depth, cv2.CV_32F, 0, 1, ksize=5)
    margin = int(np.ceil(width_px)) + 1
    held = np.zeros(matte.shape, bool)
    held[margin:-margin, margin:-margin] = True
    y, x = np.nonzero((np.abs(depth) <= 1) & held)
    if not 0 < inside.sum() < inside.size or not len(x):
        raise ShapeError("the matte has no edge inside the picture: give one that begins and ends there")
    normal = np.stack([across[y, x], down[y, x]])
    normal = normal / np.maximum(np.linalg.norm(normal, axis=0), 1e-6) * width_px
    sides = [_sample(image, x + sign * normal[0], y + sign * normal[1]) for sign in (1, -1)]
    return float(np.abs(sides[0] - sides[1]).mean())


def _sample(image: Image, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    # Bilinear; cv2.remap takes no list of more than 32767 points.
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    right, bottom = np.minimum(left + 1, image.shape[1] - 1), np.minimum(top + 1, image.shape[0] - 1)
    u, v = (x - left)[:, None], (y - top)[:, None]
    upper = image[top, left] * (1 - u) + image[top, right] * u
    lower = image[bottom, left] * (1 - u) + image[bottom, right] * u
    sampled: np.ndarray = upper * (1 - v) + lower * v
    return sampled
