"""Figures, aims and the files they go to."""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest

from pecten.benchmark.footage import read_footage
from pecten.benchmark.report import Figure, Table, markdown, write_report
from pecten.errors import FootageError


def test_an_aim_is_met_from_the_right_side() -> None:
    assert Figure("jitter", 0.1, "px", aim=0.12).met is True
    assert Figure("jitter", 0.2, "px", aim=0.12).met is False
    assert Figure("rate", 9.0, aim=8.0, at_least=True).met is True
    assert Figure("rate", 7.0, aim=8.0, at_least=True).met is False
    assert Figure("rate", math.nan, aim=8.0, at_least=True).met is None
    assert Figure("rate", 7.0).met is None


def test_report_is_written_thrice_and_says_the_same(tmp_path: Path) -> None:
    figures = [Figure("a | b", 0.125, "px", aim=0.1), Figure("gone", math.nan, note="no such clip")]
    path = write_report(tmp_path, "Faces", figures, [Table("Methods", ("method", "px"), (("off", "1"),))], ["Note."])
    text = path.read_text(encoding="utf-8")
    assert text == markdown("Faces", figures, [Table("Methods", ("method", "px"), (("off", "1"),))], ["Note."])
    assert "| a \\| b | 0.125 px | <= 0.1 px | NO |  |" in text
    assert "| gone | not measured |  |  | no such clip |" in text
    data = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert [f["value"] for f in data["figures"]] == [0.125, None]
    rows = list(csv.DictReader((tmp_path / "figures.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["met"] for row in rows] == ["False", ""]


def test_footage_is_read_by_name(tmp_path: Path) -> None:
    (tmp_path / "truth").mkdir()
    for name in ("ada_walk1.mp4", "ada_on_bruno_walk1.mp4", "ada_on_bruno_walk1_face.mp4"):
        (tmp_path / "truth" / name).touch()
    np.savez(tmp_path / "truth" / "ada_walk1.npz", landmarks_68_px=np.zeros((3, 68, 2), np.float32))
    found = read_footage(tmp_path)
    assert [(t.source, t.target, t.shot) for t in found.truth] == [("ada", "ada", "walk1")]
    assert [(t.source, t.target, t.shot) for t in found.swaps] == [("ada", "bruno", "walk1")]
    assert found.swaps[0].region is not None
    assert found.truth[0].region is None
    assert found.truth[0].landmarks().shape == (3, 68, 2)
    with pytest.raises(FootageError, match=r"no \.npz"):
        found.swaps[0].landmarks()


def test_folder_without_footage_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(FootageError, match="give the footage's folder"):
        read_footage(tmp_path)
