"""The measures of the occlusion matte on known answers, and the sheet that it is measured on."""

from collections import Counter

import cv2
import numpy as np
import pytest

from pecten.benchmark import faces_matte as bench


def _disc(x: float, y: float, radius: float, size: int = 200) -> np.ndarray:
    page = np.zeros((size, size), np.uint8)
    cv2.circle(page, (round(x), round(y)), round(radius), 1, -1)
    return page > 0


def test_overlap_of_known_regions() -> None:
    a = np.zeros((10, 10), bool)
    b = a.copy()
    assert bench.iou(a, b) == 1
    a[:, :5] = True
    b[:, 3:5] = True
    assert bench.iou(a, b) == pytest.approx(0.4)


def test_edges_count_as_one_within_the_tolerance_only() -> None:
    face = np.ones((200, 200), bool)
    truth = _disc(100, 100, 40)
    assert bench.edge_score(truth, truth, face) == 1
    assert bench.edge_score(truth, _disc(101, 101, 40), face) == 1
    assert bench.edge_score(truth, _disc(100, 100, 46), face) == 0
    assert bench.edge_score(truth, np.zeros_like(truth), face) == 0


def test_the_face_s_own_outline_is_no_edge_of_the_occluder() -> None:
    face = _disc(100, 100, 60)
    assert bench.edge_score(face, face & ~_disc(100, 100, 5), face) == 0
    half = face.copy()
    half[:, 100:] = False
    assert bench.edge_score(half, half, face) == 1


def test_scores_of_a_perfect_and_of_a_blind_matte() -> None:
    matte = _disc(100, 100, 60).astype(np.float32)
    visible = 1 - _disc(120, 100, 25).astype(np.float32)
    truth = bench.Covered(np.zeros((200, 200, 3), np.float32), visible, matte, "blob")
    assert bench.scores(truth, visible) == bench.Scores(1.0, 1.0, 1.0, 0.0)
    blind = bench.scores(truth, np.ones_like(visible))
    assert blind.hidden == 0
    assert blind.edge == 0
    assert blind.seen < 0.9
    clean = bench.Covered(truth.crop, np.ones_like(visible), matte, "nothing")
    assert bench.scores(clean, np.ones_like(visible)) == bench.Scores(1.0, None, None, 0.0)


def test_the_sheet_holds_every_tile_and_each_covers_something() -> None:
    tiles = bench.sprites()
    assert Counter(kind for kind, _ in tiles) == Counter(bench.TILES)
    assert set(bench.UNSEEN_KINDS) < set(bench.TILES)
    for _, sprite in tiles:
        assert sprite.shape == (bench.TILE, bench.TILE, 4)
        assert sprite[..., 3].mean() > 0.001
        assert sprite[..., 3].min() == 0


def test_covering_is_repeatable_and_changes_only_what_is_covered_and_its_shadow() -> None:
    clean = np.full((128, 128, 3), 0.5, np.float32)
    matte = np.ones((128, 128), np.float32)
    sprite = np.zeros((bench.TILE, bench.TILE, 4), np.float32)
    sprite[100:140, 100:140] = (1.0, 0.0, 0.0, 1.0)
    one = bench.cover(clean, matte, "blob", sprite, np.random.default_rng(3))
    two = bench.cover(clean, matte, "blob", sprite, np.random.default_rng(3))
    np.testing.assert_array_equal(one.crop, two.crop)
    assert one.visible[60, 60] == pytest.approx(0, abs=0.02)
    assert one.visible[10, 10] == 1
    assert one.crop[60, 60, 0] > 0.8
    assert np.abs(one.crop[:8] - clean[:8]).max() < 0.06


def test_figures_name_the_stricter_measure_and_every_kind() -> None:
    found = [("hand", bench.Scores(0.99, 0.9, 0.8, 0.01)), ("pen", bench.Scores(0.98, 0.7, 0.9, 0.02))]
    figures = {figure.name: figure for figure in bench.figures(found, [0.0, 0.01])}
    assert figures["occlusion: IoU of the covered part of the face (stricter)"].value == pytest.approx(0.8)
    assert figures["occlusion: IoU of the part of the face that is seen"].met
    assert figures["occlusion: pen, covered part IoU"].note
    assert figures["occlusion: cut out of clean faces, worst"].value == pytest.approx(1.0)
