"""Looks by degrees and edits over the frames, and what a comb makes of them."""

import numpy as np
import pytest
import torch

from comb_helpers import untaught
from pecten.comb.latent import LatentRecord
from pecten.comb.surgery import mixed
from pecten.errors import CombError, ShapeError, UsageError
from pecten.shot.engine import WORTH_PX, choose_engine
from pecten.shot.wishes import Wishes, read_edits, read_looks
from pecten.swap.infer import TorchCodec, Wish, show_crops, swap_crops

CROPS = np.random.default_rng(0).uniform(0, 1, (3, 32, 32, 3)).astype(np.float32)
RECORD = LatentRecord(np.zeros(4), np.ones(4), np.eye(4, 8), {})


def test_shares_follow_their_keys_and_the_source_has_the_rest() -> None:
    wishes = Wishes("ada", read_looks(["chidi=10:0,20:1"], ease=False), (), True, None)
    assert wishes.at(5).shares == {"ada": 1.0}
    assert wishes.at(15).shares == {"ada": 0.5, "chidi": 0.5}
    assert wishes.at(25).shares == {"chidi": 1.0}
    assert wishes.at(26) is wishes.at(27)


def test_looks_that_ask_for_more_than_all_are_scaled() -> None:
    shares = Wishes("ada", read_looks(["b=0.9", "c=0.3"], ease=False), (), True, None).at(0).shares
    assert shares == pytest.approx({"b": 0.75, "c": 0.25})


def test_a_source_that_is_named_among_the_looks_has_the_rest_besides() -> None:
    shares = Wishes("ada", read_looks(["ada=0.5", "b=0.25"], ease=False), (), True, None).at(0).shares
    assert shares == {"ada": 0.75, "b": 0.25}


def test_edits_shift_the_latent() -> None:
    wishes = Wishes("ada", (), read_edits(["mouth=0:0,10:2", "yaw=-1"], ease=False), True, RECORD)
    assert wishes.at(0).shift == pytest.approx([-1, 0, 0, 0, 0, 0, 0, 0])
    assert wishes.at(5).shift == pytest.approx([-1, 0, 1, 0, 0, 0, 0, 0])
    with pytest.raises(CombError, match="pecten comb latent"):
        Wishes("ada", (), read_edits(["mouth=1"], ease=False), True, None)


@pytest.mark.parametrize("text", ["chidi", "=1", "chidi=2", "chidi=x", "chidi=5:0,3:1"])
def test_looks_that_cannot_be_read(text: str) -> None:
    with pytest.raises(UsageError):
        read_looks([text], ease=False)
    with pytest.raises(UsageError, match="each once"):
        read_looks(["a=1", "a=0"], ease=False)


@pytest.mark.parametrize("text", ["age=1", "mouth=9", "mouth=nan"])
def test_edits_that_cannot_be_read(text: str) -> None:
    with pytest.raises(UsageError, match="edit"):
        read_edits([text], ease=False)


def test_what_cannot_be_read_is_named_and_said_in_whole_sentences() -> None:
    with pytest.raises(UsageError, match=r"^edit mouth 5: 5 lies outside -4 to 4: choose a number between them$"):
        read_edits(["yaw=1", "mouth=5"], ease=False)
    with pytest.raises(UsageError, match=r"^look chidi x: write a number from 0 to 1, or keys by frame"):
        read_looks(["chidi=x"], ease=False)


def test_weights_mixed_for_a_frame_are_those_of_a_mixed_comb() -> None:
    comb = untaught()
    shares = {"ada": 0.3, "chidi": 0.7}
    shown, latents = show_crops(TorchCodec(comb), [Wish(shares)] * 3, CROPS)
    assert np.allclose(shown, swap_crops(mixed(comb, shares, "both"), "both", CROPS), atol=1e-6)
    assert latents.shape == (3, 8)


def test_pictures_are_mixed_as_pictures() -> None:
    comb = untaught()
    wish = Wish({"ada": 0.25, "chidi": 0.75}, by_weights=False)
    shown, _ = show_crops(TorchCodec(comb), [wish] * 3, CROPS)
    one, other = (swap_crops(comb, name, CROPS) for name in ("ada", "chidi"))
    # What is clipped at the ends is clipped after mixing here.
    assert np.abs(shown - (0.25 * one + 0.75 * other)).mean() < 0.02


def test_each_frame_gets_its_own_wish_and_no_shift_changes_nothing() -> None:
    comb = untaught()
    shift = np.zeros(8, np.float32)
    wishes = [Wish({"ada": 1.0}), Wish({"chidi": 1.0}), Wish({"ada": 1.0}, shift=shift)]
    shown, _ = show_crops(TorchCodec(comb), wishes, CROPS, batch=2)
    for k, name in enumerate(("ada", "chidi", "ada")):
        assert np.allclose(shown[k], swap_crops(comb, name, CROPS)[k], atol=1e-6)
    moved, _ = show_crops(TorchCodec(comb), [Wish({"ada": 1.0}, shift=shift + 1)] * 3, CROPS)
    assert not np.allclose(moved[0], shown[0], atol=1e-4)
    with pytest.raises(ShapeError, match="its comb's"):
        show_crops(TorchCodec(comb), [Wish({"ada": 1.0}, shift=np.zeros(5, np.float32))] * 3, CROPS)


def test_engines_that_cannot_be_used_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    comb, long = untaught(), WORTH_PX // 32**2
    assert choose_engine("torch", comb, long) == "torch"
    with pytest.raises(UsageError, match="choose one of auto, torch, openvino"):
        choose_engine("tensorrt", comb, long)
    monkeypatch.setattr("pecten.shot.engine.has_openvino", lambda: False)
    assert choose_engine("auto", comb, long) == "torch"
    with pytest.raises(UsageError, match=r"pip install 'pecten\[export\]'"):
        choose_engine("openvino", comb, long)
    monkeypatch.setattr("pecten.shot.engine.has_openvino", lambda: True)
    assert choose_engine("auto", comb, long) == "openvino"
    assert choose_engine("auto", comb, long - 1) == "torch"
    assert choose_engine("auto", comb, long, by_weights=True) == "torch"
    with pytest.raises(UsageError, match="by pictures"):
        choose_engine("openvino", comb, long, by_weights=True)
    assert choose_engine("auto", comb.to(torch.device("meta")), long) == "torch"
