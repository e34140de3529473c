"""Where the face's skin meets the plate's, a large difference of light is undone; around a beard nothing is."""

import numpy as np

from pecten.composite.seam_light import DEPTH, LEFT_ALONE, seam_light
from pecten.types import Image, Mask

GRID = 64


def oval() -> np.ndarray:
    y, x = np.mgrid[:GRID, :GRID] - (GRID - 1) / 2
    return np.asarray(np.hypot(x, y) < 24)


def darker(by: float) -> Image:
    left = np.full((GRID, GRID, 3), -by, np.float32)
    left[~oval()] = np.nan
    return left


def alike() -> Mask:
    return oval().astype(np.float32)


def test_a_dark_border_is_followed_and_the_middle_is_not() -> None:
    added = seam_light([(darker(0.3), 1.0)], alike())
    whole, middle = 0.3 * np.sqrt(3), added[GRID // 2, GRID // 2]
    # At the top of the oval; all but what faces may differ by.
    assert np.linalg.norm(added[9, GRID // 2]) > 0.8 * (whole - LEFT_ALONE)
    assert (added[9, GRID // 2] < 0).all()
    assert np.array_equal(middle, np.zeros(3))
    steps = np.abs(np.diff(added[8 : GRID // 2, GRID // 2, 0]))
    assert float(steps.max()) < 1.5 * 0.3 / DEPTH


def test_what_faces_may_differ_by_stays() -> None:
    assert np.array_equal(seam_light([(darker(0.1), 1.0)], alike()), np.zeros((GRID, GRID, 3)))


def test_a_beard_that_crosses_the_border_is_not_taken_in() -> None:
    left, skin = darker(0.3), alike()
    left[44:] = np.where(oval()[44:, :, None], np.float32(-2), np.float32(np.nan))
    skin[44:] = 0
    added = seam_light([(left, 1.0)], skin)
    assert np.array_equal(added[50:], np.zeros_like(added[50:]))
    # Nor is its darkness carried to the skin beside it.
    assert float(added.min()) > -0.3
    assert added[9, GRID // 2, 0] < -0.1


def test_a_brow_below_a_dark_forehead_is_no_hindrance() -> None:
    skin = alike()
    skin[14:17, 20:44] = 0
    with_brow, without = (seam_light([(darker(0.3), 1.0)], one) for one in (skin, alike()))
    assert np.allclose(with_brow[9, 24:40], without[9, 24:40], atol=0.02)


def test_frames_are_averaged_by_their_weights() -> None:
    one = seam_light([(darker(0.6), 1.0), (darker(0.2), 3.0)], alike())
    assert np.allclose(one, seam_light([(darker(0.3), 1.0)], alike()), atol=1e-5)


def test_nothing_known_adds_nothing() -> None:
    left = np.full((GRID, GRID, 3), np.nan, np.float32)
    assert np.array_equal(seam_light([(left, 1.0)], np.zeros((GRID, GRID), np.float32)), np.zeros((GRID, GRID, 3)))
