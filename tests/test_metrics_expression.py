"""Expression metrics on faces whose movement is known."""

import numpy as np
import pytest

from pecten.errors import ShapeError
from pecten.faces import mesh
from pecten.geometry import similarity
from pecten.metrics import expression
from pecten.metrics.expression import IBUG, IBUG_PARTS, MESH, MESH_PARTS


def performance(frames: int = 30, points: int = 478, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 500, (1, points, 2)).repeat(frames, axis=0)


def open_by(track: np.ndarray, pairs: tuple[tuple[int, int], ...], curve: np.ndarray) -> np.ndarray:
    track = track.copy()
    for upper, lower in pairs:
        track[:, lower] = track[:, upper] + np.stack([0 * curve, curve], axis=1)
    return track


def test_place_size_and_tilt_do_not_count() -> None:
    truth = performance()[0]
    moved = similarity.apply(similarity.similarity(1.7, 0.4, (30.0, -9.0)), truth)
    assert expression.landmark_error(moved, truth) == pytest.approx(0.0, abs=1e-9)


def test_a_known_displacement_is_found() -> None:
    truth = performance()[0]
    way = np.random.default_rng(1).uniform(0, 2 * np.pi, len(truth))
    found = truth + 3 * np.stack([np.cos(way), np.sin(way)], axis=1)
    expected = 3 / expression.interocular_px(truth)
    assert expression.landmark_error(found, truth) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(("scheme", "points"), [(MESH, 478), (IBUG, 68)])
def test_openings_are_counted_in_interocular_distances(scheme: expression.Scheme, points: int) -> None:
    curve = 10 + 5 * np.sin(np.arange(30) / 3)
    track = open_by(performance(points=points), scheme.mouth, curve)
    unit = expression.interocular_px(track[0], scheme)
    np.testing.assert_allclose(expression.opening(track, scheme.mouth, scheme), curve / unit)


def test_agreement_sees_who_follows_and_who_does_not() -> None:
    curve = 10 + 5 * np.sin(np.arange(30) / 3)
    still = performance()
    truth = open_by(open_by(open_by(still, MESH.mouth, curve), MESH.right_eye, curve), MESH.left_eye, curve)
    good = open_by(
        open_by(open_by(still, MESH.mouth, 0.5 * curve + 3), MESH.right_eye, curve), MESH.left_eye, 20 - curve
    )
    result = expression.agreement(2 * good + 7, truth)
    assert result.mouth == pytest.approx(1.0)
    assert result.eyes == pytest.approx(0.0, abs=1e-9)
    assert result.landmark_error < 0.01
    assert np.isnan(expression.agreement(still, truth).mouth)
    same = expression.agreement(truth, truth)
    np.testing.assert_allclose([same.landmark_error, same.mouth, same.eyes], [0, 1, 1], atol=1e-9)


def test_parts_are_told_apart() -> None:
    truth = performance(4)
    found = truth.copy()
    found[2, list(MESH_PARTS["mouth"])] += [0.0, 6.0]
    errors = expression.part_errors(2 * found + 9, truth)
    unit = expression.interocular_px(truth[0])
    np.testing.assert_allclose(errors["mouth"][[0, 1, 3]], 0, atol=1e-9)
    assert errors["mouth"][2] == pytest.approx(6 / unit, rel=0.12)
    assert errors["brows"][2] < 0.2 * errors["mouth"][2]
    assert set(expression.part_errors(truth[:, :68], truth[:, :68], IBUG_PARTS, IBUG)) == {"mouth", "eyes", "brows"}
    with pytest.raises(ShapeError, match="equal frames"):
        expression.part_errors(found, truth[1:])


def test_parts_are_the_mesh_s() -> None:
    assert set(MESH_PARTS["mouth"]) == {*mesh.OUTER_LIPS, *mesh.INNER_LIPS}
    assert set(MESH_PARTS["eyes"]) == {*mesh.RIGHT_EYE, *mesh.LEFT_EYE}
    assert set(MESH_PARTS["brows"]) == {*mesh.RIGHT_BROW, *mesh.LEFT_BROW}


def test_mistakes_are_named() -> None:
    with pytest.raises(ShapeError, match="equal"):
        expression.agreement(performance(5), performance(6))
    with pytest.raises(ShapeError, match="equal lengths"):
        expression.correlation(np.zeros(3), np.zeros(4))
