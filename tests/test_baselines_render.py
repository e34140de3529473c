"""The z-buffer against one that goes pixel by pixel, and what it must hold."""

import numpy as np
import pytest

from pecten.baselines.render import Surface, rasterise
from pecten.errors import ShapeError


def slow(vertices: np.ndarray, triangles: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Which triangle is in front at each pixel (-1: none), and how near it is there."""
    owner, front = np.full((size, size), -1), np.full((size, size), -np.inf)
    for t, corners in enumerate(triangles):
        (ax, ay, az), (bx, by, bz), (cx, cy, cz) = vertices[corners]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area >= 0:
            continue
        for y in range(size):
            for x in range(size):
                v = ((x - ax) * (cy - ay) - (y - ay) * (cx - ax)) / area
                w = ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / area
                depth = (1 - v - w) * az + v * bz + w * cz
                if min(v, w, 1 - v - w) >= 0 and depth > front[y, x]:
                    owner[y, x], front[y, x] = t, depth
    return owner, front


@pytest.mark.parametrize("seed", range(3))
def test_it_agrees_with_a_slow_one(seed: int) -> None:
    draws = np.random.default_rng(seed)
    # Some reach beyond the picture, some face away, some are smaller than a pixel.
    vertices = draws.uniform([-6, -6, 0], [30, 30, 9], (60, 3))
    vertices[40:, :2] = vertices[:20, :2] + draws.uniform(-1, 1, (20, 2))
    triangles = draws.integers(0, 60, (80, 3))
    triangles[60:] = np.column_stack([np.arange(20), np.arange(40, 60), draws.integers(0, 60, 20)])
    owner, front = slow(vertices, triangles, 24)
    surface = rasterise(vertices, triangles, 24)
    np.testing.assert_array_equal(surface.covered, owner >= 0)
    assert 100 < surface.covered.sum() < 24 * 24
    np.testing.assert_array_equal(surface.owners, owner[owner >= 0])
    np.testing.assert_array_equal(surface.corners, triangles[surface.owners])
    np.testing.assert_allclose(surface.values(vertices)[:, 2], front[owner >= 0], atol=1e-9)


def test_what_is_interpolated_at_a_pixel_is_its_own_place() -> None:
    vertices = np.array([[0.0, 0.0, 1.0], [0.0, 9.0, 2.0], [9.0, 9.0, 3.0], [9.0, 0.0, 4.0]])
    surface = rasterise(vertices, np.array([[0, 1, 2], [0, 2, 3]]), 10)
    assert surface.covered.all()
    y, x = np.nonzero(surface.covered)
    np.testing.assert_allclose(surface.values(vertices)[:, :2], np.column_stack([x, y]), atol=1e-12)


def test_what_is_behind_or_turned_away_is_not_seen() -> None:
    near, far = np.array([[1.0, 1, 5], [1, 7, 5], [7, 4, 5]]), np.array([[0.0, 0, 1], [0, 9, 1], [9, 4, 1]])
    vertices = np.concatenate([near, far])
    both = rasterise(vertices, np.array([[3, 4, 5], [0, 1, 2]]), 10)
    assert set(both.values(vertices)[:, 2].round(9)) == {1.0, 5.0}
    turned = rasterise(vertices, np.array([[3, 4, 5], [2, 1, 0]]), 10)
    assert set(turned.values(vertices)[:, 2].round(9)) == {1.0}


def test_nothing_is_drawn_of_nothing() -> None:
    surface: Surface = rasterise(np.full((3, 3), -9.0), np.array([[0, 1, 2]]), 8)
    assert not surface.covered.any()
    assert surface.values(np.zeros((3, 2))).shape == (0, 2)


def test_bad_input_is_refused() -> None:
    with pytest.raises(ShapeError, match="missing or not a number"):
        rasterise(np.zeros((3, 3)), np.array([[0, 1, 3]]), 8)
    with pytest.raises(ShapeError, match="missing or not a number"):
        rasterise(np.full((3, 3), np.nan), np.array([[0, 1, 2]]), 8)
