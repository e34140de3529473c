"""The loss against references and by its properties."""

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from pecten.training.loss import LUMA, ms_ssim, reconstruction, ssim_maps, weighted_mean


def pair(side: int = 64, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(seed)
    x = torch.nn.functional.interpolate(torch.rand(2, 3, side // 4, side // 4), size=side, mode="bicubic").clamp(0, 1)
    return (x + 0.1 * torch.randn_like(x)).clamp(0, 1), x


def test_ssim_is_that_of_skimage() -> None:
    x, y = pair()
    full, _ = ssim_maps(x, y)
    for k in range(2):
        _, reference = structural_similarity(
            x[k].permute(1, 2, 0).double().numpy(),
            y[k].permute(1, 2, 0).double().numpy(),
            channel_axis=2,
            data_range=1.0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            full=True,
        )
        # At the border skimage mirrors the picture and this window is cut: only the inside is the same.
        np.testing.assert_allclose(full[k].permute(1, 2, 0).numpy()[5:-5, 5:-5], reference[5:-5, 5:-5], atol=1e-4)


def test_one_scale_is_plain_ssim_and_many_are_their_product() -> None:
    x, y = pair(176)
    ones = torch.ones(2, 1, 176, 176)
    torch.testing.assert_close(ms_ssim(x, y, ones, 1), ssim_maps(x, y)[0].mean(dim=(1, 2, 3)))
    product = torch.ones(2)
    a, b = x, y
    for k, share in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
        full, contrast = ssim_maps(a, b)
        product = product * (full if k == 4 else contrast).mean(dim=(1, 2, 3)) ** share
        a, b = (torch.nn.functional.avg_pool2d(v, 2) for v in (a, b))
    torch.testing.assert_close(ms_ssim(x, y, ones), product, rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["ms-ssim+l1", "ssim+l1", "ssim", "l1"])
@pytest.mark.parametrize("colour", ["rgb", "luma"])
@pytest.mark.parametrize("side", [4, 8, 16, 32, 64])
def test_it_is_zero_where_equal_and_positive_where_not(kind: str, colour: str, side: int) -> None:
    x, y = pair(side)
    weights = torch.ones(2, 1, side, side)
    assert reconstruction(y, y, weights, kind, colour).abs().max() < 1e-5
    assert reconstruction(x, y, weights, kind, colour).min() > 0.01


def test_the_parts_are_mixed_as_published() -> None:
    x, y = pair()
    ones = torch.ones(2, 1, 64, 64)
    l1 = (x - y).abs().mean(dim=(1, 2, 3))
    expected = 0.84 * (1 - ms_ssim(x, y, ones)) + 0.16 * l1
    torch.testing.assert_close(reconstruction(x, y, ones), expected)
    torch.testing.assert_close(reconstruction(x, y, ones, "l1"), l1)
    small = [torch.nn.functional.avg_pool2d(v, 8) for v in (x, y)]
    torch.testing.assert_close(
        reconstruction(*small, torch.ones(2, 1, 8, 8)), (small[0] - small[1]).abs().mean(dim=(1, 2, 3))
    )


def test_structure_may_be_judged_on_smaller_pictures() -> None:
    x, y = pair()
    ones = torch.ones(2, 1, 64, 64)
    small = [torch.nn.functional.avg_pool2d(v, 2) for v in (x, y, ones)]
    expected = 0.5 * (1 - ms_ssim(*small)) + 0.5 * (x - y).abs().mean(dim=(1, 2, 3))
    torch.testing.assert_close(reconstruction(x, y, ones, mix=0.5, structure_px=32), expected)


def test_what_lies_outside_the_matte_has_no_influence() -> None:
    x, y = pair()
    weights = torch.zeros(2, 1, 64, 64)
    weights[:, :, 20:40, 20:40] = 1
    x.requires_grad_()
    loss = reconstruction(x, y, weights)
    loss.sum().backward()
    assert x.grad is not None
    assert x.grad[:, :, 20:40, 20:40].abs().max() > 0
    assert (x.grad * (1 - weights)).abs().max() == 0
    with torch.no_grad():
        other = x + (1 - weights) * torch.rand(2, 3, 64, 64)
        torch.testing.assert_close(reconstruction(other, y, weights), loss)


def test_the_area_of_the_matte_does_not_matter_and_an_empty_one_is_harmless() -> None:
    flat = torch.full((1, 3, 32, 32), 0.5)
    large, small = torch.ones(1, 1, 32, 32), torch.zeros(1, 1, 32, 32)
    small[..., 10:20, 10:20] = 1
    losses = [reconstruction(flat + 0.1, flat, weights, "l1") for weights in (large, small, 3 * large)]
    torch.testing.assert_close(torch.cat(losses), torch.full((3,), 0.1))
    assert reconstruction(flat + 0.1, flat, 0 * large).isfinite().all()


def test_luma_sees_no_change_of_hue_alone() -> None:
    _, y = pair()
    hue = torch.tensor([LUMA[1], -LUMA[0], 0.0]).view(1, 3, 1, 1)
    loss = reconstruction(y + 0.2 * hue, y, torch.ones(2, 1, 64, 64), "ssim", "luma")
    assert loss.max() < 1e-4
    assert weighted_mean(torch.ones(2, 1, 4, 4), torch.zeros(2, 1, 4, 4)).tolist() == [0, 0]


def test_bfloat16_pictures_are_judged_in_float32() -> None:
    x, y = pair()
    assert reconstruction(x.bfloat16(), y, torch.ones(2, 1, 64, 64)).dtype == torch.float32
