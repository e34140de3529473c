"""What a performer was seen to do, and who asks for more."""

import numpy as np

from pecten.dataset.reach import Reach, beyond, reach_of
from pecten.faces.mean import MEAN_MESH


def face(yaw_deg: float = 0.0, mouth: float = 0.0) -> np.ndarray:
    """The mean face, turned, its lower lip moved down by a share of the eyes' distance."""
    solid = MEAN_MESH - MEAN_MESH.mean(axis=0)
    solid[14, 1] += mouth * np.linalg.norm(solid[33] - solid[263])
    turn = np.radians(yaw_deg)
    x, y, z = solid.T
    return np.stack([np.cos(turn) * x + np.sin(turn) * z, y], axis=1) + 512


def test_reach_is_what_was_seen() -> None:
    reach = reach_of([face(yaw, 0.01 * yaw) for yaw in np.linspace(0, 30, 301)])
    low, high = sorted(abs(np.degrees(value)) for value in reach.yaw_rad)
    assert abs(low - 0.3) < 1.0
    assert abs(high - 29.7) < 1.0
    assert 0.2 < reach.mouth[1] - reach.mouth[0] < 0.4
    assert Reach.from_dict(reach.to_dict()).to_dict() == reach.to_dict()


def test_only_clearly_more_is_counted_and_the_most_first() -> None:
    reach = reach_of([face(yaw) for yaw in np.linspace(-20, 20, 41)])
    assert beyond(reach, [face(22.0), face(-19.0)]) == []
    said = beyond(reach, [face(35.0), face(-40.0), face(0.0, 0.3), face()])
    assert [count for _, count in said] == [2, 1]
    assert said[0][0].startswith("turn further (-2")
    assert said[1][0] == "open the mouth wider"
    assert beyond(reach, []) == []
