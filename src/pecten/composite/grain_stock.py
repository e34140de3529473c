"""Grain made anew, frame by frame, from one stock of noise."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float64

from pecten.composite.grain import BANDS, LEVELS, Grain, Spectrum, band_covariances, patch_spectra
from pecten.composite.pixels import chosen
from pecten.errors import ShapeError
from pecten.geometry import pyramid, similarity
from pecten.geometry.warp import warp
from pecten.types import Affine, Image, Mask

STRIDE_PX = 4
"""Tone is looked at this much smaller."""


@dataclass(frozen=True)
class GrainStock:
    """Noise to cut grain from: white noise of one seed, split into bands that do not depend on each other.

    Attributes:
        seed: Makes frames differ together with their number.
        bands: Pictures of unit white noise's band, each half as large as the one before.
        mixing: Energy that each stock's band has in each measured band; turns a spectrum into strengths.
    """

    seed: int
    bands: tuple[Image, ...]
    mixing: Float64[np.ndarray, "3 3"]


def grain_stock(seed: int = 0, size: int = 1024) -> GrainStock:
    """Make the noise that all grain of a shot is cut from.

    Args:
        seed: Same seed, same grain.
        size: Side in px, a power of two; larger faces repeat it.
    """
    rng = np.random.default_rng(seed)
    bands = []
    for level in range(BANDS):
        side = size >> level
        white = rng.standard_normal((side, side, 3), dtype=np.float32)
        wrapped = cv2.copyMakeBorder(white, 16, 16, 16, 16, cv2.BORDER_WRAP)
        bands.append(np.ascontiguousarray(pyramid.split(wrapped, 2)[0][16:-16, 16:-16]))
    mixing = np.stack([_energies_of(bands, level) for level in range(BANDS)], axis=1)
    return GrainStock(seed, tuple(bands), mixing)


def make_grain(stock: GrainStock, spectrum: Spectrum, number: int, height: int, width: int) -> Image:
    """Make one frame's grain.

    Args:
        stock: From `grain_stock`.
        spectrum: Covariances wanted; what the stock's overlap cannot give is left out.
        number: Of the frame: the same number gives the same grain, whatever was made before.
        height: In px.
        width: In px.
    Returns:
        Noise of mean 0, to be scaled by level and added.
    """
    rng = np.random.default_rng((stock.seed, number))
    wanted = _possible(spectrum)
    strengths = _possible(np.linalg.solve(stock.mixing, wanted.reshape(BANDS, 9)).reshape(BANDS, 3, 3))
    # A spectrum steeper than the stock's own is met in its whole energy, if not in each band.
    energy = float(np.einsum("ij,jcc->", stock.mixing, strengths))
    roots = _root(strengths * (np.einsum("bcc->", wanted) / max(energy, 1e-20)))
    sizes = [(-(-height // 2**level), -(-width // 2**level)) for level in range(BANDS)]
    grain: Image | None = None
    for level in reversed(range(BANDS)):
        piece = _cut(stock.bands[level], rng, *sizes[level])
        mixed = cv2.transform(piece, roots[level].astype(np.float32))
        grain = mixed if grain is None else cv2.add(mixed, pyramid.expand(grain, *sizes[level]), dst=mixed)
    assert grain is not None
    return grain


def add_grain(
    image: Image,
    support: Mask,
    cover: Mask,
    crop_from_image: Affine,
    grain: Grain,
    stock: GrainStock,
    number: int,
) -> Image:
    """Give a face that was put into a picture the grain that it lacks, at the picture's own resolution.

    Args:
        image: Display-coded, unbounded, from `paste`.
        support: From `paste`; where it is 0 nothing changes.
        cover: Crop; how much of the plate's finest detail the face has replaced. Where the two are mixed, grain is
            added for as much variance as the mixture has lost.
        crop_from_image: To the crop of `cover`, at its size.
        grain: What is lacking where the face covers all.
        stock: From `grain_stock`.
        number: Of the frame.
    Returns:
        The picture with grain; where `support` is 0 it is the same, bit for bit.
    Raises:
        ShapeError: if picture and support differ in size.
    """
    if image.shape[:2] != support.shape:
        raise ShapeError(f"picture {image.shape[:2]} and support {support.shape}: give equal sizes")
    x, y, width, height = cv2.boundingRect((support > 0).view(np.uint8))
    if width == 0 or not grain.spectrum.any():
        return image
    box = np.s_[y : y + height, x : x + width]
    shift = similarity.similarity(1.0, 0.0, (-float(x), -float(y)))
    box_from_crop = similarity.compose(shift, similarity.invert(crop_from_image))
    plate_left = 1 - np.clip(warp(cover, box_from_crop, width, height, "linear", "zero"), 0, 1)
    # A mixture keeps the square of the plate's share of its variance.
    amplitude = cv2.sqrt(1 - plate_left * plate_left)
    under = image[box]
    noise = make_grain(stock, grain.spectrum, number, height, width)
    noise = cv2.multiply(noise, _strength(under, grain), dst=noise)
    noise = cv2.multiply(noise, cv2.merge([amplitude] * 3), dst=noise)
    noise = cv2.add(noise, under, dst=noise)
    result = image.copy()
    result[box] = chosen(noise, (support[box] > 0) & (amplitude > 0), under)
    return result


def _strength(image: Image, grain: Grain) -> Image:
    """Say by how much grain of mean strength is to be scaled at each pixel, by level."""
    height, width = image.shape[:2]
    # Strength follows tone, not detail: a small picture says it, and has lost its own grain.
    small = cv2.resize(image, (-(-width // STRIDE_PX), -(-height // STRIDE_PX)), interpolation=cv2.INTER_AREA)
    position = np.clip(np.nan_to_num(small, nan=0.0), 0, 1)
    roots = np.sqrt(np.maximum(grain.levels, 0))
    strength = np.stack([np.interp(position[..., c], LEVELS, roots[:, c]) for c in range(3)], axis=-1)
    return np.asarray(cv2.resize(strength.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR))


def _energies_of(bands: list[Image], level: int) -> Float64[np.ndarray, " 3"]:
    """Measure what one band of the stock, enlarged to full size, has in each measured band."""
    grain = bands[level][: 512 >> level, : 512 >> level]
    for _ in range(level):
        grain = pyramid.expand(grain, grain.shape[0] * 2, grain.shape[1] * 2)
    middles = np.array([(x, y) for y in range(32, 480, 24) for x in range(32, 480, 24)])
    return np.asarray(np.einsum("nbcc->b", band_covariances(patch_spectra(grain, middles)[0])) / (3 * len(middles)))


def _possible(covariances: Spectrum) -> Spectrum:
    """Take away negative variance."""
    values, vectors = np.linalg.eigh(covariances)
    return np.asarray((vectors * np.maximum(values, 0)[:, None]) @ vectors.swapaxes(1, 2))


def _root(covariances: Spectrum) -> Spectrum:
    values, vectors = np.linalg.eigh(covariances)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))[:, None]) @ vectors.swapaxes(1, 2))


def _cut(picture: Image, rng: np.random.Generator, height: int, width: int) -> Image:
    """Cut a piece from somewhere; one larger than the picture repeats it."""
    side = len(picture)
    top, left = (int(rng.integers(0, side - length + 1 if length <= side else side)) for length in (height, width))
    if height <= side and width <= side:
        return picture[top : top + height, left : left + width]
    rows, columns = (top + np.arange(height)) % side, (left + np.arange(width)) % side
    piece: Image = picture[rows[:, None], columns[None]]
    return piece
