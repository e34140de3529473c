"""Cuts are told from flashes and moves; faces keep their numbers while that is plausible."""

from itertools import pairwise

import numpy as np
import pytest

from faces_support import still
from pecten.faces.detect import Box
from pecten.faces.track import CutFinder, Tracker, fresh, main_track
from pecten.geometry import similarity as sim
from pecten.geometry.warp import warp
from pecten.types import ByteImage


def _other_scene() -> ByteImage:
    y, x = np.mgrid[0:270, 0:480]
    return np.stack([200 - y // 3, 120 + x // 6, 90 + (x // 60) % 2 * 90], axis=-1).astype(np.uint8)


def test_a_cut_is_found_and_only_there() -> None:
    finder = CutFinder()
    shot = [still(), still(), _other_scene(), _other_scene(), still()]
    assert [finder.is_cut(picture) for picture in shot] == [False, False, True, False, True]


def test_a_cut_to_another_face_framed_alike_is_found() -> None:
    finder = CutFinder()
    assert [finder.is_cut(picture) for picture in (still(), still("chidi"), still("chidi"))] == [False, True, False]


@pytest.mark.parametrize("gain", [0.3, 2.0, 3.0])
def test_a_flash_is_not_a_cut(gain: float) -> None:
    finder = CutFinder()
    flash = np.clip(still() * gain + 20, 0, 255).astype(np.uint8)
    assert [finder.is_cut(picture) for picture in (still(), flash, still())] == [False, False, False]


def test_a_fast_pan_is_not_a_cut() -> None:
    finder = CutFinder()
    pan = [warp(still(), sim.similarity(1.0, 0.0, (-35.0 * i, 0.0)), 480, 270) for i in range(6)]
    assert not any(finder.is_cut(picture) for picture in pan)


def _mixed(one: ByteImage, other: ByteImage, share: float) -> ByteImage:
    return np.rint(one * (1 - share) + other * share).astype(np.uint8)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_cut_with_a_mixed_frame_is_found_after_it(share: float) -> None:
    finder = CutFinder()
    one, other = still(), _other_scene()
    cuts = []
    for index, picture in enumerate([one, one, _mixed(one, other, share), other, other]):
        if finder.is_cut(picture):
            cuts.append((index, finder.after_mixture))
    assert (3, True) in cuts
    assert {index for index, _ in cuts} <= {2, 3}


def test_a_clean_cut_and_a_frame_of_its_own_follow_no_mixture() -> None:
    finder = CutFinder()
    third = np.ascontiguousarray(_other_scene()[::-1, ::-1])
    for picture in (still(), still(), _other_scene(), third, still("chidi")):
        finder.is_cut(picture)
        assert not finder.after_mixture


def test_a_dissolve_within_a_pan_is_not_a_cut() -> None:
    finder = CutFinder()
    pan = [warp(still(), sim.similarity(1.0, 0.0, (-35.0 * i, 0.0)), 480, 270) for i in range(5)]
    blended = [frame for a, b in pairwise(pan) for frame in (a, _mixed(a, b, 0.5))]
    assert not any(finder.is_cut(picture) for picture in blended)


def test_black_frames_are_no_trouble() -> None:
    finder = CutFinder()
    black = np.zeros((270, 480, 3), dtype=np.uint8)
    assert [finder.is_cut(picture) for picture in (black, black, still())] == [False, False, True]


def _box(x: float, y: float = 100.0, side: float = 80.0) -> Box:
    return (float(x), float(y), float(x + side), float(y + side))


def test_people_keep_their_numbers_when_they_come_back() -> None:
    tracker = Tracker(longest_gap=20)
    assert tracker.assign(0, [_box(50), _box(300)]) == [0, 1]
    for number, x in ((0, 50.0), (1, 300.0)):
        tracker.see(number, 0, _box(x))
    assert {t.number for t in tracker.seen_at(0)} == {0, 1}
    tracker.see(0, 1, _box(52))
    assert tracker.assign(10, [_box(310)]) == [1]
    assert tracker.assign(40, [_box(310)]) == [2]


def test_a_face_of_another_size_or_far_away_is_another() -> None:
    tracker = Tracker()
    tracker.see(tracker.assign(0, [_box(50)])[0], 0, _box(50))
    assert tracker.assign(3, [_box(50, side=200.0)]) == [1]
    assert tracker.assign(3, [_box(400)]) == [2]


def test_a_moving_face_is_expected_ahead() -> None:
    tracker = Tracker()
    number = tracker.assign(0, [_box(0)])[0]
    for index in range(5):
        track = tracker.see(number, index, _box(40.0 * index))
    assert track.expected(5)[0] > track.box[0]
    assert tracker.assign(6, [_box(250)]) == [number]


def test_a_cut_ends_every_track() -> None:
    tracker = Tracker()
    tracker.see(tracker.assign(0, [_box(50)])[0], 0, _box(50))
    tracker.end_all()
    assert tracker.assign(1, [_box(50)]) == [1]


def test_main_track_covers_most_area_times_frames() -> None:
    assert main_track([]) is None
    assert main_track([(0, _box(0, side=30.0))] * 5 + [(1, _box(0, side=100.0))]) == 1
    assert main_track([(0, _box(0)), (1, _box(9))]) == 0


def test_fresh_tells_which_boxes_are_new() -> None:
    assert fresh([_box(0), _box(300)], [_box(5)]) == [1]
