"""A face that becomes somebody else's under one number starts a new shot; flashes, hands and turns do not."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from crossing import scene
from faces_support import Pictures, mean_landmarks, still
from pecten.faces.extract import find_faces
from pecten.faces.follow import FaceOptions, Sighting
from pecten.faces.normalise import box_of, crop_from_plate
from pecten.faces.takeover import FRAMES, Shown, TakeoverFinder
from pecten.faces.track import CutFinder
from pecten.metrics.identity import Embedder, Embedding
from pecten.types import ByteImage, Points

QUICK = FaceOptions(perturbations=0, threads=1)
ADA, CHIDI = scene([("ada", 300, 135)]), scene([("chidi", 300, 135)])


class _ByLight(Embedder):
    """Takes crops for one person's that are as light on average; counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def embed(self, image: ByteImage, points: Points) -> Embedding:
        self.asked += 1
        return np.full(128, image.mean() / 255)


def _crop(seed: int, light: float) -> ByteImage:
    coarse = np.random.default_rng(seed).normal(0, 20, (8, 8, 3))
    return np.clip(cv2.resize(coarse, (256, 256)) + light, 0, 255).astype(np.uint8)


ONE, OTHER = _crop(1, 70.0), _crop(2, 180.0)


def _face(crop: ByteImage, track: int = 0) -> Shown:
    landmarks = mean_landmarks(100.0, 320.0, 180.0)
    return Sighting(track, landmarks, 1.0, 0.0, crop_from_plate(landmarks), box_of(landmarks)), crop


def _takeovers(crops: Sequence[ByteImage | None], covered: float = 0.0) -> tuple[list[int], int]:
    """Show a clip, a crop a frame; return the frames on which the face became another's, and how often was asked."""
    embedder = _ByLight()
    finder = TakeoverFinder(embedder, lambda one, crop: covered)
    found = []
    for index, crop in enumerate(crops):

        def later(one: Sighting, after: int = index + 1) -> Iterator[Shown]:
            return (_face(crop) for crop in crops[after : after + FRAMES - 1] if crop is not None)

        if finder.is_takeover([] if crop is None else [_face(crop)], later):
            found.append(index)
    return found, embedder.asked


def test_a_face_that_becomes_anothers_is_told_at_its_frame() -> None:
    assert _takeovers([ONE] * 5 + [OTHER] * 5)[0] == [5]
    assert _takeovers([ONE, OTHER])[0] == [1]


def test_the_recogniser_is_only_asked_where_the_face_changed() -> None:
    assert _takeovers([ONE] * 9) == ([], 0)
    brighter = [np.clip(ONE * gain, 0, 255).astype(np.uint8) for gain in (1.0, 1.3, 0.8)]
    assert _takeovers(brighter) == ([], 0)


@pytest.mark.parametrize("lasts", [1, FRAMES - 1])
def test_what_soon_goes_again_is_nobody_else(lasts: int) -> None:
    assert _takeovers([ONE] * 5 + [OTHER] * lasts + [ONE] * 5)[0] == []


def test_a_covered_face_is_not_judged() -> None:
    assert _takeovers([ONE] * 5 + [OTHER] * 5, covered=0.5)[0] == []


def test_only_neighbours_are_compared() -> None:
    # Whoever comes back after a gap is put right by what the whole track looks like.
    assert _takeovers([ONE] * 5 + [None] + [OTHER] * 5)[0] == []


@pytest.mark.parametrize("overlap", [True, False])
def test_people_cut_together_before_one_wall_are_two_tracks(overlap: bool) -> None:
    finder = CutFinder()
    assert not any([finder.is_cut(ADA), finder.is_cut(CHIDI)])
    shot = find_faces(Pictures([ADA] * 3 + [CHIDI] * 3), replace(QUICK, overlap=overlap))
    assert [(face.index, face.track) for face in shot.faces] == [(i, int(i > 2)) for i in range(6)]
    assert len(shot.portraits) == 2


def test_nothing_is_carried_over_from_one_person_to_the_other() -> None:
    joined = find_faces(Pictures([_moved(ADA, i) for i in range(3)] + [_moved(CHIDI, i) for i in range(3)]), QUICK)
    first = find_faces(Pictures([_moved(ADA, i) for i in range(3)]), QUICK)
    assert len(joined.of_track(0)) == len(first.faces) == 3
    for face, alone in zip(joined.of_track(0), first.faces, strict=True):
        np.testing.assert_array_equal(face.crop_from_plate, alone.crop_from_plate)


def _moved(picture: ByteImage, by: int) -> ByteImage:
    move = np.array([[1.0, 0.0, 1.5 * by], [0.0, 1.0, 0.7 * by]])
    return np.asarray(cv2.warpAffine(picture, move, picture.shape[1::-1], borderMode=cv2.BORDER_REPLICATE))


def _flash(picture: ByteImage) -> ByteImage:
    return np.clip(picture * 3.0 + 20, 0, 255).astype(np.uint8)


def _hand(picture: ByteImage, x: float) -> ByteImage:
    """Draw a hand's worth of skin before a face."""
    over = picture.copy()
    cv2.ellipse(over, (int(x), 165), (55, 75), 20, 0, 360, (190, 140, 115), -1)
    return over


@pytest.mark.parametrize(
    "pictures",
    [
        [still()] * 3 + [_flash(still())] * 2 + [still()] * 3,
        [ADA] * 4 + [_hand(ADA, x) for x in (440, 380, 330, 300, 300, 260, 200)] + [ADA] * 4,
    ],
    ids=["flash", "hand"],
)
def test_one_person_stays_one_track(pictures: list[Any]) -> None:
    shot = find_faces(Pictures(pictures), QUICK)
    assert shot.track_ids() == (0,)
