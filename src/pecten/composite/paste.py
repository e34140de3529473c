"""Put a blended crop back into its plate without resampling the plate."""

import cv2
import numpy as np

from pecten.errors import ShapeError
from pecten.geometry import similarity
from pecten.types import Affine, Image, Mask


def paste(
    plate: Image, blended_crop: Image, plate_crop: Image, crop_from_plate: Affine, support: Mask
) -> tuple[Image, Mask]:
    """Add what the blend changed to the plate, inside the support only.

    Only the difference is resampled, so the plate keeps its own detail and grain wherever the blend left it alone.

    Args:
        plate: Whole frame, in the coding of the crops, unbounded; never changed.
        blended_crop: The blend, at the crop's size.
        plate_crop: What was blended into: the crop cut from this plate.
        crop_from_plate: Plate px to crop px, at the crop's size.
        support: Crop; above 0 where the blend may differ from the plate.
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
    from_box = similarity.compose(crop_from_plate, similarity.similarity(1.0, 0.0, (float(left), float(top))))
    size = (right - left, bottom - top)
    change = _warp(_finite(blended_crop - plate_crop), from_box, size, cv2.INTER_CUBIC)
    inside = _warp((support > 0).astype(np.float32), from_box, size, cv2.INTER_LINEAR)
    part = np.s_[top:bottom, left:right]
    frame[part] = np.where(inside[..., None] > 0, plate[part] + change * inside[..., None], plate[part])
    plate_support[part] = inside
    return frame, plate_support


def _box_in_plate(support: Mask, crop_from_plate: Affine, height: int, width: int) -> tuple[int, int, int, int] | None:
    x, y, w, h = cv2.boundingRect((support > 0).astype(np.uint8))
    if w == 0:
        return None
    corners = np.array([[x - 1, y - 1], [x + w, y - 1], [x - 1, y + h], [x + w, y + h]], np.float64)
    moved = similarity.apply(similarity.invert(crop_from_plate), corners)
    left, top = np.maximum(np.floor(moved.min(axis=0)).astype(int), 0)
    right, bottom = np.minimum(np.ceil(moved.max(axis=0)).astype(int) + 1, [width, height])
    return (int(left), int(top), int(right), int(bottom)) if right > left and bottom > top else None


def _warp(picture: np.ndarray, crop_from_box: Affine, size: tuple[int, int], filter_: int) -> np.ndarray:
    shrink = int(similarity.scale_of(crop_from_box))
    if shrink > 1:
        # Averaged first, or a crop finer than its plate would alias.
        height, width = (-(-side // shrink) for side in picture.shape[:2])
        pad = ((0, height * shrink - picture.shape[0]), (0, width * shrink - picture.shape[1]), (0, 0))
        picture = cv2.resize(np.pad(picture, pad[: picture.ndim]), (width, height), interpolation=cv2.INTER_AREA)
        crop_from_box = similarity.compose(similarity.resize(shrink, 1), crop_from_box)
    return cv2.warpAffine(
        picture, crop_from_box, size, flags=filter_ | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_CONSTANT
    )


def _finite(change: Image) -> Image:
    return change if cv2.checkRange(change)[0] else np.nan_to_num(change, nan=0.0, posinf=0.0, neginf=0.0)
