"""Whether a person would see the difference between two pictures on a screen: ColorVideoVDP, for still pictures.

Written anew from the paper and its authors' code (MIT), whose package needs torchvision and a hub client. Agrees with
that package, version 0.5.7, on single pictures; the channel for change over time is left out.
"""

import json
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from jaxtyping import Float64

from pecten.assets import asset
from pecten.errors import ShapeError
from pecten.types import Image, Mask

Planes = Float64[np.ndarray, "3 _height _width"]
"""Light, red-green, yellow-violet."""

Plane = Float64[np.ndarray, "_height _width"]

_TABLE = "models/castle_csf.json"
_SMALLEST_PX = 16

# Of cvvdp_parameters.json, version 0.5.7.
_MASK_EXPONENT, _MASK_OFFSET, _MASK_SIGMA_PX, _MASK_REACH_PX = 2.264355182647705, -0.7954971194267273, 3.0, 6
_MASKED_EXPONENTS = (1.302622675895691, 2.8885908126831055, 3.6807713508605957)
_ACROSS = 2.0 ** np.array(
    [
        [-0.18950104713439941, -5.962151050567627, -4.31834602355957],
        [2.5655593872070312, 0.34406712652549744, -2.719646453857422],
        [3.8118371963500977, -1.0051705837249756, -0.5193376541137695],
    ]
)
_GAINS = (1.0, 1.45, 1.0)
_SENSITIVITY_DB = -0.2797423303127289
_GREATEST = 10**2.5642454624176025
_BASE_WEIGHTS = (0.0036334486212581396, 1.6627724170684814, 4.11874532699585)
_STILL = 0.577918291091919
_JOD_SLOPE, _JOD_EXPONENT, _JOD_LINEAR = 0.0439569391310215, 0.9302042722702026, 0.1

_DKL_FROM_RGB = (
    np.array([[1.0, 1.0, 0.0], [1.0, -2.311130179947035, 0.0], [-1.0, -1.0, 50.977571328718781]])
    @ np.array(
        [
            [0.187596268556126, 0.585168649077728, -0.026384263306304],
            [-0.133397430663221, 0.405505777260049, 0.034502127690364],
            [0.000244379021663, -0.000542995890619, 0.019406849066323],
        ]
    )
    @ np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]])
)
_KERNEL = np.array([0.05, 0.25, 0.4, 0.25, 0.05])


@dataclass(frozen=True)
class Screen:
    """Where pictures are looked at.

    Attributes:
        pixels_per_degree: How close.
        peak: Luminance of white, cd/m^2.
        contrast: Of white to black, in the dark.
        ambient_lux: Light of the room, of which the screen throws back a two-hundredth.
    """

    pixels_per_degree: float
    peak: float = 200.0
    contrast: float = 1000.0
    ambient_lux: float = 250.0


def screen(width_px: int, height_px: int, diagonal_inches: float, distance_m: float) -> Screen:
    """Describe an office screen by its size and distance."""
    width_m = diagonal_inches * 0.0254 * width_px / np.hypot(width_px, height_px)
    return Screen(float(1 / np.degrees(2 * np.arctan(0.5 * width_m / width_px / distance_m))))


STANDARD_4K = screen(3840, 2160, 30.0, 0.7472)
"""The authors' own choice: 30 inches, seen from twice its height."""

STANDARD_FHD = screen(1920, 1080, 24.0, 0.6)


class ColorVideoVDP:
    """The observer; holds the eye's contrast sensitivity, so make one and keep it.

    Args:
        screen: What the pictures are looked at on.

    Reference:
        Mantiuk, Hanji, Ashraf, Asano and Chapiro 2024, ColorVideoVDP, section 3; Ashraf et al. 2024 (castleCSF).
    """

    def __init__(self, screen: Screen = STANDARD_4K) -> None:
        self._screen = screen
        table = json.loads(asset(_TABLE).read_text(encoding="utf-8"))
        self._log_light, self._log_frequency = (np.log10(table[name]) for name in ("L_bkg", "rho"))
        self._log_sensitivity = [np.array(table[f"o0_c{channel}"]) for channel in (1, 2, 3)]

    def jod(self, image: Image, truth: Image, mask: Mask | None = None) -> float:
        """Judge a picture.

        Args:
            image: Display-coded (sRGB), 16 px a side or more; what lies outside [0, 1] is clipped.
            truth: What it should be.
            mask: Weight of each pixel; where it is 0, the truth stands in both pictures. None weights all alike.
        Returns:
            Just-objectionable differences: 10 if nobody sees a difference, a unit less for each step at which three of
            four people see which picture is the worse.
        Raises:
            ShapeError: if sizes differ, the mask is empty or the pictures are too small.
        """
        weight = np.ones(image.shape[:2]) if mask is None else mask.astype(np.float64)
        if image.shape != truth.shape or weight.shape != image.shape[:2]:
            raise ShapeError(f"pictures {image.shape} and {truth.shape}, mask {weight.shape}: give equal sizes")
        if min(weight.shape) < _SMALLEST_PX:
            raise ShapeError(f"pictures {image.shape}: give {_SMALLEST_PX} px a side or more")
        if not weight.sum() > 0:
            raise ShapeError("the mask is empty: give one that covers something")
        shown = np.where(weight[..., None] > 0, image, truth)
        frequencies = self._frequencies(min(weight.shape))
        ours, true = (_contrasts(self._emitted(picture), len(frequencies)) for picture in (shown, truth))
        weights = [weight]
        while len(weights) < len(frequencies):
            weights.append(_reduced(weights[-1]))
        pooled = []
        for band, (frequency, weight) in enumerate(zip(frequencies, weights, strict=True)):
            base = band == len(frequencies) - 1
            apart = self._seen(ours[band][0], true[band][0], true[band][1], frequency, base)
            each = np.sqrt(((apart + 1e-5) ** 2 * weight).sum(axis=(1, 2)) / weight.sum())
            pooled.append(each * _BASE_WEIGHTS if base else each)
        return _jod(_STILL * float(_norm(_norm(np.array(pooled).T)[None])[0]))

    def _frequencies(self, side: int) -> list[float]:
        """Return the middle of each band, cycles a degree; the last is what lies below all others."""
        half = self._screen.pixels_per_degree / 2
        middles = [half, *(half * 0.3228 * 2.0**-i for i in range(14))]
        count = next((i for i, middle in enumerate(middles) if middle <= 0.2), len(middles)) + 1
        count = min(count, int(np.log2(side)) - 1)
        return [*middles[:count], 0.1]

    def _emitted(self, image: np.ndarray) -> Planes:
        """Return the light that a picture sends to the eye, cd/m^2, in opponent colours."""
        black, thrown_back = self._screen.peak / self._screen.contrast, self._screen.ambient_lux / np.pi * 0.005
        coded = np.clip(image, 0, 1).astype(np.float64)
        linear = np.where(coded > 0.04045, ((coded + 0.055) / 1.055) ** 2.4, coded / 12.92)
        emitted = (self._screen.peak - black) * linear + black + thrown_back
        return np.ascontiguousarray(np.moveaxis(emitted @ _DKL_FROM_RGB.T, -1, 0))

    def _sensitivity(self, frequency: float, log_light: Plane) -> Planes:
        place = np.log10(frequency)
        index = int(np.clip(np.searchsorted(self._log_frequency, place) - 1, 0, len(self._log_frequency) - 2))
        low, high = self._log_frequency[index : index + 2]
        share = (place - low) / (high - low)
        at_frequency = [logs[:, index] * (1 - share) + logs[:, index + 1] * share for logs in self._log_sensitivity]
        found = np.stack([np.interp(log_light, self._log_light, logs) for logs in at_frequency])
        return np.asarray(10 ** (found + _SENSITIVITY_DB / 20))

    def _seen(self, ours: Planes, true: Planes, log_light: Plane, frequency: float, base: bool) -> Planes:
        """Return how visible the difference is at each place of a band, in each colour."""
        sensitivity = self._sensitivity(frequency, np.broadcast_to(log_light, ours.shape[1:]))
        if base:
            return np.asarray(np.abs(ours - true) * sensitivity)
        gains = sensitivity * np.reshape(_GAINS, (3, 1, 1))
        ours, true = ours * gains, true * gains
        common = _spread(np.minimum(np.abs(ours), np.abs(true))) * 10**_MASK_OFFSET
        masking = np.tensordot(_ACROSS.T, _power(common, np.reshape(_MASKED_EXPONENTS, (3, 1, 1))), axes=1)
        apart = _power(np.abs(ours - true), _MASK_EXPONENT) / (1 + masking)
        return np.asarray(_GREATEST * apart / (_GREATEST + apart))


def _contrasts(picture: Planes, bands: int) -> list[tuple[Planes, Plane]]:
    """Split a picture into bands of Weber contrast, each with the logarithm of the light around each place."""
    found: list[tuple[Planes, Plane]] = []
    for _ in range(bands - 1):
        smaller = np.stack([_reduced(plane) for plane in picture])
        around = np.stack([_expanded(plane, picture.shape[1:]) for plane in smaller])
        light = np.maximum(around[0], 0.01)
        doubled = 2.0 if found else 1.0
        found.append((doubled * np.minimum((picture - around) / light, 1000.0), np.log10(light)))
        picture = smaller
    light = np.maximum(picture[0], 0.01).mean(keepdims=True)
    return [*found, (np.minimum(picture / light, 1000.0), np.log10(light))]


def _reduced(plane: Plane) -> Plane:
    return np.asarray(cv2.sepFilter2D(plane, cv2.CV_64F, _KERNEL, _KERNEL, borderType=cv2.BORDER_REFLECT)[::2, ::2])


def _expanded(plane: Plane, size: tuple[int, ...]) -> Plane:
    padded = np.pad(plane, 1, mode="edge")
    sparse = np.zeros([2 * side for side in padded.shape])
    sparse[::2, ::2] = padded
    filtered = cv2.sepFilter2D(sparse, cv2.CV_64F, 2 * _KERNEL, 2 * _KERNEL, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(filtered[2 : 2 + size[0], 2 : 2 + size[1]])


def _spread(planes: Planes) -> Planes:
    if min(planes.shape[1:]) <= _MASK_REACH_PX:
        return planes
    size = (2 * _MASK_REACH_PX + 1, 2 * _MASK_REACH_PX + 1)
    blur = partial(cv2.GaussianBlur, ksize=size, sigmaX=_MASK_SIGMA_PX, borderType=cv2.BORDER_REFLECT_101)
    return np.stack([blur(plane) for plane in planes])


def _power(values: np.ndarray, exponent: float | np.ndarray) -> np.ndarray:
    return np.asarray((values + 1e-5) ** exponent - 1e-5**exponent)


def _norm(values: np.ndarray) -> np.ndarray:
    return np.asarray(_power(_power(values, 4.0).sum(axis=-1), 0.25))


def _jod(value: float) -> float:
    if value <= _JOD_LINEAR:
        return float(10 - _JOD_SLOPE * _JOD_LINEAR ** (_JOD_EXPONENT - 1) * value)
    return float(10 - _JOD_SLOPE * value**_JOD_EXPONENT)
