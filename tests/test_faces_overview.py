"""A dataset's picture shows what was kept and what was left out."""

from pathlib import Path

import cv2
import numpy as np

from faces_support import Pictures, still
from pecten.faces.extract import extract_dataset
from pecten.faces.follow import FaceOptions
from pecten.faces.overview import CELL_PX, LEFT_OUT, write_left_out, write_overview
from pecten.faces.records import load_dataset


def test_kept_and_left_out_each_have_a_row(tmp_path: Path) -> None:
    blurred = np.asarray(cv2.GaussianBlur(still(), (0, 0), 6.0))
    options = FaceOptions(perturbations=0, threads=1)
    heights = {}
    for name, shown in {"one": [still()] * 3, "two": [still(), still(), blurred]}.items():
        record = extract_dataset([Pictures(shown, f"{name}.mp4", 10)], "ada", tmp_path / name, 64, options)
        picture = cv2.imread(str(write_overview(tmp_path / name, record)))
        heights[name] = picture.shape[0]
        assert picture.std() > 20
    assert heights["two"] - heights["one"] >= CELL_PX


def test_what_was_left_out_is_drawn_by_reason(tmp_path: Path) -> None:
    blurred = np.asarray(cv2.GaussianBlur(still(), (0, 0), 6.0))
    small = cv2.warpAffine(
        still(), np.array([[0.3, 0, 100], [0, 0.3, 60]]), (480, 270), borderMode=cv2.BORDER_REPLICATE
    )
    options = FaceOptions(perturbations=0, threads=1)
    heights = {}
    for name, shown in {"none": [still()], "one": [blurred] * 3, "two": [blurred, blurred, small, still()]}.items():
        record = extract_dataset([Pictures(shown, f"{name}.mp4")], "ada", tmp_path / name, 64, options)
        path = write_left_out(tmp_path / name, record)
        heights[name] = 0 if path is None else cv2.imread(str(path)).shape[0]
    assert heights["none"] == 0
    assert heights["one"] > CELL_PX
    assert heights["two"] - heights["one"] >= CELL_PX
    # Nothing to show any more: the old picture must not stay.
    (tmp_path / "none" / LEFT_OUT).write_bytes(b"old")
    assert write_left_out(tmp_path / "none", load_dataset(tmp_path / "none")) is None
    assert not (tmp_path / "none" / LEFT_OUT).exists()
