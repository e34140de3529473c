"""Bring a decoded face into its plate's light, judged on skin alone.

The coarsest bands of a plate hold its light, but also its beard, its hair and whatever covers the face; taken over as
they are, a beard becomes a dark smoke on the new chin. Here the light between face and plate is a smooth gain, fitted
robustly: what departs from it (beard, brows, glasses, a hand) loses its vote.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float64

from pecten.composite.pixels import check_sizes, finite
from pecten.geometry import pyramid
from pecten.types import Image, Mask

LightCoefficients = Float64[np.ndarray, "3 3"]
"""Logarithm of the gain: rows 1, x, y (-1 to 1 across the crop), columns red, green, blue."""

OFFSET = 0.2
"""Display-coded level below which a gain turns into a shift. Highlights and shadows do not scale with skin: without it
a dark face put into a light plate would burst. On footage with known truth 0.2 to 0.4 was best for every pair."""

FIT_SIDE_PX = 64
"""The fit is made on a small picture; light has no detail."""

CUT = 1.5
"""Departures beyond this many robust deviations have no vote (Tukey's biweight)."""

SLOPE_PENALTY = 0.03
"""Draws the slopes towards none: where a beard leaves half of a face, a slope is a guess."""

ALIKE = (0.5, 1.0)
"""Departures, in log units over three channels, up to which face and plate are alike, and from which they are not. Skin
that differs in tone lies below, a beard or hair above."""

LEAST_SAMPLES = 24


@dataclass(frozen=True)
class Light:
    """The light of a plate relative to a decoded face.

    Attributes:
        coefficients: What `relight` applies; may be smoothed over frames.
        trusted: Vote of each cell of a small grid over the crop: near 1 on skin, 0 on a beard and outside the matte.
        alike: More lenient: how like each other face and plate are once the light is applied; 1 where skin meets skin
            of slightly another tone, 0 where it meets a beard. `enlarged` brings both to the crop's size.
    """

    coefficients: LightCoefficients
    trusted: Mask
    alike: Mask


def fit_light(face: Image, plate: Image, matte: Mask, offset: float = OFFSET) -> Light:
    """Fit the smooth gain that brings a face's skin to its plate's.

    Args:
        face: Decoded face.
        plate: Crop of the plate in the same coding.
        matte: The whole face, even when only lips or eyes are to be blended: they alone cannot tell light from colour.
        offset: Level below which a gain turns into a shift, in the pictures' coding.
    Returns:
        No change (all zero) with nothing trusted, if the face is too small or mostly unlike the plate.
    Raises:
        ShapeError: if sizes differ.
    Reference:
        Beaton and Tukey 1974 (biweight); Holland and Welsch 1977 (iteratively reweighted least squares).
    """
    check_sizes(plate, face, matte)
    ratio, known = _log_ratio(face, plate, matte, offset)
    nothing = Light(np.zeros((3, 3)), *np.zeros((2, *known.shape), np.float32))
    if known.sum() < LEAST_SAMPLES:
        return nothing
    columns, rows = _positions(known.shape[1]), _positions(known.shape[0])
    basis = np.stack([np.ones(known.shape), *np.meshgrid(columns, rows)], axis=-1)[known]
    coefficients, votes, departure = _fit_robustly(basis, ratio[known].astype(np.float64))
    if not np.isfinite(coefficients).all():
        return nothing
    alike = np.clip((ALIKE[1] - departure) / (ALIKE[1] - ALIKE[0]), 0, 1)
    return Light(coefficients, _on_grid(votes, known), _on_grid(alike, known))


def enlarged(cells: Mask, matte: Mask) -> Mask:
    """Enlarge a fit's grid to the size of a matte, and cut it by the matte."""
    height, width = matte.shape
    large: Mask = cv2.resize(cells, (width, height), interpolation=cv2.INTER_LINEAR) * matte
    return large


def relight(face: Image, coefficients: LightCoefficients, offset: float = OFFSET) -> Image:
    """Apply fitted light to a face: gain * (face + offset) - offset.

    Args:
        face: Decoded face, unbounded, at any size.
        coefficients: From `fit_light`, perhaps smoothed over frames.
        offset: As in the fit.
    """
    constant, across, down = coefficients
    of_columns = np.exp(_positions(face.shape[1])[:, None] * across + constant).astype(np.float32)
    of_rows = np.exp(_positions(face.shape[0])[:, None] * down).astype(np.float32)
    relit: Image = (face + np.float32(offset)) * (of_rows[:, None] * of_columns[None]) - np.float32(offset)
    return relit


def _on_grid(values: np.ndarray, known: np.ndarray) -> Mask:
    cells = np.zeros(known.shape, np.float32)
    cells[known] = values
    # Cells cut by the matte's edge had no part in the fit; they take their neighbours' values.
    return np.where(known, cells, cv2.dilate(cells, np.ones((5, 5), np.uint8)))


def _positions(count: int) -> Float64[np.ndarray, " _count"]:
    # Of pixel centres, so that crops of every size share one field.
    return (2.0 * np.arange(count) + 1.0) / count - 1.0


def _log_ratio(face: Image, plate: Image, matte: Mask, offset: float) -> tuple[np.ndarray, np.ndarray]:
    if not (finite(plate) and finite(face)):
        matte = matte * (np.isfinite(plate).all(axis=2) & np.isfinite(face).all(axis=2))
        plate, face = np.nan_to_num(plate), np.nan_to_num(face)
    levels = pyramid.levels_for(matte.shape, FIT_SIDE_PX)
    small_face, small_plate, cover = (pyramid.gaussian(picture, levels)[-1] for picture in (face, plate, matte))
    floor = np.float32(max(offset, 1e-4))
    ratio = np.log((np.maximum(small_plate, 0) + floor) / (np.maximum(small_face, 0) + floor))
    return ratio, cover > 0.9


def _fit_robustly(
    basis: np.ndarray, values: np.ndarray, rounds: int = 20
) -> tuple[LightCoefficients, np.ndarray, np.ndarray]:
    # Starts from the median, which a beard over less than half of the face cannot move.
    departure = np.linalg.norm(values - np.median(values, axis=0), axis=1)
    votes = 1 / np.maximum(departure, 1e-3)
    coefficients = np.zeros((3, 3))
    for _ in range(rounds):
        weighted = basis * votes[:, None]
        penalty = np.diag([1e-9, SLOPE_PENALTY, SLOPE_PENALTY]) * votes.sum()
        coefficients = np.linalg.solve(weighted.T @ basis + penalty, weighted.T @ values)
        departure = np.linalg.norm(values - basis @ coefficients, axis=1)
        deviation = 1.4826 * np.median(departure) + 1e-6
        votes = np.clip(1 - (departure / (CUT * deviation)) ** 2, 0, 1) ** 2
    return coefficients, votes, departure
