"""Shut eyes with lashes, for the tests of what is kept and drawn of them."""

import cv2
import numpy as np

from pecten.colour.display import display_from_light
from pecten.dataset.crops import CropSet
from pecten.faces.eyes import EYES, Eye, eyes_of
from pecten.faces.mean import MEAN_MESH
from pecten.types import Image

SIDE = 512
SKIN = np.array((0.5, 0.3, 0.2))
LONG, COUNT = 0.45, 17
"""How long a lash is, in halves of the eye's width; how many there are."""


def shut_mesh(
    by: tuple[float, float] = (0.0, 0.0), tilt: float = 0.0, sag: float = 0.15, gap: float = 0.0
) -> np.ndarray:
    """A mean face whose lids meet on a parabola, or leave a gap in between, px of a crop of `SIDE`."""
    mesh = (MEAN_MESH[:, :2] + 0.5) * SIDE / 1024 - 0.5
    for lids, iris in EYES:
        points = mesh[list(lids)]
        middle, half = (points[0] + points[8]) / 2, np.linalg.norm(points[0] - points[8]) / 2
        way = np.sign(points[8, 0] - points[0, 0])
        along = np.concatenate([np.linspace(-1, 1, 9), np.linspace(1, -1, 9)[1:-1]]) * way
        down = sag * (1 - along**2) + np.repeat((1, -1), (9, 7)) * gap * (1 - along**2)
        flat = np.stack([along, down], axis=1) * half
        turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
        mesh[list(lids)] = middle + by + flat @ turn.T
        mesh[list(iris)] += middle + by - mesh[iris[0]]
    return np.asarray(mesh, np.float32)


def eyes(mesh: np.ndarray) -> list[Eye]:
    return eyes_of(mesh.astype(np.float64))


def lashes(mesh: np.ndarray, light: float = 1.0, bar: float = 0.0, side: int = SIDE) -> Image:
    """Draw each lash as a dark stroke below the line where lids meet, or with `bar` px of blur what a decoder makes.

    Display-coded. Lashes of the right eye are further apart in the middle, those of the left one at its ends.
    """
    large = 4
    cover = np.zeros((side * large, side * large), np.float32)
    for k, eye in enumerate(eyes(mesh)):
        left, right = sorted((eye.lids[0], eye.lids[8]), key=lambda corner: corner[0])
        middle, half = (left + right) / 2, np.linalg.norm(right - left) / 2
        along = (right - left) / (2 * half)
        below = np.array([-along[1], along[0]])
        sag = float((eye.lids[4] + eye.lids[12] - 2 * middle) @ below / 2)
        roots = np.linspace(-1, 1, COUNT)
        roots = np.sign(roots) * np.abs(roots) ** (0.6 if k == 0 else 1.5)
        for root in roots:
            start = middle + along * root * half + below * sag * (1 - root**2)
            end = start + below * LONG * half + along * 0.1 * root * half
            ends = [tuple(int(value) for value in np.round((point + 0.5) * large * 16)) for point in (start, end)]
            cv2.line(cover, *ends, 1.0, large * 2, cv2.LINE_8, 4)
    cover = cv2.resize(cover, (side, side), interpolation=cv2.INTER_AREA)
    if bar:
        cover = cv2.GaussianBlur(cover, (0, 0), bar)
    shown = SKIN * light * (1 - 0.95 * cover[..., None])
    return display_from_light(shown.astype(np.float32))


def footage(rows: list[tuple[Image, np.ndarray]], identity: str = "ada") -> CropSet:
    """Return crops of pictures and their meshes."""
    images = np.stack([np.rint(picture.clip(0, 1) * 255).astype(np.uint8) for picture, _ in rows])
    masks = np.zeros(images.shape[:3], np.uint8)
    meshes = np.stack([mesh for _, mesh in rows])
    return CropSet(identity, images, masks, masks, meshes, tuple(map(str, range(len(rows)))))


def blinks(identity: str = "ada", light: float = 1.0) -> CropSet:
    """Return footage that blinks four times, each time a little elsewhere."""
    ways = [((0.0, 0.0), 0.0), ((3.5, -2.0), 0.05), ((-2.0, 4.0), -0.06), ((1.0, 1.0), 0.02)]
    meshes = [shut_mesh(by, tilt) for by, tilt in ways]
    return footage([(lashes(mesh, light), mesh) for mesh in meshes], identity)
