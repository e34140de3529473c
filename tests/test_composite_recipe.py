"""A whole composite: measured, smoothed, composed."""

from dataclasses import replace

import numpy as np
import pytest

from pecten.composite import recipe as recipes
from pecten.composite.contrast import ContrastMethod
from pecten.composite.light import relight
from pecten.composite.normals import normal_map
from pecten.errors import ShapeError
from pecten.faces.mean import MEAN_MESH
from pecten.types import Image, Mask

RECIPES = [
    recipes.Recipe(),
    recipes.PAPER,
    recipes.Recipe(contrast=ContrastMethod.STD),
    recipes.Recipe(light=recipes.LightSource.FACE, blend=recipes.BlendMethod.ALPHA),
    *(recipes.Recipe(blend=method) for method in recipes.BlendMethod),
]


def crop(seed: int, size: int = 128) -> Image:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] / size
    shade = 0.5 + 0.1 * np.sin(5 * x + seed) * np.cos(4 * y) + 0.02 * rng.normal(size=(size, size))
    return (shade[..., None] * [1.0, 0.8, 0.7]).astype(np.float32)


def disc(radius: float, size: int = 128) -> Mask:
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return np.clip(radius - np.hypot(x, y) + 0.5, 0, 1).astype(np.float32)


@pytest.mark.parametrize("recipe", RECIPES)
def test_outside_the_matte_every_recipe_leaves_the_plate(recipe: recipes.Recipe) -> None:
    plate, face, matte = crop(0), crop(1), disc(50)
    blended = recipes.compose(plate, face, matte, recipe, recipes.measure(plate, face, matte, recipe))
    assert blended[matte == 0].tobytes() == plate[matte == 0].tobytes()
    assert np.abs(blended - plate)[matte == 1].max() > 0.01


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_part_of_the_face_takes_the_light_of_the_whole(recipe: recipes.Recipe) -> None:
    plate, face, whole, lips = crop(0), crop(1), disc(50), disc(15)
    measurement = recipes.measure(plate, face, whole, recipe)
    blended = recipes.compose(plate, face, lips, recipe, measurement, face_matte=whole)
    assert blended[lips == 0].tobytes() == plate[lips == 0].tobytes()
    assert np.abs(blended - plate)[lips == 1].max() > 0.01


def test_skin_light_keeps_the_faces_own_features_and_takes_the_plates_tone() -> None:
    face, matte = crop(0), disc(50)
    plate = face * np.float32(1.3)
    recipe = recipes.Recipe()
    blended = recipes.compose(plate, face, matte, recipe, recipes.measure(plate, face, matte, recipe))
    np.testing.assert_allclose(blended[matte > 0].mean(axis=0), plate[matte > 0].mean(axis=0), rtol=0.02)


def test_smoothing_stops_at_cuts_and_passes_over_frames_without_a_face() -> None:
    recipe, matte = recipes.Recipe(), disc(50)
    frames = [recipes.measure(crop(0) * np.float32(level), crop(0), matte, recipe) for level in (1.0, 1.0, 1.5, 1.5)]
    smoothed = recipes.smooth([*frames[:2], None, *frames[2:]], starts=[3], window=5)
    assert smoothed[2] is None
    for before, after in zip([*frames[:2], None, *frames[2:]], smoothed, strict=True):
        if before is None or before.light is None:
            continue
        assert after is not None
        assert after.light is not None
        np.testing.assert_allclose(after.light.coefficients, before.light.coefficients, atol=1e-4)
    assert recipes.smooth([]) == []


def test_a_flicker_is_followed_and_a_change_of_votes_is_smoothed() -> None:
    recipe, matte = recipes.Recipe(), disc(50)
    levels = (1.0, 1.3, 0.9, 1.2, 1.0)
    frames = [recipes.measure(crop(0) * np.float32(level), crop(0), matte, recipe) for level in levels]
    for frame, after in zip(frames, recipes.smooth(frames, window=5), strict=True):
        assert frame.light is not None
        assert after is not None
        assert after.light is not None
        np.testing.assert_allclose(after.light.coefficients[0], frame.light.coefficients[0], atol=0.02)
    unsteady = [
        replace(
            frame,
            light=frame.light
            and replace(frame.light, trusted=jump * frame.light.trusted, alike=jump * frame.light.alike),
        )
        for frame, jump in zip(frames, (1.0, 1.0, 0.0, 1.0, 1.0), strict=True)
    ]
    middle = recipes.smooth(unsteady, window=5)[2]
    assert middle is not None
    assert middle.light is not None
    assert 0.3 < middle.light.trusted.max() < 0.7
    assert 0.3 < middle.light.alike.max() < 0.7
    assert frames[2].light is not None
    np.testing.assert_allclose(middle.light.coefficients[0], frames[2].light.coefficients[0], atol=0.02)
    with pytest.raises(ShapeError, match="at one size"):
        recipes.smooth([frames[0], recipes.measure(crop(0, 200), crop(0, 200), disc(80, 200), recipe)])


def test_landmarks_let_light_follow_the_surface() -> None:
    landmarks = MEAN_MESH[:, :2] / 8
    face, matte = crop(0), disc(50)
    normals = normal_map(landmarks, 128, 128)
    known = np.zeros((6, 3))
    known[1], known[3] = 0.4, -0.3
    plate = relight(face, known, normals=normals)
    errors = []
    for given in (None, landmarks):
        measurement = recipes.measure(plate, face, matte, recipes.Recipe(), given)
        blended = recipes.compose(plate, face, matte, recipes.Recipe(), measurement)
        errors.append(float(np.abs(blended - plate)[matte > 0].mean()))
    assert errors[1] < 0.4 * errors[0]


def test_the_papers_recipe_measures_contrast_only() -> None:
    plate, face, matte = crop(0), crop(0), disc(50)
    measurement = recipes.measure(plate, face, matte, recipes.PAPER)
    assert measurement.light is None
    assert measurement.gain == pytest.approx(1.0)
    none = replace(recipes.PAPER, contrast=None)
    assert recipes.measure(2 * plate, face, matte, none).gain == 1.0
