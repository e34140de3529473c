"""Put a blended crop back into its plate without resampling the plate."""

import cv2
import numpy as np

from pecten.composite.matte import EDGE_PX, feather
from pecten.composite.pixels import chosen, finite, times
from pecten.errors import ShapeError
from pecten.geometry import similarity
from pecten.geometry.warp import warp
from pecten.types import Affine, Image, Mask


def paste(
    plate: Image,
    blended_crop: Image,
    plate_crop: Image,
    crop_from_plate: Affine,
    support: Mask,
    keep_finest: bool = False,
) -> tuple[Image, Mask]:
    """Put the blend into the plate, inside the support only.

    At the support's edge only the difference is resampled and added, so that the plate keeps its own detail and grain
    there. Further inside the blend replaces the plate: detail too fine for the crop would else show through the face
    (a beard's hairs on a smooth chin).

    Args:
        plate: Whole frame, in the coding of the crops, unbounded; never changed.
        blended_crop: The blend, at the crop's size.
        plate_crop: What was blended into: the crop cut from this plate.
        crop_from_plate: Plate px to crop px, at the crop's size.
        support: Crop; the matte that was blended with. Where it is 0 nothing changes.
        keep_finest: Add the difference everywhere, so that the plate's finest detail shows through on purpose.
    Returns:
        The frame, and the support in the plate: where it is 0 the frame is the plate, bit for bit.
    Raises:
        ShapeError: if the crops differ in size.
    """
    if blended_crop.shape != plate_crop.shape or plate_crop.shape[:2] != support.shape:
        raise ShapeError(
            f"blend {blended_crop.shape}, crop {plate_crop.shape} and support {support.shape} differ: give equal sizes"
        )
    frame, plate_support = plate.copy(), np.zeros(plate.shape[:2], np.float32)
    box = _box_in_plate(support, crop_from_plate, plate.shape[0], plate.shape[1])
    if box is None:
        return frame, plate_support
    left, top, right, bottom = box
    shift = similarity.similarity(1.0, 0.0, (-float(left), -float(top)))
    box_from_crop = similarity.compose(shift, similarity.invert(crop_from_plate))
    size = (right - left, bottom - top)
    # How much of the plate is left: all at the edge, nothing a little further in.
    left_over = np.float32(1) - (np.zeros_like(support) if keep_finest else feather(support, EDGE_PX))
    change = warp(_finite(blended_crop - _share(plate_crop, left_over)), box_from_crop, *size, "cubic", "zero")
    inside = warp((support > 0).astype(np.float32), box_from_crop, *size, "linear", "zero")
    under = plate[top:bottom, left:right]
    kept = _share(under, 1 - warp(1 - left_over, box_from_crop, *size, "linear", "zero"))
    frame[top:bottom, left:right] = chosen(cv2.add(kept, times(change, inside)), inside > 0, under)
    plate_support[top:bottom, left:right] = inside
    return frame, plate_support


def _share(image: Image, share: Mask) -> Image:
    # Pixels that are not numbers vanish where nothing is left of them.
    part = times(np.ascontiguousarray(image), share)
    return part if finite(part) else chosen(part, share > 0, np.zeros_like(part))


def _box_in_plate(support: Mask, crop_from_plate: Affine, height: int, width: int) -> tuple[int, int, int, int] | None:
    x, y, w, h = cv2.boundingRect((support > 0).astype(np.uint8))
    if w == 0:
        return None
    corners = np.array([[x - 1, y - 1], [x + w, y - 1], [x - 1, y + h], [x + w, y + h]], np.float64)
    moved = similarity.apply(similarity.invert(crop_from_plate), corners)
    left, top = np.maximum(np.floor(moved.min(axis=0)).astype(int), 0)
    right, bottom = np.minimum(np.ceil(moved.max(axis=0)).astype(int) + 1, [width, height])
    return (int(left), int(top), int(right), int(bottom)) if right > left and bottom > top else None


def _finite(change: Image) -> Image:
    return change if finite(change) else np.nan_to_num(change, nan=0.0, posinf=0.0, neginf=0.0)
