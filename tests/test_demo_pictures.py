"""The demo's pictures show what they say."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from faces_support import mean_landmarks
from pecten.demo import curves, footage, pictures


def _flat(value: int, height: int = 90, width: int = 160) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def test_the_wipe_shows_one_picture_each_side_of_its_line() -> None:
    both = pictures.wipe(_flat(10), _flat(200), 0.5)
    assert (both[:, :79] == 10).all()
    assert (both[:, 82:] == 200).all()


def test_the_wipe_goes_there_and_back() -> None:
    positions = [pictures.wipe_position(index, 51) for index in range(51)]
    assert positions[0] == positions[-1] == 0.0
    assert max(positions) == 1.0
    assert positions[:26] == sorted(positions[:26])


def test_strips_stand_beside_each_other_around_the_face() -> None:
    picture = _flat(0)
    picture[:, 100:110] = 255
    row = pictures.side_by_side([picture, picture], ["a", "b"], 105.0)
    assert row.shape == picture.shape
    lit = np.flatnonzero((row[:40] == 255).all(axis=(0, 2)))
    assert len(lit) == 20
    assert abs(lit[:10].mean() - 39.5) < 2


def test_the_square_holds_the_face_and_stays_in_the_picture() -> None:
    x0, y0, x1, y1 = pictures.square_around(mean_landmarks(0.5), 720, 1280)
    low, high = mean_landmarks(0.5).min(axis=0), mean_landmarks(0.5).max(axis=0)
    assert (np.array([x0, y0]) <= low).all()
    assert (high <= np.array([x1, y1])).all()
    assert x1 - x0 == y1 - y0
    assert pictures.square_around(mean_landmarks(3.0, -500.0), 100, 300)[:2] >= (0, 0)


def test_a_sheet_has_a_row_a_look_and_shows_no_difference_where_there_is_none() -> None:
    plate = _flat(90)
    look = pictures.Look(
        7, (0, 0, 90, 90), plate, plate, plate, np.zeros((90, 160), np.float32), np.zeros((8, 8, 3), np.float32)
    )
    one, two = pictures.swap_sheet([look], "t", 60), pictures.swap_sheet([look, look], "t", 60)
    assert two.shape[0] > one.shape[0] + 59
    difference = one[-40:-20, -50:-20]
    assert (difference == 0).all()


def test_curves_are_drawn_even_after_an_interrupt(tmp_path: Path) -> None:
    stats = tmp_path / "stats.jsonl"
    rows = [{"images_seen": 10 * i, "level": 5, "loss": {"ada": 1.0 / i}} for i in range(1, 5)]
    stats.write_text("\n".join([json.dumps(row) for row in rows] + ['{"images_se']), encoding="utf-8")
    assert len(curves.read_stats(stats)) == 4
    curves.draw_curves(stats, tmp_path / "curves.png")
    drawn = cv2.imread(str(tmp_path / "curves.png"))
    assert drawn is not None
    assert drawn.std() > 1


def test_the_shipped_footage_is_there_and_small_enough() -> None:
    clips = [clip for identity in footage.SHOTS for clip in footage.training_clips(identity)]
    clips += [footage.plate(), footage.true_source(), footage.true_swap(), footage.true_region()]
    assert all(clip.is_file() for clip in clips)
    assert sum(clip.stat().st_size for clip in set(clips)) < 12e6


def test_the_answers_are_never_trained_on() -> None:
    answers = {footage.true_source(), footage.true_swap(), footage.true_region()}
    for identity in footage.SHOTS:
        assert not answers & set(footage.training_clips(identity))


@pytest.mark.parametrize("identity", footage.SHOTS)
def test_only_the_target_trains_on_the_plate(identity: str) -> None:
    assert (footage.plate() in footage.training_clips(identity)) == (identity == footage.TARGET)
