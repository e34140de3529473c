"""Input, target and mattes move together; colour changes the input alone."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from pecten.dataset.augment import Batch, Jitter, augment
from pecten.errors import ShapeError

STILL = Jitter(0.0, 0.0, 0.0, 0.0, 0.0)


def pictures(side: int = 64) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A disc whose colour, matte and features are one shape, so that what moves apart is seen."""
    grid = torch.stack(torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")).float()
    disc = (side / 6 - (grid - torch.tensor([side * 0.4, side * 0.55]).view(2, 1, 1)).norm(dim=0)).clamp(0, 1)
    mask = disc.expand(4, 1, side, side).contiguous()
    return mask.expand(4, 3, side, side).contiguous(), mask, mask.clone()


def centre(mask: torch.Tensor) -> np.ndarray:
    side = mask.shape[-1]
    y, x = torch.meshgrid(torch.arange(side).float(), torch.arange(side).float(), indexing="ij")
    m = mask[:, 0]
    return torch.stack([(m * x).sum((1, 2)), (m * y).sum((1, 2))], 1).div(m.sum((1, 2))[:, None]).numpy()


def test_without_jitter_nothing_changes() -> None:
    images, mattes, features = pictures()
    images = torch.rand_like(images)
    batch = augment(images, mattes, features, STILL, (0, 1))
    for got, want in (
        (batch.inputs, images),
        (batch.targets, images),
        (batch.mattes, mattes),
        (batch.features, features),
    ):
        torch.testing.assert_close(got, want, rtol=0, atol=2e-5)


def test_all_move_together_and_each_picture_by_itself() -> None:
    images, mattes, features = pictures()
    batch = augment(images, mattes, features, replace(STILL, rotation_rad=0.3, scale=0.1, shift=0.1), (0, 2))
    places = centre(batch.mattes)
    for other in (batch.inputs, batch.targets, batch.features):
        np.testing.assert_allclose(centre(other), places, atol=0.1)
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    assert (apart + 10 * np.eye(4)).min() > 0.2


def test_points_move_with_the_pictures() -> None:
    images, mattes, features = pictures()
    jitter = replace(STILL, rotation_rad=0.3, scale=0.1, shift=0.1)
    points = torch.from_numpy((centre(mattes) * 2 + 1) / 64 - 1)[:, None].float()
    batch = augment(images, mattes, features, jitter, (0, 2), points=points)
    assert batch.points is not None
    np.testing.assert_allclose(((batch.points[:, 0] + 1) * 64 - 1) / 2, centre(batch.mattes), atol=0.1)
    assert augment(images, mattes, features, jitter, (0, 2)).points is None


def test_the_limits_are_kept() -> None:
    images, mattes, features = pictures()
    jitter = replace(STILL, shift=0.05)
    moves, sizes = [], []
    for seed in range(40):
        batch = augment(images, mattes, features, jitter, (seed,))
        moves.append(centre(batch.mattes) - centre(mattes))
        sizes.append(augment(images, mattes, features, replace(STILL, scale=0.1), (seed,)).mattes.sum((1, 2, 3)))
    assert 0.045 * 64 < np.abs(moves).max() < 0.051 * 64
    ratio = (torch.cat(sizes) / mattes[0].sum()).sqrt()
    assert 0.88 < ratio.min() < 0.92
    assert 1.08 < ratio.max() < 1.12


def test_a_turn_is_a_turn() -> None:
    images, mattes, features = pictures()
    middle = np.array([31.5, 31.5])
    before = centre(mattes) - middle
    for seed in range(5):
        batch = augment(images, mattes, features, replace(STILL, rotation_rad=math.radians(20)), (seed,))
        after = centre(batch.mattes) - middle
        np.testing.assert_allclose(np.linalg.norm(after, axis=1), np.linalg.norm(before, axis=1), atol=0.1)


def test_colour_changes_the_input_alone() -> None:
    images, mattes, features = pictures()
    batch = augment(images * 0.3, mattes, features, replace(STILL, exposure=0.5, colour=0.2), (3,))
    torch.testing.assert_close(batch.targets, images * 0.3, rtol=0, atol=2e-5)
    inside = mattes[0, 0] == 1
    gain = batch.inputs[..., inside].mean(-1) / 0.3
    assert (gain.log2().abs() <= 0.7 + 1e-4).all()
    assert gain.std(dim=1).min() > 0
    assert gain.mean(1).std() > 0


def test_the_warp_bends_the_input_alone_and_leaves_the_other_draws() -> None:
    images, mattes, features = pictures()
    plain = augment(images, mattes, features, Jitter(), (4,))
    bent = augment(images, mattes, features, Jitter(warp_px=25.0), (4,))
    for name in ("targets", "mattes", "features"):
        assert torch.equal(getattr(plain, name), getattr(bent, name))
    assert (plain.inputs - bent.inputs).abs().max() > 0.05


def test_uneven_light_falls_on_the_input_or_on_both_and_leaves_the_other_draws() -> None:
    images, mattes, features = pictures()
    grey = torch.full_like(images, 0.4)
    plain = augment(grey, mattes, features, Jitter(), (4,))
    lit = augment(grey, mattes, features, Jitter(shading=0.5), (4,))
    assert torch.equal(plain.targets, lit.targets)
    both = augment(grey, mattes, features, Jitter(shading=0.5, shading_on="both"), (4,))
    assert torch.equal(lit.inputs, both.inputs)
    field = (lit.inputs / plain.inputs).log2()
    torch.testing.assert_close((both.targets / plain.targets).log2(), field, rtol=0, atol=1e-4)
    # Light has its own slope in each picture, is smooth, and leaves the mean.
    assert field.flatten(1).std(dim=1).min() > 0.1
    assert (field[..., 1:] - field[..., :-1]).abs().max() < 0.1
    assert field.mean(dim=(2, 3)).abs().max() < 1e-3
    assert (field.mean(dim=1) - field[:, 0]).abs().max() < 0.5 * field.abs().max()
    with pytest.raises(ShapeError, match="neither"):
        Jitter(shading_on="neither")


def test_a_seed_gives_the_same_batch_again() -> None:
    images, mattes, features = pictures()

    def make(seed: tuple[int, ...]) -> Batch:
        return augment(images, mattes, features, Jitter(warp_px=10.0), seed)

    assert torch.equal(make((1, 2)).inputs, make((1, 2)).inputs)
    assert not torch.equal(make((1, 2)).inputs, make((1, 3)).inputs)
