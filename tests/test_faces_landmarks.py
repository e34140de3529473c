"""The mesh lies on the face, in plate pixels, and a batch equals its members."""

from collections.abc import Sequence

import numpy as np
import pytest

from faces_support import EYES, mean_landmarks, still
from pecten.errors import FacesError
from pecten.faces import mesh
from pecten.faces.detect import Detector
from pecten.faces.follow import FaceOptions, Follower
from pecten.faces.landmarks import FaceMesh, look
from pecten.faces.normalise import crop_from_plate
from pecten.faces.stabilise import perturbed, roi_of_detection, roi_of_normalisation
from pecten.geometry import similarity as sim
from pecten.geometry.warp import warp
from pecten.types import Affine, ByteImage


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


@pytest.mark.parametrize("scale", [0.16, 0.29, 0.45, 1.3])
def test_a_look_follows_the_face_between_pixels(scale: float) -> None:
    # Blocks averaged, as it is twice, and enlarged. A plate that is smooth can be drawn at any place without loss.
    rows, columns = np.mgrid[: round(300 / scale), : round(340 / scale)]

    def plate(x: float, y: float) -> ByteImage:
        across, down = (columns - x) * scale, (rows - y) * scale
        waves = [np.sin(across / a + 1) * np.cos(down / b) for a, b in ((3.0, 4.0), (5.0, 2.5), (2.2, 9.0))]
        return np.asarray(np.rint(127.5 + 110 * np.stack(waves, axis=2)), np.uint8)

    roi = sim.similarity(scale, 0.1, (5.0, -4.0))
    rest = look(plate(0.0, 0.0), [roi])[0]
    moved = sim.compose(roi, sim.similarity(1.0, 0.0, (-0.43, -0.31)))
    change = look(plate(0.43, 0.31), [moved])[0] - rest
    assert float(np.abs(change[30:-30, 30:-30]).mean()) < 0.35
    assert rest[30:-30, 30:-30].std() > 30


def test_a_look_is_anti_aliased_and_black_beyond_the_plate() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (900, 1200, 3), dtype=np.uint8)
    for scale in (0.12, 0.29, 0.45):
        assert look(noise, [sim.similarity(scale, 0.0, (0.0, 0.0))])[0][20:100, 20:100].std() < 75 * scale * 1.2
    white = np.full((270, 480, 3), 255, dtype=np.uint8)
    partly = look(white, [sim.similarity(1.0, 0.0, (128.0, 0.0))])[0]
    assert partly[:, :126].max() == 0
    assert partly[3:, 130:].min() > 254.9
    assert look(white, [sim.similarity(1.0, 0.0, (2000.0, 0.0))]).max() == 0


def test_looks_from_slightly_elsewhere_equal_their_own(roi: Affine) -> None:
    large = warp(still(), sim.similarity(3.0, 0.0, (0.0, 0.0)), 1440, 810)
    rois = perturbed(sim.compose(roi, sim.similarity(1 / 3, 0.0, (0.0, 0.0))), 9)
    for one, patch in zip(rois, look(large, rois), strict=True):
        assert np.abs(look(large, [one])[0] - patch).mean() < 0.3
        # The slow way: each look sampled finely, then averaged.
        plain = warp(large, one, 256, 256, "linear", "zero").astype(np.float32)
        assert np.abs(plain - patch)[4:-4, 4:-4].mean() < 1.0
        assert abs(float((plain - patch).mean())) < 0.3


def test_more_looks_than_one_batch_equal_single_ones(network: FaceMesh, roi: Affine) -> None:
    rois = [sim.compose(sim.similarity(1.0, 0.0, (float(i), 0.0)), roi) for i in range(7)]
    together, presence = network.locate(still(), rois)
    assert presence.shape == (7,)
    for one, mesh_points in zip(rois, together, strict=True):
        np.testing.assert_allclose(network.locate(still(), [one])[0][0], mesh_points, atol=1e-3)


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


class _Wrong(FaceMesh):
    """A mesh that is wrong by 10 px at a first look, by 1 px at the next, then not at all."""

    def __init__(self) -> None:
        super().__init__(threads=1)
        self.asked: list[list[Affine]] = []

    def locate(self, image: ByteImage, rois: Sequence[Affine]) -> tuple[np.ndarray, np.ndarray]:
        off = (10.0, 1.0, 0.0)[len(self.asked)]
        self.asked.append(list(rois))
        return np.stack([mean_landmarks(0.3, 100 + off, 20.0)] * len(rois)), np.ones(len(rois))


@pytest.mark.parametrize(("looks", "placing", "counts"), [(9, 4, [1, 5, 10]), (9, 0, [1, 10]), (2, 4, [1, 3, 3])])
def test_looks_lie_where_the_looks_before_them_say(looks: int, placing: int, counts: list[int]) -> None:
    fake = _Wrong()
    follower = Follower(FaceOptions(perturbations=looks, placing=placing, threads=1), Detector(1), fake)
    follower._look(still(), sim.similarity(1.0, 0.0, (0.0, 0.0)), 0)
    assert [len(rois) for rois in fake.asked] == counts
    for asked, off in zip(fake.asked[1:], (10.0, 1.0), strict=False):
        expected = roi_of_normalisation(crop_from_plate(mean_landmarks(0.3, 100 + off, 20.0)))
        np.testing.assert_allclose(asked[0], expected, atol=1e-9)


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(FacesError, match="placing -1"):
        FaceOptions(placing=-1)
