"""Whether a person would see the difference between two pictures, or two clips, on a screen: ColorVideoVDP.

Written anew from the paper and its authors' code (MIT), whose package needs torchvision and a hub client. Agrees with
that package, version 0.5.7, but at the edge of pictures of which one side is odd and the other even, or becomes so when
halved: there that package closes the columns' edge as if they were rows.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import cv2
import numpy as np
from jaxtyping import Float64

from pecten.assets import asset
from pecten.errors import ShapeError
from pecten.types import Image, Mask

Planes = Float64[np.ndarray, "_channels _height _width"]
"""Light, red-green, yellow-violet; of clips, light's change as well."""

Plane = Float64[np.ndarray, "_height _width"]

_TABLE = "models/castle_csf.json"
_SMALLEST_PX = 16

# Of cvvdp_parameters.json, version 0.5.7.
_MASK_EXPONENT, _MASK_OFFSET, _MASK_SIGMA_PX, _MASK_REACH_PX = 2.264355182647705, -0.7954971194267273, 3.0, 6
_MASKED_EXPONENTS = np.array([1.302622675895691, 2.8885908126831055, 3.6807713508605957, 3.588787317276001])
_ACROSS = 2.0 ** np.array(
    [
        [-0.18950104713439941, -5.962151050567627, -4.31834602355957, -1.9321587085723877],
        [2.5655593872070312, 0.34406712652549744, -2.719646453857422, -0.4970424771308899],
        [3.8118371963500977, -1.0051705837249756, -0.5193376541137695, -0.5653647780418396],
        [-7.054771423339844, -5.527150630950928, -3.5106418132781982, -2.08804988861084],
    ]
)
_GAINS = np.array([1.0, 1.45, 1.0, 1.0])
_SENSITIVITY_DB = -0.2797423303127289
_GREATEST = 10**2.5642454624176025
_WEIGHTS = np.array([1.0, 1.0, 1.0, 0.8081134557723999])
_BASE_WEIGHTS = np.array([0.0036334486212581396, 1.6627724170684814, 4.11874532699585, 25.25969886779785])
_STILL = 0.577918291091919
_FADE_RATES, _FADE_EXPONENTS = (5.79336, 14.1255, 6.63661), (1.3314, 1.1196, 0.947901)
_CHANGE_HZ, _CHANGE_WIDTH, _CHANGE_EXPONENT = 5.0, 0.12314, 0.1898
_REACH_S = 0.25
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
        self._log_sensitivity = [np.array(table[name]) for name in ("o0_c1", "o0_c2", "o0_c3", "o5_c1")]

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
        (ours, true, weight), *_ = self._lit([image], [truth], None if mask is None else [mask])
        return _jod(_STILL * self._apart(ours, true, weight))

    def jod_video(
        self,
        images: Sequence[Image],
        truths: Sequence[Image],
        rate: Fraction,
        masks: Sequence[Mask] | None = None,
        hold: bool = False,
    ) -> float:
        """Judge a clip as one: flicker and motion count as they are seen at its rate.

        Args:
            images: Neighbouring frames, two or more, each as for `jod`.
            truths: What they should be.
            rate: Frames a second.
            masks: As for `jod`, one a frame. The eye answers late, and each mask weighs the answer to its own frame.
            hold: Whether the last picture stays until the eye has answered to it. Without, as the authors have it,
                what happens in the last `delay(rate)` frames is hardly seen. Before the clip its first picture stood.
        Returns:
            As for `jod`, over all frames.
        Raises:
            ShapeError: if sizes or numbers differ, a mask is empty, pictures are too small or too few.
        """
        if len(images) < 2 or rate <= 0:
            raise ShapeError(f"{len(images)} pictures at a rate of {rate}: give two or more, and a rate above 0")
        lit, late = list(self._lit(images, truths, masks)), delay(rate)
        ours, true = ([frame[side] for frame in lit] for side in (0, 1))
        held = late if hold else 0
        seen, answer = (_over_time([*frames, *frames[-1:] * held], _responses(rate)) for frames in (ours, true))
        apart = [
            self._apart(one, other, lit[max(row - late, 0)][2])
            for row, (one, other) in enumerate(zip(seen, answer, strict=True))
        ]
        return _jod(float(_norm(np.array(apart), 2.0, mean=True)))

    def _lit(
        self, images: Sequence[Image], truths: Sequence[Image], masks: Sequence[Mask] | None
    ) -> Iterator[tuple[Planes, Planes, Plane]]:
        """Return the light of picture and truth, and the weight, frame by frame."""
        given: Sequence[Mask | None] = [None] * len(images) if masks is None else masks
        if not len(images) == len(truths) == len(given):
            raise ShapeError(f"{len(images)} pictures, {len(truths)} truths, {len(given)} masks: give as many of each")
        for image, truth, mask in zip(images, truths, given, strict=True):
            weight = np.ones(image.shape[:2]) if mask is None else mask.astype(np.float64)
            if not images[0].shape == image.shape == truth.shape or weight.shape != image.shape[:2]:
                raise ShapeError(f"pictures {image.shape} and {truth.shape}, mask {weight.shape}: give equal sizes")
            if min(weight.shape) < _SMALLEST_PX:
                raise ShapeError(f"pictures {image.shape}: give {_SMALLEST_PX} px a side or more")
            if not weight.sum() > 0:
                raise ShapeError("the mask is empty: give one that covers something")
            shown = np.where(weight[..., None] > 0, image, truth)
            yield self._emitted(shown), self._emitted(truth), weight

    def _apart(self, ours: Planes, true: Planes, weight: Plane) -> float:
        """Return how far apart two pictures look, all bands and channels together."""
        frequencies, channels = self._frequencies(min(weight.shape)), len(ours)
        ours_by_band, true_by_band = (_contrasts(planes, len(frequencies)) for planes in (ours, true))
        pooled = []
        for band, frequency in enumerate(frequencies):
            base = band == len(frequencies) - 1
            apart = self._seen(ours_by_band[band][0], *true_by_band[band], frequency, base)
            each = np.sqrt(((apart + 1e-5) ** 2 * weight).sum(axis=(1, 2)) / weight.sum()) * _WEIGHTS[:channels]
            pooled.append(each * _BASE_WEIGHTS[:channels] if base else each)
            weight = _reduced(weight)
        return float(_norm(_norm(np.array(pooled).T)))

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

    def _sensitivity(self, frequency: float, log_light: Plane, channels: int) -> Planes:
        place = np.log10(frequency)
        index = int(np.clip(np.searchsorted(self._log_frequency, place) - 1, 0, len(self._log_frequency) - 2))
        low, high = self._log_frequency[index : index + 2]
        share = (place - low) / (high - low)
        tables = self._log_sensitivity[:channels]
        at_frequency = [logs[:, index] * (1 - share) + logs[:, index + 1] * share for logs in tables]
        found = np.stack([np.interp(log_light, self._log_light, logs) for logs in at_frequency])
        return np.asarray(10 ** (found + _SENSITIVITY_DB / 20))

    def _seen(self, ours: Planes, true: Planes, log_light: Plane, frequency: float, base: bool) -> Planes:
        """Return how visible the difference is at each place of a band, in each channel."""
        channels = len(ours)
        sensitivity = self._sensitivity(frequency, np.broadcast_to(log_light, ours.shape[1:]), channels)
        if base:
            return np.asarray(np.abs(ours - true) * sensitivity)
        gains = sensitivity * _GAINS[:channels, None, None]
        ours, true = ours * gains, true * gains
        common = _spread(np.minimum(np.abs(ours), np.abs(true))) * 10**_MASK_OFFSET
        masks = _power(common, _MASKED_EXPONENTS[:channels, None, None])
        masking = np.tensordot(_ACROSS[:channels, :channels].T, masks, axes=1)
        apart = _power(np.abs(ours - true), _MASK_EXPONENT) / (1 + masking)
        return np.asarray(_GREATEST * apart / (_GREATEST + apart))


def delay(rate: Fraction) -> int:
    """Return how many frames late the eye answers."""
    return math.ceil(_REACH_S * rate / 2)


def _responses(rate: Fraction) -> Float64[np.ndarray, "4 _frames"]:
    """Return how much of each earlier frame every channel sees, the latest first.

    Reference:
        Mantiuk et al. 2024, section 3.2.
    """
    late = delay(rate)
    hertz = np.linspace(0.0, float(rate) / 2, late + 1)
    sustained = [np.exp(-(hertz**exponent) / at) for exponent, at in zip(_FADE_EXPONENTS, _FADE_RATES, strict=True)]
    change = np.exp(-((hertz**_CHANGE_EXPONENT - _CHANGE_HZ**_CHANGE_EXPONENT) ** 2) / _CHANGE_WIDTH)
    return np.fft.fftshift(np.fft.irfft([*sustained, change], n=2 * late + 1), axes=1)


def _over_time(frames: Sequence[Planes], kernels: Float64[np.ndarray, "4 _frames"]) -> Iterator[Planes]:
    """Return what the four channels see as each frame is shown."""
    planes = np.stack(frames, axis=1)
    for row in range(len(frames)):
        # Before the clip, its first frame was shown.
        shown = np.maximum(row - np.arange(kernels.shape[1]), 0)
        first = int(shown[-1])
        shares = np.stack([np.bincount(shown - first, kernel, row + 1 - first) for kernel in kernels])
        sources = (planes[channel, first : row + 1] for channel in (0, 1, 2, 0))
        yield np.stack([np.tensordot(share, source, axes=1) for share, source in zip(shares, sources, strict=True)])


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


def _norm(values: np.ndarray, exponent: float = 4.0, mean: bool = False) -> np.ndarray:
    powers = _power(values, exponent)
    pooled = powers.mean(axis=-1, keepdims=True) if mean else powers.sum(axis=-1, keepdims=True)
    return np.asarray(_power(pooled, 1 / exponent)[..., 0])


def _jod(value: float) -> float:
    if value <= _JOD_LINEAR:
        return float(10 - _JOD_SLOPE * _JOD_LINEAR ** (_JOD_EXPONENT - 1) * value)
    return float(10 - _JOD_SLOPE * value**_JOD_EXPONENT)
