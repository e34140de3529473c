"""The benchmark of steadiness measures what it says it measures."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from faces_support import mean_landmarks, still
from pecten.benchmark import faces_still, stills
from pecten.benchmark.footage import TruthFootage
from pecten.cli.app import app
from pecten.errors import FacesError
from pecten.geometry import similarity as sim
from pecten.types import Affine, silent


def _jumping(count: int, jump_px: float) -> list[Affine]:
    return [sim.similarity(1.0, 0.0, (jump_px * (i % 2), 0.0)) for i in range(count)]


def test_an_error_is_counted_in_px_of_the_crop() -> None:
    truth = [sim.similarity(1.7, 0.2, (30.0, -20.0))] * 6
    ours = [sim.compose(jump, one) for jump, one in zip(_jumping(6, 3.0), truth, strict=True)]
    found = faces_still.errors(ours, truth)
    assert found.shape == (6, 51, 2)
    np.testing.assert_allclose(found[1], [[3.0, 0.0]] * 51, atol=1e-9)
    assert faces_still.frame_to_frame(found) == pytest.approx(3.0)
    assert faces_still.trembling(found) == pytest.approx(6 / np.sqrt(6))
    assert faces_still.frame_to_frame(faces_still.errors(truth, truth)) == pytest.approx(0.0, abs=1e-9)


def test_trembling_of_white_noise_is_its_deviation() -> None:
    noise = np.random.default_rng(0).normal(0, 1, (400, 1, 2)) * np.sqrt(0.5)
    assert faces_still.trembling(noise) == pytest.approx(1.0, rel=0.1)


def test_second_difference_is_counted_in_eye_distances() -> None:
    steady = [sim.similarity(2.0, 0.0, (4.0 * i, 0.0)) for i in range(5)]
    assert faces_still.second_difference(steady) == pytest.approx(0.0, abs=1e-9)
    eyes = mean_landmarks()[263] - mean_landmarks()[33]
    expected = 2 * 10.0 / float(np.linalg.norm(eyes))
    assert faces_still.second_difference(_jumping(5, 10.0)) == pytest.approx(expected)


def test_a_still_is_moved_as_it_says() -> None:
    picture = still()
    for path in (stills.shifts(2), stills.weave(3)[1:]):
        for transform, image in zip(path, stills.moved(picture, path), strict=True):
            back = stills.moved(image, [sim.invert(transform)])[0]
            off = np.abs(back.astype(float) - picture)[20:-20, 20:-20]
            assert off.mean() < 1.5
            assert np.abs(image.astype(float) - picture)[20:-20, 20:-20].mean() > off.mean()
    np.testing.assert_array_equal(stills.shifts(3), stills.shifts(3))


def test_grain_and_losses_are_fresh_on_each_frame_and_the_same_on_each_run() -> None:
    for spoil in (stills.grained, stills.degraded):
        first, second = spoil([still()] * 2)
        assert (first != second).any()
        np.testing.assert_array_equal(spoil([still()])[0], first)
        assert np.abs(first.astype(float) - still()).mean() < 12


def test_without_truth_there_is_nothing_to_measure() -> None:
    with pytest.raises(FacesError, match=r"no clip with true landmarks"):
        faces_still.measure(TruthFootage((), (), ()), silent, True)


def test_the_command_tells_a_wrong_folder_in_one_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["bench", "faces", "--footage", str(tmp_path), "-o", str(tmp_path / "out")])
    assert done.exit_code != 0
    assert "give the footage's folder" in str(done.exception)
    assert not (tmp_path / "out").exists()
