"""Irises that are laid where the eyes look: that they are, what hides them, and that places are learnt."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from comb_helpers import config, crops, shape
from iris_support import GAZES, footage, frame
from lash_support import blinks, lashes, shut_mesh
from lash_support import footage as lash_footage
from pecten.comb.config import CombConfig
from pecten.comb.export import export
from pecten.comb.irises import POINTS, REACH, Irises
from pecten.comb.model import Comb
from pecten.comb.runtime import OpenVinoCodec
from pecten.comb.surgery import mixed, rearranged, with_irises
from pecten.comb.weights import VERSION, load_comb, read_tensors, save_comb, write_tensors
from pecten.dataset.augment import Jitter
from pecten.dataset.crops import CropSet
from pecten.dataset.irises import seen_irises
from pecten.dataset.lashes import seen_lashes
from pecten.errors import CombError
from pecten.faces.mean import MEAN_MESH
from pecten.training.places import from_middle, misplaced_irises
from pecten.training.run import Run

TAUGHT = CombConfig(("ada", "bruno"), 64, "tiny", latent_size=6, texture=1, irises=True)


def comb(**changes: object) -> Comb:
    torch.manual_seed(2)
    return Comb(replace(TAUGHT, **changes)).eval().requires_grad_(False)


def stirred(made: Comb) -> Comb:
    """One whose irises show and move, as if it had been trained."""
    torch.manual_seed(3)
    with torch.no_grad():
        for decoder in made.decoders.values():
            for name, parameter in decoder.named_parameters():
                if ("irises" in name or "lids" in name) and not name.endswith(("seen", "lashes")):
                    parameter.add_(0.5 * torch.randn_like(parameter))
    return made


@torch.no_grad()
@pytest.mark.parametrize("trunk", ["own", "shared"])
def test_they_begin_as_nothing(trunk: str) -> None:
    plain = comb(irises=False, trunk=trunk, fold=2)
    made = with_irises(plain)
    x = torch.rand(2, 3, 64, 64)
    torch.testing.assert_close(made(x, "bruno"), plain(x, "bruno"))
    shown = stirred(made)(x, "bruno") - plain(x, "bruno")
    assert shown.abs().amax() > 0.1


@torch.no_grad()
def test_they_lie_where_the_spots_are_and_nowhere_else() -> None:
    irises = Irises(CombConfig(("ada",), 256, "tiny", latent_size=6, texture=1, irises=True))
    irises.pictures[0, 0], irises.pictures[1, 1] = 1, 1
    irises.gaze.second.bias.copy_(torch.tensor([1.0, 2.0, 0.4, 0.0, -1.0, 0.0, 0.0, -0.4]))
    z = torch.zeros(1, 6, 1, 1)
    laid, spots = irises(z, 256)[0], irises.gaze(z)[0]
    for shown, (across, down, wide, high) in zip(laid, spots.tolist(), strict=False):
        rows, columns = torch.nonzero(shown > 0.5, as_tuple=True)
        middle = [(float(part.float().mean()) * 2 + 1) / 256 - 1 for part in (columns, rows)]
        assert middle == pytest.approx([across, down], abs=1 / 256)
        sides = [float(part.max() - part.min() + 1) / 256 for part in (columns, rows)]
        assert sides == pytest.approx([2 * REACH * wide, 2 * REACH * high], abs=1.5 / 256)
    assert not laid[2].any()


@torch.no_grad()
def test_a_slow_reference_finds_the_same() -> None:
    irises = Irises(CombConfig(("ada",), 64, "tiny", latent_size=6, texture=1, irises=True))
    irises.pictures.normal_()
    irises.gaze.second.bias.normal_()
    z = torch.randn(2, 6, 1, 1)
    spots = irises.gaze(z)
    line = (torch.arange(64) * 2 + 1) / 64 - 1
    expected = torch.zeros(2, 3, 64, 64)
    for face in range(2):
        for eye in range(2):
            x, y = ((line - spots[face, eye, k]) / (spots[face, eye, 2 + k] * 2 * REACH) for k in (0, 1))
            grid = torch.stack([x.expand(64, 64), y[:, None].expand(64, 64)], dim=-1)
            picture = irises.pictures[eye : eye + 1]
            expected[face] += torch.nn.functional.grid_sample(picture, grid[None], align_corners=False)[0]
    torch.testing.assert_close(irises(z, 64), expected, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_lids_hide_them_and_lower_levels_leave_them_out() -> None:
    made = stirred(comb(size=256))
    z = torch.randn(2, 6, 1, 1)
    shut = Comb(made.config).eval()
    shut.load_state_dict({k: v * 0 if "to_lids" in k else v for k, v in made.state_dict().items()})
    bare = Comb(replace(made.config, irises=False)).eval()
    bare.load_state_dict({k: v for k, v in made.state_dict().items() if "irises" not in k and "lids" not in k})
    torch.testing.assert_close(shut.decode(z, "ada", 8), bare.decode(z, "ada", 8))
    torch.testing.assert_close(made.decode(z, "ada", 5), bare.decode(z, "ada", 5))
    torch.testing.assert_close(made.decode(z, "ada", 6, 0.0), bare.decode(z, "ada", 6, 0.0))
    assert (made.decode(z, "ada", 8) - bare.decode(z, "ada", 8)).abs().mean() > 1e-3
    seen = made.decode_for_training(z, "ada", 8, 0.4)
    torch.testing.assert_close(seen[:, :3], made.decode(z, "ada", 8, 0.4))


@torch.no_grad()
def test_identities_of_one_trunk_look_each_their_own_way() -> None:
    made = stirred(comb(trunk="shared"))
    z = torch.randn(2, 6, 1, 1)
    assert (made.spots(z, "ada") - made.spots(z, "bruno")).abs().max() > 1e-3
    both = mixed(made, {"ada": 0.5, "bruno": 0.5}, "between")
    found = both.decoders["between"].own["irises_pictures"]
    ends = [made.decoders[name].own["irises_pictures"] for name in ("ada", "bruno")]
    torch.testing.assert_close(found, (ends[0] + ends[1]) / 2)


def test_other_programs_show_the_same(tmp_path: Path) -> None:
    made = stirred(comb(fold=2))
    pictures = torch.rand(3, 3, 64, 64)
    with torch.inference_mode():
        expected = made(pictures, "bruno").clamp(0, 1).numpy()
        z = made.encode(pictures, 6)
    export(made, "bruno", tmp_path / "bruno.onnx", {})
    session = onnxruntime.InferenceSession(tmp_path / "bruno.onnx", providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(None, {"crops": pictures.numpy()})[0], expected, atol=2e-5)
    compiled = OpenVinoCodec(made, threads=1, exact=True).decode(z, {"bruno": 1.0})
    np.testing.assert_allclose(compiled.clamp(0, 1).numpy(), expected, atol=1e-3)
    save_comb(tmp_path / "comb.safetensors", made)
    torch.testing.assert_close(load_comb(tmp_path / "comb.safetensors")(pictures, "ada"), made(pictures, "ada"))


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(CombError, match="without a texture"):
        comb(texture=0)
    with pytest.raises(CombError, match="already"):
        with_irises(comb())
    with pytest.raises(CombError, match="without irises"):
        comb(irises=False).spots(torch.zeros(1, 6, 1, 1), "ada")


def test_misplaced_irises_are_measured() -> None:
    points = from_middle(torch.tensor(MEAN_MESH[:, :2]).float(), 1024)[None]
    middles = torch.stack([points[0, which].mean(dim=0) for which in POINTS])
    spots = torch.cat([middles, torch.ones(2, 2)], dim=1)[None]
    assert float(misplaced_irises(spots, points)) == pytest.approx(0, abs=1e-6)
    spots[..., 0] += 0.03
    assert float(misplaced_irises(spots, points)) == pytest.approx(0.015, abs=1e-6)


def test_training_finds_their_places() -> None:
    """Irises of the crops lie off the mean face's: that is what has to be found."""
    data = [crops("one"), crops("two")]
    side = data[0].size
    moved = MEAN_MESH[:, :2].copy()
    moved[POINTS[0]] += (20, 0)
    moved[POINTS[1]] += (0, -10)
    moved = ((moved + 0.5) / 1024 * side - 0.5).astype(np.float32)
    data = [replace(one, landmarks=np.tile(moved, (len(one.images), 1, 1))) for one in data]
    settings = config(
        start_px=side, learning_rate=0.05, jitter=Jitter(0.0, 0.0, 0.0, 0.0, 0.0), images=600, decay_share=0.8
    )
    run = Run(data, replace(shape(), texture=1, irises=True), settings)
    z = run.comb.encode(torch.rand(2, 3, side, side), run.state[0])
    before = run.comb.spots(z, "one").mean(dim=0).detach()
    for _ in range(150):
        run.advance()
    off = run.comb.spots(z, "one").mean(dim=0).detach() - before
    np.testing.assert_allclose(off[:, :2] * 512, [[20, 0], [0, -10]], atol=3)


def test_a_comb_without_them_is_given_them_to_train() -> None:
    plain = Run([crops("one"), crops("two")], replace(shape(), texture=1), config(start_px=16))
    settings = config(start_px=16, base_sha256="0")
    run = Run([crops("one"), crops("two")], replace(shape(), texture=1, irises=True), settings, base=plain.comb)
    x = torch.rand(2, 3, 16, 16)
    torch.testing.assert_close(run.comb(x, "one"), plain.comb(x, "one"))


def eyes_of(*people: str) -> list[CropSet]:
    """Footage of irises, of the first brighter than of the next."""
    return [
        footage([frame(gaze, None, light=1 / (k + 1)) for gaze in GAZES], identity).at_size(128)
        for k, identity in enumerate(people)
    ]


@pytest.mark.parametrize("trunk", ["own", "shared"])
def test_training_keeps_what_the_footage_shows(trunk: str, tmp_path: Path) -> None:
    data = eyes_of("one", "two")
    wanted = replace(shape(size=128), texture=1, irises=True, trunk=trunk)
    run = Run(data, wanted, config(start_px=128))
    expected = {one.identity: torch.from_numpy(seen_irises(one, 12)).permute(0, 3, 1, 2) for one in data}
    assert all(bool(one.any()) for one in expected.values())
    run.advance()
    for identity, seen in expected.items():
        for network in (run.comb, run.ema):
            torch.testing.assert_close(network.seen_irises(identity).detach(), seen)
    save_comb(tmp_path / "comb.safetensors", run.ema)
    read = load_comb(tmp_path / "comb.safetensors")
    torch.testing.assert_close(read.seen_irises("two"), expected["two"])
    both = mixed(read, {"one": 0.25, "two": 0.75}, "between")
    torch.testing.assert_close(both.seen_irises("between"), 0.25 * expected["one"] + 0.75 * expected["two"])
    with torch.no_grad():
        read.seen_irises("one").fill_(0.5)
    grown = replace(wanted, identities=("one", "two", "three"))
    again = Run([*data, *eyes_of("three")], grown, config(start_px=128, base_sha256="0"), base=read)
    # Whom the base has looked at stays; whoever is new is looked at, and has nobody else's.
    assert bool((again.comb.seen_irises("one") == 0.5).all())
    own = torch.from_numpy(seen_irises(eyes_of("three")[0], 12)).permute(0, 3, 1, 2)
    torch.testing.assert_close(again.comb.seen_irises("three").detach(), own)


@pytest.mark.parametrize("trunk", ["own", "shared"])
def test_training_keeps_the_lashes_of_shut_eyes(trunk: str, tmp_path: Path) -> None:
    awake = shut_mesh(gap=0.5)
    data = [blinks("one").at_size(256), lash_footage([(lashes(awake), awake)] * 4, "two").at_size(256)]
    wanted = replace(shape(size=256), texture=1, irises=True, trunk=trunk)
    run = Run(data, wanted, config(start_px=256, batch=1))
    run.advance()
    expected = torch.from_numpy(seen_lashes(data[0], 48, 32)).permute(0, 3, 1, 2)
    assert expected.any()
    for network in (run.comb, run.ema):
        torch.testing.assert_close(network.seen_lashes("one").detach(), expected)
        assert not network.seen_lashes("two").any()
    save_comb(tmp_path / "comb.safetensors", run.ema)
    read = load_comb(tmp_path / "comb.safetensors")
    torch.testing.assert_close(read.seen_lashes("one").detach(), expected)
    assert not rearranged(read, ("one", "three")).seen_lashes("three").any()
    old = {name: value for name, value in run.comb.state_dict().items() if "lashes" not in name}
    write_tensors(tmp_path / "old.safetensors", old, {"version": VERSION, "config": wanted.to_dict()})
    before = load_comb(tmp_path / "old.safetensors")
    assert not before.seen_lashes("one").any()
    again = Run(data, wanted, config(start_px=256, batch=1, base_sha256="0"), base=before)
    torch.testing.assert_close(again.comb.seen_lashes("one").detach(), expected)
    with pytest.raises(CombError, match="without irises"):
        comb(irises=False).seen_lashes("ada")


def test_a_solo_start_gives_everybody_their_own() -> None:
    data = eyes_of("one", "two")
    run = Run(data, replace(shape(size=128), texture=1, irises=True), config(start_px=128, solo_images=2))
    for _ in range(2):
        run.advance()
    for one in data:
        seen = torch.from_numpy(seen_irises(one, 12)).permute(0, 3, 1, 2)
        torch.testing.assert_close(run.comb.seen_irises(one.identity).detach(), seen)


def test_combs_from_before_are_read_and_checkpoints_gone_on_with(tmp_path: Path) -> None:
    data = eyes_of("one", "two")
    wanted = replace(shape(size=128), texture=1, irises=True)
    run = Run(data, wanted, config(start_px=128))
    old = {name: value for name, value in run.comb.state_dict().items() if "seen" not in name}
    write_tensors(tmp_path / "old.safetensors", old, {"version": VERSION, "config": wanted.to_dict()})
    read = load_comb(tmp_path / "old.safetensors")
    assert not read.seen_irises("one").any()
    path = run.save(tmp_path / "checkpoints")
    tensors, header = read_tensors(path)
    kept = {name: value for name, value in tensors.items() if "seen" not in name}
    write_tensors(path, kept, {name: value for name, value in header.items() if name != "sha256"})
    again = Run(data, wanted, config(start_px=128))
    assert again.restore(tmp_path / "checkpoints") == (True, ())
    torch.testing.assert_close(again.comb.seen_irises("one"), run.comb.seen_irises("one"))
    with pytest.raises(CombError, match="without irises"):
        comb(irises=False).seen_irises("ada")
