"""Borders of a swap hold their part on every frame, and move more slowly than it."""

from itertools import pairwise
from typing import get_args

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faces_support import mean_landmarks
from pecten.errors import UsageError
from pecten.faces.mesh import LEFT_BROW, LEFT_SOCKET, NOSE, OUTER_LIPS, RIGHT_BROW, RIGHT_SOCKET
from pecten.faces.steady import Part, Steady, parts_of, runs, steady

POINTS: dict[Part, tuple[int, ...]] = {
    "lips": OUTER_LIPS,
    "eyes": (*RIGHT_SOCKET, *LEFT_SOCKET),
    "brows": (*RIGHT_BROW, *LEFT_BROW),
    "nose": NOSE,
}
SIZE = 256
PARTS: list[Part] = list(POINTS)


def speaking(count: int, noise_px: float = 0.0, seed: int = 0) -> np.ndarray:
    """Return the mean face in a crop of 1024 px, its lower lip and jaw going up and down."""
    rng = np.random.default_rng(seed)
    frames = np.repeat(mean_landmarks()[None], count, axis=0)
    # From the middle of the mouth on the weight of the jaw's movement grows to 1 at the lower lip's edge.
    weight = np.clip((frames[0, :, 1] - frames[0, 13, 1]) / (frames[0, 17, 1] - frames[0, 13, 1]), 0, 1)
    frames[..., 1] += 15 * (1 + np.sin(1.1 * np.arange(count)))[:, None] * weight
    return frames + rng.normal(0, noise_px, frames.shape) if noise_px else frames


def matte_of(border: Steady, size: int = SIZE) -> np.ndarray:
    """Draw what is swapped."""
    return border.matte(border.whole(size))


def at(matte: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the matte at places given in px of a crop of 1024 px."""
    places = np.rint((points + 0.5) * len(matte) / 1024 - 0.5).astype(int)
    return matte[places[:, 1], places[:, 0]]


def motion_px(mattes: list[np.ndarray]) -> float:
    """Return the root mean square motion of a matte's border from frame to frame, in its own px."""
    moved = []
    for one, other in pairwise(mattes):
        inside = [(m >= 0.5).astype(np.uint8) for m in (one, other)]
        signed = [
            cv2.distanceTransform(i, cv2.DIST_L2, 5) - cv2.distanceTransform(1 - i, cv2.DIST_L2, 5) for i in inside
        ]
        border = cv2.morphologyEx(inside[0], cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
        moved.append((signed[1] - signed[0])[border])
    return float(np.sqrt(np.mean(np.concatenate(moved) ** 2)))


@settings(deadline=None, max_examples=12)
@given(part=st.sampled_from(PARTS), window=st.sampled_from([1, 3, 9]), seed=st.integers(0, 99))
def test_a_part_s_border_holds_it_on_every_frame(part: Part, window: int, seed: int) -> None:
    landmarks = speaking(7, 3.0, seed)
    for one, points in zip(steady(landmarks, [part], window), landmarks, strict=True):
        assert at(matte_of(one, SIZE), points[list(POINTS[part])]).min() > 0.9


@pytest.mark.parametrize("part", PARTS)
def test_borders_shed_the_landmarks_noise(part: Part) -> None:
    still = np.repeat(mean_landmarks()[None], 16, axis=0) + np.random.default_rng(1).normal(0, 4, (16, 478, 2))
    with_noise, without = (motion_px([matte_of(s, 512) for s in steady(still, [part], w)]) for w in (1, 9))
    assert without < 0.35 * with_noise


def test_the_full_face_keeps_up_with_the_jaw() -> None:
    clean = speaking(16)
    for one, points in zip(steady(clean, ["full"], 9), clean, strict=True):
        assert at(matte_of(one, SIZE), points[[152]]).min() == 1


def test_the_lips_matte_opens_with_the_mouth_but_more_slowly() -> None:
    opening = speaking(40)
    opening[:20] = opening[0]
    areas = [float(matte_of(one, SIZE).sum()) for one in steady(opening, ["lips"], 9)]
    assert areas[0] == pytest.approx(areas[8], rel=1e-3)
    assert max(areas) > 1.05 * areas[0]
    mattes = [[matte_of(one, 512) for one in steady(opening, ["lips"], w)] for w in (1, 9)]
    assert motion_px(mattes[1][20:]) < 0.6 * motion_px(mattes[0][20:])


def test_parts_lie_inside_the_face_and_unions_are_unions() -> None:
    landmarks = speaking(1)
    whole = matte_of(steady(landmarks, ["full"])[0])
    single = {part: matte_of(steady(landmarks, [part])[0]) for part in PARTS}
    for matte in single.values():
        assert (matte <= whole).all()
        assert 0.01 < matte.sum() / whole.sum() < 0.4
    union = matte_of(steady(landmarks, ["eyes", "nose"])[0])
    np.testing.assert_allclose(union, np.maximum(single["eyes"], single["nose"]), atol=0.5)
    assert np.abs(union - np.maximum(single["eyes"], single["nose"])).mean() < 1e-3
    soft = steady(landmarks, ["eyes", "nose"])[0].softness(SIZE)
    assert soft is not None
    assert at(soft, landmarks[0][list(POINTS["eyes"])]).min() > 0.85
    assert soft[union == 0].max() == 0
    assert 0 < soft[cv2.erode(union, np.ones((5, 5))) > 0.5].min() < 0.2
    everything = matte_of(steady(landmarks, ["lips", "full"])[0])
    np.testing.assert_array_equal(everything, whole)


def test_a_border_does_not_jump_where_another_run_begins() -> None:
    assert runs([3, 4, 5, 9, 10, 12]) == [slice(0, 3), slice(3, 5), slice(5, 6)]
    assert runs([]) == []


def test_regions_by_name() -> None:
    assert parts_of("nose+eyes+eyes") == ("eyes", "nose")
    assert [parts_of(part) for part in get_args(Part)] == [(part,) for part in get_args(Part)]
    for name in ("", "ear", "eyes+", "eyes,nose", "Full"):
        with pytest.raises(UsageError, match="choose one of full, lips, eyes, brows, nose"):
            parts_of(name)
