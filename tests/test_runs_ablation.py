"""The ablation compares what it says it does, and its tables show what was measured."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "runs"))

from ablation import measure
from ablation.tables import COLUMNS, table
from ablation.truth import Takes
from ablation.variants import BASE, VARIANTS

from comb_helpers import crops
from pecten.comb.config import CombConfig
from pecten.comb.model import Comb
from pecten.faces.mean import MEAN_MESH

PEOPLE = ("ada", "bruno", "chidi")


def test_each_variant_differs_from_the_base_in_what_its_name_says_and_in_nothing_else() -> None:
    assert len({variant.folder for variant in VARIANTS}) == len(VARIANTS)
    base = next(variant for variant in VARIANTS if variant.name == BASE)
    shape, config = base.configs(PEOPLE, 64, 3000)
    for variant in VARIANTS:
        other_shape, other = variant.configs(PEOPLE, 64, 3000)
        given = json.loads(json.dumps({**other.to_dict(), **other_shape.to_dict()}))
        held = json.loads(json.dumps({**config.to_dict(), **shape.to_dict()}))
        changed = {key for key in held if given[key] != held[key]}
        free = {"start_px", "images", "checkpoint_images", "preview_images", "identities"}
        if variant.finish:
            free |= {"learning_rate", "warmup_images", "decay_share", "ema_images"}
        assert changed - free == set(variant.shape) | (set(variant.training) - {"single_stage"}), variant.name
        if not variant.finish:
            assert other.images == 3000 * len(other_shape.identities)
        again_shape, again = variant.seeded(1).configs(PEOPLE, 64, 3000)
        assert (again_shape, again) == (other_shape, replace(other, seed=1))
        assert variant.seeded(1).folder == f"{variant.folder}_seed_1"


def takes(place: int) -> Takes:
    pictures = crops("one", 64, 3).images
    large = np.repeat(np.repeat(np.roll(pictures, place, axis=3), 4, 1), 4, 2)
    landmarks = np.repeat(MEAN_MESH[None, :, :2] / 4, 3, axis=0)
    return Takes(np.arange(3), large, landmarks)


class Nobody:
    """Stands in for the networks that look at results."""

    def locate(self, image: np.ndarray, rois: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        return MEAN_MESH[None, :, :2] / 4, np.ones(1)

    def embed(self, image: np.ndarray, points: np.ndarray) -> np.ndarray:
        return image.mean(axis=(0, 1)).repeat(128)[:128] / 255


def test_a_perfect_decoder_measures_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    comb = Comb(CombConfig(("ada", "bruno"), 32, "tiny", latent_size=8, matte=True))
    clips = {("ada", "talk"): takes(0), ("bruno", "talk"): takes(1)}
    answers = {who: clips[who, "talk"].pictures(32) for who in ("ada", "bruno")}
    monkeypatch.setattr(measure, "decode", lambda comb, source, plates: answers[source])
    found = measure.measure(comb, clips, measure.Judges(Nobody(), Nobody()))  # type: ignore[arg-type]
    assert sorted(found) == ["ada<ada talk", "ada<bruno talk", "bruno<ada talk", "bruno<bruno talk"]
    for row in found.values():
        assert row["psnr"] == float("inf")
        for name in ("ssim", "feature_ssim", "energy_0", "energy_1", "likeness_0", "own"):
            assert row[name] == pytest.approx(1)
        assert row["mouth_error"] == pytest.approx(0)
        assert 0 <= row["told"] <= 1


def test_detail_that_is_lost_and_detail_that_is_wrong_are_told_apart() -> None:
    truth = np.random.default_rng(0).random((1, 64, 64, 3), np.float32)
    other = np.random.default_rng(1).random((1, 64, 64, 3), np.float32)
    mattes = np.ones((1, 64, 64), np.float32)
    half, wrong = measure._detail(0.5 * truth, truth, mattes), measure._detail(other, truth, mattes)
    assert (half["energy_0"], half["likeness_0"]) == (pytest.approx(0.25), pytest.approx(1))
    assert wrong["energy_0"] == pytest.approx(1, abs=0.1)
    assert abs(wrong["likeness_0"]) < 0.1


def test_the_table_averages_swaps_and_reconstructions_apart() -> None:
    def row(value: float) -> dict[str, float]:
        return dict.fromkeys(COLUMNS, value)

    pairs = {"a<a x": row(9.0), "a<b x": row(1.0), "b<a x": row(2.0), "b<b x": row(7.0)}
    text = table([{"name": "it", "cpu_s": None, "an_identity": 5, "pairs": pairs}])
    swaps, own, shared = (part for part in text.split("### ") if part)
    assert "| it | 1.50 | 1.500" in swaps
    assert "| it | 8.00 | 8.000" in own
    assert "| it | 1.50" in shared
    assert swaps.rstrip().endswith("| - | 5 |")
