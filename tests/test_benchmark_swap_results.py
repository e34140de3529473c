"""Results of the benchmark of swaps come back as they were written."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from pecten.benchmark.swap_results import Measure, MethodNote, SwapResults, Taken, finite, load_results, save_results
from pecten.benchmark.swap_table import figures_of
from pecten.errors import UsageError
from swap_support import FRAMES, NASTY, small_results


def results() -> SwapResults:
    taken = Taken(
        "comb", "ada", "bruno", "interview901", "crop", "", (0, 1, 8), {"psnr": (30.5, math.inf, math.nan)},
        {"mouth": 0.9}, "cache/shown/a", "cache/truth/a", "cache/plate/a",
    )  # fmt: skip
    measures = (Measure("psnr", "PSNR", "dB", "high", "fidelity"), Measure("mouth", "mouth", "", "high", "expression"))
    methods = (MethodNote("comb", "comb", ours=True, size_px=256, trainings=1, images=300, images_each=100.0),)
    return SwapResults("Swaps", ("A note.",), measures, methods, (taken, replace(taken, against="none", truth=None)))


def test_results_come_back(tmp_path: Path) -> None:
    made = results()
    assert save_results(tmp_path, made) == tmp_path / "results.json"
    held = load_results(tmp_path)
    first = held.taken[0].values["psnr"]
    assert first[:2] == (30.5, math.inf)
    assert math.isnan(first[2])
    assert finite(first) == (30.5, math.inf)
    assert held.taken[0].whole == {"mouth": 0.9}
    whole = tuple(replace(taken, values={}) for taken in made.taken)
    assert replace(held, taken=tuple(replace(taken, values={}) for taken in held.taken)) == replace(made, taken=whole)
    # Plain JSON, for others' programs too.
    json.loads((tmp_path / "results.json").read_text(), parse_constant=pytest.fail)


def test_results_of_before_runs_were_measured_are_read(tmp_path: Path) -> None:
    path = save_results(tmp_path, results())
    record = json.loads(path.read_text())
    assert record["version"] == 2
    record["version"] = 1
    for measure in record["measures"]:
        del measure["span"]
    path.write_text(json.dumps(record))
    assert load_results(tmp_path).measures == results().measures


def test_what_says_the_same_is_left(tmp_path: Path) -> None:
    path = save_results(tmp_path, results())
    before = path.stat().st_mtime_ns
    save_results(tmp_path, results())
    assert path.stat().st_mtime_ns == before
    save_results(tmp_path, replace(results(), title="Others"))
    assert path.stat().st_mtime_ns > before
    assert load_results(tmp_path).title == "Others"


def test_pictures_are_found_by_frame(tmp_path: Path) -> None:
    one, real = results().taken
    assert one.picture(tmp_path, 8) == tmp_path / "cache/shown/a/000008.png"
    assert one.picture(tmp_path, 8, "truth") == tmp_path / "cache/truth/a/000008.png"
    assert results().of("comb", "crop") == (one,)
    with pytest.raises(UsageError, match="no truth is known"):
        real.picture(tmp_path, 8, "truth")


@pytest.mark.parametrize("content", [None, "", "{}", '{"version": 3}', '{"version": 1, "title": "t"}'])
def test_what_is_no_result_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "results.json").write_text(content)
    with pytest.raises(UsageError, match=r"results\.json"):
        load_results(tmp_path)


def test_a_lead_is_told_with_its_interval_where_it_has_one(tmp_path: Path) -> None:
    results = small_results(tmp_path)
    few = {"identity": (0.1, *[math.nan] * (len(FRAMES) - 1)), "psnr": tuple(range(len(FRAMES)))}
    taken = tuple(replace(one, values={k: tuple(map(float, v)) for k, v in few.items()}) for one in results.taken)
    measures = (*results.measures, Measure("identity", "identity", "", "high", "identity"))
    notes = {
        figure.name.split(" ")[0]: figure.note
        for figure in figures_of(replace(results, measures=measures, taken=taken))
    }
    assert notes["identity"] == f"one value: no interval; against {NASTY}"
    assert notes["PSNR"] == f"within chance: 0.00 to 0.00, {len(FRAMES)} values; against {NASTY}"
