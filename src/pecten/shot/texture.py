"""What a plate's frames say about texture together with their neighbours: grain and motion."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pecten.composite.grain import Grain, enlarged_spectrum, lacking, measure_grain, skin_centres
from pecten.faces.normalise import FACE_CENTRE
from pecten.faces.records import FaceFrame
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


def motion_of(faces: Mapping[int, FaceFrame], index: int, size: int) -> tuple[float, float]:
    """Tell how far a head moves from frame to frame, px of its crop.

    Args:
        faces: By frame index.
        index: Of the frame.
        size: Of the crop.
    """
    now = faces[index]
    near = [i for i in (index - 1, index, index + 1) if i in faces and faces[i].track == now.track]
    if len(near) == 1:
        return 0.0, 0.0
    centre = np.array([FACE_CENTRE])
    first, last = (
        similarity.apply(similarity.invert(faces[i].crop_from_plate), centre)[0] for i in (near[0], near[-1])
    )
    turned = similarity.at_size(now.crop_from_plate, size)[:, :2] @ ((last - first) / (near[-1] - near[0]))
    return float(turned[0]), float(turned[1])
