"""People who cross, leave and come back keep their numbers; nobody inherits another's."""

from collections.abc import Sequence

import numpy as np
import pytest

from crossing import crossing, scene
from faces_support import Pictures
from pecten.errors import FacesError
from pecten.faces.appearance import Look, Piece, untangle
from pecten.faces.chosen import one_a_frame
from pecten.faces.detect import Detection, Detector
from pecten.faces.extract import find_faces
from pecten.faces.follow import FaceOptions, Follower
from pecten.faces.landmarks import FaceMesh
from pecten.faces.mean import MEAN_MESH
from pecten.faces.mesh import LEFT_EYE, RIGHT_EYE
from pecten.faces.normalise import box_of
from pecten.faces.people import agglomerate, group_people
from pecten.faces.records import ShotFaces
from pecten.faces.stabilise import roi_of_normalisation
from pecten.geometry import similarity as sim
from pecten.types import Affine, ByteImage

QUICK = FaceOptions(perturbations=0, threads=1)


def _wrong(shot: ShotFaces, where: dict[int, list[float]], far: float = 60.0) -> list[tuple[int, int]]:
    """Return (frame, track) of every face that lies far from where its track's head is."""
    x = {(face.index, face.track): (face.box[0] + face.box[2]) / 2 for face in shot.faces}
    return [(index, track) for (index, track), at in x.items() if abs(at - where[track][index]) > far]


@pytest.mark.parametrize(("front", "back", "count"), [("ada", "chidi", 30), ("chidi", "ada", 14)])
def test_two_people_who_cross_keep_their_numbers(front: str, back: str, count: int) -> None:
    pictures, front_x, back_x = crossing(front, back, count)
    shot = find_faces(Pictures(pictures), QUICK)
    assert shot.track_ids() == (0, 1)
    first = {face.track: face.box[0] for face in shot.faces if face.index == 0}
    left, right = sorted(first, key=lambda track: first[track])
    assert _wrong(shot, {left: front_x, right: back_x}) == []
    # Each is found wherever the heads lie apart by their width.
    for track, x in ((left, front_x), (right, back_x)):
        apart = {k for k in range(count) if abs(front_x[k] - back_x[k]) > 170}
        assert apart <= {face.index for face in shot.of_track(track)}, x
    # One face a frame is worked on: the other is not left as it was without a word.
    with pytest.raises(FacesError, match=r"tracks 0 and 1 are both in frames 0-\d+.*choose one of them"):
        one_a_frame(shot, (0, 1))
    assert one_a_frame(shot, (1,)) == {face.index: face for face in shot.of_track(1)}


def test_a_face_that_leaves_for_a_hundred_frames_is_the_same_person() -> None:
    there, away = scene([("ada", 90, 135)], 320), scene([], 320)
    late = scene([("ada", 230, 135)], 320)
    shot = find_faces(Pictures([there] * 3 + [away] * 100 + [late] * 3), QUICK)
    assert len(shot.track_ids()) == 2
    (person,) = group_people([shot])
    assert person.in_clip(0) == shot.track_ids()


def test_somebody_else_in_the_same_place_is_another_track() -> None:
    clip = [scene([("ada", 300, 135)])] * 4 + [scene([])] * 3 + [scene([("chidi", 300, 135)])] * 4
    shot = find_faces(Pictures(clip), QUICK)
    assert [face.track for face in shot.faces] == [0, 0, 0, 0, 1, 1, 1, 1]
    assert len(group_people([shot])) == 2


def test_every_track_has_a_portrait() -> None:
    shot = find_faces(Pictures([scene([("ada", 150, 135), ("chidi", 450, 135)])] * 2), QUICK)
    assert [portrait.track for portrait in shot.portraits] == [0, 1]
    for portrait in shot.portraits:
        assert portrait.picture.shape == (128, 128, 3)
        assert portrait.picture.std() > 20


class _Walker(FaceMesh):
    """A mesh that lies a ninth of the face's side right of where it is asked to look, as beside another face."""

    def __init__(self) -> None:
        pass

    def locate(self, image: ByteImage, rois: Sequence[Affine]) -> tuple[np.ndarray, np.ndarray]:
        seen = [sim.apply(sim.compose(sim.invert(roi), _LOOKED_AT), MEAN_MESH[:, :2]) for roi in rois]
        side = np.ptp(seen[0], axis=0).max()
        return np.stack(seen) + np.array([side / 9, 0.0]), np.ones(len(rois))


_LOOKED_AT = roi_of_normalisation(sim.similarity(1.0, 0.0, (0.0, 0.0)))


@pytest.mark.parametrize("perturbations", [0, 3])
def test_looks_do_not_walk_from_a_detected_face_to_the_one_beside_it(perturbations: int) -> None:
    box = box_of(MEAN_MESH[:, :2] / 4)
    eyes = np.stack([MEAN_MESH[list(eye), :2].mean(axis=0) / 4 for eye in (RIGHT_EYE, LEFT_EYE)])
    detection = Detection(box, 0.9, np.concatenate([eyes, np.zeros((3, 2))]))
    follower = Follower(FaceOptions(perturbations=perturbations, threads=1), Detector(1), _Walker())
    (face,), _ = follower.follow(0, np.zeros((256, 256, 3), np.uint8), detections=[detection])
    # One look is a ninth off, and every look from where the last one was would be another ninth.
    assert (face.box[0] - box[0]) / (box[3] - box[1]) < 0.17


def _piece(track: int, first: int, last: int, near: frozenset[int] = frozenset()) -> Piece:
    crop = np.zeros((256, 256, 3), np.uint8)
    return Piece(track, first, last, near, [Look(first, 0.1, crop, np.zeros((5, 2)))])


def _seen(x: float, y: float) -> np.ndarray:
    embedding = np.zeros(128)
    embedding[:2] = x, y
    return embedding


def test_numbers_that_were_swapped_are_swapped_back() -> None:
    ada, bruno = _seen(0.0, 0.0), _seen(0.6, 0.0)
    pieces = [_piece(0, 0, 9), _piece(1, 0, 9), _piece(0, 10, 19), _piece(1, 12, 19)]
    assert untangle(pieces, [ada, bruno, bruno + 0.001, ada + 0.001]) == [0, 1, 1, 0]
    assert untangle(pieces, [ada, bruno, ada + 0.001, bruno + 0.001]) == [0, 1, 0, 1]


def test_a_doubtful_look_changes_nothing() -> None:
    # Half way between two people, as a crop that shows a piece of each.
    pieces = [_piece(0, 0, 9), _piece(1, 0, 9), _piece(0, 10, 12, frozenset({1}))]
    assert untangle(pieces, [_seen(0.0, 0.0), _seen(0.7, 0.0), _seen(0.38, 0.0)]) == [0, 1, 0]


def test_what_is_alike_is_joined_unless_seen_together() -> None:
    faces = [_seen(0.0, 0.0), _seen(0.3, 0.0), _seen(0.0, 0.9), _seen(0.1, 0.9)]
    assert agglomerate(faces, [5, 5, 5, 5], set()) == [[0, 1], [2, 3]]
    assert agglomerate(faces, [5, 5, 5, 5], {frozenset({0, 1})}) == [[0], [1], [2, 3]]
    assert agglomerate([], [], set()) == []


def test_seen_together_once_is_enough_for_a_whole_group() -> None:
    # 0 is like 1 and 1 like 2, but 0 and 2 share a frame: 1 goes to the closer, and the other stays alone.
    faces = [_seen(0.0, 0.0), _seen(0.2, 0.0), _seen(0.5, 0.0)]
    assert agglomerate(faces, [1, 1, 1], {frozenset({0, 2})}) == [[0, 1], [2]]
