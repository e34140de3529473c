"""Contact sheets hold every picture, in its place."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from pecten import sheet
from pecten.errors import ShapeError, UsageError


def test_every_picture_is_in_its_cell() -> None:
    colours = [[(200, 10, 10), (10, 200, 10)], [(10, 10, 200), (200, 200, 10)]]
    rows = [[np.full((30, 40, 3), colour, np.uint8) for colour in row] for row in colours]
    result = sheet.contact_sheet(rows, ["a", "b"], ["1", "2"], "title", (60, 80))
    found = {tuple(colour) for colour in result.reshape(-1, 3)}
    assert {colour for row in colours for colour in row} <= found


def test_fit_keeps_the_aspect() -> None:
    box = sheet.fit(np.full((10, 40, 3), 255, np.uint8), 100, 100)
    rows = np.flatnonzero((box == 255).all(axis=(1, 2)))
    assert len(rows) == 25


def test_labels_are_drawn_on_a_copy() -> None:
    plain = np.full((60, 200, 3), 128, np.uint8)
    assert (sheet.label(plain, "plate 1001") != plain).any()
    assert (plain == 128).all()


def test_a_ragged_sheet_is_refused() -> None:
    with pytest.raises(ShapeError, match="1 rows, 2 heads"):
        sheet.contact_sheet([[np.zeros((4, 4, 3), np.uint8)]], ["a", "b"], ["1"], "t", (8, 8))


def test_a_picture_is_sealed_before_it_gets_its_name(tmp_path: Path) -> None:
    seen: list[tuple[bool, Path]] = []
    picture = np.random.default_rng(2).integers(0, 255, (8, 9, 3), dtype=np.uint8)
    sheet.save(tmp_path / "a.png", picture, lambda beside, final: seen.append((final.exists(), final)))
    assert seen == [(False, tmp_path / "a.png")]
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "a.png"))[..., ::-1], picture)


def test_a_suffix_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a\.xyz: no picture"):
        sheet.save(tmp_path / "a.xyz", np.zeros((8, 8, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []
