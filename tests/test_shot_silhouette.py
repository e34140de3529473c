"""The far edge of a turned face is found in the picture."""

import itertools

import numpy as np

from pecten.faces.mean import MEAN_MESH
from pecten.faces.normalise import pose
from pecten.faces.region import face_matte
from pecten.shot.silhouette import at_silhouette, within_decoded
from pecten.types import Image, Mask, Points

SIDE = 256


def turned(yaw_rad: float) -> Points:
    turn = np.array(
        [[np.cos(yaw_rad), 0, np.sin(yaw_rad)], [0, 1, 0], [-np.sin(yaw_rad), 0, np.cos(yaw_rad)]], np.float64
    )
    middle = np.array([512.0, 540.0, 0.0])
    return np.ascontiguousarray((((MEAN_MESH - middle) @ turn.T + middle) * (SIDE / 1024))[:, :2])


def scene(edge: np.ndarray, far: float, skin: float = 0.7, wall: float = 0.2) -> Image:
    """Skin up to an edge, one column a row, and a wall beyond it, with grain on both."""
    columns = np.arange(SIDE)[None]
    face = columns < edge[:, None] if far > 0 else columns > edge[:, None]
    picture = np.where(face[..., None], [skin, 0.7 * skin, 0.5 * skin], [wall, wall, 1.1 * wall])
    return (picture + np.random.default_rng(0).normal(0, 0.01, picture.shape)).astype(np.float32)


def far_edge(matte: Mask, far: float) -> np.ndarray:
    inside = matte >= 0.5
    return SIDE - 1 - inside[:, ::-1].argmax(axis=1) if far > 0 else inside.argmax(axis=1)


def rows(landmarks: Points) -> slice:
    return slice(int(landmarks[6, 1]) + 4, int(landmarks[13, 1]) - 8)


def test_the_edge_moves_onto_the_silhouette_from_either_side() -> None:
    for yaw in (0.7, -0.7):
        landmarks = turned(yaw)
        far = float(np.sign(pose(landmarks).yaw_rad))
        matte = face_matte(landmarks, SIDE)
        edge = far_edge(matte, far)
        for shift in (-3, 3):
            found = far_edge(at_silhouette(matte, landmarks, scene(edge + 0.5 + shift, far)), far)
            off = np.abs(found - (edge + shift))[rows(landmarks)]
            assert np.median(off) <= 1
            assert np.median(np.abs(found - edge)[rows(landmarks)]) >= 2


def test_a_face_that_looks_ahead_or_a_wall_like_skin_changes_nothing() -> None:
    ahead = turned(0.0)
    matte = face_matte(ahead, SIDE)
    assert at_silhouette(matte, ahead, scene(far_edge(matte, 1.0) - 5.0, 1.0)) is matte
    landmarks = turned(0.7)
    matte = face_matte(landmarks, SIDE)
    blank = np.full((SIDE, SIDE, 3), 0.5, np.float32)
    assert at_silhouette(matte, landmarks, blank) is matte
    blank[100, 100] = np.nan
    assert at_silhouette(matte, landmarks, blank) is matte


def test_what_is_not_on_the_far_side_stays_bit_for_bit() -> None:
    landmarks = turned(0.7)
    far = float(np.sign(pose(landmarks).yaw_rad))
    matte = face_matte(landmarks, SIDE)
    found = at_silhouette(matte, landmarks, scene(far_edge(matte, far) + 4.5, far))
    near = np.s_[:, : int(landmarks[6, 0])] if far > 0 else np.s_[:, int(landmarks[6, 0]) + 1 :]
    np.testing.assert_array_equal(found[near], matte[near])
    below = np.s_[int(landmarks[13, 1] + 0.2 * SIDE) :]
    np.testing.assert_array_equal(found[below], matte[below])
    assert found.min() >= 0
    assert found.max() <= 1


def test_what_neither_face_fills_beside_the_chin_is_left_to_the_plate() -> None:
    for yaw in (0.7, -0.7):
        landmarks = turned(yaw)
        far = float(np.sign(pose(landmarks).yaw_rad))
        matte = face_matte(landmarks, SIDE)
        edge = far_edge(matte, far)
        beside = slice(int(landmarks[13, 1]), int(landmarks[152, 1]) - 16)
        short, full = scene(edge - 6 * far, far), scene(edge + 0.5, far)
        found = within_decoded(matte, landmarks, short, short)
        assert np.median(np.abs(far_edge(found, far) - (edge - 6 * far))[beside]) <= 1.5
        assert (found <= matte).all()
        above = np.s_[: int(landmarks[6, 1])]
        np.testing.assert_array_equal(found[above], matte[above])
        for decoded, plate in ((full, short), (short, full)):
            kept = within_decoded(matte, landmarks, decoded, plate)
            assert np.median(np.abs(far_edge(kept, far) - edge)[beside]) <= 1.5


def test_a_turn_takes_the_decoders_surroundings_away_bit_by_bit() -> None:
    areas = []
    for yaw in np.linspace(0.2, 0.6, 9):
        landmarks = turned(float(yaw))
        far = float(np.sign(pose(landmarks).yaw_rad)) or 1.0
        matte = face_matte(landmarks, SIDE)
        short = scene(far_edge(matte, far) - 6 * far, far)
        areas.append(float(within_decoded(matte, landmarks, short, short).sum() / matte.sum()))
    assert areas[0] == 1
    assert areas[-1] < 0.99
    assert max(one - other for one, other in itertools.pairwise(areas)) < 0.02


def test_a_decoded_face_without_a_wall_takes_nothing() -> None:
    landmarks = turned(0.7)
    matte = face_matte(landmarks, SIDE)
    blank = np.full((SIDE, SIDE, 3), 0.5, np.float32)
    assert within_decoded(matte, landmarks, blank, blank) is matte
    blank[100, 100] = np.nan
    assert within_decoded(matte, landmarks, blank, blank) is matte
