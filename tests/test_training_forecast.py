"""What a run will hold, against what the allocator was asked for."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from comb_helpers import config, shape
from pecten.comb.config import CombConfig
from pecten.comb.model import Comb
from pecten.dataset.augment import Batch
from pecten.devices import Room, gains_by_bfloat16, room_on
from pecten.errors import TrainingError
from pecten.training.config import TrainConfig, preset
from pecten.training.forecast import GIB, Forecast, forecast, plan_memory
from pecten.training.step import gather

MUCH = Room(2**50)


def people(count: int) -> tuple[str, ...]:
    return tuple(f"p{k}" for k in range(count))


def pictures(comb_config: CombConfig, count: int) -> dict[str, Batch]:
    side = comb_config.size
    return {
        identity: Batch(
            *(torch.rand(count, planes, side, side) for planes in (3, 3, 1, 1)),
            torch.rand(count, 478, 2) if comb_config.texture else None,
        )
        for identity in comb_config.identities
    }


def measured(comb_config: CombConfig, settings: TrainConfig) -> int:
    """The most that torch's allocator held during one step, by its own events, once there are gradients."""
    settings = replace(settings, bfloat16=settings.bfloat16 and gains_by_bfloat16("cpu"))
    comb = Comb(comb_config)
    gather(comb, pictures(comb_config, 1), 1.0, comb_config.highest_level, 0.5, settings)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as found:
        batches = pictures(comb_config, settings.batch)
        gather(comb, batches, 1.0, comb_config.highest_level, 0.5, settings)
    held = most = 0
    for event in sorted(found.profiler.kineto_results.events(), key=lambda one: one.start_ns()):
        if event.name() == "[memory]":
            held += event.nbytes()
            most = max(most, held)
    return most


@pytest.mark.parametrize(
    ("identities", "size", "changes"),
    [(2, 64, {}), (4, 32, {"loss": "l1"}), (1, 128, {"batch": 1}), (1, 32, {"bfloat16": False, "batch": 8})],
)
def test_a_step_holds_what_was_foretold(identities: int, size: int, changes: dict[str, object]) -> None:
    comb_config, settings = preset("quick", people(identities), size)
    settings = replace(settings, **changes)
    assert forecast(comb_config, settings).step == pytest.approx(measured(comb_config, settings), rel=0.08)


def test_a_texture_is_in_the_forecast() -> None:
    comb_config, settings = preset("quick", people(2), 128)
    plain = forecast(replace(comb_config, texture=0, irises=False), settings)
    found = forecast(comb_config, settings)
    assert found.parameters - plain.parameters > 2 * 2 * 3 * 128**2
    assert found.step == pytest.approx(measured(comb_config, settings), rel=0.08)


def test_weights_are_counted_exactly_and_a_step_grows_with_batch_and_people() -> None:
    comb_config, settings = preset("quick", people(2), 32)
    small, large = (forecast(comb_config, replace(settings, batch=batch)) for batch in (4, 16))
    assert small.parameters == sum(p.numel() for p in Comb(comb_config).parameters())
    assert small.weights == large.weights == 20 * small.parameters
    assert 2 * small.step < large.step < 4 * small.step
    many = forecast(replace(comb_config, identities=people(8)), settings)
    assert many.step > 3 * small.step


def test_parts_make_a_step_small_however_many_people_there_are() -> None:
    settings = config(batch=2, accumulate=64)
    two, many = (forecast(replace(shape(), identities=people(count)), settings) for count in (16, 32))
    assert two.step == many.step
    assert many.step < forecast(replace(shape(), identities=people(32)), config(batch=2)).step / 8


def test_the_published_comb_of_thirty_two_fits_one_large_card_in_parts() -> None:
    comb_config, settings = preset("paper", people(32))
    room = Room(256 * GIB, 80 * GIB)
    with pytest.raises(TrainingError, match=r"the card has 80\.0 free: use .*--accumulate") as error:
        plan_memory(comb_config, settings, 0, room)
    assert "\n" not in str(error.value)
    split = int(str(error.value).split("--accumulate ")[1])
    made = forecast(comb_config, replace(settings, accumulate=split), on_cpu=False)
    assert made.device <= 80 * GIB
    assert 750e6 < made.parameters < 780e6


def test_what_it_advises_fits() -> None:
    comb_config, settings = preset("quick", people(4), 32)
    settings = replace(settings, batch=8)
    whole, least = (forecast(comb_config, replace(settings, accumulate=n)).device for n in (1, 32))
    room = Room((whole + least) // 2)
    with pytest.raises(TrainingError, match="this machine has") as error:
        plan_memory(comb_config, settings, 0, room)
    advice = str(error.value).split(": use ")[1].split(" or ")
    names = {"--batch": "batch", "--accumulate": "accumulate"}
    assert len(advice) == 2
    for one in advice:
        option, value = one.split()
        made, _ = plan_memory(comb_config, replace(settings, **{names[option]: int(value)}), 0, room)
        assert made.device <= room.machine


def test_where_nothing_helps_it_says_so() -> None:
    with pytest.raises(TrainingError, match=r"fewer performers or frames, or --size 8$"):
        plan_memory(shape(), config(), 0, Room(1000))


def test_crops_lie_on_the_card_if_it_has_the_room() -> None:
    comb_config, settings = shape(), config(device="auto")
    frames = GIB // (5 * comb_config.size**2)
    roomy, chosen = plan_memory(comb_config, settings, frames, Room(2**40, 2**40))
    assert (roomy.cache, chosen.cache) == ("device", "device")
    tight, chosen = plan_memory(comb_config, settings, frames, Room(2**40, roomy.device - GIB // 2))
    assert (tight.cache, chosen.cache) == ("host", "host")
    assert tight.device == pytest.approx(roomy.device - GIB, rel=1e-3)
    assert tight.host > roomy.host
    with pytest.raises(TrainingError, match="this machine has 1"):
        plan_memory(comb_config, settings, frames, Room(GIB, 2**40))


def test_a_machine_holds_the_crops_twice_and_tells_in_one_line() -> None:
    made = Forecast(10**6, 2 * GIB, GIB, 3 * GIB, "device", True)
    assert made.device == made.host == (2 + 1 + 3 + 3) * GIB + GIB // 2
    assert made.line() == "1.0 M weights, about 9.5 GiB (2.0 for weights and optimiser, 1.0 for a step, 3.0 of crops)"
    assert "in the machine's memory" in replace(made, on_cpu=False, cache="host").line()


def test_free_memory_is_read_within_the_limits_of_a_container(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:   2048 kB\n")
    assert room_on("cpu", tmp_path, tmp_path) == Room(2048 * 1024)
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("400000\n")
    assert room_on("cpu", tmp_path, tmp_path) == Room(600000)
    (tmp_path / "memory.max").write_text("max\n")
    assert room_on("cpu", tmp_path, tmp_path) == Room(2048 * 1024)
    assert room_on("cpu", tmp_path / "none", tmp_path / "none").machine > 2**20
