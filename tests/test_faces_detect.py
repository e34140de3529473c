"""Faces are found where they are; overlapping detections become one."""

import numpy as np
import pytest

from faces_support import EYES, still
from pecten.faces.detect import Detection, Detector, area, decode, overlap, suppress


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(threads=1)


def test_finds_the_face_of_a_still(detector: Detector) -> None:
    (face,) = detector.detect(still())
    assert face.score > 0.8
    assert np.abs(face.points[:2] - EYES).max() < 10
    x0, y0, x1, y1 = face.box
    assert x0 < EYES[0, 0] < EYES[1, 0] < x1
    assert y0 < EYES[:, 1].min() < y1


def test_a_larger_picture_gives_the_same_place_in_its_own_pixels(detector: Detector) -> None:
    large = np.repeat(np.repeat(still(), 3, axis=0), 3, axis=1)
    (small_face,), (large_face,) = detector.detect(still()), detector.detect(large)
    expected = (np.array(small_face.box) + 0.5) * 3 - 0.5
    # A larger picture shows more detail, so boxes agree to a twentieth of a face.
    assert np.abs(np.array(large_face.box) - expected).max() < 0.05 * (expected[3] - expected[1])


def test_finds_two_people_and_nobody(detector: Detector) -> None:
    pair = np.hstack([still(), still()])
    assert len(detector.detect(pair)) == 2
    assert detector.detect(np.full((270, 480, 3), 128, dtype=np.uint8)) == []
    assert detector.detect(np.zeros((1, 7, 3), dtype=np.uint8)) == []


def test_decode_reads_a_planted_face() -> None:
    heat = np.zeros((8, 10), dtype=np.float32)
    heat[3, 6] = 0.9
    sizes = np.full((2, 8, 10), np.log(5.0), dtype=np.float32)
    shifts = np.zeros((2, 8, 10), dtype=np.float32)
    shifts[0, 3, 6] = 0.25
    marks = np.full((10, 8, 10), 0.5, dtype=np.float32)
    (face,) = decode(heat, sizes, shifts, marks, 0.5)
    # The centre is (6 + 0.5) * 4 across and (3 + 0.25 + 0.5) * 4 down from the corner; boxes are 5 * 4 px.
    assert face.box == pytest.approx((15.5, 4.5, 35.5, 24.5))
    np.testing.assert_allclose(face.points, [[25.5, 14.5]] * 5)


def test_suppress_keeps_the_best_of_each_group() -> None:
    points = np.zeros((5, 2))
    boxes = [(0.0, 0.0, 10.0, 10.0), (1.0, 1.0, 11.0, 11.0), (30.0, 0.0, 40.0, 10.0)]
    found = [Detection(box, score, points) for box, score in zip(boxes, (0.6, 0.9, 0.7), strict=True)]
    assert [d.score for d in suppress(found)] == [0.9, 0.7]


def test_overlap_and_area() -> None:
    assert overlap((0.0, 0.0, 2.0, 2.0), (1.0, 0.0, 3.0, 2.0)) == pytest.approx(1 / 3)
    assert overlap((0.0, 0.0, 1.0, 1.0), (2.0, 2.0, 3.0, 3.0)) == 0.0
    assert area((0.0, 0.0, 2.0, 3.0)) == 6.0
    assert area((2.0, 0.0, 0.0, 3.0)) == 0.0
