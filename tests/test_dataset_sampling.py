"""Draws are even, seeded, and favour what is rare."""

import numpy as np
import pytest

from pecten.dataset.sampling import balance, descriptors, draw
from pecten.errors import ShapeError


def face() -> np.ndarray:
    points = np.zeros((478, 2))
    points[33], points[263], points[1] = (-50, 0), (50, 0), (0, 50)
    points[61], points[291], points[13], points[14] = (-25, 100), (25, 100), (0, 95), (0, 105)
    for upper, lower, x in ((160, 144, -40), (158, 153, -30), (385, 380, 30), (387, 373, 40)):
        points[upper], points[lower] = (x, -5), (x, 5)
    return points


def test_each_figure_follows_its_movement_and_no_other() -> None:
    faces = np.stack([face() for _ in range(5)])
    faces[1, 1] += (10, 0)
    faces[2, 1] += (0, -10)
    faces[3, 14] += (0, 20)
    faces[4, [160, 158, 385, 387]] += (0, 4)
    found = descriptors(faces.astype(np.float32))
    changes = np.sign(np.round(found[1:] - found[0], 6))
    np.testing.assert_array_equal(changes, np.diag([1, -1, 1, -1]))


def test_scale_shift_and_turn_do_not_matter() -> None:
    points = face()
    c, s = np.cos(0.4), np.sin(0.4)
    moved = 3 * points @ np.array([[c, -s], [s, c]]).T + (100, 40)
    np.testing.assert_allclose(
        descriptors(moved[None].astype(np.float32)), descriptors(points[None].astype(np.float32)), atol=1e-5
    )


def test_what_is_rare_is_drawn_more_often_within_limits() -> None:
    figures = np.concatenate([np.zeros(99), [1.0]])[:, None]
    chances = balance(figures)
    assert chances.sum() == pytest.approx(1)
    assert chances[-1] > 5 * chances[0]
    assert chances[-1] < 0.2
    np.testing.assert_allclose(balance(np.zeros((7, 4))), 1 / 7)
    with pytest.raises(ShapeError):
        balance(np.zeros((0, 4)))


def test_draws_follow_their_chances_and_their_seed() -> None:
    chances = np.array([0.5, 0.25, 0.125, 0.125])
    counts = np.bincount(draw(chances, 80, (1, 2)), minlength=4)
    np.testing.assert_allclose(counts, 80 * chances, atol=1)
    np.testing.assert_array_equal(draw(chances, 8, (1, 2)), draw(chances, 8, (1, 2)))
    assert any((draw(chances, 8, (1, k)) != draw(chances, 8, (1, 2))).any() for k in range(3, 6))
