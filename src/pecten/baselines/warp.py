"""The random changes that the baselines train with: the input is warped, the answer is not."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from pecten.dataset.crops import CropSet

Pictures = Float32[np.ndarray, "_frames _size _size 3"]
Masks = Float32[np.ndarray, "_frames _size _size 1"]


@dataclass(frozen=True)
class Changes:
    """How far pictures are changed; uniform draws unless said otherwise.

    Attributes:
        rotation_deg: Turn, plus and minus.
        scale: Range of factors.
        shift: Of the side, plus and minus.
        flip: Probability of a mirrored picture.
        cells: The warp's grid has one of these numbers of cells along a side, drawn for each picture.
        cell_share: Standard deviation of the warp's points as a share of a cell.
    """

    rotation_deg: float
    scale: tuple[float, float]
    shift: float
    flip: float
    cells: tuple[int, ...]
    cell_share: float


DEEPFAKES = Changes(10.0, (0.95, 1.05), 0.05, 0.4, (4,), 5 / 64)
"""A grid of 5x5 points with a standard deviation of 5 px at 256 px, as the original."""

SAEHD = Changes(10.0, (0.87, 1.15), 0.05, 0.0, (2, 4, 8), 0.24)


def changed(
    crops: CropSet, chosen: np.ndarray, changes: Changes, draws: np.random.Generator
) -> tuple[Pictures, Pictures, Masks]:
    """Change some crops at random.

    Args:
        crops: At the size to be trained.
        chosen: Which of them.
        changes: How far.
        draws: Where randomness comes from.
    Returns:
        Warped inputs, the answers that are wanted, and their masks.
    """
    triples = [_one(crops.images[i], crops.mattes[i], changes, draws) for i in chosen]
    inputs, answers, masks = (np.stack(column).astype(np.float32) / 255 for column in zip(*triples, strict=True))
    return inputs, answers, masks[..., None]


def _one(
    image: np.ndarray, mask: np.ndarray, changes: Changes, draws: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    size = image.shape[0]
    move = cv2.getRotationMatrix2D(
        ((size - 1) / 2, (size - 1) / 2),
        draws.uniform(-changes.rotation_deg, changes.rotation_deg),
        draws.uniform(*changes.scale),
    )
    move[:, 2] += draws.uniform(-changes.shift, changes.shift, 2) * size
    cells = int(draws.choice(changes.cells))
    bend = draws.normal(0, changes.cell_share * size / cells, (cells + 1, cells + 1, 2)).astype(np.float32)
    mirrored = draws.random() < changes.flip
    answer = cv2.warpAffine(image, move, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.warpAffine(mask, move, (size, size), flags=cv2.INTER_LINEAR)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    away = cv2.resize(bend, (size, size), interpolation=cv2.INTER_LINEAR)
    warped = cv2.remap(answer, x + away[..., 0], y + away[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    if mirrored:
        return warped[:, ::-1], answer[:, ::-1], cover[:, ::-1]
    return warped, answer, cover
