"""Other methods: the size their descriptions give, and that they learn what they should."""

import signal
from pathlib import Path

import numpy as np
import pytest
import torch

from comb_helpers import crops
from pecten.baselines.adabelief import AdaBelief
from pecten.baselines.blocks import Down, count
from pecten.baselines.deepfacelab import Saehd, SaehdWidths, blurred_mask
from pecten.baselines.deepfakes import Deepfakes
from pecten.baselines.keeping import keep, restore
from pecten.baselines.losses import dssim
from pecten.baselines.model import Budget, SwapModel
from pecten.baselines.pairs import PairModel, deepfacelab
from pecten.baselines.warp import DEEPFAKES, SAEHD, Changes, changed
from pecten.errors import ShapeError, TrainingError, UsageError

WIDTHS = SaehdWidths(latent=16, encoder=8, decoder=8, mask=2)
STILL = Changes(0.0, (1.0, 1.0), 0.0, 0.0, (4,), 0.0)


def test_sizes_are_those_of_the_descriptions() -> None:
    with torch.device("meta"):
        assert count(Deepfakes(64)) == 82_062_470
        assert count(Saehd("df", 128)) == 57_538_432
        assert count(Saehd("liae", 128)) == 94_963_328


def test_other_sizes_are_refused() -> None:
    with pytest.raises(UsageError, match="choose 64 or 128"):
        Deepfakes(256)
    with pytest.raises(UsageError, match="choose df or liae"):
        Saehd("sae", 128)


def test_pictures_keep_their_side() -> None:
    widths = SaehdWidths(latent=8, encoder=4, decoder=4, mask=2)
    for kind in ("df", "liae"):
        picture, mask = Saehd(kind, 32, widths)(torch.rand(2, 3, 32, 32), "source")
        assert picture.shape == (2, 3, 32, 32)
        assert mask.shape == (2, 1, 32, 32)


def test_halving_pads_as_its_description_does() -> None:
    torch.manual_seed(0)
    down = Down(1, 1)
    with torch.no_grad():
        down.convolution.weight.zero_()
        down.convolution.weight[0, 0, 1, 1] = 1.0
        down.convolution.bias.zero_()
    x = torch.arange(16.0).reshape(1, 1, 4, 4)
    # The window starts one px before the picture, so its second sample is the picture's first.
    assert down(x).flatten().tolist() == [0.0, 2.0, 8.0, 10.0]


def test_dssim_is_the_same_under_autocast() -> None:
    torch.manual_seed(0)
    x = 0.7 + 0.01 * torch.rand(2, 3, 64, 64)
    plain = dssim(x, x.flip(0), 11)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(dssim(x, x.flip(0), 11), plain)


def test_dssim_is_zero_for_equals_and_one_for_opposites() -> None:
    x = torch.rand(2, 3, 24, 24, generator=torch.Generator().manual_seed(1))
    assert dssim(x, x, 11).abs().max() < 1e-6
    stripes = torch.zeros(1, 1, 24, 24)
    stripes[..., ::2] = 1.0
    assert 0.9 < float(dssim(stripes, 1 - stripes, 11)) <= 1.0


def test_soft_mask_is_whole_well_inside_and_gone_outside() -> None:
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 16:48, 16:48] = 1.0
    soft = blurred_mask(mask, 64)
    assert float(soft[0, 0, 32, 32]) == 1.0
    assert float(soft[0, 0, 2, 2]) == 0.0
    assert float(soft[0, 0, 16, 32]) > 0.9


def test_adabelief_finds_the_foot_of_a_valley() -> None:
    place = torch.nn.Parameter(torch.tensor([3.0, -2.0]))
    optimiser = AdaBelief([place], rate=0.05)
    for _ in range(400):
        optimiser.zero_grad()
        (place[0] ** 2 + 10 * (place[1] - 1) ** 2).backward()
        optimiser.step()
    torch.testing.assert_close(place.detach(), torch.tensor([0.0, 1.0]), atol=0.02, rtol=0)


def test_without_changes_input_and_answer_are_the_crop() -> None:
    held = crops("one", 16)
    inputs, answers, masks = changed(held, np.array([2, 4]), STILL, np.random.default_rng(0))
    np.testing.assert_allclose(inputs, held.images[[2, 4]] / 255, atol=1e-6)
    np.testing.assert_array_equal(inputs, answers)
    np.testing.assert_allclose(masks[..., 0], held.mattes[[2, 4]] / 255, atol=1e-6)


@pytest.mark.parametrize("changes", [DEEPFAKES, SAEHD])
def test_the_input_is_warped_and_the_answer_is_not(changes: Changes) -> None:
    held = crops("one", 64)
    one = changed(held, np.array([1, 3]), changes, np.random.default_rng(5))
    again = changed(held, np.array([1, 3]), changes, np.random.default_rng(5))
    for a, b in zip(one, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.abs(one[0] - one[1]).max() > 0.1


def small(seed: int = 0) -> PairModel:
    return deepfacelab("df", 32, seed, "cpu", WIDTHS)


def taught() -> PairModel:
    model = small()
    model.teach({name: crops(name, 32) for name in ("one", "two")}, Budget(images=16))
    return model


def test_a_pair_learns_and_repeats() -> None:
    people = {name: crops(name, 32) for name in ("one", "two")}
    plates = people["one"].images[:3].astype(np.float32) / 255
    inside = people["one"].mattes[0] > 200

    def away(model: SwapModel) -> float:
        return float(np.abs(model.show(plates, "one") - plates)[:, inside].mean())

    model = taught()
    before = away(model)
    for group in model._optimiser.param_groups:
        group["lr"] = 1e-3  # The published rate needs many more steps than a test has.
    assert model.teach(people, Budget(images=960)) == 960
    assert away(model) < 0.85 * before
    one, other = small(), small()
    for each in (one, other):
        each.teach(people, Budget(images=32))
    np.testing.assert_array_equal(one.show(plates, "two"), other.show(plates, "two"))


def test_a_training_that_was_cut_short_goes_on_as_if_it_had_not(tmp_path: Path) -> None:
    people, plates = {name: crops(name, 32) for name in ("one", "two")}, np.full((1, 32, 32, 3), 0.5, np.float32)

    def kept(kind: str, folder: Path) -> PairModel:
        return deepfacelab(kind, 32, 0, "cpu", WIDTHS, folder)

    def stop(name: str, done: int, total: int) -> None:
        if done == 32:
            signal.raise_signal(signal.SIGINT)

    whole, short = kept("df", tmp_path / "whole"), kept("df", tmp_path / "short")
    whole.teach(people, Budget(images=64))
    with pytest.raises(KeyboardInterrupt):
        short.teach(people, Budget(images=64), stop)
    told: list[int] = []
    again = kept("df", tmp_path / "short")
    assert again.teach(people, Budget(images=64), lambda _, done, __: told.append(done)) == 64
    assert told == [48, 64]
    np.testing.assert_array_equal(whole.show(plates, "one"), again.show(plates, "one"))
    done = kept("df", tmp_path / "short")
    assert done.teach(people, Budget(images=64), stop) == 64
    np.testing.assert_array_equal(whole.show(plates, "two"), done.show(plates, "two"))
    with pytest.raises(TrainingError, match="another training of deepfacelab df 32"):
        kept("df", tmp_path / "short").teach(people, Budget(images=80))
    with pytest.raises(TrainingError, match="another shape"):
        kept("liae", tmp_path / "short").teach(people, Budget(images=64))
    cut = tmp_path / "short" / "state.safetensors"
    cut.write_bytes(cut.read_bytes()[:999])
    told.clear()
    assert kept("df", tmp_path / "short").teach(people, Budget(images=16), lambda _, d, __: told.append(d)) == 16
    assert told == [16]


def test_adam_too_remembers_what_it_had(tmp_path: Path) -> None:
    torch.manual_seed(3)
    network, other = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)

    def step(net: torch.nn.Linear, adam: torch.optim.Adam) -> None:
        adam.zero_grad()
        net(torch.ones(1, 2)).sum().backward()
        adam.step()

    adam, second = (torch.optim.Adam(net.parameters(), 0.1) for net in (network, other))
    step(network, adam)
    keep(tmp_path, network, adam, {"seen": 1})
    assert restore(tmp_path, other, second) == {"seen": 1}
    for net, optimiser in ((network, adam), (other, second)):
        step(net, optimiser)
    torch.testing.assert_close(other.weight, network.weight, atol=0, rtol=0)


def test_a_budget_is_one_of_two() -> None:
    assert Budget(images=10).is_spent(10, 0.0)
    assert not Budget(seconds=2.0).is_spent(10**9, 1.9)
    for wrong in ({}, {"images": 5, "seconds": 1.0}, {"images": 0}):
        with pytest.raises(UsageError, match="give one of them"):
            Budget(**wrong)


def test_crops_of_another_size_are_refused() -> None:
    with pytest.raises(ShapeError, match="cut them at that size"):
        taught().show(np.zeros((1, 16, 16, 3), np.float32), "one")


def test_a_pair_is_two_people_and_shows_either() -> None:
    model, plates = taught(), np.full((1, 32, 32, 3), 0.5, np.float32)
    assert not np.array_equal(model.show(plates, "one"), model.show(plates, "two"))
    with pytest.raises(UsageError, match="not taught three: it knows one and two"):
        model.show(plates, "three")
    with pytest.raises(UsageError, match="learns from two performers, not 1"):
        small().teach({"one": crops("one", 32)}, Budget(images=16))
