"""Runs of neighbouring frames are judged as they play, and counted as what they are: one value each."""

import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from pecten.benchmark.swap_look import Looked
from pecten.benchmark.swap_measure import MEASURES, Answer, against_truth
from pecten.benchmark.swap_plan import together
from pecten.benchmark.swap_results import Measure
from pecten.benchmark.swap_table import difference_of, figures_of, interval_of
from swap_support import FRAMES, small_results

OVER_TIME = next(measure for measure in MEASURES if measure.key == "jod_video")
JUDGED = (3, 4, 5, 6, 7, 16, 17, 25)


def answer() -> Answer:
    side, count = 192, len(JUDGED)
    blocks = np.kron(np.random.default_rng(0).random((24, 24, 3)), np.ones((8, 8, 1)))
    truth = (0.1 + 0.7 * blocks).astype(np.float32)
    nobody = Looked(np.zeros((count, 478, 2)), np.zeros((count, 128)), np.zeros((count, 52)))
    regions = [np.ones((side, side), np.float32)] * count
    return Answer(JUDGED, Fraction(25), [truth] * count, regions, nobody, None, [np.eye(3)[:2]] * count, None, None)


def test_which_frames_are_judged_together() -> None:
    assert together(JUDGED) == [slice(0, 5), slice(5, 7), slice(7, 8)]
    # One long run is judged as the same runs that are judged where few are asked for.
    assert together(tuple(range(20))) == [slice(0, 8), slice(8, 16), slice(16, 20)]
    assert together((0, 1, 3, 4)) == [slice(0, 2), slice(2, 4)]
    assert together(()) == []


def test_flicker_counts_over_time_alone() -> None:
    known = answer()
    gains = [1 + 0.06 * (-1) ** row if row < 5 else 1.06 for row in range(len(JUDGED))]
    values = against_truth([np.clip(known.pictures[0] * np.float32(gain), 0, 1) for gain in gains], known)
    assert min(values["jod"]) > 9.9
    flickering, steady, alone = (values["jod_video"][rows] for rows in together(JUDGED))
    assert len(set(flickering)) == len(set(steady)) == 1
    assert flickering[0] < 7.5 < 9.9 < steady[0]
    assert math.isnan(alone[0])


def test_an_interval_counts_runs_and_not_their_frames(tmp_path: Path) -> None:
    results = small_results(tmp_path)
    (one,) = results.of("comb", "crop")
    # FRAMES are a run of three and one of two.
    shots = [
        replace(one, shot=str(i), values={"jod_video": (low,) * 3 + (low + 0.2,) * 2})
        for i, low in enumerate((8.0, 8.4, 7.8))
    ]
    assert len(FRAMES) == 5
    found = interval_of(shots, OVER_TIME)
    assert found.frames == 6
    assert found.mean == pytest.approx(np.mean([8.0, 8.2, 8.4, 8.6, 7.8, 8.0]))
    assert found.low < 8.0 < 8.4 < found.high
    worse = [replace(shot, values={"jod_video": tuple(v - 0.5 for v in shot.values["jod_video"])}) for shot in shots]
    apart = difference_of(shots, worse, OVER_TIME)
    assert (apart.mean, apart.frames) == (pytest.approx(0.5), 6)
    assert apart.excludes(0.0)
    missing = [replace(shot, values={"jod_video": (math.nan,) * 5}) for shot in shots]
    assert interval_of(missing, OVER_TIME).frames == difference_of(shots, missing, OVER_TIME).frames == 0
    assert interval_of([], OVER_TIME).frames == 0


def test_it_is_one_of_the_claims(tmp_path: Path) -> None:
    results = small_results(tmp_path)
    taken = tuple(replace(t, values={"jod_video": (9.0 if t.method == "comb" else 8.0,) * 5}) for t in results.taken)
    figures = figures_of(replace(results, measures=(*results.measures, OVER_TIME), taken=taken))
    (crop,) = (figure for figure in figures if figure.name.startswith("ColorVideoVDP over time in the crop"))
    assert crop.value == pytest.approx(1.0)
    assert "2 values" in crop.note


def test_other_measures_still_count_frames(tmp_path: Path) -> None:
    (one,) = small_results(tmp_path).of("comb", "crop")
    assert interval_of([one], Measure("psnr", "PSNR", "dB", "high", "fidelity")).frames == len(FRAMES)
