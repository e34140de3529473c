"""How different two pictures look to a person who flips between them: FLIP."""

import cv2
import numpy as np
from jaxtyping import Float32

from pecten.errors import ShapeError
from pecten.types import Image, Mask

PIXELS_PER_DEGREE = 67.0
"""A 0.69 m wide screen of 3840 px seen from 0.7 m: what FLIP's authors assume."""

ErrorMap = Float32[np.ndarray, "_height _width"]

_XYZ_FROM_RGB = np.array(
    [
        [10135552 / 24577794, 8788810 / 24577794, 4435075 / 24577794],
        [2613072 / 12288897, 8788810 / 12288897, 887015 / 12288897],
        [1425312 / 73733382, 8788810 / 73733382, 70074185 / 73733382],
    ]
)
_WHITE = _XYZ_FROM_RGB.sum(axis=1)
# Contrast sensitivity of the eye as sums of Gaussians (weight, width): luminance, red-green, blue-yellow.
_SENSITIVITY = (((1.0, 0.0047),), ((1.0, 0.0053),), ((34.1, 0.04), (13.5, 0.025)))
_COLOUR_EXPONENT, _FEATURE_EXPONENT = 0.7, 0.5
_KNEE, _KNEE_ERROR = 0.4, 0.95
_FEATURE_DEGREES = 0.082


def flip(image: Image, truth: Image, mask: Mask | None = None, pixels_per_degree: float = PIXELS_PER_DEGREE) -> float:
    """Measure how different two pictures look, the mean over pixels.

    Args:
        image: The picture to judge, display-coded (sRGB).
        truth: What it should be.
        mask: Weight of each pixel; where it is 0, the truth stands in both pictures. None weights all alike.
        pixels_per_degree: How close they are looked at.
    Returns:
        0 for equal pictures, 1 for the greatest difference that can be seen.
    Raises:
        ShapeError: if sizes differ or the mask is empty.
    Reference:
        Andersson et al. 2020.
    """
    weight = np.ones(image.shape[:2], np.float32) if mask is None else mask
    if image.shape != truth.shape or weight.shape != image.shape[:2]:
        raise ShapeError(f"pictures {image.shape} and {truth.shape}, mask {weight.shape}: give equal sizes")
    total = float(weight.sum(dtype=np.float64))
    if not total > 0:
        raise ShapeError("the mask is empty: give one that covers something")
    shown = np.where(weight[..., None] > 0, image, truth)
    errors = flip_map(shown, truth, pixels_per_degree)
    return float((errors * weight).sum(dtype=np.float64)) / total


def flip_map(image: Image, truth: Image, pixels_per_degree: float = PIXELS_PER_DEGREE) -> ErrorMap:
    """Measure at each pixel how different two pictures look.

    Args:
        image, truth: Display-coded (sRGB); what lies outside [0, 1] is clipped.
        pixels_per_degree: How close they are looked at.
    Reference:
        Andersson, Nilsson, Akenine-Möller, Oskarsson, Åström and Fairchild 2020: section 4.1 (colour), 4.2 (features),
        4.3 (both).
    """
    opponents = [_opponent_from_linear(_linear(np.clip(p, 0, 1).astype(np.float64))) for p in (image, truth)]
    seen = [_hunted(_filtered(opponent, pixels_per_degree)) for opponent in opponents]
    colour = _hyab(*seen) ** _COLOUR_EXPONENT
    greatest = _greatest_colour_error()
    knee = _KNEE * greatest
    above = _KNEE_ERROR + (colour - knee) / (greatest - knee) * (1 - _KNEE_ERROR)
    colour = np.where(colour < knee, colour * _KNEE_ERROR / knee, above)
    grey = [(opponent[..., 0] + 16) / 116 for opponent in opponents]
    features = [
        np.abs(_strength(grey[0], pixels_per_degree, point) - _strength(grey[1], pixels_per_degree, point))
        for point in (False, True)
    ]
    feature = np.clip(np.maximum(*features) / np.sqrt(2), 0, 1) ** _FEATURE_EXPONENT
    return np.asarray(np.clip(colour, 0, 1) ** (1 - feature), np.float32)


def _linear(coded: np.ndarray) -> np.ndarray:
    return np.asarray(np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4))


def _opponent_from_linear(linear: np.ndarray) -> np.ndarray:
    """Return YCxCz: CIELAB without its cube root, so that it may be filtered."""
    x, y, z = np.moveaxis(linear @ _XYZ_FROM_RGB.T / _WHITE, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def _filtered(opponent: np.ndarray, pixels_per_degree: float) -> np.ndarray:
    """Blur each channel as the eye does; returns linear RGB in [0, 1]."""
    widest = max(width for terms in _SENSITIVITY for _, width in terms)
    radius = int(np.ceil(3 * np.sqrt(widest / (2 * np.pi**2)) * pixels_per_degree))
    degrees = np.arange(-radius, radius + 1) / pixels_per_degree
    blurred = []
    for plane, terms in zip(np.moveaxis(opponent, -1, 0), _SENSITIVITY, strict=True):
        kernels = [(a * np.sqrt(np.pi / b), np.exp(-(np.pi**2) * degrees**2 / b)) for a, b in terms]
        whole = sum(share * kernel.sum() ** 2 for share, kernel in kernels)
        blurred.append(sum(share / whole * _convolve(plane, kernel, kernel) for share, kernel in kernels))
    y, cx, cz = (blurred[0] + 16) / 116, blurred[1] / 500, blurred[2] / 200
    xyz = np.stack([y + cx, y, y - cz], axis=-1) * _WHITE
    return np.asarray(np.clip(xyz @ np.linalg.inv(_XYZ_FROM_RGB).T, 0, 1))


def _hunted(linear: np.ndarray) -> np.ndarray:
    """Return CIELAB with colour that fades in the dark (Hunt)."""
    ratio = linear @ _XYZ_FROM_RGB.T / _WHITE
    edge = 6 / 29
    x, y, z = np.moveaxis(np.where(ratio > edge**3, np.cbrt(ratio), ratio / (3 * edge**2) + 4 / 29), -1, 0)
    light = 116 * y - 16
    return np.stack([light, 0.01 * light * 500 * (x - y), 0.01 * light * 200 * (y - z)], axis=-1)


def _hyab(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    apart = one - other
    distance: np.ndarray = np.abs(apart[..., 0]) + np.hypot(apart[..., 1], apart[..., 2])
    return distance


def _greatest_colour_error() -> float:
    green, blue = _hunted(np.array([[[0.0, 1.0, 0.0]], [[0.0, 0.0, 1.0]]]))
    return float(_hyab(green, blue)[0] ** _COLOUR_EXPONENT)


def _strength(grey: np.ndarray, pixels_per_degree: float, point: bool) -> np.ndarray:
    """Return how strong an edge, or a point, each pixel is."""
    sigma = 0.5 * _FEATURE_DEGREES * pixels_per_degree
    radius = int(np.ceil(3 * sigma))
    x = np.arange(-radius, radius + 1, dtype=np.float64)
    bell = np.exp(-(x**2) / (2 * sigma**2))
    along = (x**2 / sigma**2 - 1) * bell if point else -x * bell
    positive, negative = along.clip(min=0).sum(), -along.clip(max=0).sum()
    along = np.where(along > 0, along / positive, along / negative)
    across = bell / bell.sum()
    return np.asarray(np.hypot(_convolve(grey, along, across), _convolve(grey, across, along)))


def _convolve(plane: np.ndarray, along_x: np.ndarray, along_y: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.sepFilter2D(plane, cv2.CV_64F, along_x, along_y, borderType=cv2.BORDER_REPLICATE))
