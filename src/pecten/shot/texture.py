"""Grain of a plate and of the faces decoded for it, from one frame to the next."""

from dataclasses import dataclass

import numpy as np

from pecten.composite.grain import Grain, enlarged_spectrum, lacking, measure_grain, skin_centres
from pecten.geometry import similarity
from pecten.types import Affine, Image, Mask

UNMOVED: Affine = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


@dataclass(frozen=True)
class Seen:
    """One frame with a face, as grain is measured on it.

    Attributes:
        index: Of the frame.
        track: Of the face.
        plate: Display-coded, as large as filmed.
        crop_from_plate: To the normalised crop.
        decoded: The comb's answer.
        matte: The whole face, at the size of `decoded`.
    """

    index: int
    track: int
    plate: Image
    crop_from_plate: Affine
    decoded: Image
    matte: Mask


def grain_lacking(now: Seen, before: Seen | None) -> Grain | None:
    """Measure what the decoded face lacks of its plate's grain.

    Args:
        now: The frame.
        before: The one seen before it.
    Returns:
        None if that is not the frame before, or shows another track, or the face is too small.
    """
    if before is None or (before.index, before.track) != (now.index - 1, now.track):
        return None
    size = len(now.decoded)
    crop_from_plate = similarity.at_size(now.crop_from_plate, size)
    scale = similarity.scale_of(crop_from_plate)
    centres = similarity.apply(similarity.invert(crop_from_plate), skin_centres(now.matte, scale))
    moved = similarity.compose(similarity.invert(before.crop_from_plate), now.crop_from_plate)
    wanted = measure_grain(now.plate, before.plate, moved, centres)
    if wanted is None:
        return None
    own = measure_grain(now.decoded, before.decoded, UNMOVED, skin_centres(now.matte))
    return wanted if own is None else lacking(wanted, enlarged_spectrum(own.spectrum, 1 / scale))
