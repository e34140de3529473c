"""Small people made of discs, for the tests of training and swapping."""

import numpy as np
import torch

from pecten.comb.config import CombConfig
from pecten.comb.model import Comb
from pecten.dataset.crops import CropSet
from pecten.training.config import TrainConfig

PEOPLE = ("one", "two", "three")


def crops(identity: str, size: int = 16, count: int = 6) -> CropSet:
    """A face of its own colour whose mouth opens over the frames."""
    place = PEOPLE.index(identity)
    y, x = np.mgrid[:size, :size] / (size - 1)
    images = np.empty((count, size, size, 3), np.uint8)
    for k in range(count):
        face = ((x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.2).astype(float)
        mouth = (abs(x - 0.5) < 0.2) & (abs(y - 0.75) < 0.02 + 0.1 * k / count)
        colour = np.roll([0.8, 0.5, 0.3], place)
        images[k] = 255 * (face[..., None] * np.where(mouth[..., None], 0.1, colour) + (1 - face[..., None]) * 0.5)
    mattes = np.repeat((255 * face).astype(np.uint8)[None], count, axis=0)
    landmarks = np.random.default_rng(place).uniform(0, size, (count, 478, 2)).astype(np.float32)
    names = tuple(f"clip/{k:06d}" for k in range(count))
    return CropSet(identity, images, mattes, mattes // 2, landmarks, names)


def shape(people: int = 2, size: int = 16) -> CombConfig:
    """A comb small enough to be taught in a moment."""
    return CombConfig(PEOPLE[:people], size, "tiny", latent_size=8)


def config(**changes: object) -> TrainConfig:
    """A short training; images are counted over both identities, batch 2 each: 4 a step."""
    values: dict[str, object] = {
        "images": 80,
        "batch": 2,
        "device": "cpu",
        "start_px": 8,
        "checkpoint_images": 40,
        "preview_images": 40,
        "stats_images": 4,
    }
    return TrainConfig(**{**values, **changes})


def untaught() -> Comb:
    """A comb of ada and chidi, 32 px, that has learnt nothing; always the same."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return Comb(CombConfig(("ada", "chidi"), 32, "tiny", latent_size=8)).eval().requires_grad_(False)
