"""Bring a decoded face into its plate's light, judged on skin alone.

The coarsest bands of a plate hold its light, but also its beard, its hair and whatever covers the face; taken over as
they are, a beard becomes a dark smoke on the new chin. Here the light between face and plate is a smooth gain, fitted
robustly: what departs from it (beard, brows, glasses, a hand) loses its vote. Where the face's surface is known, the
gain is one of where that surface looks, as a lamp's is: nine tenths of what distant lamps do to a face that casts no
shadow is a second-order function of its normal.

Skin scales; what shines on it, the white of the eyes and what lies in the dark do not. So the gain is one of odds,
(x + offset) / (ceiling - x): largest on middle tones, none at black and at white; and what the colour tells to be gloss
(`pecten.composite.gloss`) follows little of it. A plain gain that lights dark skin burns its highlights out, and one
that darkens light skin takes them away.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Float64

from pecten.composite.gloss import blueness, halved, held_back, tint_of
from pecten.composite.normals import NormalMap
from pecten.composite.pixels import check_sizes, finite, times
from pecten.geometry import pyramid
from pecten.types import Image, Mask

LightCoefficients = Float64[np.ndarray, "_terms 3"]
"""Logarithm of the gain, columns red, green, blue. Rows are 1, x, y (-1 to 1 across the crop), or, where the surface is
known, 1, x, y, xx, xy, yy of its normal."""

OFFSET = 0.05
"""Display-coded level below which a gain turns into a shift."""

CEILING = 1.5
"""Display-coded level towards which a gain fades; at and above it nothing changes. On footage with known truth, 1.1 to
1.5 did nearly as well, and 1.5 keeps most of the fine bands; without a ceiling a dark face on a light plate looked
greased."""

LEAST_ROOM = 0.05
"""Under the ceiling: what is brighter counts as this bright in the fit."""

STRIP_PX = 32

FIT_SIDE_PX = 64
"""The fit is made on a small picture; light has no detail."""

CUT = 1.5
"""Departures beyond this many robust deviations have no vote (Tukey's biweight)."""

SLOPE_PENALTY = 0.03
"""Draws the slopes towards none: where a beard leaves half of a face, a slope is a guess."""

NORMAL_PENALTIES = (0.01, 0.01, 0.02, 0.02, 0.02)
"""The same for a normal's terms of first and second order."""

LEAST_DEVIATION = 0.1
"""One face's skin differs from another's by this much anyway, in log units over three channels: a smaller spread must
not cost the half of a face that lies in shadow its votes."""

AGREEMENT = 0.4
"""Of two fits, the one with more of the face within this departure is taken."""

ALIKE = (0.5, 1.0)
"""Departures, in log units over three channels, up to which face and plate are alike, and from which they are not. Skin
that differs in tone lies below, a beard or hair above."""

LEAST_SAMPLES = 24
LEAST_VOTES = 1.0
"""Of a fit, in cells."""


@dataclass(frozen=True)
class Light:
    """The light of a plate relative to a decoded face.

    Attributes:
        coefficients: What `relight` applies.
        ratio: What they were fitted to, on a small grid over the crop: the logarithm of plate to face, in odds; not a
            number where nothing is known.
        normals: The face's surface as the fit saw it; None where the gain is one of the place in the crop.
        blue: Blueness of the face on the same grid, by which gloss is told.
        tint: Of the face's skin without gloss.
        trusted: Vote of each cell of a small grid over the crop: near 1 on skin, 0 on a beard and outside the matte.
        alike: More lenient: how like each other face and plate are once the light is applied; 1 where skin meets skin
            of slightly another tone, 0 where it meets a beard. `enlarged` brings both to the crop's size.
        added: To the gain's logarithm, on the same grid, from `pecten.composite.steady_light`; None adds nothing.
    """

    coefficients: LightCoefficients
    ratio: Image
    normals: NormalMap | None
    blue: Mask
    tint: float
    trusted: Mask
    alike: Mask
    added: Image | None = None


def fit_light(
    face: Image, plate: Image, matte: Mask, offset: float = OFFSET, normals: NormalMap | None = None
) -> Light:
    """Fit the smooth gain that brings a face's skin to its plate's.

    Args:
        face: Decoded face.
        plate: Crop of the plate in the same coding.
        matte: The whole face, even when only lips or eyes are to be blended: they alone cannot tell light from colour.
        offset: Level below which a gain turns into a shift, in the pictures' coding.
        normals: The face's surface over the crop, at any size, from `normal_map`; None knows nothing of it.
    Returns:
        No change (all zero) with nothing trusted, if the face is too small or mostly unlike the plate.
    Raises:
        ShapeError: if sizes differ.
    Reference:
        Beaton and Tukey 1974 (biweight); Holland and Welsch 1977 (iteratively reweighted least squares);
        Ramamoorthi and Hanrahan 2001 (second-order shading).
    """
    check_sizes(plate, face, matte)
    ratio, blue, known = _log_ratio(face, plate, matte, offset)
    terms, penalties = _terms(known.shape, normals)
    unknown, none = np.full_like(ratio, np.nan), np.zeros(known.shape, np.float32)
    tint = tint_of(blue, known)
    nothing = Light(np.zeros((len(penalties), 3)), unknown, normals, blue, tint, none, none)
    if known.sum() < LEAST_SAMPLES:
        return nothing
    basis = (terms * held_back(blue, tint)[..., None])[known]
    coefficients, votes, departure = _fit_robustly(basis, ratio[known].astype(np.float64), penalties)
    if not np.isfinite(coefficients).all():
        return nothing
    alike = np.clip((ALIKE[1] - departure) / (ALIKE[1] - ALIKE[0]), 0, 1)
    held = np.where(known[..., None], ratio, unknown)
    return Light(coefficients, held, normals, blue, tint, _on_grid(votes, known), _on_grid(alike, known))


def refit(light: Light, trusted: Mask, alike: Mask, tint: float) -> Light:
    """Fit one frame's light anew with votes and tint given, say those of its neighbours together.

    A lamp's flicker is followed; votes that change from frame to frame no longer make the light jump.

    Args:
        light: From `fit_light`.
        trusted: Votes on its grid.
        alike: What becomes of the other grid.
        tint: What becomes of the tint.
    """
    terms, penalties = _followed(light, tint)
    known = np.isfinite(light.ratio).all(axis=2)
    votes = trusted[known].astype(np.float64)
    coefficients = light.coefficients
    if votes.sum() > LEAST_VOTES:
        coefficients = _solve(terms[known], light.ratio[known].astype(np.float64), votes, penalties)
    return replace(light, coefficients=coefficients, trusted=trusted, alike=alike, tint=tint)


def departure(light: Light) -> Image:
    """Return what a fit leaves over: the logarithm of plate to relit face, in odds, on the fit's grid.

    Not a number where nothing is known.
    """
    left: Image = light.ratio - (_followed(light, light.tint)[0] @ light.coefficients).astype(np.float32)
    return left


def enlarged(cells: Mask, matte: Mask) -> Mask:
    """Enlarge a fit's grid to the size of a matte, and cut it by the matte."""
    height, width = matte.shape
    large: Mask = cv2.resize(cells, (width, height), interpolation=cv2.INTER_LINEAR) * matte
    return large


def relight(
    face: Image,
    coefficients: LightCoefficients,
    offset: float = OFFSET,
    normals: NormalMap | None = None,
    tint: float = float("nan"),
    added: Image | None = None,
) -> Image:
    """Apply fitted light to a face: its odds (x + offset) / (ceiling - x), times the gain, which gloss follows little.

    Args:
        face: Decoded face, unbounded, at any size; from the ceiling on and below -offset it stays as it is.
        coefficients: From `fit_light`.
        offset: As in the fit.
        normals: As in the fit.
        tint: Of the skin without gloss, as in the fit; not a number takes nothing for gloss.
        added: To the gain's logarithm, on a grid of any size.
    """
    gain = _gain(coefficients, face, normals, tint, added)
    # With odds o = (x + offset) / span: gain * o / (1 + (gain - 1) * o) in place of o. By strips, which stay in the
    # processor's memory.
    shift, span = np.float32(offset), np.float32(CEILING + offset)
    relit = np.empty_like(face)
    for top in range(0, len(face), STRIP_PX):
        strip = np.s_[top : top + STRIP_PX]
        odds = np.clip(face[strip], -shift, np.float32(CEILING))
        beyond = face[strip] - odds
        odds += shift
        divisor = gain[strip] - np.float32(1)
        divisor *= odds
        divisor += span
        odds *= gain[strip]
        odds /= divisor
        odds *= span
        odds += beyond
        np.subtract(odds, shift, out=relit[strip])
    return relit


def _gain(
    coefficients: LightCoefficients, face: Image, normals: NormalMap | None, tint: float, added: Image | None
) -> Image:
    height, width = face.shape[:2]
    if np.isnan(tint):
        return _exponential(_log_gain(coefficients, height, width, normals, added))
    half = halved(face)
    log_gain = times(
        _log_gain(coefficients, half.shape[0], half.shape[1], normals, added), held_back(blueness(half), tint)
    )
    return np.asarray(cv2.resize(_exponential(log_gain), (width, height), interpolation=cv2.INTER_LINEAR))


def _log_gain(
    coefficients: LightCoefficients, height: int, width: int, normals: NormalMap | None, added: Image | None
) -> Image:
    if normals is not None:
        small = (_terms(normals.shape[:2], normals)[0] @ coefficients).astype(np.float32)
        log_gain = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC))
    else:
        constant, across, down = coefficients
        of_columns = (_positions(width)[:, None] * across + constant).astype(np.float32)
        log_gain = (_positions(height)[:, None] * down).astype(np.float32)[:, None] + of_columns[None]
    if added is not None:
        log_gain += cv2.resize(added, (width, height), interpolation=cv2.INTER_LINEAR)
    return log_gain


def _exponential(log_gain: Image) -> Image:
    gain: Image = cv2.exp(log_gain)
    return gain


def _followed(light: Light, tint: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the terms of a gain as far as each cell follows it, and how strongly each is drawn towards none."""
    terms, penalties = _terms(light.trusted.shape, light.normals)
    return terms * held_back(light.blue, tint)[..., None], penalties


def _terms(shape: tuple[int, ...], normals: NormalMap | None) -> tuple[np.ndarray, np.ndarray]:
    """Return what the gain's logarithm is a sum of, at every place, and how strongly each is drawn towards none."""
    one = np.ones(shape[:2])
    if normals is None:
        terms = [one, *np.meshgrid(_positions(shape[1]), _positions(shape[0]))]
        return np.stack(terms, axis=-1), np.array([1e-9, SLOPE_PENALTY, SLOPE_PENALTY])
    if normals.shape[:2] != shape[:2]:
        normals = np.asarray(cv2.resize(normals, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR))
    x, y = normals[..., 0].astype(np.float64), normals[..., 1].astype(np.float64)
    return np.stack([one, x, y, x * x, x * y, y * y], axis=-1), np.array([1e-9, *NORMAL_PENALTIES])


def _on_grid(values: np.ndarray, known: np.ndarray) -> Mask:
    cells = np.zeros(known.shape, np.float32)
    cells[known] = values
    # Cells cut by the matte's edge had no part in the fit; they take their neighbours' values.
    return np.where(known, cells, cv2.dilate(cells, np.ones((5, 5), np.uint8)))


def _positions(count: int) -> Float64[np.ndarray, " _count"]:
    # Of pixel centres, so that crops of every size share one field.
    return (2.0 * np.arange(count) + 1.0) / count - 1.0


def _log_ratio(face: Image, plate: Image, matte: Mask, offset: float) -> tuple[Image, Mask, np.ndarray]:
    """Return the ratio of plate to face, the face's blueness, and where the matte covers both."""
    if not (finite(plate) and finite(face)):
        matte = matte * (np.isfinite(plate).all(axis=2) & np.isfinite(face).all(axis=2))
        plate, face = np.nan_to_num(plate), np.nan_to_num(face)
    levels = pyramid.levels_for(matte.shape, FIT_SIDE_PX)
    small_face, small_plate, cover = (pyramid.gaussian(picture, levels)[-1] for picture in (face, plate, matte))
    ratio: Image = _log_odds(small_plate, offset) - _log_odds(small_face, offset)
    return ratio, blueness(small_face), cover > 0.9


def _log_odds(image: Image, offset: float) -> Image:
    held = np.clip(image, 0, CEILING - LEAST_ROOM)
    return np.asarray(np.log((held + np.float32(max(offset, 1e-4))) / (np.float32(CEILING) - held)))


def _solve(basis: np.ndarray, values: np.ndarray, votes: np.ndarray, penalties: np.ndarray) -> LightCoefficients:
    weighted = basis * votes[:, None]
    penalty = np.diag(penalties) * votes.sum()
    return np.asarray(np.linalg.solve(weighted.T @ basis + penalty, weighted.T @ values))


def _fit_robustly(
    basis: np.ndarray, values: np.ndarray, penalties: np.ndarray
) -> tuple[LightCoefficients, np.ndarray, np.ndarray]:
    # From the median, which a beard over less than half of the face cannot move, and from all votes alike, which a
    # shadow over half of it cannot trap.
    near_median = 1 / np.maximum(np.linalg.norm(values - np.median(values, axis=0), axis=1), 1e-3)
    fits = [_reweighted(basis, values, penalties, votes) for votes in (near_median, np.ones(len(values)))]
    return max(fits, key=lambda fit: float((np.clip(1 - (fit[2] / AGREEMENT) ** 2, 0, 1) ** 3).sum()))


def _reweighted(
    basis: np.ndarray, values: np.ndarray, penalties: np.ndarray, votes: np.ndarray, rounds: int = 15
) -> tuple[LightCoefficients, np.ndarray, np.ndarray]:
    coefficients, departure = np.zeros((len(penalties), 3)), np.zeros(len(values))
    for _ in range(rounds):
        coefficients = _solve(basis, values, votes, penalties)
        departure = np.sqrt(((values - basis @ coefficients) ** 2).sum(axis=1))
        deviation = max(1.4826 * float(np.median(departure)), LEAST_DEVIATION)
        votes = np.clip(1 - (departure / (CUT * deviation)) ** 2, 0, 1) ** 2
    return coefficients, votes, departure
