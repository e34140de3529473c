"""Detail that is learnt once and bent: where it lies, where it shows, and that it is learnt."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from comb_helpers import config, crops, shape
from pecten.comb.blocks import double, evened
from pecten.comb.config import CombConfig
from pecten.comb.export import export
from pecten.comb.model import Comb
from pecten.comb.runtime import OpenVinoCodec
from pecten.comb.surgery import mixed, textured
from pecten.comb.texture import Texture
from pecten.comb.weights import load_comb, save_comb
from pecten.dataset.augment import Jitter
from pecten.errors import CombError
from pecten.faces.mean import MEAN_MESH
from pecten.training.places import from_middle
from pecten.training.run import Run


def comb(**changes: object) -> Comb:
    torch.manual_seed(2)
    made = Comb(CombConfig(("ada", "bruno"), **{"size": 32, "channels": "tiny", "latent_size": 6, **changes}))
    return made.eval().requires_grad_(False)


def stirred(made: Comb) -> Comb:
    """One whose texture shows and moves, as if it had been trained."""
    torch.manual_seed(3)
    with torch.no_grad():
        for decoder in made.decoders.values():
            for part in (decoder.texture, decoder.to_gains):
                for name, parameter in part.named_parameters():
                    if name == "pores":
                        continue
                    parameter.add_(0.3 * torch.randn_like(parameter))
    return made


def flat(side: int, x: float, y: float) -> torch.Tensor:
    return torch.tensor([x, y]).view(1, 2, 1, 1).expand(1, 2, side, side).clone()


@torch.no_grad()
@pytest.mark.parametrize("fold", [1, 2])
def test_it_begins_as_nothing(fold: int) -> None:
    plain = comb(fold=fold)
    with_texture = textured(plain, 2)
    x = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(with_texture(x, "bruno"), evened(plain(x, "bruno"), fold))
    assert with_texture.config.lattice == 1
    assert plain.config.lattice == fold


@torch.no_grad()
def test_a_motion_fetches_detail_from_where_it_points() -> None:
    texture = Texture(CombConfig(("ada",), 32, "tiny", latent_size=6, texture=1))
    texture.pictures.normal_()
    gains = torch.ones(1, 1, 32, 32)
    here = texture(flat(32, 0.0, 0.0), gains, 32)
    torch.testing.assert_close(here, texture.pictures)
    moved = texture(flat(32, 3 * 2 / 32, -2 * 2 / 32), gains, 32)
    torch.testing.assert_close(moved[..., 2:, :-3], here[..., :-2, 3:])
    half = texture(flat(32, 1 / 32, 0.0), gains, 32)
    torch.testing.assert_close(half[..., :-1], (here[..., :-1] + here[..., 1:]) / 2)


@torch.no_grad()
def test_faces_are_looked_up_each_by_itself_and_gains_add_up() -> None:
    texture = Texture(CombConfig(("ada",), 32, "tiny", latent_size=6, texture=2))
    texture.pictures.normal_()
    motions, gains = torch.randn(3, 2, 16, 16) * 0.1, torch.rand(3, 2, 8, 8)
    together = texture(motions, gains, 16)
    for k in range(3):
        torch.testing.assert_close(together[k : k + 1], texture(motions[k : k + 1], gains[k : k + 1], 16))
    apart = [texture(motions, gains * torch.eye(2)[k].view(1, 2, 1, 1), 16) for k in range(2)]
    torch.testing.assert_close(together, apart[0] + apart[1])
    # At half the side each pixel is the mean of four.
    still = texture(torch.zeros(1, 2, 16, 16), torch.tensor([1.0, 0.0]).view(1, 2, 1, 1).expand(1, 2, 16, 16), 16)
    torch.testing.assert_close(still, torch.nn.functional.avg_pool2d(texture.pictures[:, :3], 2))


@torch.no_grad()
def test_it_fades_in_with_its_first_level_and_stays_out_of_those_below() -> None:
    made = stirred(comb(size=256, texture=2))
    assert made.config.texture_level == 6
    bare = replace(made.config, texture=0)
    plain = Comb(bare)
    plain.load_state_dict({k: v for k, v in made.state_dict().items() if "texture" not in k and "gains" not in k})
    z = torch.randn(2, 6, 1, 1)
    torch.testing.assert_close(made.decode(z, "ada", 5), plain.decode(z, "ada", 5))
    torch.testing.assert_close(made.decode(z, "ada", 6, 0.0), double(plain.decode(z, "ada", 5), "nearest"))
    assert (made.decode(z, "ada", 6) - plain.decode(z, "ada", 6)).abs().mean() > 0.005
    seen = made.decode_for_training(z, "ada", 8, 0.4)
    torch.testing.assert_close(seen[:, :3], made.decode(z, "ada", 8, 0.4))
    assert seen.shape == (2, 5, 256, 256)


@torch.no_grad()
def test_mattes_and_shared_trunks_go_with_it() -> None:
    made = stirred(comb(texture=1, matte=True, fold=2))
    z = torch.randn(2, 6, 1, 1)
    picture, _ = made.decode_with_matte(z, "bruno", 5)
    torch.testing.assert_close(picture, made.decode(z, "bruno", 5))
    shared = comb(texture=1, trunk="shared")
    before = shared.decode(z, "bruno", 5)
    shared.decoders["ada"].own["texture_pictures"].normal_()
    torch.testing.assert_close(shared.decode(z, "bruno", 5), before)
    assert (shared.decode(z, "ada", 5) - before).abs().mean() > 0.1


def test_other_programs_show_the_same(tmp_path: Path) -> None:
    made = stirred(comb(texture=2, fold=2))
    pictures = torch.rand(3, 3, 32, 32)
    with torch.inference_mode():
        expected = made(pictures, "bruno").clamp(0, 1).numpy()
        z = made.encode(pictures, 5)
    export(made, "bruno", tmp_path / "bruno.onnx", {})
    session = onnxruntime.InferenceSession(tmp_path / "bruno.onnx", providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(None, {"crops": pictures.numpy()})[0], expected, atol=2e-5)
    export(made, "bruno", tmp_path / "bruno.pt", {})
    np.testing.assert_allclose(torch.jit.load(tmp_path / "bruno.pt")(pictures).numpy(), expected, atol=2e-5)
    compiled = OpenVinoCodec(made, threads=1, exact=True).decode(z, {"bruno": 1.0})
    np.testing.assert_allclose(compiled.clamp(0, 1).numpy(), expected, atol=1e-3)
    save_comb(tmp_path / "comb.safetensors", made)
    torch.testing.assert_close(load_comb(tmp_path / "comb.safetensors")(pictures, "ada"), made(pictures, "ada"))


def test_looks_mix_with_their_detail() -> None:
    made = stirred(comb(texture=1))
    both = mixed(made, {"ada": 0.25, "bruno": 0.75}, "between")
    found = both.decoders["between"].texture.pictures
    ends = [made.decoders[name].texture.pictures for name in ("ada", "bruno")]
    torch.testing.assert_close(found, ends[0] * 0.25 + ends[1] * 0.75)


@pytest.mark.parametrize("changes", [{"texture": -1}, {"texture": 1, "latent": "none"}])
def test_what_makes_no_sense_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(CombError, match="comb texture is"):
        comb(**changes)
    with pytest.raises(CombError, match="already"):
        textured(comb(texture=1), 2)


def test_training_finds_the_places_of_points() -> None:
    """The mesh of the crops lies a sixteenth of the side off the mean face: that is what has to be found."""
    data = [crops("one"), crops("two")]
    side = data[0].size
    moved = ((MEAN_MESH[:, :2] + 0.5) / 1024 * side - 0.5 + side / 16).astype(np.float32)
    data = [replace(one, landmarks=np.tile(moved, (len(one.images), 1, 1))) for one in data]
    settings = config(
        start_px=side, learning_rate=0.02, jitter=Jitter(0.0, 0.0, 0.0, 0.0, 0.0), images=600, decay_share=0.8
    )
    run = Run(data, replace(shape(), texture=1), settings)
    with torch.no_grad():
        before = _told(run)
    assert before == pytest.approx((0.0, 0.0), abs=1e-6)
    for _ in range(150):
        run.advance()
    assert _told(run) == pytest.approx((-0.125, -0.125), abs=0.02)


def test_a_comb_without_one_is_given_one_to_train() -> None:
    plain = Run([crops("one"), crops("two")], shape(), config(start_px=16))
    settings = config(start_px=16, base_sha256="0")
    run = Run([crops("one"), crops("two")], replace(shape(), texture=2), settings, base=plain.comb)
    x = torch.rand(2, 3, 16, 16)
    torch.testing.assert_close(run.comb(x, "one"), plain.comb(x, "one"))
    assert run.comb.decoders["two"].texture.pictures.abs().sum() > 0


@torch.no_grad()
def _told(run: Run) -> tuple[float, float]:
    """Mean motion over the middle of the face."""
    level, _ = run.state
    images = run.feed.at(level)["one"][0][:2].float() / 255
    motions = run.comb.decode_for_training(run.comb.encode(images, level), "one", level)[:, -2:]
    middle = motions[..., 4:-4, 4:-4].mean(dim=(0, 2, 3))
    return float(middle[0]), float(middle[1])


def test_the_middle_of_a_picture_is_its_origin() -> None:
    torch.testing.assert_close(
        from_middle(torch.tensor([[0.5, 0.5], [-0.5, 1.5]]), 2), torch.tensor([[0.0, 0], [-1, 1]])
    )
