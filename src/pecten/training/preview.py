"""A picture to judge a run by: every identity's crop, and what every decoder makes of it."""

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from pecten.comb.model import Comb


@torch.no_grad()
def preview(
    comb: Comb, inputs: Mapping[str, Float[Tensor, "_rows 3 _side _side"]], level: int, fade: float
) -> UInt8[np.ndarray, "_height _width 3"]:
    """Lay out rows of crops: the input, then each decoder's picture of it.

    Args:
        comb: In use as it is.
        inputs: Crops in [0, 1] by identity, side 2**level px.
        level: log2 of the side.
        fade: Share of the highest level.
    """
    rows = []
    for crops in inputs.values():
        latents = comb.encode(crops, level, fade)
        shown = [crops, *(comb.decode(latents, identity, level, fade) for identity in comb.config.identities)]
        rows.append(torch.cat([torch.cat(list(column), dim=1) for column in shown], dim=2))
    sheet = torch.cat(rows, dim=1).clamp(0, 1).mul(255).round().byte()
    return np.ascontiguousarray(sheet.permute(1, 2, 0).cpu().numpy())
