"""Highlights of a plate's skin on a face that was put into it."""

from dataclasses import replace

import numpy as np
import pytest

from pecten.colour.display import display_from_light, light_from_display
from pecten.composite.recipe import LightSource, Measurement, Recipe, compose, measure, smooth
from pecten.composite.specular import SIDE, highlights, with_highlights
from pecten.errors import ShapeError
from pecten.faces.mean import MEAN_MESH

SIZE = 256
DARK, LIGHT = np.array((0.09, 0.035, 0.018)), np.array((0.42, 0.22, 0.14))
MESH = MEAN_MESH[:, :2] * SIZE / 1024
CHEEK = MESH[50]


def spot(x: float, y: float, sigma: float = 9.0) -> np.ndarray:
    rows, columns = np.indices((SIZE, SIZE))
    return np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2))


def skin(colour: np.ndarray, shine: float = 0.0) -> np.ndarray:
    """A face of one colour, shaded from side to side, with a highlight on a cheek."""
    shading = np.linspace(0.8, 1.2, SIZE)[None, :, None]
    light = colour * shading + shine * spot(*CHEEK)[..., None]
    return display_from_light(np.broadcast_to(light, (SIZE, SIZE, 3)).astype(np.float32))


def matte() -> np.ndarray:
    rows, columns = np.indices((SIZE, SIZE))
    return (np.hypot((columns - 128) / 90, (rows - 140) / 105) < 1).astype(np.float32)


def added(plate: np.ndarray, face: np.ndarray) -> np.ndarray:
    return highlights(plate, face, matte(), MESH)


def at(picture: np.ndarray, place: np.ndarray) -> np.ndarray:
    x, y = np.rint(place * len(picture) / SIZE).astype(int)
    return np.asarray(picture[y, x])


@pytest.mark.parametrize("colour", [DARK, LIGHT])
def test_matt_skin_is_given_the_plates_highlight(colour: np.ndarray) -> None:
    plate, face = skin(colour, 0.06), skin(colour * 1.05)
    light = added(plate, face)
    assert light.shape == (SIDE, SIDE)
    assert 0.02 < at(light, CHEEK).mean() < 0.06
    far = MESH[280]
    assert at(light, far).max() < 0.002
    lit = with_highlights(face, light)
    wanted = at(light_from_display(plate), CHEEK) - at(light_from_display(face), CHEEK)
    given = at(light_from_display(lit), CHEEK) - at(light_from_display(face), CHEEK)
    assert np.all(given > 0.35 * wanted)
    assert np.all(given < 1.3 * np.maximum(wanted, 0.05))


def test_a_face_that_shines_as_well_is_left() -> None:
    both = skin(DARK, 0.06)
    assert added(both, both).max() == 0
    assert added(skin(DARK), skin(DARK, 0.06)).max() < 0.004
    assert with_highlights(both, added(both, both)) is both


def test_nothing_is_laid_on_hair_eyes_lips_and_hollows() -> None:
    shone = skin(DARK, 0.06)
    beard = skin(DARK)
    beard[spot(*CHEEK, 14.0) > 0.3] = 0.05
    assert at(added(shone, beard), CHEEK).max() < 0.004
    bearded = shone.copy()
    bearded[spot(*CHEEK, 14.0) > 0.3] = 0.1
    assert at(added(bearded, skin(DARK)), CHEEK).max() < 0.004
    rows, columns = np.indices((SIZE, SIZE))
    eye = np.hypot(columns - MESH[159, 0], rows - MESH[159, 1] - 3) < 4
    plate = skin(DARK)
    plate[eye] = 0.9
    assert added(plate, skin(DARK))[eye[::2, ::2]].max() < 0.002


def test_where_nothing_is_known_nothing_is_added() -> None:
    plate, face = skin(DARK, 0.06), skin(DARK)
    assert highlights(plate, face, np.zeros((SIZE, SIZE), np.float32), MESH).max() == 0
    broken = plate.copy()
    broken[100, 100] = np.nan
    assert highlights(broken, face, matte(), MESH).max() == 0
    with pytest.raises(ShapeError):
        highlights(plate, face, matte(), MESH[:68])


def test_fine_detail_keeps_its_contrast() -> None:
    pores = 0.02 * (np.indices((SIZE, SIZE)).sum(axis=0) % 2 * 2 - 1)[..., None]
    face = skin(DARK) + pores.astype(np.float32)
    lit = with_highlights(face, added(skin(DARK, 0.06), face))
    x, y = np.rint(CHEEK).astype(int)
    near = np.s_[y - 4 : y + 4, x - 4 : x + 4]
    assert lit[near].mean() > face[near].mean() + 0.03
    assert np.abs(np.diff(lit[near], axis=1)).mean() == pytest.approx(
        np.abs(np.diff(face[near], axis=1)).mean(), rel=0.05
    )


def test_a_recipe_measures_smooths_and_lays_them() -> None:
    plate, face = skin(DARK, 0.06), skin(DARK * 1.1)
    whole = matte()
    found = measure(plate, face, whole, Recipe(), MESH)
    assert found.highlights is not None
    without = replace(Recipe(), specular=False)
    assert measure(plate, face, whole, without, MESH).highlights is None
    assert measure(plate, face, whole, Recipe(), None).highlights is None
    assert measure(plate, face, whole, Recipe(light=LightSource.BANDS), MESH).highlights is None
    shone = compose(plate, face, whole, Recipe(), found)
    dull = compose(plate, face, whole, without, replace(found, highlights=None))
    assert at(shone, CHEEK).mean() > at(dull, CHEEK).mean() + 0.03
    assert np.array_equal(shone[whole == 0], plate[whole == 0])


def test_over_time_they_are_a_mean_that_no_cut_crosses() -> None:
    def frame(level: float) -> Measurement:
        return Measurement(None, 1.0, highlights=np.full((2, 2), level, np.float32))

    measured = [frame(1), frame(2), None, frame(3), frame(10)]
    levels = [one and one.highlights for one in smooth(measured, starts=[4], window=5)]
    assert [None if level is None else float(level[0, 0]) for level in levels] == [1.5, 2, None, 2.5, 10]
    alone = smooth(measured, starts=[4], window=5, only=1)[1]
    assert alone is not None
    assert alone.highlights is not None
    assert float(alone.highlights[0, 0]) == 2
