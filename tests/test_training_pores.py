"""Pores: what one frame's skin has besides what is decoded of it."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
import torch

from pecten.comb.config import CombConfig
from pecten.comb.decoder import Decoder
from pecten.comb.export import export
from pecten.comb.model import Comb
from pecten.comb.surgery import mixed, rearranged, with_pores
from pecten.comb.weights import VERSION, load_comb, save_comb, write_tensors
from pecten.dataset.crops import CropSet
from pecten.faces.mean import MEAN_MESH
from pecten.faces.mesh import INNER_LIPS, LEFT_EYE, RIGHT_EYE
from pecten.training.pores import SHARE, seen_pores
from pecten.training.sharpen import sharpen

SIDE = 256
CHEEK = np.s_[150:185, 60:90]


def mesh(mouth: float = 0.0, eyes: float = 1.0, turn: float = 1.0) -> np.ndarray:
    """The mean face, its mouth shut and its eyes open unless it is said otherwise."""
    points = (MEAN_MESH[:, :2] + 0.5) * SIDE / 1024 - 0.5
    lips = points[list(INNER_LIPS)]
    points[list(INNER_LIPS), 1] = lips[:, 1].mean() + (lips[:, 1] - lips[:, 1].mean()) * mouth
    for lids, wide in ((RIGHT_EYE, 1.0), (LEFT_EYE, turn)):
        middle = points[list(lids)].mean(axis=0)
        points[list(lids)] = middle + (points[list(lids)] - middle) * (wide, eyes)
    return np.asarray(points, np.float32)


def pattern(seed: int = 0) -> np.ndarray:
    """Pores: small, dark and bright, a tenth of the skin's brightness."""
    noise = np.random.default_rng(seed).standard_normal((SIDE, SIDE)).astype(np.float32)
    fine = cv2.GaussianBlur(noise, (0, 0), 0.7)
    fine -= cv2.GaussianBlur(fine, (0, 0), 1.5)
    return np.asarray(np.clip(0.04 * fine / fine.std(), -0.1, 0.1), np.float32)


def footage(
    pores: np.ndarray, grain: float = 0.0, meshes: list[np.ndarray] | None = None, level: float = 0.5
) -> CropSet:
    """Three frames running that show the pores, each with grain of its own."""
    draws = np.random.default_rng(5)
    shown = level * (1 + pores) + grain * draws.standard_normal((3, SIDE, SIDE)).astype(np.float32)
    images = np.repeat(np.rint(255 * shown.clip(0, 1))[..., None], 3, axis=3).astype(np.uint8)
    mattes = np.zeros((3, SIDE, SIDE), np.uint8)
    cv2.ellipse(mattes[0], (SIDE // 2, 140), (85, 105), 0, 0, 360, 255, -1)
    mattes[1:] = mattes[0]
    points = np.stack(meshes or [mesh()] * 3)
    return CropSet("one", images, mattes, mattes // 2, points, tuple(f"take/{k:06d}.png" for k in (9, 10, 11)))


def plain(trunk: str = "own", **changes: object) -> Comb:
    """A comb that decodes one grey, whatever it sees."""
    torch.manual_seed(1)
    shape = CombConfig(("one", "two"), SIDE, "tiny", latent_size=8, texture=1, irises=True, residual=True, trunk=trunk)
    made = Comb(replace(shape, **changes)).eval()
    with torch.no_grad():
        for name, weight in made.named_parameters():
            if "to_rgb" in name:
                weight.zero_()
    return made.requires_grad_(False)


def pores_of(comb: Comb, crops: CropSet) -> np.ndarray:
    decoder = comb.decoders["one"]
    assert isinstance(decoder, Decoder)
    return seen_pores(comb, decoder, crops)[0, 0].numpy()


def alike(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one[CHEEK].ravel(), other[CHEEK].ravel())[0, 1])


def test_what_is_not_decoded_is_found_on_the_skin_alone() -> None:
    found = pores_of(plain(), footage(pattern()))
    assert alike(found, pattern()) > 0.9
    # What is broader than pores is left out.
    assert 0.6 * SHARE < found[CHEEK].std() / pattern()[CHEEK].std() < SHARE
    for hole in (RIGHT_EYE, LEFT_EYE, INNER_LIPS):
        x, y = mesh()[list(hole)].mean(axis=0).astype(int)
        assert np.abs(found[y - 2 : y + 3, x - 2 : x + 3]).max() < 1e-3
    assert not found[:20].any()


def test_they_show_in_finished_pictures_in_any_light(monkeypatch: pytest.MonkeyPatch) -> None:
    # Three frames alike would be learnt as detail.
    monkeypatch.setattr("pecten.training.sharpen.STEPS", 0)
    made, x = plain(), torch.full((1, 3, SIDE, SIDE), 0.5)
    before = made(x, "one")[0].permute(1, 2, 0).numpy()
    assert sharpen(made, footage(pattern()))
    after = made(x, "one")[0].permute(1, 2, 0).numpy()
    assert alike(after[..., 1] / before[..., 1], pattern()) > 0.85
    with torch.no_grad():
        made.decoders["one"].to_rgb["8"].bias.fill_(-0.6)
    dark = made(x, "one")[0].permute(1, 2, 0).numpy()
    assert dark[CHEEK].std() == pytest.approx(after[CHEEK].std() * 0.4, rel=0.2)
    torch.testing.assert_close(made(x, "two"), plain()(x, "two"))


def test_grain_is_evened_out_over_neighbours() -> None:
    nothing = np.zeros((SIDE, SIDE), np.float32)
    one = footage(nothing, grain=0.02)
    alone = replace(one, names=("a/000001.png", "b/000001.png", "c/000001.png"))
    together, single = (pores_of(plain(), crops)[CHEEK].std() for crops in (one, alone))
    assert together < 0.75 * single


@pytest.mark.parametrize("other", [mesh(mouth=3.0), mesh(eyes=0.3), mesh(turn=0.6)])
def test_an_open_mouth_shut_eyes_or_a_turned_face_are_not_asked(other: np.ndarray) -> None:
    assert not pores_of(plain(), footage(pattern(), meshes=[other] * 3)).any()
    # One frame that will do is found among them.
    assert alike(pores_of(plain(), footage(pattern(), meshes=[other, mesh(), other])), pattern()) > 0.9


def test_small_faces_have_none() -> None:
    small = footage(pattern()).at_size(128)
    assert not pores_of(plain(size=128), small).any()


@pytest.mark.parametrize("trunk", ["own", "shared"])
def test_training_goes_on_without_them(trunk: str) -> None:
    made, x = plain(trunk), torch.rand(2, 3, SIDE, SIDE)
    bare = made(x, "one")
    made.pores("one").fill_(0.1)
    torch.testing.assert_close(made(x, "one"), bare * 1.1)
    torch.testing.assert_close(made.train()(x, "one"), bare)
    both = made.eval().decode_with_matte if made.config.matte else None
    assert both is None
    assert not made.pores("one").requires_grad


def test_they_are_shown_by_degrees_and_other_programs_agree(tmp_path: Path) -> None:
    made, x = plain(), torch.rand(1, 3, SIDE, SIDE)
    bare = made(x, "one")
    made.pores("one").copy_(torch.from_numpy(pattern())[None, None])
    whole = made(x, "one")
    torch.testing.assert_close(with_pores(made, 0.0)(x, "one"), bare)
    torch.testing.assert_close(with_pores(made, 0.5)(x, "one"), (bare + whole) / 2)
    export(made, "one", tmp_path / "one.onnx", {})
    session = onnxruntime.InferenceSession(tmp_path / "one.onnx", providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(None, {"crops": x.numpy()})[0], whole.clamp(0, 1).numpy(), atol=2e-5)


def test_combs_keep_them_and_those_of_before_have_none(tmp_path: Path) -> None:
    made = plain()
    made.pores("one").copy_(torch.from_numpy(pattern())[None, None])
    save_comb(tmp_path / "comb.safetensors", made)
    read = load_comb(tmp_path / "comb.safetensors")
    torch.testing.assert_close(read.pores("one"), made.pores("one"))
    assert not rearranged(read, ("one", "three")).pores("three").any()
    half = mixed(read, {"one": 0.5, "two": 0.5}, "between").pores("between")
    torch.testing.assert_close(half, made.pores("one") / 2)
    old = {name: value for name, value in made.state_dict().items() if "pores" not in name}
    write_tensors(tmp_path / "old.safetensors", old, {"version": VERSION, "config": made.config.to_dict()})
    assert not load_comb(tmp_path / "old.safetensors").pores("one").any()
