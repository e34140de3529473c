"""Interlaced frames are told from whole ones, whatever their grain."""

import numpy as np
import pytest

from pecten.footage.fields import is_combed
from pecten.types import Image
from sample_clips import picture


def moved(by: int) -> Image:
    """Return a picture with a bright bar, moved."""
    image = picture(0, 96, 128).astype(np.float32) / np.float32(255)
    image[:, 40 + by : 52 + by] = 0.95
    return image


@pytest.mark.parametrize("grain", [0.0, 0.02])
def test_a_woven_frame_is_told_from_a_whole_one(grain: float) -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(0, grain, (96, 128, 1)).astype(np.float32)
    woven = moved(0)
    woven[1::2] = moved(5)[1::2]
    assert is_combed(woven + noise)
    assert not is_combed(moved(0) + noise)


def test_fine_lines_of_two_rows_are_detail() -> None:
    lines = np.zeros((96, 128, 3), np.float32)
    lines[::4] = lines[1::4] = 0.9
    assert not is_combed(lines)


def test_a_picture_too_low_to_judge_is_whole() -> None:
    assert not is_combed(np.zeros((2, 8, 3), np.float32))
