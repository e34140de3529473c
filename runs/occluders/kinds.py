"""Every kind of occluder, and which of them the network is never shown."""

from collections.abc import Callable

import numpy as np

from occluders import cloth, eyewear, hands, objects
from occluders.paint import Rng

Draw = Callable[[Rng], np.ndarray]


def held_cup(rng: Rng) -> np.ndarray:
    """Draw a cup, a telephone or a microphone with a hand before or behind it."""
    thing = (objects.cup, objects.phone, objects.microphone)[int(rng.integers(0, 3))](rng)
    cover = thing[..., 3] > 0.5
    rows, columns = np.nonzero(cover)
    if not len(rows):
        return thing
    pick = int(rng.integers(0, len(rows)))
    ratio = 1332 / len(thing)
    grip = (float(columns[pick] * ratio - 154), float(rows[pick] * ratio - 154))
    return np.where(rng.random() < 0.7, *_both(hands.hand(rng, grip), thing))


def _both(hand: np.ndarray, thing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return hand + thing * (1 - hand[..., 3:]), thing + hand * (1 - thing[..., 3:])


TRAINED: dict[str, tuple[Draw, float]] = {
    "hand": (hands.hand, 0.36),
    "glasses": (eyewear.glasses, 0.17),
    "hair": (cloth.hair, 0.08),
    "microphone": (objects.microphone, 0.07),
    "cup": (objects.cup, 0.05),
    "phone": (objects.phone, 0.04),
    "held": (held_cup, 0.06),
    "bar": (objects.bar, 0.04),
    "mask": (cloth.mask, 0.05),
    "blob": (cloth.blob, 0.08),
}
"""What the network is trained on: how it is drawn, and its share."""

HELD_OUT: dict[str, Draw] = {"card": objects.card, "pen": objects.pen, "leaf": objects.leaf}
"""What it is never shown."""


def draw(kind: str, rng: Rng) -> np.ndarray:
    """Draw an occluder of a kind.

    Returns:
        A sprite: premultiplied display-coded RGBA.
    """
    return (HELD_OUT[kind] if kind in HELD_OUT else TRAINED[kind][0])(rng)
