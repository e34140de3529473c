"""Performers added to a comb, taken out and mixed, while the others stay bit for bit."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from comb_helpers import config, crops, shape
from pecten.comb.adapted import is_own
from pecten.comb.config import CombConfig
from pecten.comb.model import Comb
from pecten.comb.surgery import mixed, rearranged, shared
from pecten.comb.weights import load_comb, save_comb
from pecten.errors import CombError, TrainingError
from pecten.files import sha256_of
from pecten.training.loop import train


@pytest.fixture
def comb() -> Comb:
    torch.manual_seed(3)
    return Comb(shape(2)).eval()


def shown(comb: Comb, identity: str) -> np.ndarray:
    with torch.inference_mode():
        return comb(torch.linspace(0, 1, 2 * 3 * 16 * 16).reshape(2, 3, 16, 16), identity).numpy()


def test_who_stays_decodes_as_before(comb: Comb) -> None:
    made = rearranged(comb, ("two",))
    assert made.config.identities == ("two",)
    np.testing.assert_array_equal(shown(made, "two"), shown(comb, "two"))


def test_who_comes_begins_between_all(comb: Comb) -> None:
    made = rearranged(comb, ("one", "two", "new"))
    first, second = comb.decoders["one"].state_dict(), comb.decoders["two"].state_dict()
    for key, value in made.decoders["new"].state_dict().items():
        torch.testing.assert_close(value, (first[key] + second[key]) / 2)
    np.testing.assert_array_equal(shown(made, "one"), shown(comb, "one"))


def test_a_mixture_goes_from_one_look_to_the_other(comb: Comb) -> None:
    np.testing.assert_array_equal(shown(mixed(comb, {"one": 1.0}, "m"), "m"), shown(comb, "one"))
    half = mixed(comb, {"one": 2.0, "two": 2.0}, "m")
    same = mixed(comb, {"one": 0.5, "two": 0.5}, "m")
    np.testing.assert_array_equal(shown(half, "m"), shown(same, "m"))
    assert not np.array_equal(shown(half, "m"), shown(comb, "one"))


@pytest.mark.parametrize(
    ("shares", "name", "words"),
    [
        ({"one": 1.0}, "two", "has one already"),
        ({"one": 1.0, "two": -1.0}, "m", "sum to nothing"),
        ({"nobody": 1.0}, "m", "no identity nobody"),
    ],
)
def test_mixtures_that_make_no_sense_are_refused(comb: Comb, shares: dict[str, float], name: str, words: str) -> None:
    with pytest.raises(CombError, match=words):
        mixed(comb, shares, name)


def test_a_performer_is_added_and_nobody_else_changes(comb: Comb, tmp_path: Path) -> None:
    save_comb(tmp_path / "base.safetensors", comb)
    sha = sha256_of(tmp_path / "base.safetensors")
    wanted = config(freeze_encoder=True, base_sha256=sha, start_px=16)
    path = train([crops("three")], shape(3), wanted, tmp_path / "out", base=comb)
    made = load_comb(path)
    for identity in ("one", "two"):
        np.testing.assert_array_equal(shown(made, identity), shown(comb, identity))
    begun = rearranged(comb, ("one", "two", "three"))
    assert not np.array_equal(shown(made, "three"), shown(begun, "three"))
    rows = [json.loads(line) for line in (tmp_path / "out" / "stats.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {tuple(row["loss"]) for row in rows} == {("three",)}


def test_training_from_a_comb_resumes_bit_for_bit(comb: Comb, tmp_path: Path) -> None:
    wanted = config(base_sha256="x", start_px=16, freeze_encoder=True)
    people = [crops("two"), crops("three")]
    whole = train(people, shape(3), wanted, tmp_path / "whole", base=comb)
    steps = iter(range(100))
    train(people, shape(3), wanted, tmp_path / "parts", should_stop=lambda: next(steps) >= 7, base=comb)
    parts = train(people, shape(3), wanted, tmp_path / "parts", base=comb)
    for one, other in zip(load_comb(whole).parameters(), load_comb(parts).parameters(), strict=True):
        assert torch.equal(one, other)


def test_an_encoder_that_learns_needs_everybody(comb: Comb, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no usable crops of one"):
        train([crops("three")], shape(3), config(base_sha256="x", start_px=16), tmp_path / "out", base=comb)


def test_nothing_of_a_performer_stays_in_a_trunk() -> None:
    torch.manual_seed(5)
    own = Comb(CombConfig(("ada", "bruno"), 64, "tiny", latent_size=6, texture=1, irises=True)).eval()
    with torch.no_grad():
        own.detail("ada").normal_()
    made = shared(own, "ada")
    np.testing.assert_array_equal(shown_at(made, "ada"), shown_at(own, "ada"))
    for comb in (made, rearranged(made, ("bruno",))):
        assert comb.trunk is not None
        assert not any(weight.any() for name, weight in comb.trunk.named_parameters() if is_own(name))


def shown_at(comb: Comb, identity: str) -> np.ndarray:
    with torch.inference_mode():
        return comb(torch.linspace(0, 1, 3 * 64 * 64).reshape(1, 3, 64, 64), identity).numpy()
