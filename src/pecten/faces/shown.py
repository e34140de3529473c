"""The part of a plate around a face, as networks and the blend see it."""

from dataclasses import dataclass

import numpy as np

from pecten.colour.view import View
from pecten.faces import normalise
from pecten.geometry import similarity
from pecten.types import CANONICAL_SIZE, Affine, Image

# Whole blocks of the plate, so that the averaging of a strong shrink falls on the same pixels as in the whole plate.
_BLOCK_PX = 64
_MARGIN = 0.05


@dataclass(frozen=True, eq=False)
class Part:
    """A piece of a plate, display-coded.

    Attributes:
        image: The piece.
        place: Its rows and columns in the plate.
        crop_from_part: As `FaceFrame.crop_from_plate`, from the piece's own pixels.
    """

    image: Image
    place: tuple[slice, slice]
    crop_from_part: Affine

    def crop(self, size: int) -> Image:
        """Cut out the normalised crop: display-coded, the same as from the whole plate."""
        return normalise.crop(self.image, self.crop_from_part, size)


def part_around(plate: Image, crop_from_plate: Affine, view: View) -> Part:
    """Cut the piece of a plate that a crop needs, and code it for display: the whole plate would take far longer.

    Args:
        plate: The frame, as the clip has it; never changed.
        crop_from_plate: To a crop of `CANONICAL_SIZE`.
        view: Of the clip.
    """
    reach = CANONICAL_SIZE * np.array([-_MARGIN, 1 + _MARGIN])
    corners = np.array([[x, y] for x in reach for y in reach])
    seen = similarity.apply(similarity.invert(crop_from_plate), corners)
    size = np.array([plate.shape[1], plate.shape[0]])
    first = np.floor((seen.min(axis=0) - _BLOCK_PX) / _BLOCK_PX).astype(int) * _BLOCK_PX
    last = np.ceil((seen.max(axis=0) + _BLOCK_PX) / _BLOCK_PX).astype(int) * _BLOCK_PX
    # A face beyond the plate sees its edge alone.
    first = np.clip(first, 0, (size - 1) // _BLOCK_PX * _BLOCK_PX)
    last = np.clip(last, np.minimum(first + _BLOCK_PX, size), size)
    (left, top), (right, bottom) = first.tolist(), last.tolist()
    place = (slice(top, bottom), slice(left, right))
    back = similarity.similarity(1.0, 0.0, (float(left), float(top)))
    return Part(view.to_display(plate[place]), place, similarity.compose(crop_from_plate, back))
