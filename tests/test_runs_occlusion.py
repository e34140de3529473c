"""The occluders are drawn as they should be, and the exported network answers as the trained one."""

import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "runs"))

from occluders import frame, kinds
from occluders.compose import sample
from occluders.crops import Crops
from occluders.network import Matter, to_onnx
from occluders.sprites import Sprites, drawn_bytes


@pytest.mark.parametrize("kind", [*kinds.TRAINED, *kinds.HELD_OUT])
def test_every_occluder_is_a_premultiplied_sprite_that_repeats(kind: str) -> None:
    one, two = (kinds.draw(kind, np.random.default_rng([3, 1])) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert one.shape == (frame.SPRITE_SIZE, frame.SPRITE_SIZE, 4)
    assert one.min() >= 0
    assert one.max() <= 1 + 1e-6
    assert (one[..., :3] <= one[..., 3:] + 1e-5).all()
    assert 0.0005 < one[..., 3].mean() < 0.9


def test_no_held_out_kind_is_trained_on() -> None:
    assert not set(kinds.TRAINED) & set(kinds.HELD_OUT)


def _pools() -> tuple[Crops, Sprites]:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (2, frame.CROP_SIZE, frame.CROP_SIZE, 3), dtype=np.uint8)
    regions = np.zeros(images.shape[:3], np.uint8)
    regions[:, 100:300, 100:300] = 255
    crops = Crops(images, regions, np.full((2, 3), 0.5, np.float32))
    drawn = {kind: drawn_bytes(kind, np.random.default_rng(1))[None] for kind in ("hand", "blob")}
    return crops, Sprites(drawn, dict.fromkeys(drawn, 0.5))


def test_a_sample_repeats_and_some_are_clean() -> None:
    pools = _pools()
    made = [sample(*pools, np.random.default_rng([5, i]), 64) for i in range(24)]
    again = sample(*pools, np.random.default_rng([5, 7]), 64)
    np.testing.assert_array_equal(made[7].image, again.image)
    np.testing.assert_array_equal(made[7].visible, again.visible)
    for one in made:
        assert one.image.dtype == one.visible.dtype == one.region.dtype == np.float32
        assert one.image.min() >= 0
        assert one.image.max() <= 1
        assert one.visible.min() >= -1e-4
        assert one.visible.max() <= 1
    clean = sum(float(one.visible.min()) == 1 for one in made)
    assert 1 <= clean <= 16


def test_the_exported_network_answers_as_the_trained_one(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = Matter((8, 12, 16, 16, 16))
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.5, 0.5)
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)
            torch.nn.init.uniform_(module.weight, 0.5, 2.0)
    to_onnx(net.eval(), tmp_path / "net.onnx")
    x = torch.rand(2, 3, 64, 96)
    with torch.no_grad():
        wanted = torch.sigmoid(net(x))[:, 0].numpy()
    session = onnxruntime.InferenceSession((tmp_path / "net.onnx").read_bytes(), providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(["visible"], {"crops": x.numpy()})[0], wanted, atol=5e-3)
    assert wanted.std() > 0.02
