"""Points go where their own surroundings go, not where the most contrast does."""

import cv2
import numpy as np
import pytest

from pecten.faces.dense import there_and_back

_STILL = (np.array([[100.0, 100.0], [150.0, 140.0]]),) * 2
"""Landmarks that say nothing moved."""


def _texture(seed: int, size: int = 256) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 1, (size, size))
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.5)
    return np.asarray(smooth / smooth.std(), np.float32)


def _bytes(picture: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(np.rint(picture * 40 + 128), 0, 255), np.uint8)


@pytest.mark.parametrize("shift", [(0.0, 0.0), (1.3, -2.6), (-6.2, 4.1)])
def test_a_known_motion_is_found_and_undone(shift: tuple[float, float]) -> None:
    first = _texture(0)
    move = np.array([[1.0, 0.0, shift[0]], [0.0, 1.0, shift[1]]])
    second = cv2.warpAffine(first, move, (256, 256), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    start = np.array([[90.0, 110.0], [130.5, 120.25], [160.0, 141.0]])
    arrived, returned = there_and_back(_bytes(first), _bytes(second), start, start + np.array(shift), *_STILL)
    np.testing.assert_allclose(arrived - start, np.tile(shift, (3, 1)), atol=0.12)
    np.testing.assert_allclose(returned, start, atol=0.12)


def test_a_faint_part_keeps_its_own_motion_beside_a_strong_one() -> None:
    # As a lip by a beard: above, faint and moving; below, four times the contrast and at rest.
    rows = np.arange(256)[:, None]
    faint, strong, shift = _texture(1) * 0.4, _texture(2) * 1.6, -4.0
    moved = cv2.warpAffine(faint, np.array([[1.0, 0.0, 0.0], [0.0, 1.0, shift]]), (256, 256))
    # What opens between them is flat.
    first = np.where(rows < 128, faint, strong)
    second = np.where(rows < 128 + shift, moved, np.where(rows < 128, 0, strong))
    start = np.array([[float(x), 120.0] for x in range(80, 180, 10)])
    arrived, _ = there_and_back(_bytes(first), _bytes(second), start, start, *_STILL)
    window = cv2.calcOpticalFlowPyrLK(
        _bytes(first), _bytes(second), start.astype(np.float32)[:, None], None, winSize=(21, 21), maxLevel=0
    )[0][:, 0]
    off, off_window = (np.median(np.abs(p[:, 1] - start[:, 1] - shift)) for p in (arrived, window))
    assert off < 0.5 * off_window


def test_what_moves_too_far_for_patches_is_found_from_where_the_mesh_went() -> None:
    first, shift = _texture(4), np.array([0.0, 30.0])
    second = cv2.warpAffine(first, np.column_stack([np.eye(2), shift]), (256, 256), borderMode=cv2.BORDER_REFLECT)
    start = np.array([[110.0, 110.0], [130.5, 120.25], [140.0, 131.0]])
    mesh = np.stack(np.meshgrid(np.arange(40.0, 210.0, 8), np.arange(40.0, 210.0, 8)), axis=-1).reshape(-1, 2)
    # The mesh is a pixel and a half off, as it is.
    there = mesh + shift + [1.5, -1.0]
    arrived, returned = there_and_back(_bytes(first), _bytes(second), start, start + shift, mesh, there)
    np.testing.assert_allclose(arrived - start, np.tile(shift, (3, 1)), atol=0.12)
    np.testing.assert_allclose(returned, start, atol=0.12)
    alone, _ = there_and_back(_bytes(first), _bytes(second), start, start + shift, *_STILL)
    assert np.abs(alone - start - shift).max() > 1


def test_points_at_the_edge_stay_in_the_picture() -> None:
    picture = _bytes(_texture(3))
    start = np.array([[1.0, 2.0], [254.0, 253.0]])
    arrived, returned = there_and_back(picture, picture, start, start, *_STILL)
    np.testing.assert_allclose(arrived, start, atol=0.05)
    np.testing.assert_allclose(returned, start, atol=0.05)
