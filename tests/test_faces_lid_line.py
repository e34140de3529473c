"""Where shut lids meet, and places told from there."""

import numpy as np
import pytest

from lash_support import eyes, shut_mesh
from pecten.faces.lid_line import lid_line


@pytest.mark.parametrize("tilt", [-0.2, 0.0, 0.3])
def test_the_line_is_found(tilt: float) -> None:
    for eye in eyes(shut_mesh((4.0, -3.0), tilt, sag=0.2)):
        line = lid_line(eye.lids)
        assert line is not None
        assert np.arctan2(line.along[1], line.along[0]) == pytest.approx(tilt, abs=0.02)
        assert line.below @ line.along == pytest.approx(0)
        assert line.below[1] > 0
        assert line.half == pytest.approx(np.linalg.norm(eye.lids[0] - eye.lids[8]) / 2)
        # Of what hangs 0.2 below in the middle, its three middle points hang 0.19.
        assert line.sag / line.half == pytest.approx(0.19, abs=0.01)


def test_places_are_found_again() -> None:
    line = lid_line(eyes(shut_mesh(tilt=0.2))[0].lids)
    assert line is not None
    x, y = line.places(48, 32)
    column, row = line.found_in(x, y, 48, 32)
    np.testing.assert_allclose(column, np.arange(48) + np.zeros((32, 1)), atol=1e-2)
    np.testing.assert_allclose(row, np.arange(32)[:, None] + np.zeros(48), atol=1e-2)


def test_corners_and_the_middle_lie_on_the_line() -> None:
    eye = eyes(shut_mesh(tilt=-0.1))[1]
    line = lid_line(eye.lids)
    assert line is not None
    left, right = sorted((eye.lids[0], eye.lids[8]), key=lambda corner: corner[0])
    for corner, along in ((left, -1.0), (right, 1.0)):
        column, row = line.found_in(*(np.full((1, 1), value, np.float32) for value in corner), 300, 200)
        assert (column[0, 0] + 0.5) / 300 * 3 - 1.5 == pytest.approx(along, abs=1e-3)
        assert (row[0, 0] + 0.5) / 200 * 2 - 0.8 == pytest.approx(0, abs=1e-3)


def test_an_unknown_eye_has_none() -> None:
    lids = eyes(shut_mesh())[0].lids
    assert lid_line(np.full_like(lids, np.nan)) is None
    assert lid_line(np.zeros_like(lids)) is None
