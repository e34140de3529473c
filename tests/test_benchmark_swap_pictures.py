"""Sheets, details and videos of a benchmark show what was measured, and are signed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pecten.benchmark.swap_pictures import (
    EYES,
    MOUTH,
    detail,
    difference,
    draw_details,
    draw_grid,
    draw_sheet,
    hardest,
    scenes_of,
    telling,
    write_pictures_of,
)
from pecten.benchmark.swap_pictures import picture as read_picture
from pecten.consent import default_folders
from pecten.deliver import credentials
from pecten.errors import ConsentError, UsageError
from pecten.footage.clip import open_clip
from swap_support import FRAMES, SIDE, picture, small_results


def test_scenes_hold_all_methods_in_order(tmp_path: Path) -> None:
    scenes = scenes_of(small_results(tmp_path))
    assert [(s.against, s.blend) for s in scenes] == [
        ("crop", ""),
        ("plate", "customary"),
        ("plate", "ours"),
        ("none", "ours"),
    ]
    for scene in scenes[:3]:
        assert [taken.method for taken in scene.taken] == ["comb", "other", "plate", "truth"]
        assert scene.frames == FRAMES
    # The comb has no blend but ours: it stands among the others' own with that.
    assert scenes[1].taken[0].blend == "ours"
    assert scenes[0].title == "ada on bruno, talk: in the crop"
    assert len({scene.key for scene in scenes}) == 4


def test_the_hardest_frame_is_found(tmp_path: Path) -> None:
    results = small_results(tmp_path)
    scene = scenes_of(results)[0]
    assert hardest(scene, results.measures[0]) == 8
    assert hardest(scene, None) == 2
    assert telling(scene, results.measures) == (2, 8)
    assert telling(scene, ()) == (0, 2)


def test_sheets_show_plate_swap_truth_and_difference(tmp_path: Path) -> None:
    results = small_results(tmp_path)
    scene = scenes_of(results)[0]
    drawn = draw_sheet(scene, results.methods, tmp_path, (2, 8))
    # A cell's middle has its picture's own level: 40, 190, 200 and four times ten, of frame 2.
    levels = [int(drawn[180, x, 1]) for x in cell_middles(drawn, 8)[:4]]
    np.testing.assert_allclose(levels, [42, 192, 202, 40], atol=1)
    assert draw_sheet(scenes_of(results)[3], results.methods, tmp_path, (2, 8)).shape[1] < drawn.shape[1]
    details = draw_details(scene, results.methods, tmp_path, (2,))
    assert details.shape[0] > 4 * 220


def cell_middles(drawn: np.ndarray, count: int) -> list[int]:
    width = 232 + 6
    return [drawn.shape[1] - 6 - width * (count - i) + width // 2 for i in range(count)]


def test_details_are_where_eyes_and_mouth_are() -> None:
    crop = np.zeros((256, 256, 3), np.uint8)
    crop[(304 + 524) // 8, (220 + 804) // 8] = 255
    part = detail(crop, EYES)
    assert part.shape == (220, 584, 3)
    y, x = np.unravel_index(part[..., 0].argmax(), part.shape[:2])
    assert (abs(y - 110), abs(x - 292)) <= (4, 4)
    assert detail(np.zeros((1024, 1024, 3), np.uint8), MOUTH).shape == (220, 584, 3)


def test_differences_are_brightened() -> None:
    assert (difference(picture("truth", 0), picture("comb", 0))[20, 20] == 40).all()


def test_grids_hold_every_method_once(tmp_path: Path) -> None:
    results = small_results(tmp_path)
    grid = draw_grid(scenes_of(results)[0], results.methods, tmp_path, 1)
    assert [side % 2 for side in grid.shape[:2]] == [0, 0]
    seen = [int(grid[y + 20, x + 50, 1]) for y in range(0, grid.shape[0], SIDE) for x in range(0, grid.shape[1], SIDE)]
    assert seen[:4] == [41, 191, 121, 201]


def test_everything_is_written_signed_and_once(tmp_path: Path) -> None:
    results = small_results(tmp_path)
    results = replace(results, taken=results.of("comb", "crop") + results.of("plate", "crop"))
    files = write_pictures_of(results, tmp_path, default_folders())
    assert len(files) == 3
    for file in (files[0], files[2]):
        held = credentials.read(file)
        assert held is not None
        assert held.valid
        assert held.title == file.name
        assert held.statement["frames"] == "0-9"
    clip = open_clip(files[2])
    assert clip.info.frame_count == len(FRAMES)
    assert clip.info.rate == 25
    shown = next(iter(clip.frames())).image
    assert abs(float(shown[20, 50, 1]) - 40 / 255) < 0.03
    before = [file.stat().st_mtime_ns for file in files]
    assert [file.stat().st_mtime_ns for file in write_pictures_of(results, tmp_path, default_folders())] == before


def test_mistakes_are_named(tmp_path: Path) -> None:
    results = small_results(tmp_path)
    with pytest.raises(ConsentError, match="ada"):
        write_pictures_of(results, tmp_path, [tmp_path])
    (tmp_path / "cache" / "comb" / "000002.png").write_bytes(b"")
    with pytest.raises(UsageError, match=r"000002\.png: missing or damaged"):
        read_picture(scenes_of(results)[0].taken[0], tmp_path, 2)
