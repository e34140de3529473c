"""How much of a face is put in, keyed over the frames of a shot."""

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pecten.errors import UsageError

_KEY = re.compile(r"(-?\d+):([^:]+)")


@dataclass(frozen=True)
class Strength:
    """Keys of a curve that stays level before the first and after the last.

    Attributes:
        keys: Frame number and strength, 0 to 1, by ascending number.
        smooth: Ease in and out of every key instead of going straight from one to the next.
    """

    keys: tuple[tuple[int, float], ...] = ((0, 1.0),)
    smooth: bool = False

    def at(self, number: int) -> float:
        """Return the strength at a frame number."""
        for (first, low), (last, high) in pairwise(self.keys):
            if first <= number < last:
                t = (number - first) / (last - first)
                return low + (high - low) * (t * t * (3 - 2 * t) if self.smooth else t)
        return self.keys[0][1] if number < self.keys[0][0] else self.keys[-1][1]


def read_strength(text: str, smooth: bool = False) -> Strength:
    """Read `0.7`, or keys such as `1001:0,1012:1`.

    Raises:
        UsageError: if it is neither, or a strength lies outside 0 to 1.
    """
    return read_keys(text, "strength", 0.0, 1.0, smooth)


def read_keys(text: str, what: str, low: float, high: float, smooth: bool = False) -> Strength:
    """Read an amount, or keys of one.

    Args:
        text: `0.7`, or `1001:0,1012:1`.
        what: Name of the amount, for messages.
        low: Least.
        high: Most.
        smooth: Ease in and out of the keys.
    Raises:
        UsageError: if it is neither, or an amount lies outside the limits.
    """
    parts = [part.strip() for part in text.split(",")]
    matches = [_KEY.fullmatch(part) for part in parts]
    limits = (what, low, high)
    if all(matches):
        keys = [(int(match[1]), _level(match[2], text, limits)) for match in matches if match]
    elif len(parts) == 1:
        keys = [(0, _level(text, text, limits))]
    else:
        raise _wrong(text, limits)
    if any(first >= last for (first, _), (last, _) in pairwise(keys)):
        raise UsageError(f"{what} {text}: the frames of its keys must ascend: sort them, one key a frame")
    return Strength(tuple(keys), smooth)


def _level(text: str, whole: str, limits: tuple[str, float, float]) -> float:
    what, low, high = limits
    try:
        level = float(text)
    except ValueError:
        raise _wrong(whole, limits) from None
    if not np.isfinite(level) or not low <= level <= high:
        raise UsageError(
            f"{what} {whole}: {text.strip()} lies outside {low:g} to {high:g}: choose a number between them"
        )
    return level


def _wrong(text: str, limits: tuple[str, float, float]) -> UsageError:
    what, low, high = limits
    return UsageError(f"{what} {text}: write a number from {low:g} to {high:g}, or keys by frame as 1001:0,1012:1")
