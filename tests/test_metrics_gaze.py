"""Eyeballs that turn by known angles are read so, and shut eyes are not read at all."""

import numpy as np
import pytest

from pecten.errors import ShapeError
from pecten.faces.mean import MEAN_MESH
from pecten.faces.mesh import LEFT_IRIS, RIGHT_IRIS
from pecten.geometry import similarity
from pecten.metrics.gaze import EYE_RADIUS, LEFT, RIGHT, gaze, gaze_errors


def looking(across_deg: np.ndarray, down_deg: np.ndarray) -> np.ndarray:
    track = np.repeat(MEAN_MESH[None, :, :2], len(across_deg), axis=0)
    for eye, iris in ((RIGHT, RIGHT_IRIS), (LEFT, LEFT_IRIS)):
        one, other = MEAN_MESH[eye[0], :2], MEAN_MESH[eye[1], :2]
        along = other - one
        radius = EYE_RADIUS * along
        down = EYE_RADIUS * np.array([-along[1], along[0]])
        place = (one + other) / 2 + np.outer(np.sin(np.radians(across_deg)), radius)
        place = place + np.outer(np.sin(np.radians(down_deg)), down)
        track[:, list(iris)] = place[:, None]
    return track


WAYS = np.linspace(-20, 20, 9), 5 * np.cos(np.arange(9.0))


def test_known_gazes_are_read() -> None:
    track = looking(*WAYS)
    np.testing.assert_allclose(np.degrees(np.arcsin(gaze(track) / EYE_RADIUS)), np.stack(WAYS, axis=1), atol=1e-6)
    errors = gaze_errors(track, track)
    np.testing.assert_allclose([errors.degrees.max(), errors.across, errors.down], [0, 1, 1], atol=1e-9)


def test_errors_of_known_size() -> None:
    across, down = WAYS
    truth = looking(across, down)
    np.testing.assert_allclose(gaze_errors(looking(across + 3, down - 4), truth).degrees, 5, atol=1e-6)
    mirrored = gaze_errors(looking(-across, down), truth)
    assert mirrored.across == pytest.approx(-1)
    assert mirrored.down == pytest.approx(1)
    assert gaze_errors(looking(across + 3, down), truth, settled=True).degrees.mean() < 0.2
    assert np.isnan(gaze_errors(looking(0 * across, down), truth).across)


def test_size_place_and_tilt_do_not_count() -> None:
    truth = looking(*WAYS)
    move = similarity.similarity(0.4, 0.5, (70.0, -20.0))
    np.testing.assert_allclose(gaze(np.stack([similarity.apply(move, face) for face in truth])), gaze(truth), atol=1e-9)


def test_shut_eyes_look_nowhere() -> None:
    truth = looking(*WAYS)
    blinking = truth.copy()
    blinking[4, [RIGHT[3], LEFT[3]]] = blinking[4, [RIGHT[4], LEFT[4]]]
    errors = gaze_errors(blinking, truth)
    assert np.isnan(errors.degrees).tolist() == [index == 4 for index in range(9)]
    assert errors.across == pytest.approx(1)


def test_mistakes_are_named() -> None:
    with pytest.raises(ShapeError, match="478"):
        gaze(np.zeros((3, 68, 2)))
    with pytest.raises(ShapeError, match="equal frames"):
        gaze_errors(looking(*WAYS), looking(*WAYS)[1:])
