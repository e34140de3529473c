"""What stands before a face is found, and a clean face is left alone."""

import cv2
import numpy as np
import pytest

from faces_support import still
from pecten import assets
from pecten.errors import ShapeError
from pecten.faces import follow, normalise, region
from pecten.faces.detect import Detector
from pecten.faces.landmarks import FaceMesh
from pecten.faces.occlusion import SIDE, Occlusion, covered_share, refined, sharpened
from pecten.geometry.similarity import apply, at_size
from pecten.types import Image, Mask

SIZE = 320


@pytest.fixture(scope="module")
def network() -> Occlusion:
    return Occlusion(threads=1)


@pytest.fixture(scope="module")
def faces() -> list[tuple[Image, Mask]]:
    """Clean crops of two performers, with their mattes."""
    found = []
    for performer in ("ada", "chidi"):
        picture = still(performer)
        follower = follow.Follower(follow.FaceOptions(perturbations=0, threads=1), Detector(1), FaceMesh(1))
        face = follower.follow(0, picture)[0][0]
        crop = normalise.crop(picture.astype(np.float32) / np.float32(255), face.crop_from_plate, SIZE)
        places = apply(at_size(face.crop_from_plate, SIZE), face.landmarks)
        found.append((crop, region.face_matte(places, SIZE)))
    return found


def test_the_weights_are_small_and_ours() -> None:
    assert assets.asset("models/occlusion.onnx").stat().st_size < 4_000_000
    assert assets.origins()["models/occlusion.onnx"]["licence"] == "Apache-2.0"


def test_a_clean_face_is_not_cut(network: Occlusion, faces: list[tuple[Image, Mask]]) -> None:
    for crop, matte in faces:
        assert covered_share(network.visible(crop[None])[0], matte) < 0.02


def test_a_thing_before_the_face_is_cut_out(network: Occlusion, faces: list[tuple[Image, Mask]]) -> None:
    for crop, matte in faces:
        truth = np.zeros((SIZE, SIZE), np.uint8)
        cv2.rectangle(truth, (90, 190), (330, 240), 1, -1)
        covered = truth > 0
        picture = np.where(covered[..., None], np.float32([0.15, 0.25, 0.5]), crop).astype(np.float32)
        found = network.visible(picture[None])[0] < 0.5
        inside = matte > 0.5
        both, either = (found & covered & inside).sum(), ((found | covered) & inside).sum()
        assert both / either > 0.85


@pytest.mark.parametrize("size", [96, SIDE, 513])
def test_any_size_is_answered_at_that_size(network: Occlusion, faces: list[tuple[Image, Mask]], size: int) -> None:
    crop = cv2.resize(faces[0][0], (size, size), interpolation=cv2.INTER_LINEAR)
    visible = network.visible(crop[None])
    assert visible.shape == (1, size, size)
    assert visible.dtype == np.float32
    assert visible.min() >= 0
    assert visible.max() <= 1


def test_a_batch_gives_what_single_crops_give_and_every_run_the_same(
    network: Occlusion, faces: list[tuple[Image, Mask]]
) -> None:
    crops = np.stack([crop for crop, _ in faces])
    together = network.visible(crops)
    np.testing.assert_array_equal(together, np.concatenate([network.visible(crop[None]) for crop in crops]))
    np.testing.assert_array_equal(together, Occlusion(threads=1).visible(crops))
    assert network.visible(crops[:0]).shape == (0, SIZE, SIZE)


def test_values_beyond_display_range_do_no_harm(network: Occlusion, faces: list[tuple[Image, Mask]]) -> None:
    crop = faces[0][0].copy()
    crop[:4] = np.nan
    crop[4:8] = 7.0
    assert np.isfinite(network.visible(crop[None])).all()


def test_oblong_crops_are_refused(network: Occlusion) -> None:
    with pytest.raises(ShapeError, match="square"):
        network.visible(np.zeros((1, 64, 32, 3), np.float32))


def test_the_covered_share_counts_only_the_face() -> None:
    matte, visible = np.zeros((8, 8), np.float32), np.ones((8, 8), np.float32)
    assert covered_share(visible, matte) == 0
    matte[:4] = 1
    visible[:2] = 0
    visible[4:] = 0
    assert covered_share(visible, matte) == pytest.approx(0.5)
    with pytest.raises(ShapeError):
        covered_share(visible, matte[:4])


def test_an_edge_is_sharpened_onto_the_picture_s_own() -> None:
    large, small = 512, 128
    picture = np.zeros((large, large, 3), np.float32) + np.float32(0.7)
    picture[:, 203:] = 0.2
    matte_large = np.ones((large, large), np.float32)
    matte_large[:, 203:] = 0
    reduced = cv2.resize(picture, (small, small), interpolation=cv2.INTER_AREA)
    coarse = cv2.GaussianBlur(cv2.resize(matte_large, (small, small), interpolation=cv2.INTER_AREA), (0, 0), 0.8)
    plain = cv2.resize(coarse, (large, large), interpolation=cv2.INTER_LINEAR)
    sharp = sharpened(coarse, reduced, picture)
    assert np.abs(sharp - matte_large).mean() < 0.67 * np.abs(plain - matte_large).mean()


def test_a_finer_matte_counts_at_the_edges_alone() -> None:
    matte = np.ones((224, 224), np.float32)
    matte[:, 100:] = 0
    finer = np.ones_like(matte)
    finer[:, 103:] = 0
    # What only the larger picture calls covered, far from any edge, is skin.
    finer[90:120, 20:50] = 0
    merged = refined(matte, finer)
    np.testing.assert_allclose(merged[:80, 90:110], finer[:80, 90:110], atol=0.05)
    np.testing.assert_array_equal(merged[:, :80], matte[:, :80])
    np.testing.assert_array_equal(merged[:, 125:], matte[:, 125:])
    np.testing.assert_array_equal(refined(np.ones_like(matte), finer), np.ones_like(matte))


def test_two_looks_lie_closer_to_a_thin_thing(network: Occlusion, faces: list[tuple[Image, Mask]]) -> None:
    errors: list[list[float]] = []
    once = Occlusion(threads=1, fine=False)
    for crop, matte in faces:
        truth = np.zeros((SIZE, SIZE), np.uint8)
        cv2.line(truth, (60, 250), (250, 130), 1, 9)
        picture = np.where(truth[..., None] > 0, np.float32([0.15, 0.25, 0.5]), crop).astype(np.float32)
        wrong = [np.abs(one.visible(picture[None])[0] - (1 - truth))[matte > 0.5].mean() for one in (network, once)]
        errors.append([float(w) for w in wrong])
    two_looks, one_look = np.mean(errors, axis=0)
    assert two_looks < one_look
