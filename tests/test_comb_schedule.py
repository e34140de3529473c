"""The schedule is a pure function of the images seen."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pecten.comb.schedule import Phase, plan, seconds_left, share_images, state_at
from pecten.errors import CombError


def test_levels_follow_each_other_and_fade_in() -> None:
    phases = plan(2, [10, 20, 40], fade_share=0.5)
    assert phases == (
        Phase(2, False, 10),
        Phase(3, True, 10),
        Phase(3, False, 10),
        Phase(4, True, 20),
        Phase(4, False, 20),
    )
    assert state_at(phases, 9) == (2, 1.0)
    assert state_at(phases, 10) == (3, 0.05)
    assert state_at(phases, 19) == (3, 0.95)
    assert state_at(phases, 20) == (3, 1.0)
    assert state_at(phases, 10**9) == (4, 1.0)


@settings(deadline=None)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=5), st.floats(0, 1))
def test_it_never_goes_back_and_always_has_weight(images: list[int], share: float) -> None:
    phases = plan(3, images, share)
    assert sum(phase.images for phase in phases) == sum(images)
    states = [state_at(phases, n) for n in range(sum(images) + 5)]
    assert states == sorted(states)
    assert all(0 < fade <= 1 for _, fade in states)
    assert states == [state_at(phases, n) for n in range(sum(images) + 5)]


@given(st.integers(0, 10**7), st.integers(1, 9), st.floats(0.5, 3))
def test_shares_add_up(total: int, count: int, growth: float) -> None:
    shares = share_images(total, count, growth)
    assert sum(shares) == total
    assert len(shares) == count
    assert min(shares) >= 0


def test_a_wrong_plan_is_refused() -> None:
    for images, share in (([], 0.5), ([-1], 0.5), ([5], 1.5)):
        with pytest.raises(CombError):
            plan(2, images, share)


def test_time_left_counts_later_levels_as_dearer_until_they_are_timed() -> None:
    phases = plan(3, (10, 10, 10), 0.5)
    assert seconds_left(phases, 0, {}) == 0
    assert seconds_left(phases, 0, {3: 1.0}) == 10 + 20 + 40
    assert seconds_left(phases, 15, {3: 1.0, 4: 5.0}) == 5 * 5 + 10 * 10
    assert seconds_left(phases, 30, {5: 1.0}) == 0
