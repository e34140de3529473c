"""A morphable face must find what made the points that it is shown."""

from dataclasses import replace

import numpy as np
import pytest

from pecten.baselines.morphable import Fit, Morphable, fit_mesh, fit_points, load
from pecten.errors import ShapeError
from pecten.faces.mean import MEAN_MESH
from pecten.faces.mesh import MESH_TO_68

MODEL = load()
PX = 20.0
"""Of a cm."""


def about_y(turn: float) -> np.ndarray:
    c, s = np.cos(turn), np.sin(turn)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def known(frames: int = 6, seed: int = 0) -> Fit:
    """A person who turns, with an expression of three shapes on each frame."""
    draws = np.random.default_rng(seed)
    expression = np.zeros((frames, len(MODEL.expression)))
    for row in expression:
        row[draws.choice(len(row), 3, replace=False)] = draws.uniform(0.2, 0.8, 3)
    turns = np.linspace(-0.5, 0.5, frames)
    return Fit(
        draws.normal(0, 0.7, len(MODEL.identity)) * (np.arange(len(MODEL.identity)) < 12),
        expression,
        np.stack([about_y(t) for t in turns]),
        draws.uniform(0.8, 1.2, frames) * PX,
        draws.uniform(100, 150, (frames, 2)),
    )


def sighted(fit: Fit, vertices: np.ndarray) -> np.ndarray:
    return MODEL.posed(fit)[:, vertices, :2]


def turned_by(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Angles in radians between rotations."""
    cosines = (np.einsum("fij,fij->f", one, other) - 1) / 2
    return np.arccos(np.clip(cosines, -1, 1))


def test_the_shipped_face_is_whole() -> None:
    assert isinstance(MODEL, Morphable)
    assert MODEL.triangles.max() == len(MODEL.mean) - 1
    assert len(np.unique(MODEL.mesh_points[:, 0])) == len(MODEL.mesh_points) > 400
    # The eyes lie where a face has them, and its outside is seen from the front.
    right, left = MODEL.mean[MODEL.landmarks_68[36]], MODEL.mean[MODEL.landmarks_68[45]]
    np.testing.assert_allclose(right, left * [-1, 1, 1], atol=0.1)
    a, b, c = (MODEL.mean[MODEL.triangles[:, k]] for k in range(3))
    assert (np.cross(b - a, c - a)[:, 2] > 0).mean() > 0.9


@pytest.mark.parametrize("noise_px", [0.0, 0.3])
def test_a_fit_recovers_pose_expression_and_shape(noise_px: float) -> None:
    truth, vertices = known(), MODEL.mesh_points[:, 1]
    draws = np.random.default_rng(1)
    seen = sighted(truth, vertices)
    found = fit_points(MODEL, seen + draws.normal(0, noise_px, seen.shape), vertices, spread_cm=0.02)
    assert turned_by(found.rotation, truth.rotation).max() < np.deg2rad(1.5)
    np.testing.assert_allclose(found.scale / found.scale.mean(), truth.scale / truth.scale.mean(), rtol=0.005)
    # All vertices, most of which were not shown, in the picture and in space.
    apart = MODEL.posed(found) - MODEL.posed(truth)
    assert np.sqrt((apart[..., :2] ** 2).mean()) < 0.03 * PX + noise_px
    # A large head far away looks like a small one near by: sizes are compared as they are seen.
    solid = MODEL.shapes(found) * (found.scale / truth.scale)[:, None, None] - MODEL.shapes(truth)
    assert np.sqrt(solid.var(axis=1).mean()) < 0.1
    moved = np.tensordot(found.expression - truth.expression, MODEL.expression, 1)
    assert np.sqrt((moved**2).sum(axis=-1).mean()) < 0.1
    assert np.sqrt((np.tensordot(truth.expression, MODEL.expression, 1) ** 2).sum(axis=-1).mean()) > 0.2


def test_expressions_stay_within_their_range() -> None:
    truth, vertices = known(2), MODEL.mesh_points[:, 1]
    wild = replace(truth, expression=truth.expression * -3)
    found = fit_points(MODEL, sighted(wild, vertices), vertices)
    assert found.expression.min() >= 0
    assert found.expression.max() <= 1


def test_a_known_person_stays_as_known() -> None:
    truth, vertices = known(3), MODEL.landmarks_68
    found = fit_points(MODEL, sighted(truth, vertices), vertices, truth.identity, spread_cm=0.02)
    np.testing.assert_array_equal(found.identity, truth.identity)
    assert np.abs(sighted(found, vertices) - sighted(truth, vertices)).mean() < 0.02 * PX


def test_a_moved_and_enlarged_picture_shows_the_same_face() -> None:
    vertices = MODEL.landmarks_68
    seen = sighted(known(2), vertices)
    one, other = fit_points(MODEL, seen, vertices), fit_points(MODEL, seen * 3 + [40.0, -7.0], vertices)
    np.testing.assert_allclose(MODEL.shapes(other), MODEL.shapes(one), atol=1e-6)
    np.testing.assert_allclose(other.scale, 3 * one.scale, rtol=1e-6)
    np.testing.assert_array_equal(fit_points(MODEL, seen, vertices).identity, one.identity)


def test_a_distant_camera_knows_no_nearness() -> None:
    truth = replace(known(2), nearness=0.0)
    vertices = MODEL.mesh_points[:, 1]
    found = fit_points(MODEL, sighted(truth, vertices), vertices, distance_cm=np.inf, spread_cm=0.02)
    assert found.nearness == 0
    assert np.abs(sighted(found, vertices) - sighted(truth, vertices)).mean() < 0.02 * PX


def test_the_mean_mesh_is_fitted_closely() -> None:
    mesh = MEAN_MESH[None, :, :2] / 4
    fit = fit_mesh(MODEL, mesh)
    points, vertices = MODEL.mesh_points.T
    away = np.linalg.norm(sighted(fit, vertices) - mesh[:, points], axis=-1) / fit.scale
    assert np.sqrt((away**2).mean()) < 0.2
    away_68 = sighted(fit, MODEL.landmarks_68[17:]) - mesh[:, list(MESH_TO_68[17:])]
    assert np.linalg.norm(away_68, axis=-1).mean() / fit.scale[0] < 0.3


def test_some_frames_can_be_taken() -> None:
    fit = known(4)
    assert len(fit.take(slice(1, 3))) == 2
    np.testing.assert_array_equal(fit.take([2]).rotation[0], fit.rotation[2])


def test_bad_points_are_refused() -> None:
    vertices = MODEL.landmarks_68
    seen = sighted(known(2), vertices)
    with pytest.raises(ShapeError, match="67 points in 2 frames for 68 vertices"):
        fit_points(MODEL, seen[:, 1:], vertices)
    with pytest.raises(ShapeError, match="not a number"):
        fit_points(MODEL, seen * np.nan, vertices)
    with pytest.raises(ShapeError, match="lie on one line"):
        fit_points(MODEL, seen * [1.0, 0.0], vertices)
    with pytest.raises(ShapeError, match="give the whole mesh"):
        fit_mesh(MODEL, seen)
