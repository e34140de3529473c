"""Recover known transforms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pecten.errors import ShapeError
from pecten.geometry import similarity as sim


@given(
    scale=st.floats(0.1, 10),
    angle=st.floats(-3, 3),
    x=st.floats(-500, 500),
    y=st.floats(-500, 500),
)
@settings(deadline=None, max_examples=50)
def test_fit_recovers_a_known_similarity(scale: float, angle: float, x: float, y: float) -> None:
    points = np.random.default_rng(3).uniform(0, 1000, (20, 2))
    known = sim.similarity(scale, angle, (x, y))
    fitted = sim.fit_similarity(points, sim.apply(known, points))
    np.testing.assert_allclose(fitted, known, atol=1e-6)
    np.testing.assert_allclose(sim.apply(sim.invert(known), sim.apply(known, points)), points, atol=1e-6)
    assert sim.scale_of(known) == pytest.approx(scale)


def test_fit_never_reflects() -> None:
    points = np.random.default_rng(4).uniform(0, 100, (9, 2))
    fitted = sim.fit_similarity(points, points * [-1.0, 1.0])
    assert np.linalg.det(fitted[:, :2]) > 0


def test_fit_refuses_what_it_cannot_fit() -> None:
    with pytest.raises(ShapeError):
        sim.fit_similarity(np.zeros((3, 2)), np.zeros((4, 2)))
    with pytest.raises(ShapeError):
        sim.fit_similarity(np.ones((3, 2)), np.ones((3, 2)))


def test_resize_keeps_the_corners_of_the_picture() -> None:
    corners = np.array([[-0.5, -0.5], [1023.5, 1023.5]])
    np.testing.assert_allclose(sim.apply(sim.resize(1024, 128), corners), [[-0.5, -0.5], [127.5, 127.5]])


def test_at_size_composes_with_the_plate_transform() -> None:
    known = sim.similarity(1.7, 0.2, (30.0, -20.0))
    points = np.random.default_rng(5).uniform(0, 1000, (5, 2))
    expected = sim.apply(sim.resize(1024, 256), sim.apply(known, points))
    np.testing.assert_allclose(sim.apply(sim.at_size(known, 256), points), expected)
