"""Catch lights: told from the iris's own texture, shared by both eyes, and laid where the other face looks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pecten.colour.display import display_from_light, light_from_display
from pecten.composite.catch_light import catch_lights, with_catch_lights
from pecten.faces.eyes import Eye
from pecten.types import Image

SIDE, RADIUS = 128, 14.0
MIDDLES = ((36.0, 60.0), (92.0, 62.0))
GREEN, BROWN, GREY = (0.05, 0.12, 0.04), (0.07, 0.03, 0.01), (0.1, 0.1, 0.1)
SPOT, LAMP = (5.0, -4.0), 0.6
WHOLE = np.ones((SIDE, SIDE), np.float32)


def lids(middle: tuple[float, float], opening: float = 1.0) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    return np.stack([middle[0] + 24 * np.cos(angle), middle[1] + 12 * opening * np.sin(angle)], axis=1)


def eyes(moved: tuple[float, float] = (0.0, 0.0), opening: float = 1.0) -> list[Eye]:
    found = []
    for x, y in MIDDLES:
        middle = (x + moved[0], y + moved[1])
        found.append(Eye(lids(middle, opening), np.array(middle), np.array([RADIUS, RADIUS])))
    return found


def face(
    iris: tuple[float, float, float],
    lamps: tuple[float, float] = (LAMP, LAMP),
    moved: tuple[float, float] = (0.0, 0.0),
    streaks: float = 0.5,
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> Image:
    """Skin with two eyes: white, a streaky iris, a black pupil, and a square spot of light on each."""
    light = np.full((SIDE, SIDE, 3), (0.5, 0.3, 0.2))
    y, x = np.mgrid[:SIDE, :SIDE].astype(float)
    for (across, down), lamp in zip(MIDDLES, lamps, strict=True):
        u, v = x - across - moved[0], y - down - moved[1]
        away, angle = np.hypot(u, v), np.arctan2(v, u)
        light[np.hypot(u / 24, v / 12) < 1] = 0.45
        own = np.array(iris) * (1 + streaks * np.sin(9 * angle))[..., None]
        light = np.where((away < RADIUS)[..., None] & (np.hypot(u / 24, v / 12) < 1)[..., None], own, light)
        light[away < 0.38 * RADIUS] = 0.002
        spot = (np.abs(u - SPOT[0]) < 2.5) & (np.abs(v - SPOT[1]) < 2.5)
        light[spot] += lamp * np.array(tint)
    return display_from_light(light.astype(np.float32))


def added(picture: Image, before: Image) -> np.ndarray:
    return light_from_display(picture) - light_from_display(before)


def at(light: np.ndarray, eye: int, moved: tuple[float, float] = (0.0, 0.0), reach: int = 1) -> np.ndarray:
    x, y = (round(MIDDLES[eye][k] + SPOT[k] + moved[k]) for k in (0, 1))
    return light[y - reach : y + reach + 1, x - reach : x + reach + 1]


@pytest.mark.parametrize("iris", [GREEN, BROWN, GREY])
def test_a_spot_is_found_with_its_own_light(iris: tuple[float, float, float]) -> None:
    """Of an iris as bright and grey as this one, a part stays with the iris."""
    for light in catch_lights(face(iris), eyes()):
        assert light is not None
        middle = len(light) // 2
        rows, columns = (slice(middle + round(SPOT[k]) - 1, middle + round(SPOT[k]) + 2) for k in (1, 0))
        assert light[rows, columns].mean() == pytest.approx(LAMP, rel=0.25)
        light[middle + round(SPOT[1]) - 4 : middle + round(SPOT[1]) + 5] = 0
        assert light.max() < 0.1 * LAMP


@pytest.mark.parametrize("iris", [GREEN, BROWN, GREY])
@pytest.mark.parametrize("streaks", [0.0, 0.9])
def test_an_iris_without_spots_has_none(iris: tuple[float, float, float], streaks: float) -> None:
    plate = face(iris, lamps=(0, 0), streaks=streaks)
    found = catch_lights(plate, eyes())
    assert all(light is not None and light.max() < 0.1 * LAMP for light in found)


def test_a_warm_lamp_stays_warm() -> None:
    [light, _] = catch_lights(face(BROWN, tint=(1.4, 1.0, 0.6)), eyes())
    assert light is not None
    red, green, blue = light.reshape(-1, 3).sum(axis=0)
    assert red / green == pytest.approx(1.4, rel=0.15)
    assert blue / green == pytest.approx(0.6, rel=0.15)


def test_what_one_of_two_open_eyes_shows_is_no_lamp() -> None:
    found = catch_lights(face(BROWN, lamps=(LAMP, 0)), eyes())
    assert all(light is not None and light.max() < 0.1 * LAMP for light in found)
    winking = [eyes()[0], eyes(opening=0.1)[1]]
    one, other = catch_lights(face(BROWN, lamps=(LAMP, 0)), winking)
    assert other is None
    assert one is not None
    assert one.max() > 0.5 * LAMP


def test_shut_or_tiny_eyes_tell_nothing() -> None:
    plate = face(BROWN)
    assert catch_lights(plate, eyes(opening=0.1)) == [None, None]
    tiny = [eye._replace(radii=np.array([2.0, 2.0])) for eye in eyes()]
    assert catch_lights(plate, tiny) == [None, None]
    lost = [eye._replace(middle=np.array([np.nan, 1.0])) for eye in eyes()]
    assert catch_lights(plate, lost) == [None, None]
    plate[55:70] = np.nan
    assert catch_lights(plate, eyes()) == [None, None]


@pytest.mark.parametrize("moved", [(0.0, 0.0), (3.0, -2.0)])
def test_they_are_laid_where_the_other_face_looks(moved: tuple[float, float]) -> None:
    decoded = face(GREEN, lamps=(0, 0), moved=moved)
    lit = with_catch_lights(decoded, eyes(moved), catch_lights(face(BROWN), eyes()), WHOLE)
    truth = face(GREEN, moved=moved)
    for eye in (0, 1):
        assert at(added(lit, decoded), eye, moved).mean() == pytest.approx(LAMP, rel=0.3)
    off, before = (np.abs(picture - truth).mean() for picture in (lit, decoded))
    assert off < 0.4 * before


def test_a_face_with_the_same_spots_keeps_them() -> None:
    """Twice the light would burn: the brighter of the two shows."""
    own = face(GREEN)
    lit = with_catch_lights(own, eyes(), catch_lights(face(BROWN), eyes()), WHOLE)
    assert np.abs(lit - own).max() < 0.1


def test_more_than_white_survives() -> None:
    plate = face(BROWN, lamps=(20.0, 20.0))
    decoded = face(GREEN, lamps=(0, 0))
    lit = with_catch_lights(decoded, eyes(), catch_lights(plate, eyes()), WHOLE)
    assert at(light_from_display(lit), 0, reach=0).max() > 12


@settings(max_examples=25, deadline=None)
@given(
    across=st.floats(-40, 40), down=st.floats(-40, 40), hold=st.sampled_from([0.0, 0.5, 1.0]), opening=st.floats(0, 1)
)
def test_nothing_else_changes(across: float, down: float, hold: float, opening: float) -> None:
    decoded = face(GREEN, lamps=(0, 0))
    before = decoded.copy()
    there = eyes((across, down), opening)
    lit = with_catch_lights(decoded, there, catch_lights(face(BROWN), eyes()), WHOLE * np.float32(hold))
    np.testing.assert_array_equal(decoded, before)
    assert (lit >= before - 1e-6).all()
    y, x = np.mgrid[:SIDE, :SIDE]
    near = np.zeros((SIDE, SIDE), bool)
    for eye in there:
        near |= np.hypot(x - eye.middle[0], y - eye.middle[1]) < RADIUS * 1.2
    np.testing.assert_array_equal(lit[~near], before[~near])
    if hold == 0:
        np.testing.assert_array_equal(lit, before)


def test_eyes_outside_the_picture_are_passed_over() -> None:
    decoded = face(GREEN, lamps=(0, 0))
    lights = catch_lights(face(BROWN), eyes())
    away = [eye._replace(middle=eye.middle + 500) for eye in eyes()]
    assert with_catch_lights(decoded, away, lights, WHOLE) is decoded
    lost = [eye._replace(middle=np.array([np.nan, np.nan])) for eye in eyes()]
    assert with_catch_lights(decoded, lost, lights, WHOLE) is decoded
