"""Footage of two blue irises that look about, for the tests of what is kept of them."""

import numpy as np

from pecten.colour.display import display_from_light
from pecten.dataset.crops import CropSet
from pecten.faces.eyes import EYES
from pecten.faces.mean import MEAN_MESH

SIDE = 256
OWN = np.array((0.05, 0.12, 0.2))
RADIUS = float(np.linalg.norm(MEAN_MESH[469, :2] - MEAN_MESH[471, :2])) / 2 * SIDE / 1024


def frame(
    gaze: tuple[float, float],
    lamp: tuple[float, float] | None,
    opening: float = 1.0,
    light: float = 1.0,
    own: np.ndarray = OWN,
) -> tuple[np.ndarray, np.ndarray]:
    """Two blue irises with a black pupil and dark spokes between skin-coloured lids."""
    mesh = MEAN_MESH[:, :2] * SIDE / 1024
    y, x = np.indices((SIDE, SIDE)).astype(float)
    picture = np.full((SIDE, SIDE, 3), (0.5, 0.3, 0.2))
    for lids, iris in EYES:
        middle = mesh[iris[0]].copy()
        angle = np.linspace(0, 2 * np.pi, len(lids), endpoint=False)
        mesh[list(lids)] = middle + np.stack([2.2 * np.cos(angle), 1.05 * opening * np.sin(angle)], axis=1) * RADIUS
        inside = np.hypot((x - middle[0]) / 2.2, (y - middle[1]) / (1.05 * opening)) < RADIUS
        picture[inside] = 0.4
        mesh[list(iris)] += gaze
        u, v = x - middle[0] - gaze[0], y - middle[1] - gaze[1]
        away = np.hypot(u, v) / RADIUS
        shown = own * (1 + 0.3 * np.cos(6 * np.arctan2(v, u)))[..., None]
        picture = np.where((inside & (away < 1))[..., None], shown, picture)
        picture[inside & (away < 0.35)] = 0.002
        if lamp is not None:
            picture[inside & (np.hypot(u - lamp[0], v - lamp[1]) < 1.5)] += 0.5
    coded = display_from_light((picture * light).astype(np.float32))
    return np.rint(np.clip(coded, 0, 1) * 255).astype(np.uint8), mesh.astype(np.float32)


def footage(rows: list[tuple[np.ndarray, np.ndarray]], identity: str = "ada") -> CropSet:
    """Return crops of frames."""
    images, meshes = (np.stack(part) for part in zip(*rows, strict=True))
    masks = np.zeros(images.shape[:3], np.uint8)
    return CropSet(identity, images, masks, masks, meshes, tuple(map(str, range(len(rows)))))


GAZES = [(dx, dy) for dx in (-3.0, 0.0, 3.0) for dy in (-1.5, 0.0, 1.5)]
