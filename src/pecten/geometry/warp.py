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
# A shrink below this is first averaged by a whole number of pixels, which costs less than filtering it all.
_LEAST_FILTERED_SCALE = 0.25
_MARGIN_PX = 4
_TILE_PX = 192


def warp(
    picture: Picture,
    transform: Affine,
    width: int,
    height: int,
    kernel: Kernel = "cubic",
    border: Border = "reflect",
) -> Picture:
    """Resample a picture by an affine transform.

    Enlarging interpolates (bilinear, or Catmull-Rom bicubic, which reproduces quadratics). Shrinking widens the same
    kernel to the result's pixels, so that sharpness follows them and does not jump when the scale passes 1.

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
    # The tightest direction decides, so that a squeeze along one axis does not alias either.
    tightest = float(np.linalg.svd(transform[:, :2], compute_uv=False)[-1])
    block = max(1, int(_LEAST_FILTERED_SCALE / max(tightest, 1e-9)))
    region, grid = _needed_region(picture, transform, width, height, border, block, tightest)
    region, grid = _average(region, grid, block, border)
    tightest *= block
    if kernel == "linear":
        return _resample_linear(region, grid, width, height, border, int(np.ceil(1 / tightest - 1e-9)))
    region = region.astype(np.float32, copy=False)
    if tightest < 0.5:
        region, grid = _halve(region, grid, border)
        tightest *= 2
    if tightest < 1:
        taps = _widening_taps(tightest)
        region = np.asarray(cv2.sepFilter2D(region, -1, taps, taps, borderType=_BORDERS[border]))
    return _sample_in_tiles(region, grid, width, height, border)


def _needed_region(
    picture: np.ndarray,
    grid: Affine,
    width: int,
    height: int,
    border: Border,
    block: int = 1,
    tightest: float = 1.0,
) -> tuple[np.ndarray, Affine]:
    """Cut out what the result can see, so that cost follows the crop and not the plate."""
    corners = np.array([[0.0, 0.0], [width - 1.0, 0.0], [0.0, height - 1.0], [width - 1.0, height - 1.0]])
    seen = sim.apply(sim.invert(grid), corners)
    margin = _MARGIN_PX * max(1.0, 2 / tightest)
    first = np.floor(seen.min(axis=0) - margin)
    last = np.ceil(seen.max(axis=0) + margin) + 1
    # Whole blocks from the plate's own origin keep a later averaging by blocks in one phase from frame to frame.
    first = np.floor(first / (2 * block)) * (2 * block)
    size = np.array([picture.shape[1], picture.shape[0]], dtype=np.float64)
    if border == "reflect":
        # A reflection may need any pixel of its axis, so an axis that is crossed is kept whole.
        crossed = (first < 0) | (last > size)
        first, last = np.where(crossed, 0, first), np.where(crossed, size, last)
    first = np.clip(first, 0, (np.ceil(size / (2 * block)) - 1) * 2 * block).astype(int)
    last = np.clip(last, first + 1, size).astype(int)
    shifted = sim.compose(grid, sim.similarity(1.0, 0.0, (float(first[0]), float(first[1]))))
    return picture[first[1] : last[1], first[0] : last[0]], shifted


def _average(picture: np.ndarray, grid: Affine, block: int, border: Border) -> tuple[np.ndarray, Affine]:
    """Average whole blocks of pixels before a strong shrink."""
    block = min(block, *picture.shape[:2])
    if block < 2:
        return picture, grid
    picture = _whole_blocks(picture, block, border)
    size = (picture.shape[1] // block, picture.shape[0] // block)
    smaller = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return smaller, sim.compose(grid, sim.resize(1, block))


def _halve(picture: np.ndarray, grid: Affine, border: Border) -> tuple[np.ndarray, Affine]:
    """Filter by a Catmull-Rom kernel twice as wide, and keep every second place."""
    taps = _keys((np.arange(8) - 3.5) / 2)
    taps = (taps / taps.sum()).astype(np.float32)
    picture = _whole_blocks(picture, 2, border)
    # The middle of the even count of taps lies half a pixel after the anchor, as a block's middle after its first.
    filtered = cv2.sepFilter2D(picture, -1, taps, taps, anchor=(3, 3), borderType=_BORDERS[border])
    return np.ascontiguousarray(filtered[::2, ::2]), sim.compose(grid, sim.resize(1, 2))


def _whole_blocks(picture: np.ndarray, block: int, border: Border) -> np.ndarray:
    down, right = (-n % block for n in picture.shape[:2])
    if not (down or right):
        return picture
    mode = _BORDERS[border] if min(picture.shape[:2]) > block else cv2.BORDER_REPLICATE
    return np.asarray(cv2.copyMakeBorder(picture, 0, down, 0, right, mode))


def _widening_taps(scale: float) -> Float32[np.ndarray, " _taps"]:
    """Find the filter that widens a later Catmull-Rom interpolation by 1 / scale, at best.

    Least squares, between the sum of kernels at whole pixels and the kernel drawn out; at a scale of 1 it is one tap.
    """
    reach = int(np.ceil(2 / scale))
    place = np.arange(0, 2 * reach + 1, 1 / 16)
    one_side = [_keys(place)] + [_keys(place - i) + _keys(place + i) for i in range(1, reach + 1)]
    weights = np.linalg.lstsq(np.stack(one_side, axis=1), _keys(place * scale), rcond=None)[0]
    taps = np.concatenate([weights[:0:-1], weights])
    return np.asarray(taps / taps.sum(), np.float32)


def _keys(place: np.ndarray) -> np.ndarray:
    t = np.abs(place)
    near = (1.5 * t - 2.5) * t**2 + 1
    far = ((-0.5 * t + 2.5) * t - 4) * t + 2
    return np.where(t < 1, near, np.where(t < 2, far, 0.0))


def _resample_linear(
    picture: np.ndarray, grid: Affine, width: int, height: int, border: Border, factor: int
) -> np.ndarray:
    if factor <= 1:
        return _sample_linear(picture, grid, width, height, border)
    fine = sim.compose(sim.resize(1, factor), grid)
    sampled = _sample_linear(picture, fine, width * factor, height * factor, border)
    return np.asarray(cv2.resize(sampled, (width, height), interpolation=cv2.INTER_AREA))


def _sample_linear(picture: np.ndarray, grid: Affine, width: int, height: int, border: Border) -> np.ndarray:
    return np.asarray(
        cv2.warpAffine(picture, grid, (width, height), flags=cv2.INTER_LINEAR, borderMode=_BORDERS[border])
    )


def _sample_in_tiles(picture: np.ndarray, grid: Affine, width: int, height: int, border: Border) -> np.ndarray:
    """Sample by Catmull-Rom, a tile at a time: its planes stay in the cache, and fresh memory is costly."""
    result = np.empty((height, width, *picture.shape[2:]), np.float32)
    for top in range(0, height, _TILE_PX):
        for left in range(0, width, _TILE_PX):
            tile = result[top : top + _TILE_PX, left : left + _TILE_PX]
            of_tile = sim.compose(sim.similarity(1.0, 0.0, (-float(left), -float(top))), grid)
            region, of_tile = _needed_region(picture, of_tile, tile.shape[1], tile.shape[0], border)
            tile[...] = _sample_cubic(region, of_tile, tile.shape[1], tile.shape[0], border).reshape(tile.shape)
    return result


def _sample_cubic(picture: np.ndarray, grid: Affine, width: int, height: int, border: Border) -> np.ndarray:
    """Catmull-Rom as bilinear sampling of the picture and of its second differences.

    Along one axis, with t the fraction and w = t (1 - t), Catmull-Rom is L[p] - w/2 L[D p], where L is linear
    interpolation and D the second difference. OpenCV samples one, three or four channels bilinearly without error, four
    of them as fast as one; its bicubic rounds places to 1/32 px.
    """
    channels = 1 if picture.ndim == 2 else picture.shape[2]
    mode = _BORDERS[border]
    if channels > 1:
        picture = _four_channels(picture)
    if border != "reflect":
        # The kernel reaches two pixels beyond the edge, where second differences do not go on as the picture does.
        picture = cv2.copyMakeBorder(picture, 2, 2, 2, 2, mode)
        grid = sim.compose(grid, sim.similarity(1.0, 0.0, (-2.0, -2.0)))
    across = cv2.sepFilter2D(picture, -1, _SECOND_DIFFERENCE, _ONE, borderType=mode)
    down = cv2.sepFilter2D(picture, -1, _ONE, _SECOND_DIFFERENCE, borderType=mode)
    both = cv2.sepFilter2D(across, -1, _ONE, _SECOND_DIFFERENCE, borderType=mode)
    weight_x, weight_y = _half_weights(grid, width, height)
    if channels == 1:
        planes = _sample_linear(cv2.merge([picture, across, down, both]), grid, width, height, border)
        weights = cv2.merge([np.ones_like(weight_x), -weight_x, -weight_y, weight_x * weight_y])
        return np.asarray(cv2.transform(cv2.multiply(planes, weights, dst=weights), np.ones((1, 4), np.float32)))
    of_x, of_y = (cv2.merge([weight] * 4) for weight in (weight_x, weight_y))
    bent, bend, result, bowed = (
        _sample_linear(plane, grid, width, height, border) for plane in (both, across, picture, down)
    )
    cv2.subtract(cv2.multiply(bent, of_y, dst=bent), bend, dst=bent)
    cv2.add(result, cv2.multiply(bent, of_x, dst=bent), dst=result)
    cv2.subtract(result, cv2.multiply(bowed, of_y, dst=bowed), dst=result)
    return _first_channels(result, channels)


def _four_channels(picture: np.ndarray) -> np.ndarray:
    if picture.shape[2] == 3:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA))
    if picture.shape[2] == 4:
        return picture
    return np.concatenate([picture, np.zeros_like(picture)], axis=2)


def _first_channels(picture: np.ndarray, count: int) -> np.ndarray:
    if count == 3:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGBA2RGB))
    return picture if count == 4 else np.ascontiguousarray(picture[..., :count])


def _half_weights(grid: Affine, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Return t (1 - t) / 2 of both axes, at every place of the result."""
    back = sim.invert(grid)
    columns, rows = np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64)
    weights = []
    for axis in range(2):
        of_row = ((back[axis, 1] * rows + back[axis, 2]) % 1.0).astype(np.float32)
        of_column = (back[axis, 0] * columns % 1.0).astype(np.float32)
        # The fraction of a sum of fractions is that sum or one less; t (1 - t) of either is |sum - 1| (1 - |sum - 1|).
        t = np.abs(of_row[:, None] + (of_column - 1))
        weights.append((np.float32(0.5) - np.float32(0.5) * t) * t)
    return weights[0], weights[1]
