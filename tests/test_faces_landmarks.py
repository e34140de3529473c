"""The mesh lies on the face, in plate pixels, and a batch equals its members."""

import numpy as np
import pytest

from faces_support import EYES, still
from pecten.faces import mesh
from pecten.faces.landmarks import FaceMesh, look
from pecten.faces.stabilise import perturbed, roi_of_detection
from pecten.geometry import similarity as sim
from pecten.geometry.warp import warp
from pecten.types import Affine


@pytest.fixture(scope="module")
def network() -> FaceMesh:
    return FaceMesh(threads=1)


@pytest.fixture(scope="module")
def roi() -> Affine:
    (x0, y0), (x1, y1) = EYES
    middle, apart = EYES.mean(axis=0), float(np.hypot(x1 - x0, y1 - y0))
    x, y = middle + np.array([0.0, 0.5 * apart])
    box = (x - 1.3 * apart, y - 1.3 * apart, x + 1.3 * apart, y + 1.3 * apart)
    return roi_of_detection(box, EYES)


def test_eyes_lie_where_the_renderer_put_them(network: FaceMesh, roi: Affine) -> None:
    landmarks, presence = network.locate(still(), [roi])
    assert presence[0] > 0.9
    for group, eye in ((mesh.RIGHT_EYE, EYES[0]), (mesh.LEFT_EYE, EYES[1])):
        assert np.linalg.norm(landmarks[0, list(group)].mean(axis=0) - eye) < 3.5


def test_a_mirrored_picture_gives_mirrored_landmarks(network: FaceMesh, roi: Affine) -> None:
    picture = still()
    flip = np.array([[-1.0, 0.0, 255.0], [0.0, 1.0, 0.0]])
    back = np.array([[-1.0, 0.0, picture.shape[1] - 1.0], [0.0, 1.0, 0.0]])
    mirrored = sim.compose(flip, sim.compose(roi, back))
    there, _ = network.locate(picture, [roi])
    here, _ = network.locate(np.ascontiguousarray(picture[:, ::-1]), [mirrored])
    middle = there[0, [33, 263]].mean(axis=0)
    returned = sim.apply(back, here[0])[[263, 33]].mean(axis=0)
    # A network that counts from the pixel's corner would be half an ROI pixel off on either side.
    assert abs(float((middle - returned)[0])) < 0.5


def test_a_batch_equals_its_members_and_blank_has_no_face(network: FaceMesh, roi: Affine) -> None:
    rois = [roi, sim.compose(sim.similarity(1.0, 0.0, (4.0, 2.0)), roi)]
    together, _ = network.locate(still(), rois)
    for i, one in enumerate(rois):
        np.testing.assert_allclose(network.locate(still(), [one])[0][0], together[i], atol=1e-3)
    assert network.locate(np.full((270, 480, 3), 90, dtype=np.uint8), [roi])[1][0] < 0.5


def test_shared_looks_equal_separate_ones(roi: Affine) -> None:
    large = warp(still(), sim.similarity(3.0, 0.0, (0.0, 0.0)), 1440, 810)
    closer = sim.compose(roi, sim.similarity(1 / 3, 0.0, (0.0, 0.0)))
    rois = perturbed(closer, 9)
    shared = look(large, rois)
    for one, patch in zip(rois, shared, strict=True):
        plain = warp(large, one, 256, 256, "linear", "zero").astype(np.float32)
        assert np.abs(plain - patch)[4:-4, 4:-4].mean() < 1.0
        assert abs(float((plain - patch).mean())) < 0.3


def test_every_group_names_mesh_points_once() -> None:
    for name in (
        "OVAL",
        "RIGHT_EYE",
        "LEFT_EYE",
        "RIGHT_BROW",
        "LEFT_BROW",
        "OUTER_LIPS",
        "INNER_LIPS",
        "RIGID",
    ):
        group = getattr(mesh, name)
        assert len(set(group)) == len(group)
        assert 0 <= min(group) <= max(group) < mesh.MESH_POINTS
    assert len(mesh.MESH_TO_68) == 68
