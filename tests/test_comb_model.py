"""The comb's shapes, fades and size."""

import pytest
import torch

from pecten.comb.blocks import double, halve, pixel_norm
from pecten.comb.config import CombConfig
from pecten.comb.model import Comb
from pecten.errors import CombError

PEOPLE = ("one", "two")


def tiny(**changes: object) -> Comb:
    torch.manual_seed(0)
    return Comb(CombConfig(PEOPLE, **{"size": 32, "channels": "tiny", "latent_size": 6, **changes})).eval()


@torch.no_grad()
def test_every_level_to_1024_keeps_the_size() -> None:
    comb = tiny(size=1024)
    for level in range(2, 11):
        x = torch.rand(1, 3, 2**level, 2**level)
        z = comb.encode(x, level, 0.5)
        assert z.shape == (1, 6, 1, 1)
        assert comb.decode(z, "two", level, 0.5).shape == x.shape


@torch.no_grad()
@pytest.mark.parametrize(
    "changes",
    [
        {"latent": "none"},
        {"down": "maxpool"},
        {"down": "stride"},
        {"up": "bilinear"},
        {"norm": "pixel"},
        {"residual": True},
        {"gated": True, "down": "stride"},
        {"trunk": "shared"},
        {"matte": True},
        {"fold": 2},
        {"fold": 4},
        {"encoder_px": 16},
        {"fold": 2, "residual": True, "down": "stride", "norm": "pixel"},
    ],
)
def test_every_switch_gives_pictures_and_fades_from_the_level_below(changes: dict[str, object]) -> None:
    comb = tiny(**changes)
    x = torch.rand(2, 3, 32, 32)
    assert comb(x, "one").shape == x.shape
    for level in range(comb.config.lowest_level + 1, 6):
        x = torch.rand(2, 3, 2**level, 2**level)
        z = comb.encode(x, level, 0.0)
        torch.testing.assert_close(z, comb.encode(halve(x), level - 1))
        below = comb.decode(z, "one", level - 1)
        torch.testing.assert_close(comb.decode(z, "one", level, 0.0), double(below, comb.config.up))


@torch.no_grad()
def test_the_fade_is_the_formula() -> None:
    comb, x, share = tiny(), torch.rand(2, 3, 16, 16), 0.3
    encoder, decoder = comb.encoder, comb.decoders["two"]
    h = share * encoder.levels["4"](encoder.enter(x, 4)) + (1 - share) * encoder.enter(halve(x), 3)
    z = encoder.squeeze(torch.nn.functional.leaky_relu(encoder.base(encoder.levels["3"](h)), 0.2))
    torch.testing.assert_close(comb.encode(x, 4, share), z)
    h2 = torch.nn.functional.leaky_relu(decoder.spread(z), 0.2)
    h3 = decoder.levels["3"](torch.nn.functional.leaky_relu(decoder.base(h2), 0.2))
    h4 = decoder.levels["4"](h3)
    y = share * decoder.leave(h4, 4) + (1 - share) * double(decoder.leave(h3, 3), "nearest")
    torch.testing.assert_close(comb.decode(z, "two", 4, share), y)


def test_the_paper_has_23_million_parameters_each_way() -> None:
    with torch.device("meta"):
        comb = Comb(CombConfig(("one",), 1024, "paper"))
    for part in (comb.encoder, comb.decoders["one"]):
        assert 22.5e6 < sum(p.numel() for p in part.parameters()) < 23.5e6


def test_one_encoder_and_a_decoder_each_get_gradients_only_from_their_own() -> None:
    comb = tiny()
    comb(torch.rand(1, 3, 32, 32), "one").sum().backward()
    assert all(p.grad is None for p in comb.decoders["two"].parameters())
    assert comb.encoder.base.weight.grad is not None


@torch.no_grad()
def test_weights_are_drawn_from_the_unit_normal_and_scaled_in_use() -> None:
    comb = tiny(channels="lite")
    assert comb.encoder.base.weight.std().item() == pytest.approx(1, rel=0.02)
    x = torch.randn(4, 128, 16, 16)
    # He's gain keeps the power of what a leaky rectifier lets through.
    passed = torch.nn.functional.leaky_relu(comb.encoder.base(torch.nn.functional.leaky_relu(x, 0.2)), 0.2)
    assert passed.square().mean().sqrt().item() == pytest.approx(0.72, rel=0.15)


def test_pixel_norm_gives_unit_power() -> None:
    normed = pixel_norm(torch.randn(2, 8, 3, 3) * 7)
    torch.testing.assert_close(normed.square().mean(1), torch.ones(2, 3, 3))


@pytest.mark.parametrize(
    "changes",
    [
        {"size": 100},
        {"size": 2048},
        {"size": 4, "fold": 2},
        {"channels": "wide"},
        {"up": "cubic"},
        {"encoder_px": 512},
        {"encoder_px": 24},
        {"latent_size": 0},
    ],
)
def test_a_wrong_shape_is_refused_in_one_line(changes: dict[str, object]) -> None:
    with pytest.raises(CombError) as error:
        CombConfig(PEOPLE, **changes)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("identities", [(), ("a", "a"), ("a.b",), ("",)])
def test_identities_must_be_usable_as_keys(identities: tuple[str, ...]) -> None:
    with pytest.raises(CombError):
        CombConfig(identities)


def test_an_unknown_identity_level_or_size_is_named() -> None:
    comb = tiny()
    with pytest.raises(CombError, match="three"):
        comb(torch.rand(1, 3, 32, 32), "three")
    with pytest.raises(CombError, match="level 7"):
        comb.encode(torch.rand(1, 3, 128, 128), 7)
    with pytest.raises(CombError, match="16 px"):
        comb.encode(torch.rand(1, 3, 16, 16), 5)


def test_the_configuration_survives_its_record() -> None:
    config = CombConfig(PEOPLE, 128, "lite", residual=True, fold=2)
    assert CombConfig.from_dict(config.to_dict()) == config
    with pytest.raises(CombError, match="version 9"):
        CombConfig.from_dict({**config.to_dict(), "version": 9})
    with pytest.raises(CombError, match="colour"):
        CombConfig.from_dict({**config.to_dict(), "colour": 1})
    with pytest.raises(CombError, match="incomplete"):
        CombConfig.from_dict({"version": 1})


@torch.no_grad()
def test_gates_start_open_and_then_scale_what_they_see() -> None:
    plain, gated = tiny(residual=True, fold=2), tiny(residual=True, fold=2, gated=True)
    missing, unexpected = gated.load_state_dict(plain.state_dict(), strict=False)
    assert not unexpected
    assert all(".gates." in name for name in missing)
    x = torch.rand(2, 3, 32, 32)
    assert torch.equal(plain(x, "one"), gated(x, "one"))
    gate = gated.decoders["one"].levels["5"].gates[1]
    gate.opening.bias.fill_(-100)
    h = torch.rand(1, gated.config.width_at(4), 8, 8)
    # With the second convolution shut, only what passes by it is left.
    level = gated.decoders["one"].levels["5"]
    kept = double(h if level.skip is None else level.skip(h), "nearest")
    torch.testing.assert_close(level(h), kept * 0.5**0.5)


@torch.no_grad()
def test_decoders_may_tell_where_they_show_the_face() -> None:
    plain, comb = tiny(fold=2), tiny(fold=2, matte=True)
    _, unexpected = comb.load_state_dict(plain.state_dict(), strict=False)
    assert not unexpected
    z = torch.randn(2, 6, 1, 1)
    for level, fade in ((3, 1.0), (5, 0.3)):
        pictures, mattes = comb.decode_with_matte(z, "two", level, fade)
        torch.testing.assert_close(pictures, plain.decode(z, "two", level, fade))
        assert torch.equal(comb.decode(z, "two", level, fade), plain.decode(z, "two", level, fade))
        assert mattes.shape == (2, 1, 2**level, 2**level)
    with pytest.raises(CombError, match="without mattes"):
        plain.decode_with_matte(z, "two", 5)
