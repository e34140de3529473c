"""What a performer's irises look like: the same pixels of many frames, brought to one place, without lids and lamps."""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float32

from pecten.colour.display import display_from_light, light_from_display
from pecten.colour.lamp import told_apart
from pecten.dataset.crops import CropSet
from pecten.faces.eyes import Eye, eyes_of, opening, turned_by
from pecten.types import Image

SPAN = 1.75
"""Half a picture's side, in radii of the iris."""

FRAMES = 24
"""That are looked at: those of the whole face seen from the front, eyes wide open and looking ahead."""

FRONTAL = 0.25
"""Logarithm of the widths of both eyes' openings, up to which a face is seen from the front."""

ASIDE = 0.5
"""Of openness, that is given for a gaze one iris's radius off the middle."""

IRIS = (0.4, 0.95)
"""Of the radius: beyond the pupil, and short of the white."""

SHINING = 0.25
"""Of an iris's brightest channel: white that a lamp's spot has more of than the rest."""

_LEAST_FRAMES = 3
_RING = 0.08

Pictures = Float32[np.ndarray, "2 _side _side 3"]


def seen_irises(crops: CropSet, side: int) -> Pictures:
    """Return the right and the left iris as a performer's footage shows them.

    Pixels under a lid are left out; what no frame shows is taken from the rest of its ring. A spot of light that stays
    in one place, as under one lamp it does, is told by its colour and given what is usual.

    Args:
        crops: One performer's.
        side: Of the pictures, in px; they reach `SPAN` radii from the middle.
    Returns:
        Display-coded, in [0, 1]; all zero where the eyes are too small or never open.
    Reference:
        Shafer 1985 (dichromatic reflection), for the spots.
    """
    eyes = [eyes_of(mesh.astype(np.float64)) for mesh in crops.landmarks]
    turned = np.array([turned_by(*pair) for pair in eyes])
    pictures = np.zeros((2, side, side, 3), np.float32)
    for k in (0, 1):
        ones = [pair[k] for pair in eyes]
        aside = np.array([abs(one.middle[0] - one.lids[:, 0].mean()) / max(one.radii[0], 1e-3) for one in ones])
        openness = np.array([one.openness for one in ones])
        told = np.array([one.is_told for one in ones])
        rank = np.where(~told, np.inf, ASIDE * aside - openness + 10.0 * (turned > FRONTAL))
        best = [frame for frame in np.argsort(rank, kind="stable")[:FRAMES] if np.isfinite(rank[frame])]
        if best:
            pictures[k] = _median([_brought(crops.images[frame], ones[frame], side) for frame in best], side)
    return pictures


def _brought(picture: np.ndarray, eye: Eye, side: int) -> Image:
    """Bring an iris to the pictures' place, in linear light; not a number under the lids."""
    scale = side / (2 * SPAN * eye.radii)
    shift = (side - 1) / 2 - scale * eye.middle
    move = np.array([[scale[0], 0, shift[0]], [0, scale[1], shift[1]]])
    near = cv2.warpAffine(picture, move, (side, side), borderMode=cv2.BORDER_REPLICATE)
    light = light_from_display(near.astype(np.float32) / np.float32(255))
    shown = cv2.erode(opening(eye.lids * scale + shift, (side, side)), np.ones((5, 5), np.uint8)) > 0.5
    light[~shown] = np.nan
    return light


def _median(frames: Sequence[Image], side: int) -> Image:
    line = (np.arange(side) - (side - 1) / 2) * (2 * SPAN / side)
    away = np.hypot(line, line[:, None])
    coloured = (away > IRIS[0]) & (away < IRIS[1])
    stack = np.stack(frames)
    seen = np.isfinite(stack[..., 0])
    levels = np.array([_nanmedian(one[coloured].sum(axis=1)) for one in stack])
    usual = _nanmedian(levels)
    if not usual > 0:
        return np.zeros((side, side, 3), np.float32)
    lit = levels > 0
    stack, seen = stack[lit] * (usual / levels[lit])[:, None, None, None], seen[lit]
    enough = seen.sum(axis=0) >= min(_LEAST_FRAMES, len(stack))
    found = np.zeros((side, side, 3), np.float32)
    found[enough] = np.nanmedian(stack[:, enough], axis=0)
    if not (enough & coloured).any():
        return np.zeros((side, side, 3), np.float32)
    whole = _filled(found, enough, away)
    return display_from_light(_without_lamps(whole, coloured & enough, away < IRIS[1]))


def _filled(found: Image, enough: np.ndarray, away: np.ndarray) -> Image:
    """Give what no frame shows the median of its ring, and rings that no frame shows their neighbours'."""
    rings = np.round(away / _RING).astype(int)
    known = [ring for ring in range(rings.max() + 1) if (enough & (rings == ring)).any()]
    middles = np.stack([np.median(found[enough & (rings == ring)], axis=0) for ring in known])
    result = found.copy()
    for channel in range(3):
        profile = np.interp(away / _RING, known, middles[:, channel])
        result[..., channel] = np.where(enough, found[..., channel], profile)
    return result


def _without_lamps(found: Image, iris: np.ndarray, within: np.ndarray) -> Image:
    """Give what shines more than the rest of the iris no more white than that has.

    Of a grey iris colour does not tell; there only what is twice as bright is a lamp's.
    """
    own = np.median(found[iris], axis=0)
    lamp, scattered = told_apart(found, own)
    usual = np.median(lamp[iris])
    spared = 0 if scattered.any() else own.max()
    shining = np.clip((lamp - usual - spared) / (SHINING * own.max()), 0, 1)
    shining[~within] = 0
    result: Image = found + shining[..., None] * (scattered + usual - found)
    return result


def _nanmedian(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")
