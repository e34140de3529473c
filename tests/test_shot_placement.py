"""A decoded face made larger or smaller and moved, by keys."""

import numpy as np
import pytest

from pecten.errors import UsageError
from pecten.faces.normalise import FACE_CENTRE
from pecten.shot.placement import placed, read_placement
from pecten.types import Image


def spot(x: float, y: float, size: int = 128) -> Image:
    """A soft spot on black."""
    rows, columns = np.mgrid[:size, :size]
    level = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 3.0**2))
    return np.repeat(level[..., None], 3, axis=2).astype(np.float32)


def middle(picture: Image) -> tuple[float, float]:
    weight = picture[..., 0].astype(np.float64).clip(0)
    rows, columns = np.mgrid[: len(picture), : len(picture)]
    return float((weight * columns).sum() / weight.sum()), float((weight * rows).sum() / weight.sum())


def test_a_face_is_moved_by_percents_of_the_crop() -> None:
    moved = placed(spot(60, 64), read_placement(["right=5", "down=-2.5"]), 1)
    assert middle(moved) == pytest.approx((60 + 6.4, 64 - 3.2), abs=0.02)


def test_size_keeps_the_middle_of_the_face_and_scales_what_is_around() -> None:
    x, y = ((value + 0.5) / 8 - 0.5 for value in FACE_CENTRE)
    larger = read_placement(["size=1.1"])
    assert middle(placed(spot(x, y), larger, 1)) == pytest.approx((x, y), abs=0.02)
    assert middle(placed(spot(x + 20, y - 10), larger, 1)) == pytest.approx((x + 22, y - 11), abs=0.02)


def test_keys_are_followed_and_nothing_is_resampled_where_nothing_is_asked() -> None:
    wishes = read_placement(["size=10:1,20:1.2"])
    face = spot(40, 40)
    assert placed(face, wishes, 10) is face
    assert placed(face, (), 10) is face
    half, whole = (middle(placed(face, wishes, number)) for number in (15, 25))
    assert half[0] == pytest.approx((40 + whole[0]) / 2, abs=0.02)


@pytest.mark.parametrize("texts", [["size"], ["size=2"], ["up=1"], ["size=1.1", "size=1.2"], ["right=x"], ["down=nan"]])
def test_a_wrong_wish_is_told_in_one_line(texts: list[str]) -> None:
    with pytest.raises(UsageError, match=texts[0].split("=")[0]) as error:
        read_placement(texts)
    assert "\n" not in str(error.value)
