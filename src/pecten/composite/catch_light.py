"""What lamps and windows leave on an eye: bright spots on its irises that come and go with the light and the gaze.

They are the plate's, not the performer's: whoever looks there in that light has them in the same place of the iris. A
decoder has seen its performer in other light and shows them faintly, in the wrong place or not at all, and an eye
without them looks dead.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float32

from pecten.colour.display import display_from_light, light_from_display
from pecten.colour.lamp import told_apart
from pecten.faces.eyes import Eye, opening
from pecten.types import Image, Mask

RIM = (0.7, 0.95)
"""Of an iris's radius, where spots begin to be left out, and are: what lies beyond is the white of the eye."""

PUPIL = 0.4
"""Of an iris's radius, inside which nothing tells its colour."""

USUAL = 0.75
"""Share of an iris that is no brighter than what is taken for iris."""

ABOVE = (0.3, 0.7)
"""Above that, as shares of the iris's own level, where a spot begins, and where it is one."""

FAINTEST = 0.015
"""Light that a spot has more of, diffuse white being 1."""

TINTS = (0.4, 2.5)
"""Of a lamp's colours by their mean."""

WIDEST = 0.8
"""Of an iris's radius: what is wider is no spot of the decoded eye's own that is to be painted over."""

_LEAST_SEEN = 0.15
_MARGIN = 1.2

Light = Float32[np.ndarray, "_side _side 3"]
"""Linear light on a square around an iris's middle."""


def catch_lights(plate: Image, eyes: Sequence[Eye]) -> list[Light | None]:
    """Find what the irises of a plate mirror.

    Light that an iris scatters has the iris's colour, and what its surface mirrors has the lamp's: the two are told
    apart pixel by pixel, and what is far brighter than the iris's own texture is a spot. Both eyes look at the same
    lamps, so that what only one of two open eyes shows is a lash or a vein.

    Args:
        plate: Crop, display-coded, unclipped.
        eyes: In that crop.
    Returns:
        One an eye, as wide as the iris and a little more; None where the eye is shut, hidden or too small.
    Reference:
        Shafer 1985 (dichromatic reflection); Nishino and Nayar 2004 (what eyes mirror).
    """
    found = [_mirrored(plate, eye) for eye in eyes]
    return [
        light if light is None else _shared(light, [one for one in found if one is not None and one is not light])
        for light in found
    ]


def with_catch_lights(picture: Image, eyes: Sequence[Eye], lights: Sequence[Light | None], matte: Mask) -> Image:
    """Lay a plate's catch lights on the eyes of a face.

    A spot of the face's own in the same place is not added to: the brighter of the two shows.

    Args:
        picture: Crop with the face in it, lit as it will stay; display-coded.
        eyes: Of that face.
        lights: From `catch_lights`, at the same scale.
        matte: How much of the face shows.
    Returns:
        The picture, changed on irises alone.
    """
    result = picture
    for eye, light in zip(eyes, lights, strict=True):
        # With room for what is wider than a spot.
        box = None if light is None or not light.any() else eye.around(len(light), picture.shape)
        if light is None or box is None:
            continue
        rows, columns = box
        place = eye.middle - (columns.start, rows.start)
        shift = np.array([[1, 0, place[0] - len(light) // 2], [0, 1, place[1] - len(light) // 2]])
        size = (columns.stop - columns.start, rows.stop - rows.start)
        shine = cv2.warpAffine(light, shift, size, flags=cv2.INTER_LINEAR)
        shine *= (opening(eye.lids - (columns.start, rows.start), size) * matte[box])[..., None]
        if not shine.any():
            continue
        below = light_from_display(np.ascontiguousarray(result[box]))
        width = 2 * round(float(eye.radii.mean()) * WIDEST / 2) + 1
        dull = cv2.morphologyEx(below, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width)))
        lit = display_from_light(dull + shine)
        result = picture.copy() if result is picture else result
        result[box] = np.where(shine > 0, np.maximum(result[box], lit), result[box])
    return result


def _mirrored(plate: Image, eye: Eye) -> Light | None:
    half = int(np.ceil(float(eye.radii.max()) * _MARGIN))
    if not eye.is_told:
        return None
    corner = eye.middle - half
    shift = np.array([[1, 0, -corner[0]], [0, 1, -corner[1]]])
    side = 2 * half + 1
    seen = cv2.warpAffine(plate, shift, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    if not np.isfinite(seen).all():
        return None
    light = light_from_display(seen)
    line = np.arange(-half, half + 1, dtype=np.float32)
    away = np.hypot(line / np.float32(eye.radii[0]), line[:, None] / np.float32(eye.radii[1]))
    opened = opening(eye.lids - corner, (side, side))
    iris = (opened > 0.5) & (away < RIM[1])
    if iris.sum() < _LEAST_SEEN * (away < RIM[1]).sum():
        return None
    told = iris & (away > PUPIL)
    own = light[told if told.any() else iris]
    lamp, scattered = told_apart(light, np.median(own, axis=0))
    usual, level = (float(np.quantile(values, USUAL)) for values in (lamp[iris], own.min(axis=1)))
    starts, whole = (max(usual, 0) + share * level + FAINTEST * k for k, share in enumerate(ABOVE))
    sure = np.clip((lamp - starts) / max(whole - starts, 1e-6), 0, 1)
    sure *= np.clip((RIM[1] - away) / (RIM[1] - RIM[0]), 0, 1) * opened
    brightness = sure * np.maximum(lamp - max(usual, 0), 0)
    colours = (np.maximum(light - scattered, 0) * sure[..., None]).sum(axis=(0, 1), dtype=np.float64)
    tint = colours / max(float(colours.mean()), 1e-12) if colours.any() else np.ones(3)
    return np.asarray(brightness[..., None] * np.clip(tint, *TINTS), np.float32)


def _shared(light: Light, others: Sequence[Light]) -> Light:
    """Keep what the other eye, if one is seen, shows in the same place within a pixel."""
    for other in others:
        fitted = cv2.resize(other, light.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        light = np.minimum(light, cv2.dilate(fitted, np.ones((3, 3), np.uint8)))
    return light
