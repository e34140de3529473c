"""An enhancer: what it learns from, what it learns, and what becomes of its files."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from pecten.comb.weights import read_tensors
from pecten.dataset.crops import CropSet
from pecten.enhance.apply import enhance_crops
from pecten.enhance.compress import through_h264, through_jpeg
from pecten.enhance.config import EnhanceConfig
from pecten.enhance.degrade import Degradation, degrade, drawn
from pecten.enhance.learn import Lesson, learn
from pecten.enhance.network import Enhancer
from pecten.enhance.weights import load_enhancer, save_enhancer
from pecten.errors import CombError, ShapeError, TrainingError
from pecten.metrics.image import psnr
from pecten.types import ByteImage

SIZE = 64
SMALL: dict[str, Any] = {"size": SIZE, "widths": (8, 8, 8), "blocks": (1, 1, 1), "patch": 32, "device": "cpu"}


def config(**changes: Any) -> EnhanceConfig:
    return EnhanceConfig("ada", **{**SMALL, "images": 16, "batch": 2, "checkpoint_images": 8, **changes})


def texture(seed: int = 0) -> ByteImage:
    """Freckles: detail that a small picture loses."""
    source = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(source.standard_normal((SIZE, SIZE, 1)).astype(np.float32), (0, 0), 1.0)
    return np.clip(120 + 130 * noise[..., None] * np.ones(3), 0, 255).astype(np.uint8)


def freckled(count: int = 6) -> CropSet:
    """The same freckles in different light."""
    images = np.stack([np.clip(texture() * (0.7 + 0.1 * k), 0, 255).astype(np.uint8) for k in range(count)])
    mattes = np.zeros((count, SIZE, SIZE), np.uint8)
    mattes[:, 8:56, 8:56] = 255
    landmarks = np.random.default_rng(0).uniform(0, SIZE, (count, 478, 2)).astype(np.float32)
    return CropSet("ada", images, mattes, mattes // 2, landmarks, tuple(f"clip/{k:06d}" for k in range(count)))


def smooth_picture() -> ByteImage:
    """A bright spot a little off the middle."""
    y, x = np.mgrid[:SIZE, :SIZE]
    spot = np.exp(-((x - 30.0) ** 2 + (y - 34.0) ** 2) / 60)
    return (40 + 180 * spot[..., None] * np.ones(3)).astype(np.uint8)


def centre(image: np.ndarray) -> np.ndarray:
    weight = image.mean(axis=2).astype(np.float64)
    weight = weight - weight.min()
    y, x = np.mgrid[: len(weight), : len(weight)]
    return np.array([(weight * x).sum(), (weight * y).sum()]) / weight.sum()


def test_a_plate_as_fine_as_the_crop_changes_nothing() -> None:
    source = np.random.default_rng(0)
    soft, sharp = degrade([texture()], Degradation(1.0), (16, 0), 32, source)
    assert np.abs(soft - sharp).max() < 1e-5
    assert np.array_equal(np.rint(sharp * 255), texture()[:32, 16:48])


@pytest.mark.parametrize("averaged", [False, True])
@pytest.mark.parametrize(
    ("enlarged", "phase"), [(1.7, (0.2, 0.9)), (2.0, (0.5, 0.5)), (3.0, (0.0, 0.3)), (4.4, (0.7, 0.1))]
)
def test_what_is_made_soft_stays_where_it_was(enlarged: float, phase: tuple[float, float], averaged: bool) -> None:
    how = Degradation(enlarged, phase, averaged=averaged)
    soft, sharp = degrade([smooth_picture()], how, (0, 0), SIZE, np.random.default_rng(0))
    assert np.abs(centre(soft) - centre(sharp)).max() < 0.05 * enlarged
    assert psnr(soft, sharp) > 35


def test_each_step_of_a_degradation_costs_detail() -> None:
    source = np.random.default_rng(0)

    def left(how: Degradation) -> float:
        soft, sharp = degrade([texture()] * 3, how, (0, 0), SIZE, source)
        return psnr(soft, sharp)

    assert left(Degradation(1.5)) > left(Degradation(2.5)) + 1
    assert left(Degradation(1.5)) > left(Degradation(1.5, blur=0.8)) + 1
    assert left(Degradation(1.5)) > left(Degradation(1.5, noise=9.0)) + 0.3
    assert left(Degradation(1.5, codec="h264", quality=16)) > left(Degradation(1.5, codec="h264", quality=36)) + 1
    assert left(Degradation(1.5, codec="jpeg", quality=95)) > left(Degradation(1.5, codec="jpeg", quality=20)) + 1


def test_draws_stay_within_their_limits_and_reach_them() -> None:
    draws = [drawn(np.random.default_rng(k)) for k in range(300)]
    scales = [how.enlarged for how in draws]
    assert 1.2 <= min(scales) < 1.4
    assert 4.5 < max(scales) <= 5.0
    assert {how.codec for how in draws} == {"", "jpeg", "h264"}
    assert drawn(np.random.default_rng(5)) == drawn(np.random.default_rng(5))


def test_codecs_keep_the_picture_and_its_colours() -> None:
    picture = smooth_picture() // np.array([1, 2, 4], np.uint8)
    assert np.abs(through_jpeg(picture, 98).astype(int) - picture).max() <= 6
    assert np.abs(through_h264([picture, picture], 4).astype(int) - picture).max() <= 12
    with pytest.raises(ShapeError, match="even sides"):
        through_h264([picture[:-1]], 20)


def test_a_fresh_enhancer_adds_nothing() -> None:
    crops = np.random.default_rng(0).uniform(0, 1, (3, SIZE, SIZE, 3)).astype(np.float32)
    assert np.array_equal(enhance_crops(Enhancer(config()), crops, [3.0, 1.0, 9.0], batch=2), crops)


def test_a_patch_is_told_where_it_lies() -> None:
    network = Enhancer(config())
    crops, enlarged = torch.zeros(1, 3, SIZE, SIZE), torch.tensor([3.0])
    whole = network._told(crops, enlarged, None)
    part = network._told(crops[..., :32, :32], enlarged, torch.tensor([[16.0, 32.0]]))
    assert torch.equal(part, whole[..., 8:16, 4:12])


def test_highlights_keep_their_height_and_the_range_is_kept() -> None:
    network = Enhancer(config())
    torch.nn.init.constant_(network.leave.bias, 0.25)
    crops = np.full((1, SIZE, SIZE, 3), 0.9, np.float32)
    crops[:, :8] = 3.0
    shown = enhance_crops(network, crops, [2.0])
    assert shown[:, 8:].max() == 1.0
    assert np.allclose(shown[:, :8], 3.25, atol=0.01)
    with pytest.raises(ShapeError, match="a scale a crop"):
        enhance_crops(network, crops, [])


def test_what_is_taught_is_learnt() -> None:
    lesson = Lesson(freckled(), config(widths=(16, 16, 16), images=360, batch=8, learning_rate=4e-3))
    errors = np.array([lesson.advance()[1:] for _ in range(45)])
    assert errors[0, 1] == pytest.approx(errors[0, 0], rel=1e-5)
    assert errors[-15:, 1].mean() < 0.97 * errors[-15:, 0].mean()


def test_a_run_that_was_cut_off_ends_as_if_it_had_not(tmp_path: Path) -> None:
    crops, asked = freckled(), iter(range(100))
    learn(crops, config(), tmp_path / "whole")
    learn(crops, config(), tmp_path / "cut", should_stop=lambda: next(asked) == 3)
    assert [path.name for path in (tmp_path / "cut" / "checkpoints").iterdir()] == ["00000006.safetensors"]
    learn(crops, config(), tmp_path / "cut")
    whole, cut = (
        read_tensors(tmp_path / name / "checkpoints" / "00000016.safetensors")[0] for name in ("whole", "cut")
    )
    assert whole.keys() == cut.keys()
    assert all(torch.equal(whole[key], cut[key]) for key in whole)


def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path) -> None:
    asked = iter(range(100))
    learn(freckled(), config(), tmp_path, should_stop=lambda: next(asked) == 6)
    newest = sorted((tmp_path / "checkpoints").iterdir())[-1]
    newest.write_bytes(newest.read_bytes()[:-5])
    lesson = Lesson(freckled(), config())
    reasons = lesson.restore(tmp_path / "checkpoints")
    assert lesson.clock.images_seen == 8
    assert "damaged" in reasons[0]


def test_patches_show_the_face_and_come_from_the_seed() -> None:
    lesson, other = Lesson(freckled(), config(batch=8)), Lesson(freckled(), config(batch=8, seed=1))
    one, again = lesson.patches(), lesson.patches()
    assert torch.equal(one.soft, again.soft)
    assert not torch.equal(one.soft, other.patches().soft)
    assert float(one.weights.flatten(1).max(dim=1).values.min()) > 0.9


def test_a_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    learn(freckled(), config(), tmp_path)
    with pytest.raises(TrainingError, match="images was 16, now 32"):
        learn(freckled(), config(images=32), tmp_path)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(TrainingError, match="cannot be read"):
        learn(freckled(), config(), tmp_path)


@pytest.mark.parametrize("values", [{"size": 60}, {"patch": 128}, {"images": 0}, {"learning_rate": 0.0}])
def test_settings_out_of_range_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(TrainingError):
        config(**values)


def test_settings_survive_the_header() -> None:
    assert EnhanceConfig.from_dict(config().to_dict()) == config()
    for record in ({**config().to_dict(), "version": 9}, {**config().to_dict(), "new": 1}, {"version": 1}):
        with pytest.raises(TrainingError):
            EnhanceConfig.from_dict(record)


def test_files_that_are_no_enhancers_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "enhancer.safetensors"
    save_enhancer(path, Enhancer(config()), {"looks": [0.5]})
    enhancer, header = load_enhancer(tmp_path)
    assert enhancer.config == config()
    assert header["looks"] == [0.5]
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(CombError, match="cut short or damaged"):
        load_enhancer(path)
    with pytest.raises(CombError, match="pecten enhance train"):
        load_enhancer(tmp_path / "none")
