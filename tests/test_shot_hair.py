"""Hair beside a face is told by its darkness; a beard, a mole on a cheek and a brow are not hair."""

from dataclasses import replace

import numpy as np

from pecten.composite.light import Light, fit_light
from pecten.faces.mean import MEAN_MESH
from pecten.faces.region import face_matte
from pecten.geometry import similarity
from pecten.shot.hair import head_hair
from pecten.types import CANONICAL_SIZE, Mask

SIZE = 256
MESH = similarity.apply(similarity.resize(CANONICAL_SIZE, SIZE), MEAN_MESH[:, :2])
MATTE = face_matte(MESH, SIZE)
TEMPLE, CHEEK, CHIN = MESH[127] + (6, 0), MESH[50], MESH[152] - (0, 8)


def lit(*dark: tuple[np.ndarray, float]) -> Light:
    """Fit the light of an even face to a plate with dark discs: (centre in px, radius in px)."""
    y, x = np.mgrid[:SIZE, :SIZE]
    plate = np.full((SIZE, SIZE, 3), (0.6, 0.45, 0.4), np.float32)
    for centre, radius in dark:
        plate[np.hypot(x - centre[0], y - centre[1]) < radius] = 0.05
    return fit_light(np.full((SIZE, SIZE, 3), 0.5, np.float32), plate, MATTE)


def found(light: Light, at: np.ndarray) -> float:
    hair = head_hair(light, MESH, SIZE)
    column, row = (int(place * len(hair) / SIZE) for place in at)
    return float(hair[row - 1 : row + 2, column - 1 : column + 2].max())


def total(hair: Mask) -> float:
    return float(hair.sum())


def test_a_strand_on_the_temple_is_hair() -> None:
    assert found(lit((TEMPLE, 14)), TEMPLE) > 0.9


def test_even_skin_has_none() -> None:
    assert total(head_hair(lit(), MESH, SIZE)) == 0


def test_what_does_not_reach_the_border_is_none() -> None:
    assert found(lit((CHEEK, 9)), CHEEK) == 0


def test_a_beard_on_the_chin_is_the_faces() -> None:
    assert found(lit((CHIN, 20)), CHIN) == 0


def test_light_that_knows_nothing_finds_none() -> None:
    light = lit((TEMPLE, 14))
    assert total(head_hair(replace(light, ratio=np.full_like(light.ratio, np.nan)), MESH, SIZE)) == 0
