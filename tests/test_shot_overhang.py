"""A decoded face narrower than its target's is carried on with its own skin."""

import cv2
import numpy as np
import pytest

from faces_support import mean_landmarks, still
from pecten.faces.landmarks import FaceMesh
from pecten.faces.normalise import crop, crop_from_plate
from pecten.faces.region import face_matte
from pecten.geometry import similarity as sim
from pecten.shot.overhang import filled, find_outline, steady_outline

EYES = np.array([[187.4, 94.2], [249.6, 100.3]])


def test_the_outline_of_a_crop_is_found_where_it_lies() -> None:
    mesh, shown = FaceMesh(1), still()
    rough = sim.fit_similarity(EYES, np.array([[368.0, 414], [656, 414]]))
    face = np.clip(crop(shown.astype(np.float32) / np.float32(255), rough, 256), 0, 1)
    outline = find_outline(mesh, face)
    assert outline is not None
    # Seen in the whole plate, the mesh lies at the same place of it.
    direct = sim.apply(rough, mesh.locate(shown, [sim.at_size(rough, 256)])[0][0])
    assert np.abs(outline - direct).mean() < 12
    assert np.abs(crop_from_plate(outline)[:, :2] - np.eye(2)).max() < 0.08
    assert find_outline(mesh, np.zeros((64, 64, 3), np.float32)) is None


def test_what_lies_beyond_the_outline_has_no_part_and_the_face_stays() -> None:
    size = 128
    narrow = mean_landmarks(1.0)
    narrow[:, 0] = 512 + 0.8 * (narrow[:, 0] - 512)
    own = face_matte((narrow + 0.5) * size / 1024 - 0.5, size)
    skin, garbage = np.float32([0.7, 0.5, 0.4]), np.float32([0.0, 1.0, 0.0])
    decoded = np.where(own[..., None] > 0.5, skin, garbage)
    wide = face_matte((mean_landmarks() + 0.5) * size / 1024 - 0.5, size) > 0
    result = filled(decoded, narrow, np.full_like(decoded, 0.5))
    np.testing.assert_allclose(result[wide], np.broadcast_to(skin, result[wide].shape), atol=0.02)
    assert np.abs(decoded - skin)[wide].max() > 0.5
    assert filled(decoded, None, decoded) is decoded


def test_a_strange_rim_within_the_outline_is_replaced_by_skin() -> None:
    size = 256
    points = (mean_landmarks() + 0.5) * size / 1024 - 0.5
    own = face_matte(points, size) > 0
    skin, beyond = np.float32([0.5, 0.35, 0.25]), np.float32([0.2, 0.3, 0.4])
    # The decoded face ends before its outline does on one side, below the eyes.
    edge = int(points[:, 0].max()) - 20
    columns = np.arange(size)[None, :, None]
    decoded = np.where(columns < edge, skin, beyond) * np.ones((size, 1, 1), np.float32)
    strange = own & (np.arange(size) >= edge) & (np.arange(size)[:, None] > 0.47 * size)
    assert 100 < strange.sum() < 0.2 * own.sum()
    result = filled(decoded, mean_landmarks(), skin * np.ones_like(decoded))
    assert np.abs(decoded - skin)[strange].max() > 0.25
    assert np.abs(result - skin)[strange].max() < 0.08
    inside = (cv2.erode(own.view(np.uint8), np.ones((17, 17))) > 0) & (np.arange(size) < edge - 20)
    assert np.array_equal(result[inside], decoded[inside])
    # Where the plate is as cold, it is the light.
    deep = cv2.erode(own.view(np.uint8), np.ones((17, 17))) > 0
    assert (deep & strange).any()
    assert np.array_equal(filled(decoded, mean_landmarks(), decoded)[deep], decoded[deep])


@pytest.mark.parametrize("rim", [(0.25, 0.17, 0.12), (0.8, 0.7, 0.65)], ids=["a beard", "a highlight"])
def test_what_is_darker_or_brighter_at_the_rim_is_the_faces(rim: tuple[float, float, float]) -> None:
    size = 256
    points = (mean_landmarks() + 0.5) * size / 1024 - 0.5
    own = face_matte(points, size) > 0
    edge = int(points[:, 0].max()) - 30
    rows = np.where(np.arange(size)[None, :, None] < edge, np.float32([0.5, 0.35, 0.25]), np.float32(rim))
    decoded = rows * np.ones((size, 1, 1), np.float32)
    deep = cv2.erode(own.astype(np.uint8), np.ones((17, 17))) > 0
    assert (deep & (np.arange(size) >= edge)).any()
    plate = np.float32([0.5, 0.35, 0.25]) * np.ones_like(decoded)
    assert np.array_equal(filled(decoded, mean_landmarks(), plate)[deep], decoded[deep])


def test_an_outline_is_steadied_over_its_neighbours_alone() -> None:
    points = [np.full((3, 2), float(k)) for k in (0, 2, 7, 3, 4)]
    assert steady_outline(points, 2)[0, 0] == pytest.approx(16 / 5)
    assert steady_outline(points, 0)[0, 0] == pytest.approx(3)
    assert steady_outline([points[0], None, points[2]], 1) is None
    assert steady_outline([points[0], None, points[1]], 2)[0, 0] == pytest.approx(1)
