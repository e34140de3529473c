"""Motion blur: a known shutter comes back from footage made of sub-frames, and a sharp plate is left sharp."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pictures

from pecten.composite import motion
from pecten.composite.recipe import Measurement, Recipe, measure, prepare, smooth
from pecten.errors import ShapeError
from pecten.faces.normalise import FACE_CENTRE
from pecten.faces.records import FaceFrame
from pecten.geometry import similarity
from pecten.shot.texture import motion_of
from pecten.types import Image, Mask

DATA = Path(__file__).parent / "data"
SIZE = 256


@pytest.fixture(scope="module")
def face() -> Image:
    still = np.asarray(Pictures.open(DATA / "ada_still.jpg").convert("RGB"), np.float32) / 255
    side = int(min(still.shape[:2]) * 0.8)
    top, left = ((length - side) // 2 for length in still.shape[:2])
    square: Image = cv2.resize(still[top : top + side, left : left + side], (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    return square


@pytest.fixture(scope="module")
def middle() -> Mask:
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    return (np.hypot(x, y) < 0.36 * SIZE).astype(np.float32)


def filmed(still: Image, way: np.ndarray, count: int = 16, noise: float = 0.006) -> Image:
    """Average sub-frames of a still that moves while the shutter is open."""
    total = np.zeros_like(still)
    for k in range(count):
        x, y = ((k + 0.5) / count - 0.5) * way
        shifted = np.array([[1, 0, x], [0, 1, y]])
        total += cv2.warpAffine(still, shifted, (SIZE, SIZE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    grain = np.random.default_rng(1).normal(0, noise, still.shape).astype(np.float32)
    return np.asarray(total / count + grain, np.float32)


@pytest.mark.parametrize("way", [(8.0, 0.0), (0.0, 8.0), (6.0, 6.0), (-12.0, 7.0), (20.0, 3.0)])
@pytest.mark.parametrize("opened", [0.25, 0.5])
def test_a_known_shutter_is_recovered(way: tuple[float, float], opened: float, face: Image, middle: Mask) -> None:
    moved = np.array(way)
    found = motion.shutter(face, filmed(face * np.float32(0.8), moved * opened), middle, moved)
    assert found == pytest.approx(opened, abs=0.08)


@pytest.mark.parametrize("way", [(8.0, 0.0), (-12.0, 7.0), (4.0, 3.0)])
def test_a_plate_that_moves_sharply_or_is_out_of_focus_has_no_shutter(
    way: tuple[float, float], face: Image, middle: Mask
) -> None:
    moved = np.array(way)
    found = motion.shutter(face, filmed(face, moved * 0), middle, moved)
    assert found is not None
    assert found <= 0.05
    soft = cv2.GaussianBlur(face, (0, 0), 1.5)
    found = motion.shutter(face, filmed(soft, moved * 0), middle, moved)
    assert found is not None
    assert found * np.hypot(*moved) < 2


def test_a_face_that_has_the_blur_gets_no_more(face: Image, middle: Mask) -> None:
    moved = np.array([10.0, 0.0])
    found = motion.shutter(filmed(face, moved * 0.5, noise=0), filmed(face, moved * 0.5), middle, moved)
    assert found == 0


def test_the_blur_is_that_of_sub_frames(face: Image) -> None:
    for way in ((7.0, 0.0), (3.0, -5.0), (0.3, 12.0)):
        moved = np.array(way)
        made, true = motion.blur_along(face, moved), filmed(face, moved, 64, noise=0)
        inner = np.s_[20:-20, 20:-20]
        assert np.abs(made - true)[inner].mean() < 0.15 * np.abs(face - true)[inner].mean()
    assert motion.blur_along(face, np.array([0.6, 0.5])) is face


def test_what_does_not_tell_is_none(face: Image, middle: Mask) -> None:
    fast = np.array([9.0, 0.0])
    assert motion.shutter(face, face, middle, np.array([1.0, 1.0])) is None
    assert motion.shutter(face, face, middle * 0, fast) is None
    assert motion.shutter(face, np.full_like(face, np.nan), middle, fast) is None
    with pytest.raises(ShapeError, match="equal sizes"):
        motion.shutter(face, face[:100], middle, fast)


def test_a_shot_has_one_shutter() -> None:
    told = np.array([np.nan, 0.5, 0.0, 0.5, np.nan, np.nan, 0.0])
    found = motion.smooth_shutters(told, 5, starts=[5])
    np.testing.assert_allclose(found, [0.25, 0.5, 0.5, 0.5, 0.25, 0.0, 0.0])
    assert np.isnan(motion.smooth_shutters(np.full(3, np.nan))).all()


def test_a_recipe_measures_or_sets_or_leaves_motion_blur(face: Image, middle: Mask) -> None:
    way, still = (12.0, 0.0), Recipe(grain=0.0, sharpness=False, shutter=0.0)
    plate = filmed(face, np.array(way) * 0.5)
    for recipe, length in ((Recipe(grain=0.0), 6.0), (Recipe(shutter=0.25), 3.0), (still, 0.0)):
        measured = smooth([measure(plate, face, middle, recipe, motion=way)])[0]
        assert measured is not None
        assert measured.shutter * way[0] == pytest.approx(length, abs=1.0)
    sharp, blurred = prepare(face, SIZE, still, Measurement(None, 1.0)), prepare(face, SIZE, still, measured)
    assert np.array_equal(sharp, blurred)
    blurred = prepare(face, SIZE, still, Measurement(None, 1.0, motion=way, shutter=0.5))
    assert np.abs(np.diff(blurred, axis=1)).mean() < 0.8 * np.abs(np.diff(sharp, axis=1)).mean()


def test_motion_is_counted_in_px_of_the_crop() -> None:
    def at(index: int, x: float, track: int = 0) -> FaceFrame:
        placed = similarity.similarity(2.0, 0.0, (FACE_CENTRE[0] - 2 * x, FACE_CENTRE[1] - 200.0))
        return FaceFrame(
            index=index,
            number=index + 1001,
            track=track,
            box=(0.0, 0.0, 1.0, 1.0),
            score=1.0,
            landmarks=np.zeros((478, 2)),
            spread_px=0.0,
            crop_from_plate=placed,
            yaw_rad=0.0,
            pitch_rad=0.0,
            roll_rad=0.0,
        )

    faces = {0: at(0, 100.0), 1: at(1, 104.0), 2: at(2, 112.0), 3: at(3, 300.0, track=1)}
    # 4, then (4 + 8) / 2, then 8 plate px; half a crop px each at 256 px.
    np.testing.assert_allclose([motion_of(faces, i, 256)[0] for i in range(4)], [2.0, 3.0, 4.0, 0.0], atol=1e-9)
    np.testing.assert_allclose([motion_of(faces, i, 256)[1] for i in range(4)], 0.0, atol=1e-9)
