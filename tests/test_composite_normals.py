"""The map of a face's surface turns with the head."""

import numpy as np
import pytest

from pecten.composite.normals import normal_map
from pecten.errors import ShapeError
from pecten.faces.mean import MEAN_MESH


def test_a_frontal_face_looks_at_the_lens_and_its_cheeks_to_the_sides() -> None:
    normals = normal_map(MEAN_MESH[:, :2], 1024, 64)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=2), 1, atol=1e-5)
    assert normals[24, 32, 2] > 0.8
    assert normals[36, 16, 0] < -0.3
    assert normals[36, 48, 0] > 0.3
    assert normals[10, 32, 1] < normals[56, 32, 1]
    np.testing.assert_allclose(normals[:, :32, 0], -normals[:, :31:-1, 0], atol=0.25)


def test_a_turn_of_the_head_turns_the_normals() -> None:
    angle = 0.5
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    middle = np.array([512.0, 540.0, 0.0])
    turned = (MEAN_MESH - middle) @ turn.T + middle
    seen = normal_map(np.ascontiguousarray(turned[:, :2]), 1024, 64)
    nose = np.rint((turned[168, :2] + 0.5) / 16 - 0.5).astype(int)
    front = normal_map(MEAN_MESH[:, :2], 1024, 64)
    bridge = np.rint((MEAN_MESH[168, :2] + 0.5) / 16 - 0.5).astype(int)
    expected = turn @ front[bridge[1], bridge[0]]
    np.testing.assert_allclose(seen[nose[1], nose[0]], expected, atol=0.15)


def test_every_size_shares_one_map() -> None:
    small, large = normal_map(MEAN_MESH[:, :2] / 4, 256, 64), normal_map(MEAN_MESH[:, :2], 1024, 128)
    np.testing.assert_allclose(
        large.reshape(64, 2, 64, 2, 3).mean(axis=(1, 3))[12:56, 16:48], small[12:56, 16:48], atol=0.1
    )


def test_half_a_mesh_is_a_mistake() -> None:
    with pytest.raises(ShapeError, match="whole mesh"):
        normal_map(MEAN_MESH[:100, :2], 1024)
    with pytest.raises(ShapeError, match="one line"):
        normal_map(np.repeat(MEAN_MESH[:, :1], 2, axis=1), 1024)
