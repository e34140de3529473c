"""Pictures of a swap beside its plate and its true answer."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from pecten import sheet
from pecten.types import ByteImage, Image, Mask

INK = (235, 235, 235)
DIFFERENCE_GAIN = 4.0


@dataclass(frozen=True)
class Look:
    """One frame of the swap as a person would judge it; all pictures of the plate's size but `decoded`.

    Attributes:
        number: Frame number.
        box: x0, y0, x1, y1 of the square around the face, px in the plate.
        plate, result, truth: Display-coded frames.
        support: Where the result may differ from the plate.
        decoded: The comb's raw answer.
    """

    number: int
    box: tuple[int, int, int, int]
    plate: ByteImage
    result: ByteImage
    truth: ByteImage
    support: Mask
    decoded: Image


COLUMNS = ("plate", "matte", "decoder output", "composite", "true answer", f"difference x{DIFFERENCE_GAIN:g}")


def swap_sheet(looks: Sequence[Look], title: str, cell_px: int = 360) -> ByteImage:
    """Lay out plate, matte, raw decoder output, composite, true answer and difference, a row a frame."""
    rows = [_row(look, cell_px) for look in looks]
    return sheet.contact_sheet(rows, COLUMNS, [str(look.number) for look in looks], title, (cell_px, cell_px))


def _row(look: Look, cell_px: int) -> list[ByteImage]:
    plate, result, truth = (_cut(image, look.box) for image in (look.plate, look.result, look.truth))
    matte = np.repeat(np.rint(_cut(look.support, look.box) * 255).astype(np.uint8)[..., None], 3, axis=2)
    apart = np.abs(result.astype(np.float32) - truth.astype(np.float32)) / 255.0 * DIFFERENCE_GAIN
    decoded = cv2.resize(look.decoded, (cell_px, cell_px), interpolation=cv2.INTER_CUBIC)
    return [plate, matte, sheet.to_bytes(decoded), result, truth, sheet.to_bytes(apart)]


def _cut(image: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    return image[box[1] : box[3], box[0] : box[2]]


def square_around(landmarks: np.ndarray, height: int, width: int, margin: float = 0.35) -> tuple[int, int, int, int]:
    """Return the square around a face with a margin, shifted and shrunk to lie within the picture."""
    low, high = landmarks.min(axis=0), landmarks.max(axis=0)
    side = int(min((high - low).max() * (1 + 2 * margin), height, width))
    centre = (low + high) / 2
    x = int(np.clip(centre[0] - side / 2, 0, width - side))
    y = int(np.clip(centre[1] - side / 2, 0, height - side))
    return x, y, x + side, y + side


def wipe(left: ByteImage, right: ByteImage, position: float) -> ByteImage:
    """Show one picture left of a line and another right of it; `position` 0..1 across the width."""
    x = round(np.clip(position, 0, 1) * left.shape[1])
    both = right.copy()
    both[:, :x] = left[:, :x]
    both[:, max(0, x - 1) : x + 1] = INK
    return both


def wipe_position(index: int, count: int) -> float:
    """Move from edge to edge and back over a clip, resting a little at the ends."""
    phase = 2 * index / max(1, count - 1)
    there_and_back = phase if phase <= 1 else 2 - phase
    return float(np.clip(1.2 * there_and_back - 0.1, 0.0, 1.0))


def side_by_side(pictures: Sequence[ByteImage], names: Sequence[str], centre_x: float) -> ByteImage:
    """Put equal upright strips of frames beside each other, cut around `centre_x` (px), named, in one frame's size."""
    width = pictures[0].shape[1]
    strips = []
    edges = np.linspace(0, width, len(pictures) + 1).astype(int)
    for picture, name, left, right in zip(pictures, names, edges[:-1], edges[1:], strict=True):
        start = int(np.clip(centre_x - (right - left) / 2, 0, width - (right - left)))
        strips.append(sheet.label(np.ascontiguousarray(picture[:, start : start + right - left]), name))
    return np.hstack(strips)
