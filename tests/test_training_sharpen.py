"""Footage moved to where a decoder draws, and pictures of detail fitted to it."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from comb_helpers import PEOPLE, config, crops, shape
from pecten.comb.adapted import AdaptedDecoder, standing_alone
from pecten.comb.config import CombConfig
from pecten.comb.decoder import Decoder
from pecten.comb.model import Comb
from pecten.comb.weights import load_comb, read_header
from pecten.dataset.crops import CropSet
from pecten.errors import CombError
from pecten.faces.mesh import RIGHT_EYE
from pecten.training import loop, sharpen
from pecten.training.aligned import moved_onto
from pecten.training.loop import train

SIDE = 128


def spots(seed: int = 0) -> np.ndarray:
    """Freckles and hair: small dark things on bright skin."""
    draws = np.random.default_rng(seed)
    picture = np.full((SIDE * 4, SIDE * 4), 0.6, np.float32)
    for x, y in draws.uniform(40, SIDE * 4 - 40, (90, 2)):
        if draws.uniform() < 0.5:
            cv2.circle(picture, (int(x), int(y)), 6, 0.35, -1, cv2.LINE_AA)
        else:
            cv2.line(picture, (int(x), int(y)), (int(x) + 40, int(y) - 12), 0.3, 4, cv2.LINE_AA)
    small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.repeat(small[..., None], 3, axis=2)


def bent(picture: np.ndarray, x: float, y: float) -> np.ndarray:
    """Move a picture by up to (x, y) px, smoothly less away from the middle."""
    line = np.arange(SIDE, dtype=np.float32)
    fade = np.exp(-(((line - SIDE / 2) / SIDE) ** 2) - ((line[:, None] - SIDE / 2) / SIDE) ** 2).astype(np.float32)
    across, down = line + np.float32(x) * fade, line[:, None] + np.float32(y) * fade
    return cv2.remap(picture, across, down, cv2.INTER_CUBIC, None, cv2.BORDER_REPLICATE)


def apart(one: np.ndarray, other: np.ndarray) -> float:
    inside = slice(12, -12)
    return float(np.abs(one[inside, inside] - other[inside, inside]).mean())


def test_footage_comes_to_where_a_soft_and_darker_picture_shows_it() -> None:
    sharp = spots()
    shown = cv2.GaussianBlur(sharp, (0, 0), 1.5) * np.float32(0.8)
    filmed = bent(sharp, 0.9, -0.7)
    # Moved there and back by what is known, resampled twice, it would be 0.38 of it.
    assert apart(moved_onto(shown, filmed), sharp) < 0.55 * apart(filmed, sharp)


def test_footage_moves_by_little() -> None:
    sharp = spots()
    far = np.roll(sharp, 6, axis=1)
    moved = moved_onto(sharp, far)
    rows, columns = np.indices((SIDE, SIDE), dtype=np.float32)
    # Whatever it did, each pixel came from at most 5 px of 512, 1.25 px here: a marked one is not found further off.
    marked = np.zeros_like(far)
    marked[64, 64] = 1
    assert apart(moved, far) > 0
    came = moved_onto(sharp, np.where(marked > 0, 1, far))[..., 0] - moved[..., 0]
    away = np.hypot(rows - 64, columns - 64)
    assert np.abs(came[away > 6]).max() < 0.05


def test_a_small_face_stays() -> None:
    small = np.random.default_rng(1).random((32, 32, 3), np.float32)
    assert moved_onto(small[::-1].copy(), small) is small


def taught(trunk: str = "own", irises: bool = False) -> Comb:
    """A comb whose only detail is a blurred picture of what the footage shows sharply."""
    torch.manual_seed(4)
    made = Comb(
        CombConfig(("one",), SIDE, "tiny", latent_size=8, texture=1, irises=irises, trunk=trunk, residual=True)
    ).eval()
    soft = cv2.GaussianBlur(spots() - np.float32(0.6), (0, 0), 1.5)
    with torch.no_grad():
        made.detail("one").copy_(torch.from_numpy(soft.transpose(2, 0, 1).copy())[None])
    return made.requires_grad_(False)


def rest_of(comb: Comb) -> torch.Tensor:
    decoder = comb.decoders["one"]
    alone = standing_alone(decoder) if isinstance(decoder, AdaptedDecoder) else decoder
    assert isinstance(alone, Decoder)
    return alone.apart(comb.encode(torch.full((1, 3, SIDE, SIDE), 0.6), 7)).rest


def footage(count: int = 24) -> tuple[CropSet, np.ndarray]:
    """Frames that show the spots a pixel to here or there, each time elsewhere."""
    draws, sharp = np.random.default_rng(2), spots()
    frames = np.stack([bent(sharp, *draws.uniform(-0.85, 0.85, 2)) for _ in range(count)])
    mattes = np.full((count, SIDE, SIDE), 255, np.uint8)
    elsewhere = np.full((count, 478, 2), -50.0, np.float32)
    names = tuple(f"clip/{k:06d}" for k in range(count))
    images = np.rint(frames * 255).astype(np.uint8)
    return CropSet("one", images, mattes, mattes // 2, elsewhere, names), images.mean(axis=0) / 255


def fine(picture: np.ndarray) -> np.ndarray:
    grey = picture.mean(axis=2)[16:-16, 16:-16].astype(np.float32)
    return np.asarray(grey - cv2.GaussianBlur(grey, (0, 0), 2.0))


@pytest.mark.parametrize("trunk", ["own", "shared"])
def test_detail_comes_out_sharp_where_its_mean_is_a_blur(trunk: str) -> None:
    comb, (seen, mean) = taught(trunk), footage()
    before = {name: value.clone() for name, value in comb.state_dict().items()}
    calls: list[tuple[str, int, int]] = []
    assert sharpen.sharpen(comb, seen, lambda *told: calls.append(told))
    picture = comb.detail("one")[0].permute(1, 2, 0).numpy()
    sharp, found, blurred = fine(spots()), fine(picture), fine(mean)
    assert (blurred**2).sum() < 0.7 * (sharp**2).sum()
    assert (found**2).sum() > 0.8 * (sharp**2).sum()
    assert np.corrcoef(found.ravel(), sharp.ravel())[0, 1] > 0.87
    after = comb.state_dict()
    changed = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert len(changed) == 1
    assert next(iter(changed)).endswith(("texture.pictures", "texture_pictures"))
    assert calls[-1] == ("sharpen one", 24 + sharpen.STEPS, 24 + sharpen.STEPS)


@pytest.mark.parametrize("calls", [3, 30])
def test_a_stop_leaves_the_comb_as_it_was(calls: int) -> None:
    comb, (seen, _) = taught(), footage()
    before = comb.detail("one").clone()
    left = iter(range(calls + 1))
    assert not sharpen.sharpen(comb, seen, should_stop=lambda: next(left) == calls)
    assert torch.equal(comb.detail("one"), before)


def test_what_lies_in_the_openings_of_eyes_does_not_count() -> None:
    seen, _ = footage(1)
    mesh = np.full((1, 478, 2), -50.0, np.float32)
    angle = np.linspace(0, 2 * np.pi, len(RIGHT_EYE), endpoint=False)
    mesh[0, list(RIGHT_EYE)] = np.stack([40 + 14 * np.cos(angle), 50 + 6 * np.sin(angle)], axis=1)
    counting = sharpen._counting(CropSet("one", seen.images, seen.mattes, seen.features, mesh, seen.names), 0)
    assert counting[50, 40] == 0
    assert counting[90, 90] == 1


def test_a_comb_without_a_texture_is_refused() -> None:
    with pytest.raises(CombError, match="without a texture"):
        sharpen.sharpen(Comb(CombConfig(("one",), 16, "tiny", latent_size=8)), crops("one"))


@torch.no_grad()
@pytest.mark.parametrize("trunk", ["own", "shared"])
def test_what_is_taken_apart_adds_up(trunk: str) -> None:
    comb = taught(trunk, irises=True)
    for name, parameter in comb.named_parameters():
        if "pores" not in name:
            parameter.add_(0.1 * torch.randn_like(parameter))
    decoder = comb.decoders["one"]
    alone = standing_alone(decoder) if isinstance(decoder, AdaptedDecoder) else decoder
    assert isinstance(alone, Decoder)
    assert alone.texture is not None
    z = comb.encode(torch.rand(2, 3, SIDE, SIDE), 7)
    rest, motions, gains = alone.apart(z)
    torch.testing.assert_close(rest + alone.texture(motions, gains, SIDE), comb.decode(z, "one", 7))


def textured() -> CombConfig:
    return CombConfig(PEOPLE[:2], 16, "tiny", latent_size=8, texture=1)


TWO = (crops("one"), crops("two"))


def test_a_training_ends_with_it_and_is_then_left_alone(tmp_path: Path) -> None:
    plain, sharpened = tmp_path / "plain", tmp_path / "sharpened"
    train(TWO, textured(), config(), plain)
    train(TWO, textured(), config(sharpen=True), sharpened)
    assert "sharpened" not in read_header(plain)
    assert read_header(sharpened)["sharpened"] is True
    before, after = load_comb(plain).state_dict(), load_comb(sharpened).state_dict()
    assert {n for n in before if not torch.equal(before[n], after[n])} == {
        f"decoders.{name}.texture.pictures" for name in PEOPLE[:2]
    }
    content = (sharpened / "comb.safetensors").stat()
    train(TWO, textured(), config(sharpen=True), sharpened)
    assert (sharpened / "comb.safetensors").stat() == content


def test_an_interrupt_leaves_a_comb_to_sharpen_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    train(TWO, textured(), config(sharpen=True), whole)

    def press(comb: Comb, seen: CropSet, progress: object, should_stop: Any) -> bool:
        if seen.identity == "two":
            os.kill(os.getpid(), signal.SIGINT)
        return sharpen.sharpen(comb, seen, should_stop=should_stop)

    with monkeypatch.context() as patched:
        patched.setattr(loop, "sharpen", press)
        with pytest.raises(KeyboardInterrupt):
            train(TWO, textured(), config(sharpen=True), cut)
    assert "sharpened" not in read_header(cut)
    train(TWO, textured(), config(sharpen=True), cut)
    one, other = load_comb(whole).state_dict(), load_comb(cut).state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_training_of_an_older_pecten_goes_on_and_is_sharpened(tmp_path: Path) -> None:
    train(TWO, textured(), config(), tmp_path)
    held = json.loads((tmp_path / "config.json").read_text())
    del held["training"]["sharpen"]
    (tmp_path / "config.json").write_text(json.dumps(held))
    train(TWO, textured(), config(sharpen=True), tmp_path)
    assert read_header(tmp_path)["sharpened"] is True


def test_without_a_texture_there_is_nothing_to_do(tmp_path: Path) -> None:
    train(TWO, shape(), config(sharpen=True), tmp_path)
    assert "sharpened" not in read_header(tmp_path)
