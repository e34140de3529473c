"""What a fit of light leaves over, held steady over time."""

import itertools
from dataclasses import replace

import numpy as np

from pecten.composite import recipe as recipes
from pecten.composite.light import Light, departure
from pecten.composite.seam_light import seam_light
from pecten.composite.steady_light import steadied
from pecten.types import Image, Mask

SIZE, FRAMES = 128, 9


def oval() -> Mask:
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    return np.clip(50 - np.hypot(x, y) + 0.5, 0, 1).astype(np.float32)


def picture(seed: int) -> Image:
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE
    shade = 0.5 + 0.05 * np.sin(9 * x + seed) * np.cos(8 * y)
    return (shade[..., None] * [1.0, 0.8, 0.7]).astype(np.float32)


def waves(seed: int, amplitude: float) -> Image:
    """Make light that no fitted term follows."""
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE
    strength = amplitude * np.random.default_rng(seed).normal()
    return np.exp(strength * np.cos(4 * np.pi * x) * np.cos(4 * np.pi * y))[..., None].astype(np.float32)


def smoothed(plates: list[Image], faces: list[Image], starts: tuple[int, ...] = ()) -> list[recipes.Measurement]:
    recipe = recipes.Recipe(sharpness=False, shutter=0.0)
    measured = [recipes.measure(plate, face, oval(), recipe) for plate, face in zip(plates, faces, strict=True)]
    return [one for one in recipes.smooth(measured, starts, recipe.window) if one is not None]


def change(frames: list[Image]) -> float:
    inside = oval() > 0
    return float(np.mean([np.abs(one - other)[inside].mean() for one, other in itertools.pairwise(frames)]))


def light_of(measured: recipes.Measurement) -> Light:
    assert measured.light is not None
    return measured.light


def relit(faces: list[Image], measured: list[recipes.Measurement]) -> list[Image]:
    return [recipes.in_light(face, recipes.Recipe(), found) for face, found in zip(faces, measured, strict=True)]


def test_a_decoders_flicker_goes() -> None:
    plates = [picture(0)] * FRAMES
    faces = [picture(1) * waves(k, 0.04) for k in range(FRAMES)]
    measured = smoothed(plates, faces)
    without = [replace(one, light=replace(light_of(one), added=None)) for one in measured]
    assert change(relit(faces, measured)) < 0.6 * change(relit(faces, without))


def test_light_that_changes_on_the_plate_alone_is_followed() -> None:
    plates = [picture(0) * waves(k, 0.04) for k in range(FRAMES)]
    faces = [picture(1)] * FRAMES
    followed = change(relit(faces, smoothed(plates, faces)))
    assert 0.5 < followed / change(plates) < 1.1


def test_light_that_changes_on_both_stays() -> None:
    moving = [waves(k, 0.04) for k in range(FRAMES)]
    plates, faces = ([picture(seed) * light for light in moving] for seed in (0, 1))
    # What their borders differ by is undone, but alike in all frames.
    added = np.stack([light_of(one).added for one in smoothed(plates, faces)])
    assert float(np.abs(added - added.mean(axis=0)).max()) < 0.005


def test_what_is_not_of_one_kind_is_left() -> None:
    plates = [picture(0)] * FRAMES
    faces = [picture(1)] * FRAMES
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    faces[4] = faces[4] * np.where(np.hypot(x, y) < 15, np.float32(0.5), np.float32(1))[..., None]
    added = light_of(smoothed(plates, faces)[4]).added
    assert added is not None
    assert float(np.abs(added).max()) < 0.1


def test_nothing_is_held_across_a_cut() -> None:
    plates = [picture(0)] * FRAMES
    faces = [picture(1) * waves(int(k >= 5), 0.04) for k in range(FRAMES)]
    whole, cut, alone = smoothed(plates, faces), smoothed(plates, faces, starts=(5,)), smoothed(plates[5:], faces[5:])
    whole_added, cut_added, alone_added = (light_of(one).added for one in (whole[5], cut[5], alone[0]))
    assert whole_added is not None
    assert cut_added is not None
    assert alone_added is not None
    assert float(np.abs(whole_added - alone_added).max()) > 0.004
    assert np.allclose(cut_added, alone_added, atol=1e-6)


def test_a_frame_alone_is_settled_at_its_border() -> None:
    measured = recipes.measure(picture(0), picture(1), oval(), recipes.Recipe())
    assert measured.light is not None
    added = steadied(measured.light, []).added
    assert added is not None
    assert np.allclose(added, seam_light([(departure(measured.light), 1.0)], measured.light.alike), atol=1e-6)
