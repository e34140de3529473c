"""Skin taken from a picture of one face and drawn on the shape of another, by a morphable model."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8

from pecten.baselines.morphable import Morphable
from pecten.baselines.render import Surface, rasterise
from pecten.types import Image, Mask

_HIDDEN_CM = 0.35
"""Behind the nearest surface by more, a place is not seen."""
_GRAZING = (0.15, 0.45)
"""Cosines between a surface and the view: below the first it is taken for unseen, above the second for seen."""
_BORDER = 48
"""The picture's side over the width of the rim within a face's outline that is not trusted: the fit is no closer."""
_ROW = 1024

Solid = Float64[np.ndarray, "_vertices 3"]
"""Vertices in a picture: x, y, and towards the viewer, all in px."""


@dataclass(frozen=True, eq=False)
class Skin:
    """A picture of a face with its morphable model on it.

    Attributes:
        picture: Display RGB.
        visible: 1 where nothing covers the face.
        posed: The vertices.
        facing: Cosine between each vertex's normal and the view.
        hidden: How near the viewer, in px, a place must be not to lie behind another.
    """

    picture: Image
    visible: Mask
    posed: Solid
    facing: Float64[np.ndarray, "_vertices"]
    hidden: Mask


def skin_of(picture: Image, visible: Mask, posed: Solid, model: Morphable) -> Skin:
    """Find which of a face's skin a picture shows.

    Args:
        picture: Square, display RGB.
        visible: 1 where nothing covers the face.
        posed: The vertices as they lie in it.
        model: Whose vertices they are.
    """
    size = len(picture)
    surface = rasterise(posed, model.triangles, size)
    front = np.zeros((size, size), np.float32)
    front[surface.covered] = surface.values(posed)[:, 2]
    front[_without_rim(surface.covered, size // _BORDER) == 0] = np.inf
    px_of_cm = float(np.linalg.norm(np.ptp(posed, axis=0)) / np.linalg.norm(np.ptp(model.mean, axis=0)))
    return Skin(picture, visible, posed, _facing(posed, model), front - np.float32(_HIDDEN_CM * px_of_cm))


def drawn(crop: Image, visible: Mask, posed: Solid, model: Morphable, skins: list[tuple[Skin, float]]) -> Image:
    """Draw skins over a crop, at twice its size, averaged down.

    Args:
        crop: The target's, square, display RGB.
        visible: 1 where nothing covers its face.
        posed: The shape to be drawn.
        model: Whose vertices they are.
        skins: With the share of each.
    """
    size = len(crop)
    # A pixel's centre lies between the centres of the four that it is averaged from.
    surface = rasterise(posed * [2, 2, 1] + [0.5, 0.5, 0], model.triangles, 2 * size)
    opening = np.isin(surface.owners, model.openings)[:, None]
    total, weight = np.zeros((len(opening), 3), np.float32), np.full((len(opening), 1), 1e-6, np.float32)
    for skin, share in skins:
        colours, known = _taken(skin, surface, opening)
        total += colours * known * np.float32(share)
        weight += known * np.float32(share)
    known = np.clip(weight * 4, 0, 1)
    # Skin that the source does not show is filled in from around it; an opening is not.
    planes = np.zeros((2 * size, 2 * size, 5), np.float32)
    planes[surface.covered] = np.concatenate([total / weight * known, known, np.where(opening, known, 1)], axis=1)
    planes = np.asarray(cv2.resize(planes, (size, size), interpolation=cv2.INTER_AREA), np.float32)
    cover = (planes[..., 4] * visible)[..., None]
    shown: Image = _filled(planes[..., :3], planes[..., 3:4]) * cover + crop * (1 - cover)
    return shown


def _without_rim(covered: Bool[np.ndarray, "_size _size"], width: int) -> UInt8[np.ndarray, "_size _size"]:
    inner = cv2.erode(covered.astype(np.uint8), np.ones((2 * width + 1, 2 * width + 1), np.uint8), borderValue=1)
    return np.asarray(inner, np.uint8)


def _taken(skin: Skin, surface: Surface, opening: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a skin's colour at each covered pixel, and how well it is known: 0 to 1."""
    places = surface.values(np.column_stack([skin.posed, skin.facing])).astype(np.float32)
    x, y, near, facing = (places[:, k] for k in range(4))
    low, high = _GRAZING
    seen = (near > _sampled(skin.hidden, x, y, cv2.INTER_NEAREST)[:, 0])[:, None] * _sampled(skin.visible, x, y)
    known = np.where(opening, 1, np.clip((facing[:, None] - low) / (high - low), 0, 1)) * seen
    return _sampled(skin.picture, x, y), known.astype(np.float32)


def _filled(colours: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Divide colours by how well they are known; where they are not, spread those around."""
    total, weight = colours.copy(), known.copy()
    for share in (128, 32, 8):
        missing = np.maximum(1 - weight, 0)
        near = cv2.GaussianBlur(np.concatenate([total, weight], axis=2), (0, 0), len(known) / share)
        total, weight = total + missing * near[..., :3], weight + missing * near[..., 3:]
    filled: np.ndarray = total / np.maximum(weight, np.float32(1e-6))
    return filled


def _facing(posed: Solid, model: Morphable) -> Float64[np.ndarray, "_vertices"]:
    a, b, c = (posed[model.triangles[:, k]] for k in range(3))
    normals = np.zeros_like(posed)
    for k in range(3):
        np.add.at(normals, model.triangles[:, k], np.cross(c - a, b - a))
    cosines: np.ndarray = normals[:, 2] / np.maximum(np.linalg.norm(normals, axis=1), 1e-12)
    return cosines


def _sampled(
    picture: np.ndarray, x: Float32[np.ndarray, "_n"], y: Float32[np.ndarray, "_n"], kind: int = cv2.INTER_LINEAR
) -> Float32[np.ndarray, "_n _channels"]:
    """Sample a picture at a list of places."""
    # OpenCV's maps may have at most 32767 rows, so the list is folded.
    rows = -(-len(x) // _ROW)
    across, down = (np.pad(one, (0, rows * _ROW - len(one))).reshape(rows, _ROW) for one in (x, y))
    if not rows:
        return np.zeros((0, picture.shape[2] if picture.ndim == 3 else 1), np.float32)
    found = np.asarray(cv2.remap(picture, across, down, kind, borderMode=cv2.BORDER_REPLICATE))
    sampled: np.ndarray = found.reshape(rows * _ROW, -1)[: len(x)]
    return sampled
