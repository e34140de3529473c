"""Whole numbers written as ranges."""

from collections.abc import Iterable


def spans(places: Iterable[int]) -> str:
    """Write ascending whole numbers as ranges: "0-5 9"."""
    runs: list[list[int]] = []
    for place in places:
        if runs and place == runs[-1][1] + 1:
            runs[-1][1] = place
        else:
            runs.append([place, place])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def unspan(text: str) -> list[int]:
    """Read what `spans` wrote."""
    places: list[int] = []
    for run in text.split():
        first, _, last = run.partition("-")
        places += range(int(first), int(last or first) + 1)
    return places
