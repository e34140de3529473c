"""The benchmark of composites measures what it says it measures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cli_support import pecten
from pecten.benchmark import composite, composite_speed
from pecten.benchmark.composite_examples import Example, dramatic, flat_lit, flickers, in_drama, pairs_of
from pecten.benchmark.composite_methods import METHODS, OURS, blend_all, changes, light_error, motions, score, truth_of
from pecten.benchmark.footage import Take, TruthFootage
from pecten.cli.app import app
from pecten.composite.recipe import LightSource
from pecten.errors import FootageError
from pecten.faces.mean import MEAN_MESH
from pecten.faces.region import face_matte
from pecten.geometry import similarity

SIZE = 128


def example(index: int = 0, gain: float = 1.0) -> Example:
    """A frame in which the plate's crop is the frame itself, and the face the truth in another light."""
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE
    tone = 0.5 + 0.2 * np.sin(9 * x + 0.1 * index) * np.cos(7 * y) + 0.05 * np.sin(40 * x)
    truth = (tone[..., None] * [1.0, 0.8, 0.7]).astype(np.float32)
    plate = (truth + 0.03 * np.sin(25 * y)[..., None]).astype(np.float32)
    frame = np.pad(plate, ((10, 10), (20, 20), (0, 0)), mode="edge")
    landmarks = MEAN_MESH[:, :2] * (SIZE / 1024)
    matte = face_matte(landmarks, SIZE)
    back = similarity.similarity(1.0, 0.0, (-20.0, -10.0))
    return Example(index, frame, back, landmarks, matte, plate, truth * np.float32(gain), truth, matte)


def test_light_error_of_a_known_shift() -> None:
    one = example()
    assert light_error(one.truth, one.truth, one.region) == 0
    assert light_error(one.truth + np.float32(0.1), one.truth, one.region) == pytest.approx(0.1, rel=1e-3)
    noise = np.random.default_rng(0).normal(0, 0.1, one.truth.shape).astype(np.float32)
    assert light_error(one.truth + noise, one.truth, one.region) < 0.02


def test_every_method_leaves_what_lies_outside_and_ours_finds_the_light() -> None:
    shot = [example(index, 0.7) for index in range(2)]
    errors = {}
    for method in METHODS:
        found, crops = score(method, shot, motions(shot))
        assert found.changed_outside == 0
        assert len(crops) == len(found.psnr_db) == len(found.cpu_ms) == 2
        assert len(found.change) == 1
        errors[method.name] = float(np.mean(found.light))
    assert errors[OURS.name] < 0.3 * errors["alpha"]
    truth = truth_of(shot)
    assert truth.seam > 0
    assert (truth.energies > 0).all()


def test_the_default_gives_back_the_plates_grain() -> None:
    size, rng = 256, np.random.default_rng(0)
    y, x = np.mgrid[:size, :size] / size
    clean = ((0.5 + 0.1 * np.sin(5 * x) * np.cos(4 * y))[..., None] * [1.0, 0.8, 0.7]).astype(np.float32)
    landmarks = MEAN_MESH[:, :2] * (size / 1024)
    matte, here = face_matte(landmarks, size), similarity.similarity(1.0, 0.0, (0.0, 0.0))
    shot = []
    for index in range(3):
        grainy = clean + rng.normal(0, 0.02, clean.shape).astype(np.float32)
        shot.append(Example(index, grainy, here, landmarks, matte, grainy, clean, grainy, matte))
    bare = next(method for method in METHODS if method.name == "the default without texture")
    ours, without = (np.mean(score(one, shot, motions(shot))[0].energies, axis=0)[0] for one in (OURS, bare))
    wanted = truth_of(shot).energies[0]
    assert without < 0.2 * wanted
    assert 0.7 < ours / wanted < 1.3


def test_changes_see_a_flicker() -> None:
    shot = [example(), example(), example()]
    steady, moved = [one.plate for one in shot], motions(shot)
    assert changes(steady, shot, moved) == pytest.approx([0, 0], abs=1e-3)
    assert changes([steady[0], steady[1] + np.float32(0.1), steady[2]], shot, moved) == pytest.approx(
        [0.1, 0.1], abs=5e-3
    )


def test_dramatic_light_falls_on_plate_and_truth_alike_and_wanders() -> None:
    one = example()
    left, right = dramatic(one, -1.0, 1.0), dramatic(one, 1.0, 1.0)
    assert np.array_equal(left.face, one.face)
    np.testing.assert_allclose(left.plate / one.plate, left.truth / one.truth, rtol=1e-3)
    assert left.plate[64, 30:50].mean() > left.plate[64, 78:98].mean()
    assert right.plate[64, 30:50].mean() < right.plate[64, 78:98].mean()
    assert dramatic(one, 1.0, 1.3).plate[64, 90].mean() > right.plate[64, 90].mean()
    assert np.array_equal(flickers(5), flickers(5))
    assert flickers(200).std() == pytest.approx(0.22, abs=0.05)
    assert len(in_drama([one, one])) == 2


def test_a_flat_lit_face_has_no_slope() -> None:
    one = example()
    slope = np.linspace(0.6, 1.4, SIZE, dtype=np.float32)[None, :, None]
    flat = flat_lit(replace(one, face=np.full_like(one.face, 0.5) * slope))
    inside = flat.face[50:78, 35:93].mean(axis=(0, 2))
    assert np.ptp(inside) < 0.4 * 0.5 * np.ptp(slope[0, 35:93])


def test_linear_light_is_put_back_into_the_displays_coding() -> None:
    shot = [example()]
    linear = next(m for m in METHODS if m.linear and m.recipe.light is LightSource.SKIN)
    np.testing.assert_allclose(blend_all(linear, shot)[0], blend_all(OURS, shot)[0], atol=0.05)


def test_figures_name_the_best_of_the_others() -> None:
    heads = [head for head, _, _ in composite.COLUMNS]
    values = {method.name: np.full(len(heads), 0.2 + 0.01 * i) for i, method in enumerate(METHODS)}
    values[OURS.name] = np.full(len(heads), 0.1)
    compared = composite.Compared(values, {}, 1.3, 1.2, (1.1, 1.0), (0.01, 0.2), np.zeros((4, 4, 3), np.uint8))
    figures = composite.figures_of(compared, ", decoded")
    assert figures[0].value == pytest.approx(0.5)
    assert "alpha" in figures[0].note
    assert figures[0].met
    assert figures[0].name.endswith("dramatic light, decoded")
    met = {figure.name: figure.met for figure in figures if "pair by pair" in figure.name}
    assert list(met.values()) == [True, False]
    table = composite.table_of(compared, "t")
    assert len(table.rows) == len(METHODS)
    assert table.rows[-1][3] == "100.0"


def test_speed_is_measured_and_says_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composite_speed, "JOBS", (("tiny", 320, 240, 128, 30.0),))
    (figure,) = composite_speed.measure_speed(1)
    assert figure.value > 0
    assert "CPU time" in figure.note


def test_pairs_need_both_performers_alone() -> None:
    def take(source: str, target: str) -> Take:
        return Take(Path(f"{source}_{target}.mp4"), source, target, "s", None, None)

    swap = take("ada", "bruno")
    (pair,) = pairs_of(TruthFootage((), (take("ada", "ada"), take("bruno", "bruno")), (swap,)))
    assert (pair.plate.source, pair.source.source, pair.name) == ("bruno", "ada", "ada on bruno, s")
    with pytest.raises(FootageError, match="A_on_B"):
        pairs_of(TruthFootage((), (take("ada", "ada"),), (swap,)))


def test_a_folder_without_true_swaps_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "ada_s.mp4").write_bytes(b"")
    done = CliRunner().invoke(app, ["bench", "composite", "--footage", str(tmp_path), "-o", str(tmp_path / "out")])
    assert isinstance(done.exception, FootageError)
    assert "A_on_B" in str(done.exception)


def _swaps(*names: str) -> TruthFootage:
    """Return true swaps by name; those of a shot called lost lack the plate."""
    found = []
    for name in names:
        source, target, shot = name.split()
        found.append(Take(Path(f"{name}.mp4"), source, target, shot, None, None))
    people = {(who, swap.shot) for swap in found for who in (swap.source, swap.target)}
    alone = [Take(Path(f"{who}_{shot}.mp4"), who, who, shot, None, None) for who, shot in sorted(people)]
    return TruthFootage((), tuple(one for one in alone if one.shot != "lost" or one.source != "bruno"), tuple(found))


@pytest.mark.parametrize(
    ("names", "all_of_them", "quick"),
    [
        (("ada bruno s", "bruno ada s", "ada bruno t", "ada bruno u"), 4, 3),
        (("ada bruno s", "bruno ada s", "ada bruno lost"), 2, 1),
    ],
)
def test_a_dry_run_tells_how_many_swaps_are_composed(
    names: tuple[str, ...],
    all_of_them: int,
    quick: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    footage = _swaps(*names)
    assert len(composite.composed(footage)) == all_of_them
    assert len(composite.composed(footage, quick=True)) == quick
    monkeypatch.setattr("pecten.benchmark.footage.read_footage", lambda _: footage)
    monkeypatch.setattr("pecten.benchmark.composite_examples.check_pairs", lambda _: None)
    words = ("bench", "composite", "--footage", tmp_path, "-o", tmp_path / "out", "--dry-run")
    assert pecten(capfd, *words).out.startswith(f"would compose {all_of_them} true swaps, and write")
    told = pecten(capfd, *words, "--quick").out
    assert told.startswith(f"would compose {quick} true swap{'s' * (quick > 1)}, and write")
