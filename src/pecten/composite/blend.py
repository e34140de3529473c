"""Blends of a face into the plate's crop: one signature, `blend(plate, face, matte)`."""

from enum import StrEnum

import cv2
import numpy as np

from pecten.composite.extend import extend, numbers_only
from pecten.composite.matte import band_mattes, feather, inner_distance, ramp
from pecten.composite.pixels import check_sizes, chosen, finite, times
from pecten.errors import ShapeError
from pecten.geometry import pyramid
from pecten.types import Image, Mask

EDGE_PX = 8.0
"""Width of the outermost ramp, which no band passes. At 4, a beard that begins or ends there shows a line."""

SKIN_EDGE = 0.05
"""Width of the outermost ramp where skin meets skin, as a share of the crop's side."""


class Extension(StrEnum):
    """What is carried on beyond the face's mask before the bands are split."""

    FACE = "face"
    DIFFERENCE = "difference"


def blend_multiband(
    plate: Image,
    face: Image,
    matte: Mask,
    coarse_from_plate: int = 2,
    coarsest: int = 4,
    *,
    reach: float = 3.0,
    reach_elsewhere: float = 0.1,
    alike: Mask | None = None,
    erosion: float = 0.0,
    edge_px: float = EDGE_PX,
    extension: Extension | str = Extension.DIFFERENCE,
) -> Image:
    """Blend a face into a plate one frequency band at a time, the coarsest bands being the plate's.

    The blend is linear, so the bands of the difference of both are blended: B = T + sum of M_n L_n(S - T).

    Args:
        plate: Crop of the plate (T), in any coding, unbounded.
        face: Decoded face (S) at the same size, in the same coding.
        matte: Coverage; what lies outside it is never read from the face and never changed in the plate.
        coarse_from_plate: Number of coarsest bands that come from the plate, 0 to 4 in practice.
        coarsest: Least side of the coarsest band, in px.
        reach: Length of the ramp of each band's matte, in samples of that band.
        reach_elsewhere: The same where `alike` is 0.
        alike: Where face and plate agree but for detail (skin on skin, from `fit_light`), so that a long ramp hides the
            seam; elsewhere (skin on a beard) it would mix the two. None takes them as alike everywhere.
        erosion: Shrinking of each band's matte before the ramp, in samples of that band.
        edge_px: Width of the ramp at the outermost edge, which no band passes.
        extension: Carry on the face, or its difference from the plate, beyond the mask. The first lets the plate's hair
            and background into the coarse bands near the edge; the second does not.
    Returns:
        The blend; where `matte` is 0 it is the plate, bit for bit.
    Raises:
        ShapeError: if sizes differ or all bands come from the plate.
    Reference:
        Burt and Adelson 1983; Naruniec et al. 2020 (coarsest bands from the plate).
    """
    check_sizes(plate, face, matte)
    levels = pyramid.levels_for(matte.shape, coarsest)
    if not 0 <= coarse_from_plate < levels:
        raise ShapeError(f"{coarse_from_plate} of {levels} bands from the plate: give 0 to {levels - 1}")
    distance = inner_distance(matte)
    distances = pyramid.gaussian(distance, levels)
    bands = pyramid.split(_difference(plate, face, matte, Extension(extension)), levels)
    mattes = band_mattes(distances, reach, erosion)
    if alike is not None:
        elsewhere = band_mattes(distances, reach_elsewhere, erosion)
        shares = pyramid.gaussian(alike, levels)
        mattes = [b + t * (a - b) for a, b, t in zip(mattes, elsewhere, shares, strict=True)]
    kept = levels - coarse_from_plate
    change = pyramid.merge([times(band, cover) for band, cover in zip(bands[:kept], mattes[:kept], strict=True)])
    edge = ramp(distance, edge_px)
    if alike is not None:
        # Coarse bands end in a small step at the edge; on bare skin it would show as a line. Well away from hair only:
        # a wide ramp lets the plate's hair into the face.
        width = SKIN_EDGE * max(matte.shape)
        edge += _well_inside(alike, matte, width) * (ramp(distance, width) - edge)
    blended = cv2.add(numbers_only(plate), times(change, edge))
    return chosen(blended, matte > 0, plate)


def blend_alpha(plate: Image, face: Image, matte: Mask, *, edge_px: float = 16.0) -> Image:
    """Dissolve from plate to face across the matte's edge, as a plain comparison for the other blends.

    Args:
        plate: Crop of the plate, in any coding.
        face: Decoded face at the same size, in the same coding.
        matte: Coverage.
        edge_px: Width of the inward ramp.
    Returns:
        The blend; where `matte` is 0 it is the plate, bit for bit.
    Raises:
        ShapeError: if sizes differ.
    Reference:
        Porter and Duff 1984 (over).
    """
    check_sizes(plate, face, matte)
    blended = plate + times(face - plate, feather(matte, edge_px))
    return chosen(blended, matte > 0, plate)


def blend_standard(plate: Image, face: Image, matte: Mask, *, coarsest: int = 4) -> Image:
    """Blend by bands with one blurred matte, as the method was published, for comparison.

    Its bands reach beyond the matte; what they would change there is cut off, since the plate is not to change.

    Args:
        plate: Crop of the plate, in any coding, unbounded.
        face: Decoded face at the same size, in the same coding; its difference is carried on beyond the matte.
        matte: Coverage.
        coarsest: Least side of the coarsest band, in px.
    Returns:
        The blend; where `matte` is 0 it is the plate, bit for bit.
    Raises:
        ShapeError: if sizes differ.
    Reference:
        Burt and Adelson 1983, section 4.
    """
    check_sizes(plate, face, matte)
    levels = pyramid.levels_for(matte.shape, coarsest)
    bands = pyramid.split(_difference(plate, face, matte, Extension.DIFFERENCE), levels)
    mattes = pyramid.gaussian(matte, levels)
    change = pyramid.merge([times(band, cover) for band, cover in zip(bands, mattes, strict=True)])
    return chosen(cv2.add(numbers_only(plate), change), matte > 0, plate)


def enlarge(face: Image, size: int) -> Image:
    """Bring a decoded face to the size at which it is blended.

    Args:
        face: Decoded face.
        size: Side in px; about the face's size in the plate. Enlarged by Lanczos, shrunk by area.
    """
    if face.shape[:2] == (size, size):
        return face
    grows = size > face.shape[0]
    enlarged: Image = cv2.resize(face, (size, size), interpolation=cv2.INTER_LANCZOS4 if grows else cv2.INTER_AREA)
    return enlarged


def _difference(plate: Image, face: Image, matte: Mask, extension: Extension) -> Image:
    known = matte >= 0.999
    if not (finite(plate) and finite(face)):
        # A plate may hold pixels that are not numbers; they must not spread through the bands.
        known &= np.isfinite(plate).all(axis=2) & np.isfinite(face).all(axis=2)
    if extension is Extension.DIFFERENCE:
        return extend(face - plate, known)
    difference: Image = extend(face, known) - numbers_only(plate)
    return difference


def _well_inside(alike: Mask, matte: Mask, width_px: float) -> Mask:
    """Return where face and plate are alike all around, within the width."""
    # Beyond the matte nothing is known; it must not count as unlike.
    known = np.where(matte > 0, alike, np.float32(1))
    # A wide, soft share needs no more than a small picture.
    block = max(1, int(width_px / 8))
    height, width = matte.shape
    small = cv2.resize(known, (-(-width // block), -(-height // block)), interpolation=cv2.INTER_AREA)
    reach = int(width_px / block)
    least = cv2.erode(small, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    least = cv2.blur(least, (reach + 1, reach + 1))
    return np.asarray(cv2.resize(least, (width, height), interpolation=cv2.INTER_LINEAR))
