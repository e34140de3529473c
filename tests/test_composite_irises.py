"""Irises drawn anew: where they are told to lie, in the decoded light, and nowhere else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pecten.colour.display import display_from_light, light_from_display
from pecten.composite.irises import with_irises
from pecten.faces.eyes import Eye
from pecten.types import Image

SIDE, RADIUS, SPAN, PICTURE = 128, 13.0, 1.75, 56
MIDDLES = ((36.0, 60.0), (92.0, 60.0))
OWN = np.array((0.05, 0.14, 0.06), np.float32)


def pictures(own: np.ndarray = OWN, side: int = PICTURE) -> np.ndarray:
    """A round pupil in an iris with spokes in white."""
    line = (np.arange(side) - (side - 1) / 2) * (2 * SPAN / side)
    away, angle = np.hypot(line, line[:, None]), np.arctan2(line[:, None], line)
    light = np.where((away < 1)[..., None], own * (1 + 0.4 * np.cos(7 * angle))[..., None], 0.4)
    light[away < 0.4] = 0.002
    return np.stack([display_from_light(light.astype(np.float32))] * 2)


def eyes(
    by: tuple[float, float] = (0.0, 0.0), opening: float = 1.0, widths: tuple[float, float] = (1.0, 1.0)
) -> list[Eye]:
    angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    found = []
    for (x, y), wide in zip(MIDDLES, widths, strict=True):
        lids = np.stack([x + 24 * wide * np.cos(angle), y + 12 * opening * np.sin(angle)], axis=1)
        found.append(Eye(lids, np.array((x + by[0], y + by[1])), np.array([RADIUS, RADIUS])))
    return found


def decoded(shade: float = 1.0) -> Image:
    """Eyes whose irises are a blur of one colour without a pupil."""
    light = np.full((SIDE, SIDE, 3), (0.5, 0.3, 0.2), np.float32)
    y, x = np.indices((SIDE, SIDE)).astype(float)
    for across, down in MIDDLES:
        inside = np.hypot((x - across) / 24, (y - down) / 12) < 1
        light[inside] = 0.4
        light[inside & (np.hypot(x - across, y - down) < RADIUS)] = OWN * shade
    return display_from_light(light)


def pupil_of(picture: Image, eye: int) -> np.ndarray:
    """Middle of what is black around one eye."""
    x0 = int(MIDDLES[eye][0]) - 16
    dark = np.clip(0.14 - light_from_display(picture[44:76, x0 : x0 + 32]).sum(axis=2), 0, None)
    rows, columns = np.indices(dark.shape)
    return np.array([(columns * dark).sum(), (rows * dark).sum()]) / dark.sum() + (x0, 44)


@pytest.mark.parametrize("by", [(0.0, 0.0), (4.5, -1.25), (-3.0, 2.0)])
@pytest.mark.parametrize("side", [20, 56, 112])
def test_pupils_lie_where_the_eyes_look(by: tuple[float, float], side: int) -> None:
    """To a part of a pixel, of pictures larger and smaller than they are drawn."""
    drawn = with_irises(decoded(), eyes(by), pictures(side=side), SPAN)
    for k in (0, 1):
        np.testing.assert_allclose(pupil_of(drawn, k), np.array(MIDDLES[k]) + by, atol=0.25)


@pytest.mark.parametrize("shade", [0.4, 1.0, 2.0])
def test_the_light_stays_the_decoded_one_s(shade: float) -> None:
    drawn = light_from_display(with_irises(decoded(shade), eyes(), pictures(), SPAN))
    ring = np.s_[56:64, 42:46]
    assert drawn[ring].mean() == pytest.approx(float((OWN * shade).mean()), rel=0.35)
    assert drawn[60, 36].max() < 0.02


@settings(max_examples=25, deadline=None)
@given(across=st.floats(-50, 50), down=st.floats(-50, 50), opening=st.floats(0, 1.2), wanted=st.floats(0, 2))
def test_nothing_else_changes(across: float, down: float, opening: float, wanted: float) -> None:
    face, there = decoded(), eyes((across, down), opening)
    before = face.copy()
    drawn = with_irises(face, there, pictures(), SPAN, wanted)
    np.testing.assert_array_equal(face, before)
    y, x = np.indices((SIDE, SIDE))
    near = np.zeros((SIDE, SIDE), bool)
    for eye in there:
        near |= np.hypot(x - eye.middle[0], y - eye.middle[1]) < RADIUS
    np.testing.assert_array_equal(drawn[~near], before[~near])
    assert np.isfinite(drawn).all()


def test_shut_hidden_and_unknown_eyes_are_left() -> None:
    face = decoded()
    assert with_irises(face, eyes(opening=0.15), pictures(), SPAN) is face
    assert with_irises(face, eyes(), pictures(), SPAN, 0.1) is face
    assert with_irises(face, eyes(), np.zeros_like(pictures()), SPAN) is face
    assert with_irises(face, [eye._replace(middle=eye.middle + 500) for eye in eyes()], pictures(), SPAN) is face
    assert with_irises(face, [eye._replace(middle=eye.middle * np.nan) for eye in eyes()], pictures(), SPAN) is face
    assert with_irises(face, [eye._replace(radii=eye.radii / 9) for eye in eyes()], pictures(), SPAN) is face
    turned = with_irises(face, eyes(widths=(0.6, 1.0)), pictures(), SPAN)
    np.testing.assert_array_equal(turned[:, :64], face[:, :64])
    assert np.abs(turned[:, 64:] - face[:, 64:]).max() > 0.1


def test_a_blink_draws_them_by_degrees() -> None:
    wide, half = (
        np.abs(with_irises(decoded(), eyes(opening=o), pictures(), SPAN) - decoded())[60, 36].max() for o in (1, 0.52)
    )
    assert 0.2 * wide < half < 0.8 * wide
