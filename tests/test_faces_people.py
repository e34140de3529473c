"""One person after a cut, and never another's face."""

import numpy as np

from faces_support import Pictures, still
from pecten.faces.extract import find_faces, performer_tracks
from pecten.faces.follow import FaceOptions
from pecten.faces.people import SAME_LOOKS, unlike_tracks

QUICK = FaceOptions(perturbations=0, threads=1, detect_every=1, longest_gap=0)


def test_a_person_is_followed_over_cuts_and_others_are_not() -> None:
    ada, chidi = still(), still("chidi")
    blank = np.full_like(ada, 60)
    clip = Pictures([ada, ada, ada, blank, chidi, chidi, blank, ada])
    shot = find_faces(clip, QUICK)
    assert len(shot.track_ids()) == 3
    kept = shot.only_tracks(performer_tracks(clip, shot))
    assert [face.index for face in kept.faces] == [0, 1, 2, 7]
    assert dict(kept.missing)[4] == "only other faces found"


def test_nobody_is_seen_twice_in_one_frame() -> None:
    # Twins: the same face left and right. However alike, only one of them is the performer.
    ada = still()
    both = np.hstack([ada, ada])
    clip = Pictures([both, both])
    shot = find_faces(clip, QUICK)
    assert len(shot.track_ids()) == 2
    assert len(performer_tracks(clip, shot)) == 1


def test_a_track_that_is_asked_for_is_taken_alone() -> None:
    clip = Pictures([still()])
    assert performer_tracks(clip, find_faces(clip, QUICK), 5) == (5,)


def test_tracks_that_do_not_look_like_the_others_are_told() -> None:
    ada, chidi = still(), still("chidi")
    blank = np.full_like(ada, 60)
    one = find_faces(Pictures([ada, ada, blank, chidi, chidi, blank, ada]), QUICK)
    (chidis,) = unlike_tracks([one])
    assert (chidis.track, chidis.others) == ((0, 1), ((0, 0), (0, 2)))
    assert chidis.distance > SAME_LOOKS + 0.1
    assert unlike_tracks([one.only_tracks([0, 2])]) == []
    # Over clips, who is seen in most frames is believed: here chidi.
    other = find_faces(Pictures([chidi] * 4), QUICK)
    adas = unlike_tracks([one, other])
    assert [(each.track, each.others) for each in adas] == [((0, 0), ((0, 1), (1, 0))), ((0, 2), ((0, 1), (1, 0)))]
    assert unlike_tracks([]) == []
