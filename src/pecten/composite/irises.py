"""A decoded face's irises, drawn anew from what the performer's footage shows of them.

A decoder has to tell from a latent where the eyes look, to a part of a pixel, or it tears the pupil; it learns a mean
over what it was not sure of. The performer's own iris is one picture, and where it lies the mesh says.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float32

from pecten.colour.display import display_from_light, light_from_display
from pecten.faces.eyes import Eye, opening
from pecten.types import Image, Mask

RIM = (0.8, 0.97)
"""Of an iris's radius, where the drawn one begins to pass into the decoded one, and has."""

OPEN = (0.42, 0.55)
"""Height of an eye's opening by its iris's, below which nothing is drawn, and from which all is; shut eyes have 0.3 to
0.4 by the mesh."""

HIDDEN = (0.65, 0.85)
"""Width of an eye's opening by the other's, below which it is turned away, and from which it is not."""

SHADE = 0.35
"""Of an iris's radius: blur under which the drawn iris has the decoded one's light."""

SHADES = (0.2, 4.0)
_MARGIN = 2.0

Pictures = Float32[np.ndarray, "2 _side _side 3"]


def with_irises(face: Image, eyes: Sequence[Eye], pictures: Pictures, span: float, wanted: float = np.inf) -> Image:
    """Draw a performer's irises over the decoded ones.

    Their light, and a lid's shadow on them, stay the decoded ones'.

    Args:
        face: Decoded crop, display-coded.
        eyes: Right and left, in that crop; the irises where they are to lie.
        pictures: Of the irises, display-coded; one that is all zero is not drawn.
        span: Half a picture's side, in radii of the iris.
        wanted: Openness that the eyes should have, where that is known: shut ones are not drawn on.
    Returns:
        The face, changed on irises alone.
    """
    result = face
    for k, (eye, picture) in enumerate(zip(eyes, pictures, strict=True)):
        share = _share(eye, eyes[1 - k], wanted) if eye.is_told else 0.0
        if share == 0 or not picture.any():
            continue
        box = eye.around(int(np.ceil(eye.radii.max() * _MARGIN)) + 2, face.shape)
        if box is None:
            continue
        corner = np.array([box[1].start, box[0].start])
        size = (box[1].stop - box[1].start, box[0].stop - box[0].start)
        there = eye._replace(lids=eye.lids - corner, middle=eye.middle - corner)
        cover = _cover(there, size) * np.float32(share)
        if not cover.any():
            continue
        below = light_from_display(np.ascontiguousarray(result[box]))
        drawn = _laid(light_from_display(picture), there, size, span)
        drawn *= _shade(below, drawn, cover, float(eye.radii.mean()) * SHADE)[..., None]
        mixed = display_from_light(below + cover[..., None] * (drawn - below))
        result = face.copy() if result is face else result
        result[box] = np.where(cover[..., None] > 0, mixed, result[box])
    return result


def _share(eye: Eye, other: Eye, wanted: float) -> float:
    ways = ((min(eye.openness, wanted), OPEN), (eye.width / max(other.width, 1e-6), HIDDEN))
    return float(np.prod([np.clip((value - low) / (high - low), 0, 1) for value, (low, high) in ways]))


def _cover(eye: Eye, size: tuple[int, int]) -> Mask:
    across = (np.arange(size[0], dtype=np.float32) - np.float32(eye.middle[0])) / np.float32(eye.radii[0])
    down = (np.arange(size[1], dtype=np.float32) - np.float32(eye.middle[1])) / np.float32(eye.radii[1])
    rim = np.clip((RIM[1] - np.hypot(across, down[:, None])) / (RIM[1] - RIM[0]), 0, 1)
    return np.asarray(rim * opening(eye.lids, size), np.float32)


def _laid(light: Image, eye: Eye, size: tuple[int, int], span: float) -> Image:
    side = len(light)
    scale = 2 * span * eye.radii / side
    shift = eye.middle - scale * (side - 1) / 2
    if float(scale.min()) < 1:
        # As small as it will lie, or it would flicker between pixels.
        small = [max(1, round(side * float(value))) if value < 1 else side for value in scale]
        light = cv2.resize(light, small, interpolation=cv2.INTER_AREA)
        ratio = np.array([side / small[0], side / small[1]])
        shift = shift + scale * (ratio - 1) / 2
        scale = scale * ratio
    move = np.array([[scale[0], 0, shift[0]], [0, scale[1], shift[1]]])
    return np.asarray(cv2.warpAffine(light, move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _shade(below: Image, drawn: Image, cover: Mask, blur: float) -> Mask:
    """Divide the decoded iris's light by the drawn one's, both blurred inside the cover."""
    weight = cover + np.float32(1e-4)
    wanted, given = (
        cv2.GaussianBlur(picture.sum(axis=2) * weight, (0, 0), max(blur, 0.5)) for picture in (below, drawn)
    )
    return np.asarray(np.clip(wanted / np.maximum(given, np.float32(1e-6)), *SHADES))
