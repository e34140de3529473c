"""Lashes of shut eyes, drawn anew from what the performer's footage shows of them.

A decoder sees few frames of shut eyes, each of them a little elsewhere, and makes a dark bar of the lashes. On a shut
eye they are one picture, whose place the line tells along which the lids meet.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from pecten.colour.display import display_from_light, light_from_display
from pecten.faces.eyes import Eye, around
from pecten.faces.lid_line import (
    ABOVE,
    BELOW,
    BROAD,
    CONTRASTS,
    LEAST_HALF_PX,
    SPAN,
    LidLine,
    Pictures,
    contrast_at,
    lid_line,
)
from pecten.types import Image, Mask

SHUT = (0.5, 0.6)
"""Openness of the more shut of the plate's eyes, up to which lashes are drawn, and from which none are. By the mesh
shut eyes have 0.2 to 0.45, and dark open ones in hard light may have 0.5."""

ALIKE = (0.83, 0.89)
"""Correlation of the decoded eyes with the pictures, the mean of both, from which lashes begin to be drawn, and are.
Eyes that are shut have 0.86 to 0.97, those open by a slit 0.7 to 0.85, others less."""

_LOOK = 0.06
"""Blur under which the decoded eye is compared with the picture, likewise: a decoder shows a bar, no strokes."""

_SIDES = (1.1, 1.4)
_TOP, _BOTTOM = (-0.55, -0.35), (0.7, 1.05)


def with_lashes(face: Image, eyes: Sequence[Eye], pictures: Pictures, openness: float) -> Image:
    """Draw a performer's lashes over those of decoded shut eyes.

    Args:
        face: Decoded crop, display-coded.
        eyes: Right and left, in that crop.
        pictures: From `pecten.dataset.lashes`; one that is all zero is not drawn.
        openness: Of the more shut of the plate's eyes: the decoder's answer to it can be shut only if it is.
    Returns:
        The face, changed around shut eyes alone.
    """
    share = 1 - _ramp(openness, SHUT)
    if share == 0:
        return face
    told = [(lid_line(eye.lids), picture) for eye, picture in zip(eyes, pictures, strict=True) if picture.any()]
    drawn = [(line, picture) for line, picture in told if line is not None and line.half >= LEAST_HALF_PX]
    # Both or neither: eyes blink together.
    share *= _ramp(float(np.mean([alike(face, *one) for one in drawn])), ALIKE) if drawn else 0
    if share == 0:
        return face
    result = face.copy()
    for line, picture in drawn:
        _draw(result, line, picture, share)
    return result


def alike(face: Image, line: LidLine, picture: Image) -> float:
    """Return how far a decoded eye looks like the picture of the shut one: a correlation, 1 for the same."""
    height, width = picture.shape[:2]
    blur = _LOOK * width / (2 * SPAN)
    weight = _window(width, height)
    weight = weight / weight.sum()
    apart = []
    for shown in (contrast_at(face, line, width, height), picture):
        dark = cv2.GaussianBlur(np.log(np.maximum(shown.mean(axis=2), np.float32(CONTRASTS[0]))), (0, 0), blur)
        apart.append(dark - (dark * weight).sum())
    one, other = apart
    spread = (one * one * weight).sum() * (other * other * weight).sum()
    return float((one * other * weight).sum() / np.sqrt(max(spread, 1e-12)))


def _draw(face: Image, line: LidLine, picture: Image, share: float) -> None:
    reach = int(np.ceil((SPAN + 3 * BROAD) * line.half + abs(line.sag))) + 1
    box = around(line.middle, reach, face.shape)
    if box is None:
        return
    height, width = picture.shape[:2]
    if (wide := round(2 * SPAN * line.half)) < width:
        # As small as it will lie, or it would flicker between pixels.
        height, width = max(1, round(height * wide / width)), wide
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    rows, columns = (np.arange(part.start, part.stop, dtype=np.float32) for part in box)
    x, y = np.meshgrid(columns, rows)
    place = line.found_in(x, y, width, height)
    contrast = cv2.remap(picture, *place, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.remap(_window(width, height), *place, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    light = light_from_display(np.ascontiguousarray(face[box]).clip(0, None))
    broad = cv2.GaussianBlur(light, (0, 0), BROAD * line.half)
    drawn = display_from_light(light + (share * cover)[..., None] * (broad * contrast - light))
    face[box] = np.where(cover[..., None] > 0, drawn, face[box])


def _window(width: int, height: int) -> Mask:
    """Say how much of a picture counts: lashes, without the skin around them, which the decoder knows better."""
    along = np.abs((np.arange(width) + 0.5) / width * 2 - 1) * SPAN
    down = (np.arange(height) + 0.5) / height * (ABOVE + BELOW) - ABOVE
    sides = np.clip((_SIDES[1] - along) / (_SIDES[1] - _SIDES[0]), 0, 1)
    top = np.clip((down - _TOP[0]) / (_TOP[1] - _TOP[0]), 0, 1)
    bottom = np.clip((_BOTTOM[1] - down) / (_BOTTOM[1] - _BOTTOM[0]), 0, 1)
    return np.asarray(np.outer(top * bottom, sides), np.float32)


def _ramp(value: float, ends: tuple[float, float]) -> float:
    return float(np.clip((value - ends[0]) / (ends[1] - ends[0]), 0, 1))
