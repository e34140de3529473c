"""Intervals hold the true mean as often as they promise."""

import numpy as np
import pytest

from pecten.errors import ShapeError
from pecten.metrics.interval import block_length, difference_interval, mean_interval


def walks(count: int, frames: int, memory: float, seed: int) -> np.ndarray:
    """Make series of mean 0 and variance 1 in which each frame resembles the one before."""
    noise = np.random.default_rng(seed).normal(size=(count, frames))
    series = noise.copy()
    for i in range(1, frames):
        series[:, i] = memory * series[:, i - 1] + np.sqrt(1 - memory**2) * noise[:, i]
    return series


def coverage(series: np.ndarray, block: int | None) -> float:
    found = [mean_interval(one, 0.9, block, seed=i, draws=200) for i, one in enumerate(series)]
    return float(np.mean([not interval.excludes(0.0) for interval in found]))


def test_independent_frames_are_covered_as_promised() -> None:
    assert coverage(walks(400, 60, 0.0, 1), 1) == pytest.approx(0.9, abs=0.04)
    assert coverage(walks(400, 60, 0.0, 1), None) == pytest.approx(0.9, abs=0.04)


def test_blocks_are_honest_where_single_frames_are_not() -> None:
    series = walks(400, 72, 0.7, 2)
    assert coverage(series, 1) < 0.65
    assert coverage(series, None) > 0.78


def test_blocks_grow_with_memory() -> None:
    lengths = [block_length(list(walks(3, 90, memory, 6))) for memory in (0.0, 0.5, 0.9)]
    assert lengths == sorted(lengths)
    assert lengths[0] <= 3
    assert lengths[-1] >= 12
    assert block_length([np.ones(90)]) == 1


def test_the_width_is_students_for_independent_frames() -> None:
    series = np.random.default_rng(3).normal(5.0, 2.0, 400)
    interval = mean_interval(series, 0.95, block=1, draws=4000)
    assert interval.mean == pytest.approx(series.mean())
    half = 1.96 * series.std(ddof=1) / 20
    assert interval.high - interval.mean == pytest.approx(half, rel=0.08)
    assert interval.mean - interval.low == pytest.approx(half, rel=0.08)


def test_a_constant_has_no_width() -> None:
    interval = mean_interval(np.full(50, 3.25))
    assert (interval.mean, interval.low, interval.high, interval.frames) == (3.25, 3.25, 3.25, 50)


def test_pairing_finds_a_small_difference_under_large_common_change() -> None:
    common = 10 * np.sin(np.arange(72) / 9)
    noise = np.random.default_rng(4).normal(size=(2, 72))
    one, other = common + 0.3 + 0.2 * noise[0], common + 0.2 * noise[1]
    apart = difference_interval(one, other)
    assert apart.excludes(0.0)
    assert apart.low < 0.3 < apart.high
    assert not difference_interval(one, one).excludes(0.0)
    assert mean_interval(one).high - mean_interval(one).low > 10 * (apart.high - apart.low)


def test_shots_add_up_and_missing_frames_are_left_out() -> None:
    series = walks(1, 80, 0.0, 5)[0]
    gaps = series.copy()
    gaps[::4] = np.nan
    assert mean_interval(gaps).mean == pytest.approx(series[~np.isnan(gaps)].mean())
    assert mean_interval(gaps).frames == 60
    shots = mean_interval([series[:30], series[30:]])
    assert shots.mean == pytest.approx(series.mean())
    assert shots == mean_interval([series[:30], series[30:]])
    assert shots != mean_interval([series[:30], series[30:]], seed=1)


def test_too_little_has_no_bounds() -> None:
    assert np.isnan(mean_interval(np.zeros(0)).mean)
    single = mean_interval(np.array([2.0]))
    assert single.mean == 2.0
    assert np.isnan(single.low)
    assert not single.excludes(5.0)


def test_endless_values_have_no_bounds() -> None:
    equal = np.array([np.inf, np.inf, 40.0])
    endless = mean_interval(equal)
    assert np.isinf(endless.mean)
    assert np.isnan(endless.low)
    apart = difference_interval(equal, np.array([np.inf, np.inf, 30.0]))
    assert (apart.mean, apart.frames) == (10.0, 1)


def test_mistakes_are_named() -> None:
    with pytest.raises(ShapeError, match="share"):
        mean_interval(np.zeros(5), share=1.0)
    with pytest.raises(ShapeError, match="equal lengths"):
        difference_interval(np.zeros(5), np.zeros(6))
