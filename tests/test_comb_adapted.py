"""A trunk that identities share: what each costs, what it may change, and what stays as it is."""

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from comb_helpers import config, crops, shape
from pecten.comb.adapted import standing_alone
from pecten.comb.config import CombConfig
from pecten.comb.export import export
from pecten.comb.model import Comb
from pecten.comb.surgery import mixed, rearranged, shared
from pecten.comb.weights import load_comb, save_comb
from pecten.errors import CombError
from pecten.training.loop import train
from pecten.training.run import Run

SHARED = replace(shape(), trunk="shared")


def changed() -> Comb:
    """A comb whose identities have learnt something of their own."""
    torch.manual_seed(0)
    comb = Comb(replace(SHARED, fold=2, residual=True, gated=True, matte=True))
    with torch.no_grad():
        for parameter in comb.decoders.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return comb.eval().requires_grad_(False)


def test_everybody_begins_as_the_trunk() -> None:
    torch.manual_seed(0)
    comb, z = Comb(SHARED).eval(), torch.randn(2, 8, 1, 1)
    assert comb.trunk is not None
    for identity in SHARED.identities:
        torch.testing.assert_close(comb.decode(z, identity, 4, 0.4), comb.trunk(z, 4, 0.4))


@pytest.mark.parametrize(("channels", "size"), [("slim", 256), ("paper", 512), ("paper", 1024)])
def test_an_added_identity_costs_about_a_tenth(channels: str, size: int) -> None:
    with torch.device("meta"):
        own = Comb(CombConfig(("a",), size, channels))
        two, three = (Comb(CombConfig(who, size, channels, trunk="shared")) for who in (("a", "b"), ("a", "b", "c")))
    whole = sum(p.numel() for p in own.decoders.parameters())
    added = sum(p.numel() for p in three.parameters()) - sum(p.numel() for p in two.parameters())
    assert 0.05 < added / whole < 0.13


@torch.no_grad()
def test_a_change_is_a_factor_and_a_sum_of_a_few_outer_products() -> None:
    comb = changed()
    decoder = comb.decoders["two"]
    assert comb.trunk is not None
    before, after = comb.trunk.base.weight, dict(decoder.weights())["base.weight"]
    change = decoder.changes["base_weight"]
    rest = after - before * (1 + change.gain).view(-1, 1, 1, 1)
    assert torch.linalg.matrix_rank(rest.flatten(1), atol=1e-4) == max(1, len(before) // 16)
    torch.testing.assert_close(dict(decoder.weights())["base.bias"], comb.trunk.base.bias + decoder.shifts["base_bias"])


@torch.no_grad()
def test_it_shows_the_same_standing_alone_exported_saved_copied_and_rearranged(tmp_path: Path) -> None:
    comb, z = changed(), torch.randn(2, 8, 1, 1)
    wanted = comb.decoders["two"](z, 4, 0.6, with_matte=True)
    assert not torch.equal(wanted, comb.decoders["one"](z, 4, 0.6, with_matte=True))
    torch.testing.assert_close(standing_alone(comb.decoders["two"])(z, 4, 0.6, with_matte=True), wanted)
    save_comb(tmp_path / "comb.safetensors", comb)
    others = (
        load_comb(tmp_path),
        copy.deepcopy(comb),
        rearranged(comb, ("two", "new")),
        mixed(comb, {"two": 1.0}, "x"),
    )
    for other in others:
        assert torch.equal(other.decoders["two"](z, 4, 0.6, with_matte=True), wanted)
    torch.testing.assert_close(others[-1].decode(z, "x", 4), comb.decode(z, "two", 4))
    # What is changed in a copy's trunk is seen by the copy's own decoders alone.
    others[1].trunk.base.bias.add_(1)
    assert not torch.equal(others[1].decode(z, "two", 4), comb.decode(z, "two", 4))
    export(comb, "two", tmp_path / "two.onnx", {})
    inputs = torch.rand(2, 3, 16, 16)
    session = onnxruntime.InferenceSession(tmp_path / "two.onnx", providers=["CPUExecutionProvider"])
    found = session.run(None, {"crops": inputs.numpy()})[0]
    # Folded pictures are evened on their way out: compare through the same door.
    alone = replace(comb.config, identities=("two",), trunk="own")
    plain = Comb(alone)
    plain.encoder.load_state_dict(comb.encoder.state_dict())
    plain.decoders["two"].load_state_dict(standing_alone(comb.decoders["two"]).state_dict())
    export(plain, "two", tmp_path / "plain.onnx", {})
    session = onnxruntime.InferenceSession(tmp_path / "plain.onnx", providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(found, session.run(None, {"crops": inputs.numpy()})[0], atol=1e-5)


@torch.no_grad()
def test_decoders_of_their_own_are_given_a_trunk_and_one_of_them_stays_as_it_was() -> None:
    torch.manual_seed(0)
    comb, z = Comb(replace(SHARED, trunk="own", texture=2)).eval(), torch.randn(2, 8, 1, 1)
    for parameter in comb.decoders.parameters():
        parameter.add_(0.2 * torch.randn_like(parameter))
    made = shared(comb, "two")
    torch.testing.assert_close(made.decode(z, "two", 4, 0.4), comb.decode(z, "two", 4, 0.4))
    # Who did not become the trunk goes through it, and out by their own end.
    mixture = Comb(replace(comb.config, identities=("one",))).eval()
    weights = comb.decoders["two"].state_dict()
    ends = {k: v for k, v in comb.decoders["one"].state_dict().items() if k.startswith(("to_", "texture."))}
    mixture.decoders["one"].load_state_dict({**weights, **ends})
    torch.testing.assert_close(made.decode(z, "one", 4, 0.4), mixture.decode(z, "one", 4, 0.4))
    with pytest.raises(CombError, match="share a trunk already"):
        shared(made, "two")
    with pytest.raises(CombError, match="nobody"):
        shared(comb, "nobody")


def test_it_learns_and_resumes_to_the_bit(tmp_path: Path) -> None:
    people = (crops("one"), crops("two"))
    settings = config(images=48, batch=4, start_px=16, learning_rate=1e-2, checkpoint_images=24)
    train(people, SHARED, settings, tmp_path / "whole")
    left = iter(range(9))
    train(people, SHARED, settings, tmp_path / "cut", should_stop=lambda: next(left) == 3)
    train(people, SHARED, settings, tmp_path / "cut")
    whole, cut = (load_comb(tmp_path / name).state_dict() for name in ("whole", "cut"))
    assert all(torch.equal(whole[key], cut[key]) for key in whole)
    fresh = Run(people, SHARED, settings).comb.state_dict()
    for key in ("trunk.base.weight", "decoders.one.changes.base_weight.across", "decoders.two.own.to_rgb_4_weight"):
        assert not torch.equal(whole[key], fresh[key])


def test_a_comb_with_decoders_of_their_own_goes_on_with_a_trunk() -> None:
    torch.manual_seed(0)
    base, z = Comb(replace(SHARED, trunk="own")), torch.randn(2, 8, 1, 1)
    run = Run((crops("one"), crops("two")), SHARED, config(start_px=16), base)
    torch.testing.assert_close(run.comb.decode(z, "one", 4), base.decode(z, "one", 4))
    run.advance()
    assert not torch.equal(run.comb.trunk.base.weight, base.decoders["one"].base.weight)


def test_adding_somebody_with_a_frozen_encoder_leaves_the_others_as_they_are() -> None:
    base = changed()
    run = Run((crops("three"),), replace(base.config, identities=(*base.config.identities, "three")),
              config(start_px=16, freeze_encoder=True), base)  # fmt: skip
    z = torch.randn(2, 8, 1, 1)
    before = {who: run.comb.decode(z, who, 4) for who in ("one", "three")}
    run.advance()
    assert torch.equal(run.comb.decode(z, "one", 4), before["one"])
    assert not torch.equal(run.comb.decode(z, "three", 4), before["three"])
