"""Resampling by an affine transform: exact to the sub-pixel, anti-aliased when the picture shrinks."""

from typing import Literal, TypeVar

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from pecten.errors import ShapeError
from pecten.geometry import similarity as sim
from pecten.types import Affine

Kernel = Literal["linear", "cubic"]
Border = Literal["reflect", "replicate", "zero"]

FloatPicture = Float32[np.ndarray, "_height _width *_channels"]
BytePicture = UInt8[np.ndarray, "_height _width *_channels"]
Picture = TypeVar("Picture", FloatPicture, BytePicture)

_BORDERS: dict[str, int] = {
    "reflect": cv2.BORDER_REFLECT_101,
    "replicate": cv2.BORDER_REPLICATE,
    "zero": cv2.BORDER_CONSTANT,
}
_SECOND_DIFFERENCE = np.array([1.0, -2.0, 1.0], dtype=np.float32)
_ONE = np.array([1.0], dtype=np.float32)
# A shrink below this is first averaged by a whole number of pixels, which costs less than supersampling it all.
_LEAST_SUPERSAMPLED_SCALE = 0.25
_MARGIN_PX = 4


def warp(
    picture: Picture,
    transform: Affine,
    width: int,
    height: int,
    kernel: Kernel = "cubic",
    border: Border = "reflect",
) -> Picture:
    """Resample a picture by an affine transform.

    Enlarging interpolates (bilinear, or Catmull-Rom bicubic, which reproduces quadratics). Shrinking samples a
    whole multiple of the wanted size and averages it down with the same kernel, so that sharpness follows the result's
    pixels and does not jump when the scale passes 1.

    Args:
        picture: Floats of any range, or bytes; one channel without an axis, or up to 4 channels.
        transform: Maps picture pixels to result pixels, centres at integers.
        width: Of the result, in px.
        height: Of the result, in px.
        kernel: "linear" never overshoots (mattes); "cubic" is sharper (pictures).
        border: What lies beyond the picture's edge.
    Returns:
        The result, of the picture's type. Bytes are rounded.
    Raises:
        ShapeError: if the transform is singular or a size is not positive.
    Reference:
        Keys 1981, equation 8 (a = -1/2).
    """
    scale = sim.scale_of(transform)
    if not np.isfinite(transform).all() or scale < 1e-9 or width < 1 or height < 1:
        raise ShapeError(f"cannot warp to {width}x{height} px by a transform of scale {scale:.3g}: check the transform")
    result = _resample(picture, transform, width, height, kernel, border)
    if picture.dtype == np.uint8 and result.dtype != np.uint8:
        result = np.asarray(np.clip(np.rint(result), 0, 255), dtype=np.uint8)
    return result


def warp_linear(picture: FloatPicture, transform: Affine, width: int, height: int) -> FloatPicture:
    """Sample a picture bilinearly, without anti-aliasing; black beyond its edge."""
    return np.asarray(_sample_linear(picture, transform, width, height, "zero"), dtype=np.float32)


def _resample(
    picture: np.ndarray, transform: Affine, width: int, height: int, kernel: Kernel, border: Border
) -> np.ndarray:
    factor = _supersampling(transform)
    margin = 2 if kernel == "cubic" and factor > 1 else 0
    grid = sim.compose(sim.resize(1, factor), transform)
    grid[:, 2] += margin * factor
    wide, high = (width + 2 * margin) * factor, (height + 2 * margin) * factor
    region, grid = _needed_region(picture, grid, wide, high)
    region, grid = _reduce(region, grid, sim.scale_of(grid) / factor)
    if kernel == "cubic":
        sampled = _sample_cubic(region.astype(np.float32, copy=False), grid, wide, high, border)
    else:
        sampled = _sample_linear(region, grid, wide, high, border)
    if factor == 1:
        return sampled
    if kernel == "linear":
        return np.asarray(cv2.resize(sampled, (width, height), interpolation=cv2.INTER_AREA))
    return _decimate(sampled, factor, margin)


def _supersampling(transform: Affine) -> int:
    # The tightest direction decides, so that a squeeze along one axis does not alias either.
    tightest = float(np.linalg.svd(transform[:, :2], compute_uv=False)[-1])
    tightest *= max(1, int(_LEAST_SUPERSAMPLED_SCALE / max(sim.scale_of(transform), 1e-9)))
    return int(np.clip(np.ceil(1 / tightest - 1e-9), 1, 8))


def _needed_region(picture: np.ndarray, grid: Affine, width: int, height: int) -> tuple[np.ndarray, Affine]:
    """Cut out what the result can see, so that cost follows the crop and not the plate."""
    corners = np.array([[0.0, 0.0], [width - 1.0, 0.0], [0.0, height - 1.0], [width - 1.0, height - 1.0]])
    seen = sim.apply(sim.invert(grid), corners)
    first = np.floor(seen.min(axis=0)) - _MARGIN_PX
    last = np.ceil(seen.max(axis=0)) + _MARGIN_PX + 1
    # Whole blocks from the plate's own origin keep a later averaging by blocks in one phase from frame to frame.
    first = np.floor(first / 64) * 64
    size = np.array([picture.shape[1], picture.shape[0]], dtype=np.float64)
    # A reflected border may need any pixel of that axis, so an axis that is crossed is kept whole.
    crossed = (first < 0) | (last > size)
    first, last = np.where(crossed, 0, first).astype(int), np.where(crossed, size, last).astype(int)
    if (last - first < 1).any():
        return picture, grid
    shifted = sim.compose(grid, sim.similarity(1.0, 0.0, (float(first[0]), float(first[1]))))
    return picture[first[1] : last[1], first[0] : last[0]], shifted


def _reduce(picture: np.ndarray, grid: Affine, scale: float) -> tuple[np.ndarray, Affine]:
    """Average whole blocks of pixels before a strong shrink."""
    block = int(min(_LEAST_SUPERSAMPLED_SCALE / scale, picture.shape[0], picture.shape[1]))
    if block < 2:
        return picture, grid
    high, wide = (-(-n // block) * block for n in picture.shape[:2])
    padded = cv2.copyMakeBorder(picture, 0, high - picture.shape[0], 0, wide - picture.shape[1], cv2.BORDER_REPLICATE)
    smaller = cv2.resize(padded, (wide // block, high // block), interpolation=cv2.INTER_AREA)
    return smaller, sim.compose(grid, sim.resize(1, block))


def _sample_linear(picture: np.ndarray, grid: Affine, width: int, height: int, border: Border) -> np.ndarray:
    return np.asarray(
        cv2.warpAffine(picture, grid, (width, height), flags=cv2.INTER_LINEAR, borderMode=_BORDERS[border])
    )


def _sample_cubic(picture: np.ndarray, grid: Affine, width: int, height: int, border: Border) -> np.ndarray:
    """Catmull-Rom as bilinear sampling of the picture and of its second differences.

    Along one axis, with t the fraction and w = t (1 - t), Catmull-Rom is L[p] - w/2 L[D p], where L is linear
    interpolation and D the second difference. OpenCV samples bilinearly without error; its bicubic rounds places to
    1/32 px.
    """
    mode = _BORDERS[border]
    across = cv2.sepFilter2D(picture, -1, _SECOND_DIFFERENCE, _ONE, borderType=mode)
    down = cv2.sepFilter2D(picture, -1, _ONE, _SECOND_DIFFERENCE, borderType=mode)
    both = cv2.sepFilter2D(across, -1, _ONE, _SECOND_DIFFERENCE, borderType=mode)
    weight_x, weight_y = _half_weights(grid, width, height)
    if picture.ndim == 3:
        weight_x, weight_y = (np.repeat(w[..., None], picture.shape[2], axis=2) for w in (weight_x, weight_y))
    result = _sample_linear(picture, grid, width, height, border)
    bend = _sample_linear(both, grid, width, height, border)
    bend = cv2.multiply(bend, weight_y) - _sample_linear(across, grid, width, height, border).reshape(bend.shape)
    result = cv2.add(result, cv2.multiply(bend, weight_x))
    result = cv2.subtract(result, cv2.multiply(_sample_linear(down, grid, width, height, border), weight_y))
    return np.asarray(result)


def _half_weights(grid: Affine, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Return t (1 - t) / 2 of both axes, at every place of the result."""
    back = sim.invert(grid)
    columns, rows = np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64)
    weights = []
    for axis in range(2):
        place = (back[axis, 1] * rows + back[axis, 2])[:, None] + back[axis, 0] * columns
        fraction = (place - np.floor(place)).astype(np.float32)
        weights.append(fraction * (1 - fraction) * np.float32(0.5))
    return weights[0], weights[1]


def _decimate(picture: np.ndarray, factor: int, margin: int) -> np.ndarray:
    """Average by a Catmull-Rom kernel `factor` times as wide, and keep every `factor`-th place."""
    count = 4 * factor - factor % 2
    offsets = np.abs((np.arange(count) - (count - 1) / 2) / factor)
    near = 1.5 * offsets**3 - 2.5 * offsets**2 + 1
    far = -0.5 * offsets**3 + 2.5 * offsets**2 - 4 * offsets + 2
    taps = np.where(offsets < 1, near, far)
    taps = (taps / taps.sum()).astype(np.float32)
    # An even count of taps has its middle half a place after the anchor, as an even block has after its own.
    filtered = cv2.sepFilter2D(picture, -1, taps, taps, anchor=(2 * factor - 1, 2 * factor - 1))
    first = margin * factor + (factor + 1) // 2 - 1
    # The margin behind the last pixel only fed the filter.
    last = -margin * factor
    return np.ascontiguousarray(filtered[first:last:factor, first:last:factor])
