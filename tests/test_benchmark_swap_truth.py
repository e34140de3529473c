"""Figures follow the truth: what depends on a changed one is measured anew, and nothing else."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from cli_support import write_clip
from faces_support import still
from pecten.benchmark import swap, swap_scene
from pecten.benchmark.footage import read_footage
from pecten.benchmark.swap import measure_swap
from pecten.benchmark.swap_plan import Plan
from pecten.benchmark.swap_results import Taken, load_results
from pecten.consent import default_folders
from pecten.faces.follow import FaceOptions
from pecten.faces.mean import MEAN_MESH
from pecten.faces.mesh import MESH_TO_68
from swap_fakes import FRAMES, build_footage, fake, plan_of

FOLDERS = default_folders()
Figures = dict[tuple[str, str, str], Taken]


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swap_scene, "FACES", FaceOptions(perturbations=0, register=False))
    monkeypatch.setattr(swap, "write_pictures_of", lambda *_: [])
    monkeypatch.setattr(swap, "write_page", lambda *_, **__: None)


def _landmarks(path: Path, mouth_px: float) -> None:
    points = MEAN_MESH[list(MESH_TO_68), :2] * 0.3
    points[60:, 1] += mouth_px
    np.savez(path, landmarks_68_px=np.stack([points] * FRAMES))


def _region(path: Path, left: float) -> None:
    shown = np.zeros_like(still("ada"))
    shown[:, : round(left * shown.shape[1])] = 255
    write_clip(path, [shown] * FRAMES)


class Bench:
    """A benchmark that is run again and again on footage that changes."""

    def __init__(self, folder: Path) -> None:
        self.footage, self.out = folder / "footage", folder / "out"
        build_footage(self.footage)
        self.truth = self.footage / "truth"
        self.asked: list[str] = []

    def plan(self, *pairs: str) -> Plan:
        """Plan it."""
        return plan_of(read_footage(self.footage), fake("lazy", "all", self.asked), pairs=pairs or ("ada:chidi",))

    def run(self, *pairs: str) -> Figures:
        """Measure, and return what was taken by method, truth and target."""
        measure_swap(self.plan(*pairs), self.out, FOLDERS)
        return {(t.method, t.against, t.target): t for t in load_results(self.out).taken if t.blend != "customary"}

    def judged(self, kind: str) -> dict[Path, int]:
        """List what was measured."""
        return {path: path.stat().st_mtime_ns for path in (self.out / "cache" / kind).iterdir()}


def same(one: Figures, other: Figures) -> bool:
    """Compare figures; no number is like no number."""
    both = ({" ".join(key): (t.values, t.whole) for key, t in figures.items()} for figures in (one, other))
    first, second = (json.dumps(told, sort_keys=True) for told in both)
    return first == second


LAZY = ("lazy", "plate", "chidi")


def test_a_changed_truth_is_judged_by(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    known, region = bench.truth / "ada_on_chidi_shot9.npz", bench.truth / "ada_on_chidi_shot9_face.mp4"
    own = bench.truth / "ada_shot9_face.mp4"
    _landmarks(known, 0.0)
    _region(region, 0.5)
    first = bench.run()
    pictured = bench.judged("values")
    bench.asked.clear()
    # Other landmarks, of the same size and time: what is measured by them alone is measured anew.
    was = known.stat()
    _landmarks(known, 9.0)
    assert known.stat().st_size == was.st_size
    os.utime(known, ns=(was.st_atime_ns, was.st_mtime_ns))
    moved = bench.run()
    assert moved[LAZY].values["expression"] != first[LAZY].values["expression"]
    assert moved[LAZY].values["psnr"] == first[LAZY].values["psnr"]
    crop = ("lazy", "crop", "chidi")
    assert moved[crop] == first[crop]
    assert bench.judged("values") == pictured
    # Another region, and one more that was not there.
    _region(region, 0.45)
    _region(own, 0.5)
    other = bench.run()
    assert other[LAZY].values["ssim"] != first[LAZY].values["ssim"]
    assert other[crop].values["ssim"] != first[crop].values["ssim"]
    # None, of one and of the other.
    own.unlink()
    region.unlink()
    known.unlink()
    without = bench.run()
    assert without[crop] == first[crop]
    assert without[LAZY].values["ssim"] != other[LAZY].values["ssim"]
    assert without[LAZY].values["expression"] != moved[LAZY].values["expression"]
    assert bench.asked == []
    assert same(Bench(tmp_path / "fresh").run(), without)


def test_identity_is_measured_by_the_pair_that_is_shown(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    # Bruno plays it as ada does, with her very face.
    for part, shot in (("performers", "talk1"), ("truth", "shot9")):
        shutil.copy(bench.footage / part / f"ada_{shot}.mp4", bench.footage / part / f"bruno_{shot}.mp4")
    taken = bench.run("ada:chidi", "ada:bruno")
    away, near = (taken["truth", "crop", target].values["target"][0] for target in ("chidi", "bruno"))
    assert near == pytest.approx(0, abs=1e-6)
    assert away > 0.3
