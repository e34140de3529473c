"""Crops of low-resolution footage through an enhancer."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float32

from pecten.devices import gains_by_bfloat16
from pecten.enhance.config import MOST_ENLARGED
from pecten.enhance.network import Enhancer
from pecten.errors import ShapeError

Crops = Float32[np.ndarray, "_frames _size _size 3"]


def enhance_crops(enhancer: Enhancer, crops: Crops, enlarged: Sequence[float], batch: int = 4) -> Crops:
    """Add the detail that a performer's face has and the footage lacks.

    Args:
        enhancer: Taught; runs where it lies.
        crops: Display RGB cut from the plate at the enhancer's size; what lies beyond [0, 1] stays there.
        enlarged: Of each, crop px to a px of the plate; one that is not enlarged is only cleaned.
        batch: Crops in one pass.
    Returns:
        Display RGB; trustworthy inside the face only.
    Raises:
        ShapeError: if the crops have another size than the enhancer, or the counts differ.
    """
    size = enhancer.config.size
    if crops.shape[1] != size or len(enlarged) != len(crops):
        raise ShapeError(
            f"{len(crops)} crops of {crops.shape[1]} px, {len(enlarged)} scales, for an enhancer of {size} px: "
            f"cut the plate at {size} px and give a scale a crop"
        )
    device = next(enhancer.parameters()).device
    bfloat16 = enhancer.config.bfloat16 and gains_by_bfloat16(device.type)
    shown = np.empty_like(crops)
    with torch.inference_mode():
        for start in range(0, len(crops), batch):
            part = torch.from_numpy(np.ascontiguousarray(crops[start : start + batch].transpose(0, 3, 1, 2))).to(device)
            part = part.contiguous(memory_format=torch.channels_last)
            degree = torch.tensor(enlarged[start : start + batch], dtype=torch.float32, device=device)
            seen = part.clamp(0, 1)
            with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
                added = enhancer(seen, degree.clamp(1.0, MOST_ENLARGED)).float() - seen
            # Within the display's range nothing may leave it; a highlight beyond keeps its height.
            done = torch.where(part == seen, (seen + added).clamp(0, 1), part + added)
            shown[start : start + batch] = done.permute(0, 2, 3, 1).cpu().numpy()
    return shown
