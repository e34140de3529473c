"""Overlap of clouds that are known to lie apart or together, and drawings that keep neighbours together."""

import numpy as np
import pytest

from pecten.errors import ShapeError
from pecten.metrics.overlap import mixing, mmd, principal, squares, tsne


def clouds(apart: float, count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    source = np.random.default_rng(0)
    one, other = source.standard_normal((2, count, 8))
    return one, other + apart * np.eye(8)[0]


@pytest.mark.parametrize("turn", [0.0, 0.6])
def test_the_principal_axis_is_the_longest_one(turn: float) -> None:
    rows = np.random.default_rng(0).standard_normal((400, 2)) * [5.0, 1.0]
    turned = rows @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    places, axes, variances = principal(turned, 2)
    assert abs(axes[0] @ [np.cos(turn), np.sin(turn)]) > 0.99
    assert variances == pytest.approx([25, 1], rel=0.2)
    assert np.allclose(squares(places, places), squares(turned, turned))


def test_one_cloud_mixes_and_two_do_not() -> None:
    labels = np.repeat([0, 1], 60)
    together, between, apart = (mixing(np.concatenate(clouds(d)), labels) for d in (0.0, 2.0, 12.0))
    assert 0.9 < together < 1.1
    assert apart == 0
    assert apart < between < together
    with pytest.raises(ShapeError, match="two or more"):
        mixing(clouds(0)[0], np.zeros(60, np.int64))


def test_unequal_counts_of_one_cloud_mix_as_well() -> None:
    one, other = clouds(0.0, 200)
    assert mixing(np.concatenate([one, other[:40]]), np.repeat([0, 1], [200, 40])) == pytest.approx(1, abs=0.15)


def test_the_discrepancy_of_one_cloud_is_about_nothing() -> None:
    together, between, apart = (mmd(*clouds(d)) for d in (0.0, 2.0, 12.0))
    assert abs(together) < 0.01
    assert 0.02 < between < apart


def test_neighbours_stay_neighbours_when_drawn() -> None:
    source = np.random.default_rng(1)
    middles = source.standard_normal((4, 10)) * 8
    rows = np.concatenate([m + source.standard_normal((25, 10)) for m in middles])
    labels = np.repeat(np.arange(4), 25)
    drawn = tsne(rows, 10.0)
    assert np.array_equal(drawn, tsne(rows, 10.0))
    nearest = squares(drawn, drawn) + np.diag(np.full(100, np.inf))
    assert (labels[nearest.argmin(axis=1)] == labels).mean() > 0.97
    with pytest.raises(ShapeError, match="at least four"):
        tsne(rows[:3])
