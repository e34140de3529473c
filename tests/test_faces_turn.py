"""A head's turn is told up to profile, where the mesh does not tell it."""

import cv2
import numpy as np
import pytest

from faces_support import DATA, still
from pecten.faces import normalise, stabilise
from pecten.faces.detect import Detection, Detector
from pecten.faces.landmarks import FaceMesh
from pecten.faces.turn import TRUSTED_DEG, eyes_apart, turn
from pecten.types import Affine, ByteImage, Points

TURNED = (40.0, 56.0)
"""Degrees of the two heads of the picture, from `runs/draw_turning_head.py`."""


class Silent(Detector):
    """A detector that must not be asked."""

    def __init__(self) -> None:
        pass

    def detect(self, image: ByteImage) -> list[Detection]:
        """Fail."""
        raise AssertionError(f"asked about a picture of {image.shape}")


class Blind(Silent):
    """A detector that sees nobody."""

    def detect(self, image: ByteImage) -> list[Detection]:
        """See nobody."""
        return []


@pytest.fixture(scope="module")
def mesh() -> FaceMesh:
    return FaceMesh(threads=1)


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(threads=1)


def heads() -> list[ByteImage]:
    """Return both heads, turned to the picture's right."""
    both = np.ascontiguousarray(cv2.imread(str(DATA / "ada_turned.jpg"))[..., ::-1])
    return [np.ascontiguousarray(half) for half in np.split(both, 2, axis=1)]


def found(image: ByteImage, mesh: FaceMesh, detector: Detector) -> tuple[Points, Affine]:
    """Find the mesh of the one face of a picture, and its normalisation."""
    (face,) = detector.detect(image)
    roi = stabilise.roi_of_detection(face.box, face.points[:2])
    for _ in range(2):
        landmarks, presence = mesh.locate(image, [roi])
        assert presence[0] > 0.5
        place = normalise.crop_from_plate(landmarks[0])
        roi = stabilise.roi_of_normalisation(place)
    return landmarks[0], place


def test_near_profile_the_detector_says_how_far(mesh: FaceMesh, detector: Detector) -> None:
    for image, sign in ((heads()[1], 1), (np.ascontiguousarray(heads()[1][:, ::-1]), -1)):
        landmarks, place = found(image, mesh, detector)
        turned = turn(image, landmarks, place, detector)
        by_mesh = normalise.pose(landmarks)
        assert abs(np.degrees(by_mesh.yaw_rad)) < 52
        assert np.degrees(turned.yaw_rad) == pytest.approx(sign * TURNED[1], abs=6)
        assert turned[1:] == by_mesh[1:]


def test_where_the_mesh_is_right_it_counts(mesh: FaceMesh, detector: Detector) -> None:
    landmarks, place = found(heads()[0], mesh, detector)
    assert turn(heads()[0], landmarks, place, detector) == normalise.pose(landmarks)
    assert np.degrees(normalise.pose(landmarks).yaw_rad) == pytest.approx(TURNED[0], abs=6)


def test_nobody_is_asked_about_a_face_that_looks_ahead(mesh: FaceMesh, detector: Detector) -> None:
    landmarks, place = found(still(), mesh, detector)
    assert turn(still(), landmarks, place, Silent()) == normalise.pose(landmarks)
    side, at_side = found(heads()[1], mesh, detector)
    with pytest.raises(AssertionError, match="asked"):
        turn(heads()[1], side, at_side, Silent())


def test_a_face_that_the_detector_misses_is_turned_as_its_mesh_is(mesh: FaceMesh, detector: Detector) -> None:
    landmarks, place = found(heads()[1], mesh, detector)
    assert turn(heads()[1], landmarks, place, Blind()) == normalise.pose(landmarks)


def test_eyes_come_together_as_a_head_turns(detector: Detector) -> None:
    apart = [eyes_apart(detector.detect(image)[0]) for image in (still(), *heads())]
    assert sorted(apart, reverse=True) == apart
    assert apart[0] > 0.9
    assert apart[2] < 0.6
    points = np.array([[0.0, 0.0], [30.0, 0.0], [0.0, 0.0], [10.0, 40.0], [20.0, 40.0]])
    assert eyes_apart(Detection((0.0, 0.0, 1.0, 1.0), 1.0, points)) == pytest.approx(0.75)
    assert TRUSTED_DEG > 45
