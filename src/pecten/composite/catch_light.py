"""What lamps and windows leave on an eye: bright spots on its irises that come and go with the light and the gaze.

They are the plate's, not the performer's: whoever looks there in that light has them in the same place of the iris. A
decoder has seen its performer in other light and shows them faintly, in the wrong place or not at all, and an eye
without them looks dead.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32

from pecten.colour.display import display_from_light, light_from_display
from pecten.types import Image, Mask, Points

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

GREY = 0.1
"""Sine of the angle between an iris's colour and grey, below which colour tells nothing."""

TINTS = (0.4, 2.5)
"""Of a lamp's colours by their mean."""

WIDEST = 0.8
"""Of an iris's radius: what is wider is no spot of the decoded eye's own that is to be painted over."""

_LEAST_RADIUS_PX = 2.5
_LEAST_SEEN = 0.15
_MARGIN = 1.2
_SUBPIXEL = 4
_RIM_PX = 1.0

Light = Float32[np.ndarray, "_side _side 3"]
"""Linear light on a square around an iris's middle."""


class Eye(NamedTuple):
    """One eye in a square crop, in px.

    Attributes:
        lids: Around the opening.
        middle: Of the iris.
        radii: Of the iris, across and down.
    """

    lids: Points
    middle: Points
    radii: Points


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
        box = None if light is None or not light.any() else _around(eye, light, picture.shape)
        if light is None or box is None:
            continue
        rows, columns = box
        place = eye.middle - (columns.start, rows.start)
        shift = np.array([[1, 0, place[0] - len(light) // 2], [0, 1, place[1] - len(light) // 2]])
        size = (columns.stop - columns.start, rows.stop - rows.start)
        shine = cv2.warpAffine(light, shift, size, flags=cv2.INTER_LINEAR)
        shine *= (_opening(eye.lids - (columns.start, rows.start), size) * matte[box])[..., None]
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
    if not (float(eye.radii.min()) >= _LEAST_RADIUS_PX and np.isfinite(eye.middle).all()):
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
    opened = _opening(eye.lids - corner, (side, side))
    iris = (opened > 0.5) & (away < RIM[1])
    if iris.sum() < _LEAST_SEEN * (away < RIM[1]).sum():
        return None
    told = iris & (away > PUPIL)
    own = light[told if told.any() else iris]
    lamp, scattered = _told_apart(light, np.median(own, axis=0))
    usual, level = (float(np.quantile(values, USUAL)) for values in (lamp[iris], own.min(axis=1)))
    starts, whole = (max(usual, 0) + share * level + FAINTEST * k for k, share in enumerate(ABOVE))
    sure = np.clip((lamp - starts) / max(whole - starts, 1e-6), 0, 1)
    sure *= np.clip((RIM[1] - away) / (RIM[1] - RIM[0]), 0, 1) * opened
    brightness = sure * np.maximum(lamp - max(usual, 0), 0)
    colours = (np.maximum(light - scattered, 0) * sure[..., None]).sum(axis=(0, 1), dtype=np.float64)
    tint = colours / max(float(colours.mean()), 1e-12) if colours.any() else np.ones(3)
    return np.asarray(brightness[..., None] * np.clip(tint, *TINTS), np.float32)


def _told_apart(light: Image, colour: np.ndarray) -> tuple[Mask, Image]:
    """Split linear light into an amount of white and what has an iris's colour."""
    least = light.min(axis=2)
    length = float(np.linalg.norm(colour))
    white = np.full(3, 3**-0.5)
    hue = colour / max(length, 1e-9)
    if length < 1e-6 or np.linalg.norm(np.cross(hue, white)) < GREY:
        return least, np.zeros_like(light)
    parts = light @ np.linalg.pinv(np.stack([hue, white], axis=1)).T.astype(np.float32)
    # Less than none of the iris's colour is a lamp of another colour; and no lamp adds more than there is.
    lamp = np.where(parts[..., 0] < 0, least, np.minimum(parts[..., 1] * np.float32(3**-0.5), least))
    # Under a warm lamp, what a brown iris seems to scatter more than it usually does is the lamp's as well.
    scattered = np.clip(parts[..., :1], 0, np.float32(length)) * hue.astype(np.float32)
    return np.asarray(lamp, np.float32), np.asarray(scattered, np.float32)


def _shared(light: Light, others: Sequence[Light]) -> Light:
    """Keep what the other eye, if one is seen, shows in the same place within a pixel."""
    for other in others:
        fitted = cv2.resize(other, light.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        light = np.minimum(light, cv2.dilate(fitted, np.ones((3, 3), np.uint8)))
    return light


def _opening(lids: Points, size: tuple[int, int]) -> Mask:
    """Fill an eye's opening on a grid of a size (width, height), fading inward: a lid's rim is as bright as a lamp."""
    drawn = np.zeros(size[::-1], np.uint8)
    corners = np.round(lids * 2**_SUBPIXEL).astype(np.int32)
    cv2.fillPoly(drawn, [corners], 255, shift=_SUBPIXEL)
    soft = np.asarray(cv2.GaussianBlur(drawn, (0, 0), _RIM_PX), np.float32)
    return np.clip(soft * np.float32(2 / 255) - 1, 0, 1)


def _around(eye: Eye, light: Light, shape: tuple[int, ...]) -> tuple[slice, slice] | None:
    """Return the rows and columns around an iris, with room for what is wider than a spot; None outside the picture."""
    if not np.isfinite(eye.middle).all():
        return None
    reach = len(light)
    left, top = (max(0, int(value) - reach) for value in eye.middle)
    right, bottom = (min(limit, int(value) + reach + 1) for value, limit in zip(eye.middle, shape[1::-1], strict=True))
    return (slice(top, bottom), slice(left, right)) if right > left and bottom > top else None
