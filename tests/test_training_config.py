"""Presets, limits and rates."""

import json

import pytest
import torch

from pecten.comb.config import CombConfig
from pecten.errors import PectenError, TrainingError
from pecten.training.config import PRESETS, TrainConfig, preset
from pecten.training.step import average, ema_decay

PEOPLE = ("one", "two")


@pytest.mark.parametrize("name", list(PRESETS))
def test_each_preset_is_whole_and_survives_its_record(name: str) -> None:
    comb, config = preset(name, PEOPLE)
    record = json.loads(json.dumps(config.to_dict()))
    assert TrainConfig.from_dict(record) == config
    phases = config.phases(comb)
    assert sum(phase.images for phase in phases) == config.images
    assert phases[-1].level == comb.highest_level


def test_the_paper_is_as_published() -> None:
    comb, config = preset("paper", PEOPLE)
    assert comb == CombConfig(PEOPLE, 1024, "paper")
    assert [comb.width_at(level) for level in range(10, 1, -1)] == [16, 32, 64, 128, 256, 512, 512, 512, 512]
    assert (config.betas, config.learning_rate, config.loss) == ((0.9, 0.99), 1e-3, "ms-ssim+l1")
    assert {phase.level for phase in config.phases(comb)} == set(range(2, 11))
    assert config.rate_at(0, 8) == 1e-3
    assert config.rate_at(0, 10) == 2.5e-4


def test_a_preset_may_be_changed_in_size_and_length() -> None:
    comb, config = preset("quick", PEOPLE, size=128, images=100)
    assert (comb.size, config.images) == (128, 100)
    with pytest.raises(TrainingError, match="slow"):
        preset("slow", PEOPLE)


def test_the_rate_rises_holds_and_falls() -> None:
    config = TrainConfig(images=100, warmup_images=10, decay_share=0.5, final_rate=0.1, learning_rate=1.0)
    rates = [config.rate_at(n, 4) for n in range(101)]
    assert rates[:10] == sorted(rates[:10])
    assert set(rates[10:50]) == {1.0}
    assert rates[50:] == sorted(rates[50:], reverse=True)
    assert rates[100] == pytest.approx(0.1)


@pytest.mark.parametrize(
    "changes",
    [{"images": 0}, {"batch": 0}, {"loss": "l2"}, {"learning_rate": 0.0}, {"decay_share": 2.0}, {"device": "tpu"}],
)
def test_a_wrong_value_is_refused_in_one_line(changes: dict[str, object]) -> None:
    with pytest.raises(TrainingError) as error:
        TrainConfig(**changes)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("change", [{"version": 2}, {"version": 1, "speed": 3}])
def test_a_record_of_another_kind_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(PectenError):
        TrainConfig.from_dict(change)


def test_the_average_forgets_the_start_and_then_keeps_its_half_life() -> None:
    config = TrainConfig(ema_images=1000, ema_ramp=0.05)
    assert ema_decay(0, 8, config) == 0
    assert ema_decay(1000, 50, config) == pytest.approx(0.5)
    assert ema_decay(10**6, 1000, config) == pytest.approx(0.5)
    a, b = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    expected = 0.75 * a.weight + 0.25 * b.weight
    average(a, b, 0.75)
    torch.testing.assert_close(a.weight, expected)
