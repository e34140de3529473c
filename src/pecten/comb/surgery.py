"""Combs made from combs: performers added, taken out, or mixed. The encoder stays as it is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch

from pecten.comb.adapted import AdaptedDecoder, is_own
from pecten.comb.model import Comb
from pecten.errors import CombError


def rearranged(comb: Comb, identities: Sequence[str]) -> Comb:
    """Make a comb of some identities; those it does not know begin as the mean of all decoders that it has.

    Args:
        comb: Not changed.
        identities: Of the new comb, in order.
    Raises:
        CombError: if none are given or one is given twice.
    """
    made = Comb(replace(comb.config, identities=tuple(identities)))
    made.encoder.load_state_dict(comb.encoder.state_dict())
    if comb.trunk is not None and made.trunk is not None:
        made.trunk.load_state_dict(comb.trunk.state_dict())
        _empty_ends(made)
    known = comb.config.identities
    everybody = {identity: 1 / len(known) for identity in known}
    for identity in identities:
        shares = {identity: 1.0} if identity in known else everybody
        made.decoders[identity].load_state_dict(_mean(comb, shares))
        if identity not in known:
            _forget(made, identity)
    return made.train(comb.training)


@torch.no_grad()
def _empty_ends(comb: Comb) -> None:
    """Leave nothing of a performer's in those parts of a trunk that nobody shows."""
    assert comb.trunk is not None
    for name, weight in comb.trunk.named_parameters():
        if is_own(name):
            weight.zero_()


@torch.no_grad()
def _forget(comb: Comb, identity: str) -> None:
    """Leave out what is nobody's mean: what was seen on one performer."""
    if comb.config.texture:
        comb.pores(identity).zero_()
    if comb.config.irises:
        comb.seen_irises(identity).zero_()
        comb.seen_lashes(identity).zero_()


def with_pores(comb: Comb, share: float) -> Comb:
    """Make a comb whose performers' pores show more or less.

    Args:
        comb: Not changed.
        share: 0 leaves them out, 1 shows them as they are.
    """
    made = Comb(comb.config)
    made.load_state_dict(comb.state_dict())
    if made.config.texture:
        for identity in made.config.identities:
            made.pores(identity).data.mul_(share)
    return made.to(next(comb.parameters()).device).train(comb.training).requires_grad_(False)


def mixed(comb: Comb, shares: Mapping[str, float], name: str) -> Comb:
    """Add an identity between others: a performer's looks, young and old, bearded and clean, by degrees.

    Weights are mixed, not pictures, so the result is one sharp face. That needs decoders that grew from one another: of
    one training in which the first was copied, or where one was added to a comb that held the other.

    Args:
        comb: Not changed.
        shares: Of each look; they are brought to a sum of one. Below 0 or above 1 exaggerates.
        name: Of the new identity.
    Raises:
        CombError: if a look is not there, the name is taken, or the shares sum to nothing.
    Reference:
        Wortsman et al. 2022 (averaging weights of models that share a beginning).
    """
    for identity in shares:
        comb.config.check_identity(identity, "the comb")
    if name in comb.config.identities:
        raise CombError(f"identity {name}: the comb has one already: give the mixture another name")
    total = sum(shares.values())
    if abs(total) < 1e-6:
        given = ", ".join(f"{identity}={share:g}" for identity, share in shares.items())
        raise CombError(f"shares {given}: they sum to nothing: give others")
    made = rearranged(comb, (*comb.config.identities, name))
    made.decoders[name].load_state_dict(_mean(comb, {k: v / total for k, v in shares.items()}))
    return made


def textured(comb: Comb, count: int) -> Comb:
    """Give a comb pictures of fine detail, which show nothing until they are trained.

    Args:
        comb: Not changed.
        count: Pictures of each decoder.
    Raises:
        CombError: if the comb has some already, or its latent is not dense.
    """
    if comb.config.texture:
        raise CombError(f"the comb has {comb.config.texture} pictures of fine detail already: leave it as it is")
    made = Comb(replace(comb.config, texture=count))
    made.load_state_dict({**made.state_dict(), **comb.state_dict()})
    return made.train(comb.training)


def with_irises(comb: Comb) -> Comb:
    """Give a comb pictures of irises, which show nothing until they are trained.

    Args:
        comb: Not changed.
    Raises:
        CombError: if the comb has them already, or no texture.
    """
    if comb.config.irises:
        raise CombError("the comb has irises already: leave it as it is")
    made = Comb(replace(comb.config, irises=True))
    made.load_state_dict({**made.state_dict(), **comb.state_dict()})
    return made.train(comb.training)


def shared(comb: Comb, beginning: str) -> Comb:
    """Give a comb whose decoders have weights of their own a trunk that all share: one of them, until it is trained.

    The identity that the trunk was shows the same as before. The others show the trunk's answer through their own last
    convolutions and fine detail, which fits them only once all were trained together.

    Args:
        comb: Not changed.
        beginning: Identity whose decoder becomes the trunk.
    Raises:
        CombError: if the comb does not hold the identity, or has a trunk already.
    """
    comb.config.check_identity(beginning, "the comb")
    if comb.trunk is not None:
        raise CombError("the comb's identities share a trunk already: leave it as it is")
    made = Comb(replace(comb.config, trunk="shared"))
    made.encoder.load_state_dict(comb.encoder.state_dict())
    assert made.trunk is not None
    made.trunk.load_state_dict(comb.decoders[beginning].state_dict())
    _empty_ends(made)
    for identity, decoder in made.decoders.items():
        assert isinstance(decoder, AdaptedDecoder)
        decoder.take_ends(comb.decoders[identity].state_dict())
    return made.train(comb.training)


def _mean(comb: Comb, shares: Mapping[str, float]) -> dict[str, torch.Tensor]:
    states = [(comb.decoders[identity].state_dict(), share) for identity, share in shares.items()]
    if len(states) == 1:
        return dict(states[0][0])
    return {key: torch.stack([state[key] * share for state, share in states]).sum(0) for key in states[0][0]}
