"""Further terms of the loss: each against a plain reference, and none in use where its weight is 0."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from comb_helpers import config, crops, shape
from pecten.errors import TrainingError
from pecten.training.run import Run
from pecten.training.step import judge
from pecten.training.terms import energy_distance, fine_detail, focal_frequency, view_distance
from pecten.training.views import STAGES, FaceView

ONES = torch.ones(2, 1, 32, 32)


def pictures(side: int = 32, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(seed)
    y = torch.nn.functional.interpolate(torch.rand(2, 3, side // 4, side // 4), size=side, mode="bicubic").clamp(0, 1)
    return (y + 0.1 * torch.randn_like(y)).clamp(0, 1), y


def test_the_focal_frequency_loss_is_the_formula() -> None:
    x, y = pictures()
    expected = []
    for a, b in zip(x.double().numpy(), y.double().numpy(), strict=True):
        apart = np.abs(np.fft.fft2(a) / 32 - np.fft.fft2(b) / 32)
        weight = apart / apart.max(axis=(1, 2), keepdims=True)
        expected.append((weight * apart**2).mean())
    torch.testing.assert_close(focal_frequency(x, y, ONES), torch.tensor(expected, dtype=torch.float32))


def test_frequencies_that_are_further_off_count_for_more() -> None:
    flat = torch.full((1, 3, 32, 32), 0.5)
    wave = torch.sin(torch.arange(32) * 2 * torch.pi * 4 / 32).expand(1, 3, 32, 32)
    pure = focal_frequency(flat + 0.1 * wave, flat, ONES[:1])
    # Of one frequency alone the focus is 1: what is left is the squared error.
    torch.testing.assert_close(pure, (0.1 * wave).square().mean().view(1))
    noise = torch.randn(1, 3, 32, 32)
    noise *= wave.square().mean().sqrt() / noise.square().mean().sqrt()
    assert focal_frequency(flat + 0.1 * noise, flat, ONES[:1]) < 0.8 * pure


def test_fine_detail_is_what_a_box_filter_leaves() -> None:
    flat = torch.full((2, 3, 32, 32), 0.5)
    slope = flat + torch.linspace(-0.2, 0.2, 32)
    assert float(fine_detail(slope, flat, ONES)[0]) < 0.05 * 0.1
    stripes = flat + 0.1 * (-1.0) ** torch.arange(32)
    inner = ONES.clone()
    inner[..., :5] = inner[..., -5:] = 0
    # Of nine stripes one sign is there once more than the other; outside the weights all is taken for equal.
    assert float(fine_detail(stripes, flat, inner)[0]) == pytest.approx(0.1, rel=0.12)
    dark = flat.clone()
    dark[..., :5] = 0
    torch.testing.assert_close(fine_detail(dark, flat, inner), torch.zeros(2))


def test_running_sums_leave_what_pooling_leaves_with_the_same_slope() -> None:
    x, y = pictures(48)
    x, y = x[..., :40, :].requires_grad_(), y[..., :40, :]
    weights = torch.rand(2, 1, 40, 48)
    found = fine_detail(x, y, weights)
    apart = x - y
    fine = apart - torch.nn.functional.avg_pool2d(apart, 9, 1, 4, count_include_pad=False)
    plain = (fine.abs().mean(dim=1, keepdim=True) * weights).sum(dim=(1, 2, 3)) / weights.sum(dim=(1, 2, 3))
    torch.testing.assert_close(found, plain)
    slopes = [torch.autograd.grad(one.sum(), x)[0] for one in (found, plain)]
    torch.testing.assert_close(*slopes, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("what", ["frequency", "view"])
def test_what_lies_outside_the_matte_has_no_influence_and_its_area_little(what: str) -> None:
    x, y = pictures(64)
    matte = torch.zeros(2, 1, 64, 64)
    matte[:, :, 16:48, 16:48] = 1
    batch = Run((crops("one", 64), crops("two", 64)), shape(2, 64), config()).batch("one", 6)
    batch = type(batch)(y, y, matte, torch.zeros_like(matte))
    view = FaceView(torch.device("cpu"))
    settings = config(**{f"{what}_weight": 1.0, "loss": "l1"})

    def loss(decoded: torch.Tensor) -> torch.Tensor:
        return judge(decoded, batch, settings, view) - judge(decoded, batch, config(loss="l1"))

    x.requires_grad_()
    found = loss(x)
    assert found.min() > 1e-4
    assert loss(y).abs().max() < 1e-6
    found.sum().backward()
    assert x.grad is not None
    assert (x.grad * (1 - matte)).abs().max() == 0
    assert x.grad[:, :, 16:48, 16:48].abs().max() > 0


def test_the_face_view_is_the_mesh_network_cut_off_early() -> None:
    view = FaceView(torch.device("cpu"))
    patches = torch.rand(1, 3, 256, 256)
    maps = view(patches)
    assert [(m.shape[1], m.shape[2]) for m in maps] == [(16, 128), (32, 64), (64, 32)]
    network = view._network
    values = {network._input: patches}
    every = []
    for place, step in network._steps:
        values[place] = step(values)
        every.append(values[place])
    for found in maps:
        last = [value for value in every if value.shape[-1] == found.shape[-1] and value.dim() == 4][-1]
        assert torch.equal(found, last)
    assert len(maps) == STAGES
    # Larger pictures are reduced to what the network was made for.
    torch.testing.assert_close(view(patches.repeat_interleave(2, 2).repeat_interleave(2, 3))[0], maps[0])


def test_the_view_distance_is_that_of_unit_vectors() -> None:
    a, b = torch.randn(2, 5, 8, 8), torch.randn(2, 5, 8, 8)
    cosine = torch.nn.functional.cosine_similarity(a, b)
    torch.testing.assert_close(view_distance([a], [b], ONES), (2 - 2 * cosine).mean((1, 2)), rtol=1e-3, atol=1e-3)
    assert view_distance([a, b], [3 * a, b], ONES).abs().max() < 1e-6


def test_lost_structure_counts_for_more_than_a_change_of_tone_of_equal_error() -> None:
    _, y = pictures(128)
    blurred = torch.nn.functional.avg_pool2d(y, 5, 1, 2, count_include_pad=False)
    brighter = y + (blurred - y).square().mean().sqrt()
    view = FaceView(torch.device("cpu"))
    apart = [view_distance(view(one), view(y), torch.ones(2, 1, 128, 128)).mean() for one in (blurred, brighter)]
    assert apart[0] > 2 * apart[1]


def test_the_energy_distance_is_the_formula_and_has_no_bias() -> None:
    torch.manual_seed(0)
    groups = [torch.randn(4, 3), torch.randn(3, 3) + 1, torch.randn(5, 3)]

    def mean(pairs: list[tuple[torch.Tensor, torch.Tensor]]) -> float:
        return float(np.mean([(a - b).norm().item() for a, b in pairs]))

    apart = [
        2 * mean(list(itertools.product(a, b)))
        - mean(list(itertools.permutations(a, 2)))
        - mean(list(itertools.permutations(b, 2)))
        for a, b in itertools.combinations(groups, 2)
    ]
    scale = mean(list(itertools.product(torch.cat(groups), repeat=2)))
    assert energy_distance(groups).item() == pytest.approx(np.mean(apart) / scale, rel=1e-4)
    alike = [energy_distance([torch.randn(4, 8), torch.randn(4, 8)]).item() for _ in range(400)]
    assert abs(np.mean(alike)) < 0.02
    assert energy_distance([torch.randn(4, 8), torch.randn(4, 8) + 100]).item() == pytest.approx(4, abs=0.2)


def test_pulling_along_its_slope_brings_clouds_together() -> None:
    torch.manual_seed(0)
    a, b = torch.randn(16, 4).requires_grad_(), torch.randn(16, 4) + 3
    before = energy_distance([a, b])
    before.backward()
    assert a.grad is not None
    assert a.grad.isfinite().all()
    assert energy_distance([a - 20 * a.grad, b]) < before
    same = torch.ones(2, 4).requires_grad_()
    energy_distance([same, torch.ones(2, 4)]).backward()
    assert same.grad is not None
    assert same.grad.isfinite().all()


def test_terms_count_in_the_last_part_alone() -> None:
    settings = config(images=100, frequency_weight=1.0, view_weight=2.0, overlap_weight=3.0, finish_share=0.25)
    early, late = settings.at(74), settings.at(75)
    assert (early.frequency_weight, early.view_weight, early.overlap_weight) == (0, 0, 3)
    assert late is settings


@pytest.mark.parametrize(
    "changes", [{"view_weight": -1.0}, {"finish_share": 1.5}, {"overlap_weight": float("nan")}, {"detail_weight": -1.0}]
)
def test_a_wrong_weight_is_refused(changes: dict[str, float]) -> None:
    with pytest.raises(TrainingError, match=next(iter(changes))):
        config(**changes)


def test_each_term_changes_a_run_and_none_does_when_off() -> None:
    def weights(**changes: object) -> torch.Tensor:
        run = Run((crops("one"), crops("two")), shape(), config(start_px=16, learning_rate=1e-2, **changes))
        for _ in range(3):
            run.advance()
        return torch.cat([p.detach().flatten() for p in run.comb.parameters()])

    plain = weights()
    assert torch.equal(plain, weights(finish_share=0.5))
    for name in ("frequency_weight", "view_weight", "overlap_weight"):
        assert not torch.equal(plain, weights(**{name: 0.5}))
    assert not torch.equal(plain, weights(detail_weight=0.5, detail_px=16))
    assert torch.equal(plain, weights(detail_weight=0.5, detail_px=32))
    # Twelve images of eighty are not yet of the last part.
    assert torch.equal(plain, weights(frequency_weight=1.0, view_weight=1.0, finish_share=0.2))


def test_mattes_are_learnt_and_only_by_combs_that_have_them() -> None:
    people = (crops("one"), crops("two"))
    settings = config(images=400, batch=4, start_px=16, learning_rate=2e-2, matte_weight=1.0)
    run = Run(people, replace(shape(), matte=True), settings)

    def error() -> float:
        images, mattes, _ = run.feed.at(4)["two"]
        with torch.no_grad():
            z = run.comb.encode(images.float() / 255, 4)
            found = torch.sigmoid(run.comb.decode_with_matte(z, "two", 4)[1])
        return (found - mattes.float() / 255).abs().mean().item()

    before = error()
    for _ in range(40):
        run.advance()
    assert error() < 0.5 * before
    weights = []
    for matte_weight in (0.0, 1.0):
        plain = Run(people, shape(), replace(settings, matte_weight=matte_weight))
        plain.advance()
        weights.append(torch.cat([p.detach().flatten() for p in plain.comb.parameters()]))
    assert torch.equal(*weights)
