"""What each frame of a shot is to show: looks by degrees and edits, keyed over the frames."""

from dataclasses import dataclass

import numpy as np

from pecten.comb.latent import ATTRIBUTES, LatentRecord
from pecten.errors import CombError, UsageError
from pecten.shot.strength import Strength, read_keys
from pecten.swap.infer import Wish

MOST_EDIT = 4.0
"""Standard deviations; further out no face was ever seen."""


@dataclass(frozen=True)
class Keyed:
    """A named amount over the frames.

    Attributes:
        name: Of a look (an identity), or of an attribute.
        amount: Over frame numbers.
    """

    name: str
    amount: Strength


class Wishes:
    """What is asked of each frame.

    Args:
        source: Identity that has what the looks leave.
        looks: Shares of other identities.
        edits: Changes of attributes, in standard deviations.
        by_weights: How looks are mixed; see `Wish`.
        latents: The comb's record; needed for edits alone.
    Raises:
        CombError: if edits are asked for and the comb has no record.
    """

    def __init__(
        self,
        source: str,
        looks: tuple[Keyed, ...],
        edits: tuple[Keyed, ...],
        by_weights: bool,
        latents: LatentRecord | None,
    ) -> None:
        if edits and latents is None:
            raise CombError("the comb has no record of its latents for edits: make it with `pecten comb latent`")
        self._source, self._looks, self._edits = source, looks, edits
        self._by_weights, self._latents = by_weights, latents
        self._last: tuple[tuple[float, ...], Wish] | None = None

    def at(self, number: int) -> Wish:
        """Return the wish for a frame; equal wishes in a row are one object."""
        amounts = tuple(keyed.amount.at(number) for keyed in (*self._looks, *self._edits))
        if self._last is None or self._last[0] != amounts:
            self._last = amounts, self._make(amounts)
        return self._last[1]

    def _make(self, amounts: tuple[float, ...]) -> Wish:
        shares = {look.name: share for look, share in zip(self._looks, amounts, strict=False) if share > 0}
        total = float(sum(shares.values()))
        if total > 1:
            shares = {name: share / total for name, share in shares.items()}
        elif total < 1:
            # The source may be named among the looks, too.
            shares[self._source] = shares.get(self._source, 0.0) + 1 - total
        changes = dict(zip((edit.name for edit in self._edits), amounts[len(self._looks) :], strict=True))
        shift = None
        if self._latents is not None and any(changes.values()):
            shift = self._latents.edit(changes).astype(np.float32)
        return Wish(shares, self._by_weights, shift)


def read_looks(texts: list[str], ease: bool) -> tuple[Keyed, ...]:
    """Read `NAME=0.7`, or `NAME=1001:0,1040:1`.

    Raises:
        UsageError: if it is neither, a share lies outside 0 to 1, or a look is named twice.
    """
    return _read(texts, "look", 0.0, 1.0, ease)


def read_edits(texts: list[str], ease: bool) -> tuple[Keyed, ...]:
    """Read `mouth=0.5`, or `mouth=1001:0,1012:1`.

    Raises:
        UsageError: if it is neither, there is no such attribute, or the amount is beyond reason.
    """
    edits = _read(texts, "edit", -MOST_EDIT, MOST_EDIT, ease)
    for edit in edits:
        if edit.name not in ATTRIBUTES:
            raise UsageError(f"edit {edit.name}: choose among {', '.join(ATTRIBUTES)}")
    return edits


def _read(texts: list[str], what: str, low: float, high: float, ease: bool) -> tuple[Keyed, ...]:
    found: list[Keyed] = []
    for text in texts:
        name, equals, amount = text.partition("=")
        if not equals or not name or name in (keyed.name for keyed in found):
            raise UsageError(f"{what} {text}: write each once, as NAME=0.5 or NAME=1001:0,1040:1")
        found.append(Keyed(name, read_keys(amount, f"{what} {name}", low, high, ease)))
    return tuple(found)
