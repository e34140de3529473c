"""Keys of the swap's strength: what they give between, and what is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pecten.errors import UsageError
from pecten.shot.strength import Strength, read_strength


def test_one_number_holds_everywhere() -> None:
    assert [read_strength("0.7").at(number) for number in (-5, 0, 1001, 99999)] == [0.7] * 4
    assert Strength().at(1001) == 1


def test_keys_are_joined_by_straight_lines_and_level_beyond() -> None:
    keys = read_strength("1001:0, 1011:1,1100:1,1110:0")
    numbers = (900, 1001, 1006, 1011, 1050, 1100, 1105, 1110, 2000)
    assert [keys.at(number) for number in numbers] == pytest.approx([0, 0, 0.5, 1, 1, 1, 0.5, 0, 0])


def test_eased_keys_leave_and_arrive_level() -> None:
    straight, eased = read_strength("0:0,100:1"), read_strength("0:0,100:1", smooth=True)
    assert eased.at(50) == pytest.approx(0.5)
    assert eased.at(1) < straight.at(1) / 10
    assert eased.at(99) > straight.at(99)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(-50, 50), st.floats(0, 1)), min_size=1, max_size=5, unique_by=lambda key: key[0]),
    st.booleans(),
    st.integers(-60, 60),
)
def test_strength_stays_within_its_keys_and_meets_them(
    keys: list[tuple[int, float]], smooth: bool, number: int
) -> None:
    curve = read_strength(",".join(f"{at}:{level!r}" for at, level in sorted(keys)), smooth)
    assert min(level for _, level in keys) <= curve.at(number) <= max(level for _, level in keys)
    for at, level in keys:
        assert curve.at(at) == pytest.approx(level)


@pytest.mark.parametrize("text", ["", "x", "1.5", "-0.1", "nan", "1:0,1:1", "2:0,1:1", "1:0,2", "1:2", "1:,2:1", "a:1"])
def test_what_is_no_strength_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"^strength .*: "):
        read_strength(text)
