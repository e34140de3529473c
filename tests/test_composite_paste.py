"""Pasting puts a change where it belongs and nowhere else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pecten.composite.paste import paste
from pecten.errors import ShapeError
from pecten.geometry import similarity


def smooth_picture(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return np.stack([np.sin(x / 9) + np.cos(y / 7), np.sin((x + y) / 11), np.cos(x / 8 - y / 13)], axis=-1).astype(
        np.float32
    )


@given(
    scale=st.floats(0.3, 4),
    angle=st.floats(-3, 3),
    x=st.floats(-200, 250),
    y=st.floats(-200, 250),
    seed=st.integers(0, 9),
)
@settings(deadline=None, max_examples=60)
def test_outside_the_support_the_plate_is_bit_identical(
    scale: float, angle: float, x: float, y: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    plate = rng.normal(size=(90, 120, 3)).astype(np.float32)
    plate[0, 0], plate[89, 119] = -0.0, np.nan
    crops = rng.normal(size=(2, 64, 64, 3)).astype(np.float32)
    support = np.zeros((64, 64), np.float32)
    support[10:50, 20:60] = 1
    frame, where = paste(plate, crops[0], crops[1], similarity.similarity(scale, angle, (x, y)), support)
    outside = where == 0
    assert frame[outside].tobytes() == plate[outside].tobytes()
    assert frame.shape == plate.shape
    assert frame.dtype == where.dtype == np.float32


def test_a_whole_pixel_shift_is_exact() -> None:
    plate = smooth_picture(80, 100)
    crop = plate[20:52, 30:62]
    support = np.zeros((32, 32), np.float32)
    support[4:-4, 4:-4] = 1
    frame, where = paste(
        plate, crop + support[..., None], crop, similarity.similarity(1.0, 0.0, (-30.0, -20.0)), support
    )
    expected = np.zeros((80, 100), np.float32)
    expected[24:48, 34:58] = 1
    np.testing.assert_array_equal(where, expected)
    np.testing.assert_allclose(frame - plate, np.repeat(expected[..., None], 3, axis=2), atol=1e-6)


@pytest.mark.parametrize("scale", [0.6, 1.0, 1.7, 3.3])
def test_a_known_change_arrives_where_the_transform_says(scale: float) -> None:
    crop_from_plate = similarity.similarity(scale, 0.3, (40.0, -30.0))
    plate = np.zeros((240, 240, 3), np.float32)
    y, x = np.mgrid[:256, :256].astype(np.float32)
    bump = np.exp(-((x - 140) ** 2 + (y - 120) ** 2) / (2 * (12 * scale) ** 2))[..., None].repeat(3, 2)
    frame, _ = paste(plate, bump, np.zeros_like(bump), crop_from_plate, np.ones((256, 256), np.float32))
    centre = similarity.apply(similarity.invert(crop_from_plate), np.array([[140.0, 120.0]]))[0]
    y, x = np.mgrid[:240, :240]
    expected = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * 12**2))
    # The crop may end before the bump does.
    inside = similarity.apply(crop_from_plate, np.stack([x, y], axis=-1).reshape(-1, 2).astype(np.float64))
    held = ((inside > 4) & (inside < 251)).all(axis=1).reshape(240, 240)
    np.testing.assert_allclose(frame[..., 0][held], expected[held], atol=0.02)


def test_the_plate_itself_is_never_changed() -> None:
    plate = smooth_picture(60, 60)
    before = plate.copy()
    paste(
        plate,
        np.ones((32, 32, 3), np.float32),
        np.zeros((32, 32, 3), np.float32),
        similarity.similarity(1.0, 0.0, (-5.0, -5.0)),
        np.ones((32, 32), np.float32),
    )
    np.testing.assert_array_equal(plate, before)


def test_an_empty_support_or_one_off_the_frame_leaves_the_plate() -> None:
    plate = smooth_picture(60, 60)
    crop = np.ones((32, 32, 3), np.float32)
    for support, shift in ((0.0, 0.0), (1.0, 500.0)):
        frame, where = paste(
            plate, crop, 0 * crop, similarity.similarity(1.0, 0.0, (shift, 0.0)), np.full((32, 32), support, np.float32)
        )
        assert frame.tobytes() == plate.tobytes()
        assert not where.any()


def test_crops_of_different_size_are_a_mistake() -> None:
    with pytest.raises(ShapeError, match="equal sizes"):
        paste(
            smooth_picture(60, 60),
            np.zeros((32, 32, 3), np.float32),
            np.zeros((31, 32, 3), np.float32),
            similarity.similarity(1.0, 0.0, (0.0, 0.0)),
            np.ones((32, 32), np.float32),
        )


def test_detail_too_fine_for_the_crop_does_not_show_through_the_face() -> None:
    plate = np.random.default_rng(0).random((200, 200, 3)).astype(np.float32)
    crop_from_plate = similarity.similarity(0.5, 0.0, (0.0, 0.0))
    flat = np.full((100, 100, 3), 0.5, np.float32)
    support = np.zeros((100, 100), np.float32)
    support[20:80, 20:80] = 1
    frame, where = paste(plate, flat, flat, crop_from_plate, support)
    np.testing.assert_allclose(frame[60:140, 60:140], 0.5, atol=1e-5)
    assert frame[where == 0].tobytes() == plate[where == 0].tobytes()
    kept, _ = paste(plate, flat, flat, crop_from_plate, support, keep_finest=True)
    np.testing.assert_allclose(kept, plate, atol=1e-6)


def test_pixels_that_are_not_numbers_are_covered_by_the_face() -> None:
    plate = smooth_picture(80, 100)
    plate[40, 50] = plate[2, 2] = np.nan
    crop = plate[20:60, 30:70]
    frame, _ = paste(
        plate,
        np.full_like(crop, 0.5),
        np.ascontiguousarray(crop),
        similarity.similarity(1.0, 0.0, (-30.0, -20.0)),
        np.pad(np.ones((36, 36), np.float32), 2),
    )
    np.testing.assert_allclose(frame[40, 50], 0.5, atol=1e-5)
    assert np.isnan(frame[2, 2]).all()
