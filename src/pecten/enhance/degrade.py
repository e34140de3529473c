"""Sharp crops made soft, as in low-resolution footage: blur, fewer pixels, noise, a codec; then enlarged again."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from pecten.enhance.compress import through_h264, through_jpeg
from pecten.enhance.config import MOST_ENLARGED
from pecten.geometry import similarity
from pecten.geometry.warp import warp
from pecten.types import ByteImage, Image

_MARGIN_PX = 32
"""Around a patch: what its edge is interpolated from, and a codec's blocks across it."""


@dataclass(frozen=True)
class Degradation:
    """What happened to a face on its way into the footage.

    Attributes:
        enlarged: Crop px to a px of the plate.
        phase: Where the plate's pixels lie, in plate px, x and y.
        blur: Of the lens and the scaler, Gaussian sigma in plate px.
        aspect: Of the blur along y over along x.
        averaged: The plate's pixels are plain averages; else they are filtered without aliasing.
        noise: Standard deviation in 8-bit steps.
        codec: "", "jpeg" or "h264".
        quality: Of JPEG (1 to 100), or crf of H.264.
        gain: Exposure, on the sharp picture as well.
    """

    enlarged: float
    phase: tuple[float, float] = (0.0, 0.0)
    blur: float = 0.0
    aspect: float = 1.0
    averaged: bool = False
    noise: float = 0.0
    codec: str = ""
    quality: int = 0
    gain: float = 1.0


def drawn(source: np.random.Generator) -> Degradation:
    """Draw one."""
    enlarged = float(np.exp(source.uniform(np.log(1.2), np.log(MOST_ENLARGED))))
    phase = (float(source.uniform(0, 1)), float(source.uniform(0, 1)))
    blur = float(source.uniform(0, 0.9)) if source.uniform() < 0.6 else 0.0
    codec = str(source.choice(["", "jpeg", "h264"], p=[0.3, 0.3, 0.4]))
    quality = int(source.integers(45, 98)) if codec == "jpeg" else int(source.integers(12, 31))
    noise = float(source.uniform(0, 5)) if source.uniform() < 0.6 else 0.0
    aspect = float(np.exp2(source.uniform(-0.5, 0.5)))
    gain = float(np.exp2(source.uniform(-0.3, 0.3)))
    averaged = bool(source.uniform() < 0.5)
    return Degradation(enlarged, phase, blur, aspect, averaged, noise, codec, quality, gain)


def degrade(
    shot: Sequence[ByteImage], how: Degradation, corner: tuple[int, int], side: int, source: np.random.Generator
) -> tuple[Image, Image]:
    """Make a patch of a crop soft.

    Args:
        shot: The sharp crop, after those that lead up to it; only a video codec looks at them.
        how: What happens to it.
        corner: x and y of the patch's first pixel, in crop px.
        side: Of the patch, in px.
        source: Of the noise.
    Returns:
        The patch as it would be cut from the plate, and as it should be: display RGB in [0, 1].
    """
    left, top = corner
    size = len(shot[-1])
    x0, y0 = max(0, left - _MARGIN_PX), max(0, top - _MARGIN_PX)
    x1, y1 = min(size, left + side + _MARGIN_PX), min(size, top + side + _MARGIN_PX)
    count = 3 if how.codec == "h264" else 1
    seen = [picture[y0:y1, x0:x1].astype(np.float32) * np.float32(how.gain) for picture in shot[-count:]]
    plate_from_part = _plate_from_part(how)
    low = [_noisy(_reduced(picture, how, plate_from_part), how, source) for picture in seen]
    coded = _coded(low, how).astype(np.float32)
    back = similarity.compose(
        similarity.similarity(1.0, 0.0, (float(x0 - left), float(y0 - top))), similarity.invert(plate_from_part)
    )
    soft = warp(coded, back, side, side, "cubic", "replicate")
    sharp = seen[-1][top - y0 : top - y0 + side, left - x0 : left - x0 + side]
    return _display(soft), _display(sharp)


def _plate_from_part(how: Degradation) -> np.ndarray:
    scale = 1 / how.enlarged
    # Centres are at integers: half a pixel of the one lies elsewhere than half a pixel of the other.
    shift = (scale - 1) / 2
    return similarity.similarity(scale, 0.0, (shift + how.phase[0], shift + how.phase[1]))


def _reduced(picture: Image, how: Degradation, plate_from_part: np.ndarray) -> Image:
    if how.blur > 0:
        sigma = how.blur * how.enlarged
        picture = np.asarray(
            cv2.GaussianBlur(picture, (0, 0), sigmaX=sigma, sigmaY=sigma * how.aspect, borderType=cv2.BORDER_REPLICATE)
        )
    height, width = (int(2 * np.ceil((n / how.enlarged + 1) / 2)) for n in picture.shape[:2])
    if how.averaged:
        # The mean over a square as wide as a plate's pixel, then the pixel nearest.
        taps = max(1, round(how.enlarged))
        picture = np.asarray(cv2.blur(picture, (taps, taps), borderType=cv2.BORDER_REPLICATE))
        shift = (1 - taps % 2) * 0.5
        moved = similarity.compose(plate_from_part, similarity.similarity(1.0, 0.0, (-shift, -shift)))
        flags = cv2.INTER_LINEAR
        return np.asarray(cv2.warpAffine(picture, moved, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE))
    return warp(picture, plate_from_part, width, height, "cubic", "replicate")


def _noisy(picture: Image, how: Degradation, source: np.random.Generator) -> ByteImage:
    if how.noise > 0:
        # Grain is mostly of brightness.
        grey = source.standard_normal((*picture.shape[:2], 1), np.float32)
        colour = source.standard_normal(picture.shape, np.float32)
        picture = picture + np.float32(how.noise) * (np.float32(0.9) * grey + np.float32(0.4) * colour)
    rounded: ByteImage = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    return rounded


def _coded(low: Sequence[ByteImage], how: Degradation) -> ByteImage:
    if how.codec == "h264":
        return through_h264(low, how.quality)
    return through_jpeg(low[-1], how.quality) if how.codec == "jpeg" else low[-1]


def _display(picture: Image) -> Image:
    shown: Image = np.clip(picture / np.float32(255), 0, 1)
    return shown
