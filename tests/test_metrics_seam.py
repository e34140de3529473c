"""Seams of known height."""

import numpy as np
import pytest

from pecten.errors import ShapeError
from pecten.metrics import seam


def disc(size: int = 96, radius: float = 30) -> np.ndarray:
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return np.clip(radius - np.hypot(x, y) + 0.5, 0, 1).astype(np.float32)


def test_a_known_step_is_measured() -> None:
    step = np.repeat(0.25 * disc()[..., None], 3, axis=2)
    assert seam.edge_step(step, disc(), 3.0) == pytest.approx(0.25, abs=0.005)
    assert seam.edge_step(np.ones_like(step), disc()) == pytest.approx(0.0, abs=1e-6)


def test_a_slope_counts_along_the_normal() -> None:
    y, x = np.mgrid[:96, :96].astype(np.float32)
    slope = np.repeat(0.01 * np.hypot(x - 47.5, y - 47.5)[..., None], 3, axis=2)
    assert seam.edge_step(slope, disc(), 2.0) == pytest.approx(0.04, rel=0.02)


def test_a_seam_is_relative_to_the_plate() -> None:
    plate = np.random.default_rng(0).random((96, 96, 3)).astype(np.float32)
    assert seam.seam(plate, plate, disc()) == pytest.approx(1.0)
    assert seam.seam(plate + disc()[..., None], plate, disc()) > 2.5
    assert seam.seam(plate + np.float32(0.3), plate, disc()) == pytest.approx(1.0, rel=1e-4)


@pytest.mark.parametrize("matte", [np.zeros((96, 96), np.float32), np.ones((96, 96), np.float32)])
def test_a_matte_without_an_edge_is_a_mistake(matte: np.ndarray) -> None:
    with pytest.raises(ShapeError, match="no edge"):
        seam.edge_step(np.zeros((96, 96, 3), np.float32), matte)


def test_a_flat_plate_has_no_measure() -> None:
    flat = np.zeros((96, 96, 3), np.float32)
    with pytest.raises(ShapeError, match="flat"):
        seam.seam(flat, flat, disc())
    with pytest.raises(ShapeError, match="equal sizes"):
        seam.seam(flat, flat[1:], disc())
