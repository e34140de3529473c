"""What a fit of light leaves over, held steady over time.

Where face and plate differ beyond their light, they differ alike from frame to frame: another nose stays another nose.
A difference that jumps is a decoder's flicker, or light that the fit has no term for; following it brings the plate's
own change of light into the face, and only its change.
"""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from pecten.composite.light import Light, departure, refit
from pecten.composite.seam_light import seam_light
from pecten.types import Image, Mask

SPREAD = 2.0
"""Standard deviation of the blur under which differences are compared, in cells of the fit's grid: finer ones are
features, which move."""

UNLIKE = 0.25
"""Departure of two frames' differences, in log units over three channels, from which they are not of one kind: a mouth
that opens, a hand, a head that turned on."""

_ENOUGH = 0.5


def steadied(light: Light, around: Sequence[tuple[Light, float]]) -> Light:
    """Let a frame's relit face differ from its plate as those around it do, on skin that has a vote; less at the seam.

    Args:
        light: Refitted.
        around: Lights of the frames around it, and how much each counts; the frame itself counts 1.
    Returns:
        The light, with what is to be added to its gain.
    """
    # By the votes of this frame, so that nothing but the pictures differs.
    others = [(departure(refit(one, light.trusted, light.alike, light.tint)), counts) for one, counts in around]
    departures = [(departure(light), 1.0), *others]
    added = _jump(departures, light.trusted) + seam_light(departures, light.alike)
    return replace(light, added=np.asarray(added, np.float32))


def _jump(departures: Sequence[tuple[Image, float]], trusted: Mask) -> Image:
    """Return by how much the first frame's difference departs from its like around it."""
    own, cover = _coarse(departures[0][0], trusted)
    total, count = own * cover[..., None], cover.copy()
    for other, counts in departures[1:]:
        left, known = _coarse(other, trusted)
        apart = np.square(left - own).sum(axis=2) * np.float32(1 / UNLIKE**2)
        weight = np.float32(counts) * known * np.square(np.maximum(1 - apart, 0))
        total += left * weight[..., None]
        count += weight
    mean = total / np.maximum(count, np.float32(1e-6))[..., None]
    return np.asarray((own - mean) * np.minimum(cover * np.float32(1 / _ENOUGH), 1)[..., None], np.float32)


def _coarse(left: Image, votes: Mask) -> tuple[Image, Mask]:
    """Average what is left over around each cell; return with it how much of the surroundings is known."""
    known = np.isfinite(left).all(axis=2)
    weight = np.where(known, votes, np.float32(0))
    weighted = np.where(known[..., None], left, np.float32(0)) * weight[..., None]
    sums, cover = (np.asarray(cv2.GaussianBlur(each, (0, 0), SPREAD)) for each in (weighted, weight))
    return np.asarray(sums / np.maximum(cover, np.float32(1e-6))[..., None], np.float32), cover
