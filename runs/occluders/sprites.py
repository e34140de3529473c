"""Sprites on disk, drawn once and chosen from many times."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from occluders import kinds
from occluders.frame import SPRITE_SIZE
from occluders.paint import Rng
from pecten.files import replacing
from pecten.types import Progress


@dataclass(frozen=True)
class Sprites:
    """Sprites as bytes, sorted by kind; `shares` says how often each kind is chosen."""

    codes: dict[str, np.ndarray]
    shares: dict[str, float]

    def choose(self, rng: Rng) -> tuple[str, np.ndarray]:
        """Choose a sprite: its kind, and premultiplied RGBA bytes."""
        names = list(self.shares)
        weights = np.array([self.shares[name] for name in names])
        kind = names[int(rng.choice(len(names), p=weights / weights.sum()))]
        pool = self.codes[kind]
        return kind, pool[int(rng.integers(0, len(pool)))]


def gather(folder: Path, count: int, seed: int, progress: Progress) -> Sprites:
    """Draw sprites of every trained kind, or read them again.

    Args:
        folder: Where they are kept.
        count: How many in all.
        seed: Of the drawing.
        progress: Called after each kind.
    """
    codes, shares = {}, {}
    for number, (kind, (_, share)) in enumerate(kinds.TRAINED.items()):
        path = folder / f"{kind}_{seed}_{count}.npy"
        if not path.is_file():
            wanted = max(8, round(share * count))
            drawn = np.stack([drawn_bytes(kind, np.random.default_rng([seed, number, i])) for i in range(wanted)])
            with replacing(path) as beside:
                np.save(beside, drawn)
        codes[kind], shares[kind] = np.load(path, mmap_mode="r"), share
        progress("sprites", number + 1, len(kinds.TRAINED))
    return Sprites(codes, shares)


def drawn_bytes(kind: str, rng: Rng) -> np.ndarray:
    """Draw an occluder as bytes."""
    sprite = kinds.draw(kind, rng)
    if sprite.shape != (SPRITE_SIZE, SPRITE_SIZE, 4):
        raise ValueError(f"{kind}: a sprite of {sprite.shape}")
    return np.rint(np.clip(sprite, 0, 1) * 255).astype(np.uint8)
