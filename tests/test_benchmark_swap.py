"""Methods are taught once, judged against the truth, and gone on with; known methods get known answers."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cli_support import pecten
from pecten.benchmark import swap, swap_scene
from pecten.benchmark.footage import TruthFootage
from pecten.benchmark.swap import measure_swap
from pecten.benchmark.swap_results import SwapResults, Taken, load_results
from pecten.consent import default_folders
from pecten.errors import TrainingError
from pecten.faces.follow import FaceOptions
from swap_fakes import FRAMES, build_footage, fake, plan_of

FOLDERS = default_folders()


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swap_scene, "FACES", FaceOptions(perturbations=0, register=False))


@pytest.fixture
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out pictures and page, which the first test has made."""
    monkeypatch.setattr(swap, "write_pictures_of", lambda *_: [])
    monkeypatch.setattr(swap, "write_page", lambda *_, **__: None)


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> TruthFootage:
    return build_footage(tmp_path_factory.mktemp("footage"))


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("out")


def of(results: SwapResults, method: str, against: str, blend: str = "", source: str = "ada") -> Taken:
    (taken,) = (t for t in results.of(method, against, blend) if t.source == source)
    return taken


def test_known_methods_get_known_answers_and_nothing_is_done_twice(footage: TruthFootage, out: Path) -> None:
    log: list[str] = []
    both = ("ada:chidi", "chidi:ada")
    plan = plan_of(footage, fake("lazy", "pair", log), pairs=both)
    report = measure_swap(plan, out, FOLDERS)
    # One network for both directions; the true swap is known in one of them alone.
    assert log[0] == "teach ada chidi"
    assert set(log[1:]) == {"show ada", "show chidi"}
    results = load_results(out)
    assert [note.key for note in results.methods] == ["lazy", "plate", "truth"]
    assert (results.methods[0].images, results.methods[0].images_each) == (10, 5.0)
    assert {t.source for t in results.of("lazy", "plate", "ours")} == {"ada"}
    truth, plate, lazy = (of(results, key, "crop") for key in ("truth", "plate", "lazy"))
    assert truth.values["psnr"] == (99.0,) * FRAMES
    assert truth.values["ssim"] == pytest.approx([1.0] * FRAMES)
    assert max(truth.values["flip"]) == 0
    assert truth.values["jod_video"] == (10.0,) * FRAMES
    assert len(set(lazy.values["jod_video"])) == 1
    assert lazy.values["jod_video"][0] < 9
    assert lazy.values["psnr"] == pytest.approx(plate.values["psnr"], abs=0.05)
    assert max(lazy.values["psnr"]) < 30
    assert truth.values["identity"][0] > 0.1
    assert plate.values["identity"][0] < -0.1
    assert math.isnan(truth.values["identity"][1])
    assert truth.values["expression"] == pytest.approx([0.0] * FRAMES, abs=1e-6)
    assert np.nanmax(truth.values["flicker"]) == 0
    # What is put in is the plate's own face, and the plate stands for the true swap: the frame is all but that.
    inside = of(results, "lazy", "plate", "customary")
    assert of(results, "plate", "plate", "ours").values["psnr"] == (99.0,) * FRAMES
    assert min(inside.values["psnr"]) > 38
    assert np.isfinite(inside.values["seam"]).any()
    assert inside.picture(out, 2).is_file()
    assert inside.picture(out, 2, "truth").is_file()
    text = report.read_text()
    for part in ("the truth", "plate, unchanged", "ada on chidi, shot9", "lower is better", "5 images of each"):
        assert part in text
    assert json.loads((out / "report.json").read_text())["version"] == 1
    assert "<html" in (out / "page.html").read_text()
    assert list((out / "sheets").glob("ada_on_chidi_shot9_plate_customary*.png"))
    assert (out / "videos" / "ada_on_chidi_shot9_crop.mp4").is_file()
    log.clear()
    drawn = {path: path.stat().st_mtime_ns for path in (out / "videos").glob("*")}
    measure_swap(plan, out, FOLDERS)
    assert log == []
    assert drawn == {path: path.stat().st_mtime_ns for path in (out / "videos").glob("*")}
    assert replace(load_results(out), taken=()) == replace(results, taken=())
    more = plan_of(footage, fake("lazy", "pair", log), fake("other", "direction", log), pairs=both)
    measure_swap(more, out, FOLDERS)
    assert [line for line in log if line.startswith("teach")] == ["teach ada chidi", "teach chidi ada"]


@pytest.mark.usefixtures("_plain")
def test_an_interrupt_loses_one_thing_at_most(footage: TruthFootage, out: Path) -> None:
    log: list[str] = []
    first, second = fake("early", "all", log), fake("late", "all", log, stop=True)
    with pytest.raises(KeyboardInterrupt):
        measure_swap(plan_of(footage, first, second), out, FOLDERS)
    assert log == ["teach ada chidi", *["show ada"] * 3, "teach ada chidi"]
    assert not list((out / "cache" / "shown").glob(".*"))
    log.clear()
    measure_swap(plan_of(footage, first, fake("late", "all", log)), out, FOLDERS)
    assert log == ["teach ada chidi", *["show ada"] * 3]


@pytest.mark.usefixtures("_plain")
@pytest.mark.parametrize("light", [math.nan, math.inf])
def test_pictures_that_are_not_finite_are_refused_and_not_kept(footage: TruthFootage, out: Path, light: float) -> None:
    plan = plan_of(footage, fake(f"broken {light}", "all", [], light=light))
    kept = sorted((out / "cache" / "shown").glob("*"))
    # Again: what broke stays broken, and is said again.
    for _ in range(2):
        with pytest.raises(TrainingError, match=r"pictures of ada are not finite.*leave it out") as error:
            measure_swap(plan, out, FOLDERS)
        assert "\n" not in str(error.value)
        assert sorted((out / "cache" / "shown").glob("*")) == kept


@pytest.mark.usefixtures("_plain")
def test_a_clip_without_truth_is_judged_by_itself(footage: TruthFootage, out: Path) -> None:
    log: list[str] = []
    own = str(footage.truth[1].clip)
    measure_swap(plan_of(footage, fake("early", "all", log), own=(own,)), out, FOLDERS)
    results = load_results(out)
    (taken,) = results.of("early", "none", "ours")
    assert (taken.truth, taken.target, taken.frames) == (None, "chidi_shot9", tuple(range(FRAMES)))
    assert taken.values["source"][0] > 0.5
    assert max(taken.values["expression"]) < 0.02
    assert "Clips without a truth" in (out / "report.md").read_text()


def test_the_command_says_what_it_would_do_and_what_is_wrong(
    footage: TruthFootage, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = footage.truth[0].clip.parents[1]
    words = ("bench", "swap", "--footage", folder, "-o", tmp_path / "out")
    told = pecten(capfd, *words, "--quick", "--dry-run")
    assert told.code == 0
    assert "would teach comb: 1 of 2 performers, 800 images each" in told.out
    assert not (tmp_path / "out").exists()
    # Of one method under two names one is enough.
    assert "teach comb-studio" in pecten(capfd, *words, "--dry-run").out
    assert "teach comb-studio" not in pecten(capfd, *words, "--preset", "studio", "--dry-run").out
    assert "choose among comb" in pecten(capfd, *words, "--methods", "comb,faceshop").complaint
    assert "write SOURCE:TARGET" in pecten(capfd, *words, "--pairs", "ada").complaint
    assert "give one budget" in pecten(capfd, *words, "--images", 5, "--seconds", 5).complaint
    assert "choose among shot9" in pecten(capfd, *words, "--shots", "shot1").complaint
    empty = ("bench", "swap", "--footage", tmp_path)
    assert "give the footage's folder" in pecten(capfd, *empty).complaint
    assert "no such comb" in pecten(capfd, *words, "--comb", tmp_path / "none").complaint
