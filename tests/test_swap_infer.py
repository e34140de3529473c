"""Crops go through the comb in batches and come out in order."""

import numpy as np
import pytest
import torch

from comb_helpers import shape
from pecten.comb.blocks import evened
from pecten.comb.model import Comb
from pecten.errors import CombError, ShapeError
from pecten.swap.infer import swap_crops


@pytest.fixture
def comb() -> Comb:
    torch.manual_seed(0)
    return Comb(shape()).eval()


def test_batches_do_not_matter_and_the_crops_stay_as_they_were(comb: Comb) -> None:
    crops = np.random.default_rng(0).uniform(-0.2, 1.2, (5, 16, 16, 3)).astype(np.float32)
    held = crops.copy()
    shown = swap_crops(comb, "two", crops, batch=2)
    np.testing.assert_array_equal(crops, held)
    np.testing.assert_allclose(shown, swap_crops(comb, "two", crops, batch=8), atol=1e-5)
    one = comb(torch.from_numpy(crops[3:4].clip(0, 1).transpose(0, 3, 1, 2)), "two").clamp(0, 1)
    np.testing.assert_allclose(shown[3], one[0].detach().permute(1, 2, 0).numpy(), atol=1e-5)
    assert shown.min() >= 0
    assert shown.max() <= 1
    assert not np.allclose(shown, swap_crops(comb, "one", crops))


def test_no_crops_give_no_crops(comb: Comb) -> None:
    assert swap_crops(comb, "one", np.zeros((0, 16, 16, 3), np.float32)).shape == (0, 16, 16, 3)


def test_a_wrong_size_or_source_is_named(comb: Comb) -> None:
    with pytest.raises(ShapeError, match="8 px for a comb of 16 px"):
        swap_crops(comb, "one", np.zeros((1, 8, 8, 3), np.float32))
    with pytest.raises(CombError, match="nobody"):
        swap_crops(comb, "nobody", np.zeros((1, 16, 16, 3), np.float32))


def test_a_lattice_of_blocks_is_evened_out_and_slopes_stay() -> None:
    y, x = torch.meshgrid(torch.arange(12.0), torch.arange(12.0), indexing="ij")
    slope = (0.02 * x + 0.03 * y).expand(1, 3, 12, 12)
    lattice = 0.1 * ((x + y) % 2 - 0.5).expand(1, 3, 12, 12)
    found = evened(slope + lattice, 2)[..., 1:-1, 1:-1]
    torch.testing.assert_close(found, slope[..., 1:-1, 1:-1])
    torch.testing.assert_close(evened(slope + lattice, 1), slope + lattice)
