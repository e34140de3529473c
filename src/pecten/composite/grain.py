"""Film grain: measured on the plate's skin, made anew for a face that has none.

What differs between two frames once the skin has been laid over itself is grain (or what a codec left of it); pores
and shading stay. Its covariance between the channels is kept for three bands of size, so that fine grey film grain,
coarse coded chroma and a noisy blue channel all come back as they were, and its strength as a curve over level.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Complex64, Float64

from pecten.composite.matte import inner_distance
from pecten.composite.pixels import finite
from pecten.geometry import similarity
from pecten.types import Affine, Image, Mask, Points

BANDS = 3
"""Bands of size, finest first: waves of up to 4, 8 and 16 px. What is coarser is shading, not grain."""

PATCH_PX = 32
"""Side of the squares in which grain is looked at."""

EDGES = np.array([0.75, 1 / 4, 1 / 8, 1 / 16])
"""Of the bands, in cycles a px."""

LEVELS = np.linspace(0, 1, 9)
"""Display-coded levels at which strength is kept; beyond them it stays as at the last."""

MOST_PATCHES = 36
LEAST_PATCHES = 4

DENSEST = 0.45
OUTLIER = 3.0
"""Squares with more energy than this times the usual have moved: a beard or skin that deforms looks like more grain.
The usual is that of the share of squares that agree best."""

LONG_WAVES = 2.5 / 32
LOOK_AROUND_PX = 6.0
"""How far a patch may have moved otherwise than the head, and the waves, in cycles a px, by which it is found again."""

STEADY_PX = 4.0
"""From frame to frame; grain of a head that moves farther is measured less surely, as skin then changes by itself."""

STANDSTILL = 1e-12
"""Variance of a rounding error."""

FINEST_KEPT = 0.7
"""Share of the finest band's energy that resampling leaves."""

Spectrum = Float64[np.ndarray, "3 3 3"]
"""Covariance between the channels, one a band."""

Patches = Complex64[np.ndarray, "_patches 3 32 17"]


@dataclass(frozen=True)
class Grain:
    """Grain of one frame; averages of several are again one.

    Attributes:
        spectrum: Variance by band, between the channels, display-coded.
        levels: Variance at each of `LEVELS` relative to the mean, a column a channel.
        trust: Weight in averages over frames.
    """

    spectrum: Spectrum
    levels: Float64[np.ndarray, "9 3"]
    trust: float = 1.0

    @property
    def deviation(self) -> float:
        """Standard deviation over all bands, root mean square over the channels."""
        return float(np.sqrt(np.trace(self.spectrum.sum(axis=0)) / 3))


def _trends() -> np.ndarray:
    """Return windowed polynomials as spectra, orthonormal under the weight of samples."""
    y, x = np.mgrid[:PATCH_PX, :PATCH_PX] / (PATCH_PX / 2) - 1
    waves = [np.fft.rfft2(_WINDOW * shape).reshape(-1) for shape in (np.ones_like(x), x, y, x * x, x * y, y * y)]
    root = np.sqrt(_WEIGHT.reshape(-1))
    stacked = np.stack([np.concatenate([(w * root).real, (w * root).imag]) for w in waves])
    orthonormal = np.linalg.qr(stacked.T)[0].T
    real, imaginary = np.split(orthonormal, 2, axis=1)
    return np.asarray(((real + 1j * imaginary) / root).astype(np.complex64))


def _weights() -> np.ndarray:
    # All columns of a half spectrum but the first and the last stand for two.
    twice = np.full((PATCH_PX, PATCH_PX // 2 + 1), 2.0)
    twice[:, [0, -1]] = 1
    return twice / (PATCH_PX**2 * float((_WINDOW.astype(np.float64) ** 2).sum()))


_HANN = np.hanning(PATCH_PX + 1)[:-1]
_WINDOW = np.outer(_HANN, _HANN).astype(np.float32)
_FX, _FY = np.fft.rfftfreq(PATCH_PX)[None], np.fft.fftfreq(PATCH_PX)[:, None]
_RADIUS = np.hypot(_FX, _FY)
_WEIGHT = _weights()
"""What each sample of a windowed half spectrum adds to the variance."""

_TRENDS = _trends()
_WEIGHTED_TRENDS = (_TRENDS.conj() * _WEIGHT.reshape(-1)).astype(np.complex64).T


def measure_grain(now: Image, before: Image, before_from_now: Affine, centres: Points) -> Grain | None:
    """Measure the grain of a picture by what differs from the one before.

    Small squares of skin are compared, each laid over itself to a fraction of a pixel by turning the phase of its
    spectrum, which moves a picture without smoothing its grain.

    Args:
        now: Display-coded, at the plate's own resolution.
        before: The frame before, in which the same thing is seen. Its grain must be another.
        before_from_now: Where a pixel of `now` was, as far as it is known; a pixel's error is found and removed.
        centres: Middles of squares of `PATCH_PX` that show skin, in px of `now`.
    Returns:
        None if too few squares lie within both pictures.
    Reference:
        Welch 1967 (averaged spectra); Norkin and Birkbeck 2018 (film grain synthesis from spectrum and level).
    """
    place, there = _places(now, before, before_from_now, centres)
    flat = _flattest(now, place)
    spectra, means = patch_spectra(now, place[flat])
    older, _ = patch_spectra(before, _followed(before, there[flat], spectra))
    sound = np.isfinite(spectra).all(axis=(1, 2, 3)) & np.isfinite(older).all(axis=(1, 2, 3))
    if sound.sum() < LEAST_PATCHES:
        return None
    spectra, older, means = spectra[sound], older[sound], means[sound]
    # Both frames bring grain of their own to the difference.
    bands = band_covariances(_detrended(spectra - _registered(older, spectra))) / 2
    energy = np.trace(bands, axis1=2, axis2=3)
    way = float(np.hypot(*(there - place).mean(axis=0)))
    # Of skin that moves fast, nothing is believed that a still picture of it contradicts.
    kept = _unmoved(energy, _least_energy(spectra) if way > STEADY_PX else np.full(BANDS, np.inf))
    # A frame that is held says nothing.
    kept = kept[energy[kept].sum(axis=1) > STANDSTILL]
    if len(kept) < LEAST_PATCHES:
        return None
    return Grain(
        bands[kept].mean(axis=0),
        _level_curve(means[kept], np.einsum("nbcc->nc", bands[kept])),
        trust=(1 + (way / STEADY_PX) ** 2) ** -2,
    )


def enlarged_spectrum(spectrum: Spectrum, scale: float) -> Spectrum:
    """Say what a picture's grain is once the picture has been enlarged (or, below 1, shrunk).

    Args:
        spectrum: Of the picture at its own size.
        scale: Linear.
    """
    steps = float(np.log2(scale))
    result = np.zeros_like(spectrum)
    whole = int(np.floor(steps))
    for share, shift in ((1 - (steps - whole), whole), (steps - whole, whole + 1)):
        for band in range(BANDS):
            if 0 <= band + shift < BANDS:
                result[band + shift] += share * spectrum[band] * (FINEST_KEPT if band == 0 else 1.0)
    return result


def lacking(wanted: Grain, own: Spectrum) -> Grain:
    """Say what grain must be added to a face that has some of its own: variances subtract.

    Args:
        wanted: The plate's.
        own: The face's, in the plate's px.
    Returns:
        May be negative where the face has more than the plate, so that averages over frames stay right.
    """
    return replace(wanted, spectrum=wanted.spectrum - own)


def strengthened(grain: Grain, strength: float) -> Grain:
    """Scale grain; 1 leaves it."""
    return replace(grain, spectrum=grain.spectrum * strength**2)


def smooth_grain(grains: Sequence[Grain | None], window: int = 9, starts: Sequence[int] = ()) -> list[Grain | None]:
    """Average grain over time, never across a cut; a frame without any takes its neighbours'.

    Args:
        grains: One a frame; None where there was nothing to compare with.
        window: Frames under the Hann window, odd.
        starts: Frames at which something new begins.
    """
    weights = np.hanning(window + 2)[1:-1]
    edges = sorted({0, *(start for start in starts if 0 < start < len(grains)), len(grains)})
    smoothed: list[Grain | None] = []
    for first, last in itertools.pairwise(edges):
        for middle in range(first, last):
            near = range(max(first, middle - window // 2), min(last, middle + window // 2 + 1))
            smoothed.append(_average([(grains[i], float(weights[i - middle + window // 2])) for i in near]))
    return smoothed


def skin_centres(matte: Mask, scale: float = 1.0, step: float = 1 / 20) -> Points:
    """Lay out the middles of squares of `PATCH_PX` that lie wholly inside a matte.

    Args:
        matte: Coverage of a crop.
        scale: Crop px for each px in which the squares are counted.
        step: Distance between neighbours, as a share of the crop's side.
    Returns:
        In px of the crop; none if the matte is too small for them.
    """
    size = matte.shape[0]
    lattice = np.arange(step / 2, 1, step) * size
    x, y = (places.reshape(-1) for places in np.meshgrid(lattice, lattice))
    deep = inner_distance(matte)[y.astype(int), x.astype(int)] > PATCH_PX / 2 * scale
    return np.stack([x[deep], y[deep]], axis=1)


def _average(weighted: Sequence[tuple[Grain | None, float]]) -> Grain | None:
    known = [(grain, weight * grain.trust) for grain, weight in weighted if grain is not None]
    if not known:
        return None
    total = sum(weight for _, weight in known)
    return Grain(
        np.sum([grain.spectrum * (weight / total) for grain, weight in known], axis=0),
        np.sum([grain.levels * (weight / total) for grain, weight in known], axis=0),
    )


def _places(now: Image, before: Image, before_from_now: Affine, centres: Points) -> tuple[np.ndarray, np.ndarray]:
    """Choose whole pixels on which to centre patches of both pictures."""
    half = PATCH_PX // 2
    place = np.rint(centres).astype(int)
    there = np.rint(similarity.apply(before_from_now, place.astype(np.float64))).astype(int)
    inside = np.ones(len(place), bool)
    for spot, picture in ((place, now), (there, before)):
        size = np.array([picture.shape[1], picture.shape[0]])
        inside &= ((spot >= half) & (spot <= size - half)).all(axis=1)
    some = np.flatnonzero(inside)
    if len(some) > MOST_PATCHES:
        some = some[np.linspace(0, len(some) - 1, MOST_PATCHES).astype(int)]
    return place[some], there[some]


def patch_spectra(image: Image, spots: np.ndarray) -> tuple[Patches, Float64[np.ndarray, "_patches 3"]]:
    """Cut windowed patches out of a picture; return their spectra and their mean colours."""
    patches = _patches(image, spots)
    means = _WINDOW.reshape(-1) / _WINDOW.sum() @ patches.reshape(-1, PATCH_PX**2, 3)
    patches -= means[:, None, None]
    patches *= _WINDOW[..., None]
    spectra = np.fft.rfft2(np.ascontiguousarray(patches.transpose(0, 3, 1, 2)))
    return spectra.astype(np.complex64, copy=False), means.astype(np.float64)


def _patches(image: Image, spots: np.ndarray) -> np.ndarray:
    half = PATCH_PX // 2
    patches = np.empty((len(spots), PATCH_PX, PATCH_PX, 3), np.float32)
    for patch, (x, y) in zip(patches, spots, strict=True):
        cut = image[y - half : y + half, x - half : x + half]
        patch[:] = cut if finite(cut) else np.nan
    return patches


def _flattest(image: Image, spots: np.ndarray) -> np.ndarray:
    """Choose the half of all patches with the least structure that is too coarse for grain."""
    blocks = _patches(image, spots).reshape(len(spots), 4, PATCH_PX // 4, 4, PATCH_PX // 4, 3).mean(axis=(2, 4))
    structure = np.nan_to_num(blocks.var(axis=(1, 2)).sum(axis=1), nan=np.inf)
    return np.sort(np.argsort(structure, kind="stable")[: max(LEAST_PATCHES, (len(spots) + 1) // 2)])


def _followed(before: Image, there: np.ndarray, newer: Patches) -> np.ndarray:
    """Move patches of the older picture, by whole pixels, to where their newer selves were."""
    half = PATCH_PX // 2
    shift = np.nan_to_num(_shifts(patch_spectra(before, there)[0], newer, LONG_WAVES, LOOK_AROUND_PX))
    most = np.array([before.shape[1], before.shape[0]]) - half
    return np.asarray(np.clip(there + np.rint(shift).astype(int), half, most))


def _registered(older: Patches, newer: Patches) -> Patches:
    """Turn the phase of patches so that they lie over their newer selves, to a fraction of a pixel."""
    moved = older
    for _ in range(2):
        shift = _shifts(moved, newer, float(EDGES[1]), 1.5)
        moved = moved * _turns(shift[:, 0, None] * _FX, shift[:, 1, None] * _FY[:, 0])[:, None]
    return moved


def _shifts(older: Patches, newer: Patches, highest: float, most_px: float) -> Float64[np.ndarray, "_patches 2"]:
    """Find how far patches moved, by the slope of their phase over the waves up to a highest frequency."""
    coarse = highest >= _RADIUS
    waves = 2 * np.pi * np.stack([np.broadcast_to(f, coarse.shape)[coarse] for f in (_FX, _FY)])
    cross = (newer[:, :, coarse] * older[:, :, coarse].conj()).sum(axis=1)
    # Each wave votes by its power.
    weight, phase = np.abs(cross).astype(np.float64), np.angle(cross).astype(np.float64)
    normal = np.einsum("nw,aw,bw->nab", weight, waves, waves) + 1e-12 * np.eye(2)
    shift = np.linalg.solve(normal, np.einsum("nw,aw,nw->na", weight, waves, phase)[..., None])[..., 0]
    return np.clip(shift, -most_px, most_px)


def _turns(across: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Return exp(2 pi i (down + across)), a patch each, from its two factors."""
    factors = [np.exp(2j * np.pi * part).astype(np.complex64) for part in (across, down)]
    return np.asarray(factors[1][:, :, None] * factors[0][:, None, :])


def band_covariances(spectra: Patches) -> Float64[np.ndarray, "patches 3 3 3"]:
    bands = []
    for low, high in zip(EDGES[1:], EDGES[:-1], strict=True):
        where = (low < _RADIUS) & (high >= _RADIUS)
        picked = spectra[:, :, where] * np.sqrt(_WEIGHT[where]).astype(np.float32)
        bands.append((picked @ picked.conj().swapaxes(1, 2)).real)
    return np.stack(bands, axis=1).astype(np.float64)


def _least_energy(spectra: Patches) -> Float64[np.ndarray, " 3"]:
    """Return the energy of the least textured patches of one picture, by band: grain cannot have more."""
    energy = np.trace(band_covariances(_detrended(spectra)), axis1=2, axis2=3)
    return np.asarray(np.percentile(energy, 20, axis=0))


def _unmoved(energy: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Choose the patches in which only grain differs: with no more in any band than the most frequent, or `most`."""
    ordered = np.sort(np.log(np.maximum(energy, STANDSTILL)), axis=0)
    count = max(LEAST_PATCHES, round(DENSEST * len(ordered)))
    firsts = (ordered[count - 1 :] - ordered[: len(ordered) - count + 1]).argmin(axis=0)
    usual = np.array([np.median(ordered[first : first + count, band]) for band, first in enumerate(firsts)])
    excess = (np.log(np.maximum(energy, STANDSTILL)) - np.minimum(usual, np.log(most))).max(axis=1)
    kept = np.flatnonzero(excess <= np.log(OUTLIER))
    return kept if len(kept) >= LEAST_PATCHES else np.argsort(excess, kind="stable")[:LEAST_PATCHES]


def _level_curve(means: np.ndarray, energy: np.ndarray) -> Float64[np.ndarray, "9 3"]:
    """Fit variance over level by hats, drawn towards a straight and flat course where nothing was seen."""
    count = len(LEVELS)
    smooth = np.diff(np.eye(count), axis=0) * 0.5
    curve = np.empty((count, 3))
    for channel in range(3):
        position = np.clip(means[:, channel], 0, 1) * (count - 1)
        hats = np.maximum(1 - np.abs(position[:, None] - np.arange(count)), 0)
        relative = energy[:, channel] / max(float(energy[:, channel].mean()), 1e-20)
        rows, values = np.vstack([hats, smooth]), np.concatenate([relative, np.zeros(count - 1)])
        curve[:, channel] = np.linalg.lstsq(rows, values, rcond=None)[0]
    return np.maximum(curve, 0.0)


def _detrended(spectra: Patches) -> Patches:
    """Take out of each patch the shading that a polynomial of second order can follow."""
    flat = spectra.reshape(len(spectra), 3, -1)
    shares = (flat @ _WEIGHTED_TRENDS).real
    return np.asarray((flat - shares.astype(np.complex64) @ _TRENDS).reshape(spectra.shape))
