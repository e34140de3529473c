"""What a performer's footage shows of eyes, kept in a comb for the composite; training changes none of it."""

from collections.abc import Sequence

import numpy as np
import torch

from pecten.comb.model import Comb
from pecten.dataset.crops import CropSet
from pecten.dataset.irises import seen_irises
from pecten.dataset.lashes import seen_lashes


@torch.no_grad()
def look_at_eyes(combs: Sequence[Comb], crops: CropSet, anew: bool = False) -> None:
    """Keep a performer's irises, and lashes as shut eyes show them.

    Args:
        combs: With irises; all of one shape, changed in place.
        crops: The performer's.
        anew: Also where something is kept already.
    """
    irises = [comb.seen_irises(crops.identity) for comb in combs]
    if anew or not irises[0].any():
        _keep(irises, seen_irises(crops, irises[0].shape[-1]))
    lashes = [comb.seen_lashes(crops.identity) for comb in combs]
    if anew or not lashes[0].any():
        height, width = lashes[0].shape[-2:]
        _keep(lashes, seen_lashes(crops, width, height))


def _keep(places: Sequence[torch.Tensor], seen: np.ndarray) -> None:
    pictures = torch.from_numpy(np.moveaxis(seen, 3, 1))
    for place in places:
        place.copy_(pictures)
