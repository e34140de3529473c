"""Where points of a face belong on a texture: over the same points of the mean face."""

import torch
import torch.nn.functional as functional
from jaxtyping import Float
from torch import Tensor

from pecten.comb.irises import POINTS
from pecten.faces.mean import MEAN_MESH
from pecten.types import CANONICAL_SIZE

SKIN_POINTS = 468
"""The first of the mesh; irises, the last ten, slide under the lids."""


def misplaced(
    motions: Float[Tensor, "_batch 2 _side _side"], points: Float[Tensor, "_batch 478 2"]
) -> Float[Tensor, " _batch"]:
    """Compare what a decoder says of the places of points with the mean face.

    Args:
        motions: From each point of a picture to its place on the texture, in halves of the picture's side.
        points: Of the mesh in the picture, from its middle, in the same unit.
    Returns:
        Mean distance along an axis; points outside the picture do not count.
    """
    skin = points[:, :SKIN_POINTS]
    mean = from_middle(torch.tensor(MEAN_MESH[:SKIN_POINTS, :2]).to(skin), CANONICAL_SIZE)
    told = functional.grid_sample(motions.float(), skin[:, None], align_corners=False)[:, :, 0].mT
    inside = (skin.abs() < 1).all(dim=-1)
    off = (skin + told - mean).abs().mean(dim=-1)
    return (off * inside).sum(dim=1) / inside.sum(dim=1).clamp_min(1)


def misplaced_irises(
    spots: Float[Tensor, "_batch 2 4"], points: Float[Tensor, "_batch 478 2"]
) -> Float[Tensor, " _batch"]:
    """Compare what a decoder says of the places and sizes of irises with the mesh's.

    Args:
        spots: See `pecten.comb.irises.Spots`.
        points: Of the mesh in the picture, from its middle, in halves of its side.
    Returns:
        Mean distance along an axis, in halves of the side.
    """
    mean = from_middle(torch.tensor(MEAN_MESH[:, :2]).to(points), CANONICAL_SIZE)
    told = []
    for eye, which in enumerate(POINTS):
        rim = mean[which] - mean[which].mean(dim=0)
        told.append(spots[:, eye, None, :2] + rim * spots[:, eye, None, 2:])
    return (torch.cat(told, dim=1) - points[:, SKIN_POINTS:]).abs().mean(dim=(1, 2))


def from_middle(points: Float[Tensor, "*_ 2"], side: int) -> Float[Tensor, "*_ 2"]:
    """Turn px with centres at integers into halves of the side from the middle."""
    return (points * 2 + 1) / side - 1
