"""A dataset's picture shows what was kept and what was left out."""

from pathlib import Path

import cv2
import numpy as np

from faces_support import Pictures, still
from pecten.faces.extract import extract_dataset
from pecten.faces.follow import FaceOptions
from pecten.faces.overview import CELL_PX, write_overview


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
