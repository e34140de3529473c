"""Mattes cover what they are named after, and nothing beyond the head."""

from collections.abc import Callable

import numpy as np
import pytest

from faces_support import mean_landmarks
from pecten.errors import ShapeError
from pecten.faces import region
from pecten.faces.mean import MEAN_MESH
from pecten.faces.mesh import INNER_LIPS, LEFT_EYE, OVAL, RIGHT_BROW, RIGHT_EYE
from pecten.faces.normalise import pose
from pecten.faces.region import draw, face_matte, feature_matte


def _at(matte: np.ndarray, points: np.ndarray) -> np.ndarray:
    places = np.rint(points).astype(int)
    return matte[places[:, 1], places[:, 0]]


def test_full_covers_the_features_and_stays_inside_the_oval_but_for_the_chin() -> None:
    # The mean face is symmetric about x = 512; the picture is about its middle between two pixels.
    landmarks = mean_landmarks(0.25, -0.5)
    matte = face_matte(landmarks, 256)
    assert matte.min() == 0
    assert matte.max() == 1
    for group in (RIGHT_EYE, LEFT_EYE, RIGHT_BROW, INNER_LIPS):
        assert _at(matte, landmarks[list(group)]).min() == 1
    above_the_mouth = landmarks[[i for i in OVAL if MEAN_MESH[i, 1] < MEAN_MESH[13, 1]]]
    assert _at(matte, above_the_mouth).max() < 0.5
    # Beneath the chin it goes on for a twenty-fifth of the face's height, not more.
    chin, height = landmarks[152], landmarks[152, 1] - landmarks[10, 1]
    assert _at(matte, chin[None] + [[0.0, 0.02 * height - 4]]).min() == 1
    assert _at(matte, chin[None] + [[0.0, 0.05 * height]]).max() == 0
    np.testing.assert_allclose(matte, matte[:, ::-1], atol=0.6)
    assert np.abs(matte - matte[:, ::-1]).mean() < 0.01


def test_the_features_lie_inside_the_face() -> None:
    landmarks = mean_landmarks(0.25)
    full, features = face_matte(landmarks, 256), feature_matte(landmarks, 256)
    assert (features <= full).all()
    assert _at(features, landmarks[[*INNER_LIPS, 468, 473]]).min() == 1
    assert _at(features, landmarks[[1, 4, 195, 152, 10]]).max() == 0


def test_a_turned_face_keeps_its_nose() -> None:
    centred = MEAN_MESH - np.array([512.0, 540.0, 0.0])
    c, s = np.cos(1.1), np.sin(1.1)
    turned = np.column_stack([c * centred[:, 0] + s * centred[:, 2], centred[:, 1]]) * 0.25 + 128
    matte = face_matte(turned, 256)
    assert _at(matte, turned[[1, 4, 195]] - np.array([4.0, 0.0])).min() == 1


@pytest.mark.parametrize("draw", [face_matte, feature_matte])
def test_edges_are_antialiased_to_the_subpixel(draw: Callable[[np.ndarray, int], np.ndarray]) -> None:
    areas = [float(draw(mean_landmarks(0.2, shift, shift), 220).sum()) for shift in (0.0, 0.25, 0.5, 0.8)]
    assert np.ptp(areas) < 0.004 * areas[0]
    columns = np.arange(220)
    centres = []
    for shift in (0.0, 0.25, 0.5):
        matte = draw(mean_landmarks(0.2, shift, 0.0), 220)
        centres.append(float((matte.sum(axis=0) * columns).sum() / matte.sum()))
    assert np.diff(centres) == pytest.approx([0.25, 0.25], abs=0.03)


def test_a_face_beyond_the_picture_is_cut_and_half_a_mesh_refused() -> None:
    assert face_matte(mean_landmarks(1.0, 5000.0), 64).max() == 0
    with pytest.raises(ShapeError):
        face_matte(np.zeros((68, 2)), 64)


def test_the_picture_s_rim_stays_clear() -> None:
    matte = face_matte(mean_landmarks(0.25, -60.0, 40.0), 256)
    rim = np.concatenate([matte[:4].ravel(), matte[-4:].ravel(), matte[:, :4].ravel(), matte[:, -4:].ravel()])
    assert rim.max() == 0
    assert matte.max() == 1


def turned(yaw_deg: float) -> np.ndarray:
    """The mean face under a distant camera, its head turned towards the picture's right."""
    turn = np.deg2rad(yaw_deg)
    x, y, z = (MEAN_MESH - MEAN_MESH.mean(axis=0)).T
    return np.stack([np.cos(turn) * x + np.sin(turn) * z, y], axis=1) * 0.25 + 128


def test_a_turned_face_ends_within_its_mesh_on_the_far_side_alone() -> None:
    yaw = 40.0 if pose(turned(40.0)).yaw_rad > 0 else -40.0
    landmarks = turned(yaw)
    columns = np.flatnonzero(face_matte(landmarks, 256).max(axis=0) > 0.5)
    plain = np.flatnonzero(draw(_full_without_turn(landmarks), 256).max(axis=0) > 0.5)
    assert columns[0] == plain[0]
    assert 2 <= plain[-1] - columns[-1] <= 12


def test_a_face_turned_further_than_its_mesh_ends_earlier_on_the_far_side_alone() -> None:
    landmarks = turned(40.0 if pose(turned(40.0)).yaw_rad > 0 else -40.0)
    known, further = (np.flatnonzero(face_matte(landmarks, 256, rad).max(axis=0) > 0.5) for rad in (0.0, 0.25))
    assert further[0] == known[0]
    assert 2 <= known[-1] - further[-1] <= 8


def test_a_frontal_face_is_drawn_as_its_mesh_says() -> None:
    landmarks = turned(15.0)
    np.testing.assert_array_equal(face_matte(landmarks, 256), draw(_full_without_turn(landmarks), 256))


def _full_without_turn(landmarks: np.ndarray) -> list[np.ndarray]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(region, "_TURN_FROM", np.pi)
        return region._full(landmarks)
