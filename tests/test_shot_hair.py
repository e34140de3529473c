"""Hair beside a face is told by its darkness; a beard, a mole on a cheek and a brow are not hair."""

from dataclasses import replace

import cv2
import numpy as np

from cli_support import pictures
from comb_helpers import untaught
from faces_support import Pictures
from pecten.composite.light import Light, fit_light
from pecten.faces.extract import find_faces
from pecten.faces.follow import FaceOptions
from pecten.faces.mean import MEAN_MESH
from pecten.faces.region import face_matte
from pecten.geometry import similarity
from pecten.shot import SwapOptions, swap_shot
from pecten.shot.hair import head_hair
from pecten.shot.matte import MatteOptions
from pecten.types import CANONICAL_SIZE, Mask
from shot_support import Kept

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


class Blind:
    """Sees nothing in front of any face."""

    def visible(self, crops: np.ndarray) -> np.ndarray:
        """Return 1 everywhere."""
        return np.ones(crops.shape[:3], np.float32)


def test_a_swap_leaves_hair_where_it_is_unless_occlusion_is_left_out() -> None:
    clean = pictures(count=3)
    faces = find_faces(Pictures(clean), FaceOptions(perturbations=1))
    strands, painted = [], []
    for picture, face in zip(clean, faces.faces, strict=True):
        points = face.landmarks
        across = points[356] - points[127]
        centre, radius = points[356] - 0.08 * across, 0.1 * float(np.linalg.norm(across))
        place = tuple(round(x) for x in centre)
        strands.append(cv2.circle(np.zeros(picture.shape[:2], np.uint8), place, round(0.6 * radius), 1, -1) > 0)
        painted.append(cv2.circle(picture.copy(), place, round(radius), (12, 9, 8), -1))
    clip, comb = Pictures(painted), untaught()
    changed = []
    for occlusion in (True, False):
        kept = Kept()
        options = SwapOptions("chidi", matte=MatteOptions(occlusion=occlusion))
        swap_shot(clip, faces, comb, options, kept, visibility=Blind())
        pairs = zip(kept.images.values(), strands, strict=True)
        changed.append([float(np.abs(image - plate)[strand].mean()) for (plate, image, _), strand in pairs])
    with_hair, without = np.array(changed)
    assert (without > 0.01).all()
    assert (with_hair < 0.5 * without).all()
