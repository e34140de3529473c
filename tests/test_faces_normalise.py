"""A face is brought to the mean face's place, whatever it was moved by, and its turn is read off."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faces_support import mean_landmarks
from pecten.errors import ShapeError
from pecten.faces import normalise
from pecten.faces.mean import MEAN_MESH
from pecten.geometry import similarity as sim


@given(scale=st.floats(0.05, 5), angle=st.floats(-1.5, 1.5), x=st.floats(-900, 900), y=st.floats(-900, 900))
@settings(deadline=None, max_examples=40)
def test_normalisation_undoes_a_known_similarity(scale: float, angle: float, x: float, y: float) -> None:
    known = sim.similarity(scale, angle, (x, y))
    found = normalise.crop_from_plate(sim.apply(known, mean_landmarks()))
    np.testing.assert_allclose(found, sim.invert(known), atol=1e-5, rtol=1e-6)


def test_the_mean_face_sits_where_the_method_says_and_is_symmetric() -> None:
    irises = MEAN_MESH[[468, 473], :2]
    np.testing.assert_allclose(irises, [[358, 420], [666, 420]], atol=15)
    mouth = MEAN_MESH[[61, 291, 13, 14], :2].mean(axis=0)
    np.testing.assert_allclose(mouth, [512, 730], atol=12)
    np.testing.assert_allclose(irises.mean(axis=0)[0], 512, atol=0.1)
    assert MEAN_MESH[:, :2].min() > 0
    assert MEAN_MESH[:, :2].max() < 1024


@pytest.mark.parametrize("yaw", [-0.7, -0.2, 0.0, 0.5])
@pytest.mark.parametrize("pitch", [-0.3, 0.0, 0.25])
@pytest.mark.parametrize("roll", [-0.4, 0.1])
def test_pose_recovers_a_known_turn(yaw: float, pitch: float, roll: float) -> None:
    turned = MEAN_MESH - MEAN_MESH.mean(axis=0)
    turned = turned @ (_about_y(yaw) @ _about_x(pitch) @ _about_z(roll)).T
    pose = normalise.pose(turned[:, :2] * 0.6 + 300)
    assert pose == pytest.approx((yaw, pitch, roll), abs=1e-6)


def _about_y(angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def _about_x(angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0], [0, c, s], [0, -s, c]])


def _about_z(angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])


def test_crop_shows_what_the_transform_names_at_any_size() -> None:
    y, x = np.mgrid[0:300, 0:400].astype(np.float32)
    plate = np.stack([x, y, x + y], axis=-1)
    transform = sim.similarity(5.0, 0.1, (-500.0, -300.0))
    for size in (64, 256):
        crop = normalise.crop(plate, transform, size)
        assert crop.shape == (size, size, 3)
        place = sim.apply(sim.invert(sim.at_size(transform, size)), np.array([[size / 2, size / 3]]))[0]
        shown = crop[size // 3 : size // 3 + 2, size // 2 : size // 2 + 2, 0]
        assert shown.min() - 8 <= place[0] <= shown.max() + 8
    assert normalise.crop(plate.astype(np.uint8), transform, 32).dtype == np.uint8


def test_refuses_half_a_mesh() -> None:
    with pytest.raises(ShapeError, match="478"):
        normalise.crop_from_plate(np.zeros((68, 2)))
    with pytest.raises(ShapeError):
        normalise.crop_from_plate(np.zeros((478, 2)))
