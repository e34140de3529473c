"""What a comb's latents mean: the way of each attribute, and the part of the space that each identity was taught in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float64

from pecten.comb.model import Comb
from pecten.dataset.crops import CropSet
from pecten.dataset.sampling import descriptors
from pecten.errors import CombError
from pecten.metrics.overlap import principal
from pecten.types import Points

ATTRIBUTES = ("yaw", "pitch", "mouth", "eyes")
"""As `descriptors` gives them: turned to the right, down; opening of the mouth, of the eyes."""

AXES = 24
"""Most principal directions that are kept of an identity."""

QUANTILE = 0.99
_FOLDS = 5
_RIDGE = 0.02
"""Of the sum of squares: attributes that move together do not blow up each other's directions."""

Latents = Float64[np.ndarray, "_frames _values"]
Described = Float64[np.ndarray, "_frames 4"]


@dataclass(frozen=True, eq=False)
class Territory:
    """Where an identity's latents lie.

    Attributes:
        offset: Its latent at middling attributes.
        centre: Mean latent, from the offset.
        axes: Principal directions, a row each.
        variances: Along them.
        rest: Variance along each other direction.
        reach: Distance within which the identity's own held-out frames lie but for one in a hundred.
    """

    offset: Float64[np.ndarray, " _values"]
    centre: Float64[np.ndarray, " _values"]
    axes: Float64[np.ndarray, "_axes _values"]
    variances: Float64[np.ndarray, " _axes"]
    rest: float
    reach: float

    def distance(self, relative: Latents) -> Float64[np.ndarray, " _frames"]:
        """Measure how unusual latents are, given from the offset of whoever they show; 1 is usual."""
        return _distance(relative - self.centre, self.axes, self.variances, self.rest)


@dataclass(frozen=True, eq=False)
class LatentRecord:
    """What was learnt of a comb's latents.

    Attributes:
        middle: Of each attribute, over all identities.
        spread: Standard deviation of each within an identity.
        directions: What a latent gains for one standard deviation more of each attribute, a row each.
        territories: Of each identity.
    """

    middle: Float64[np.ndarray, "4"]
    spread: Float64[np.ndarray, "4"]
    directions: Float64[np.ndarray, "4 _values"]
    territories: Mapping[str, Territory]

    def relative(self, latents: Latents, described: Described) -> Latents:
        """Return one person's latents from what theirs are at middling attributes: identity taken out."""
        return np.asarray(latents - _offset(latents, self._units(described), self.directions))

    def edit(self, changes: Mapping[str, float]) -> Float64[np.ndarray, " _values"]:
        """Return what is to be added to a latent.

        Args:
            changes: Of each attribute, in standard deviations.
        Raises:
            CombError: if there is no such attribute.
        """
        shift = np.zeros(self.directions.shape[1])
        for name, amount in changes.items():
            if name not in ATTRIBUTES:
                raise CombError(f"edit {name}: choose among {', '.join(ATTRIBUTES)}")
            shift += amount * self.directions[ATTRIBUTES.index(name)]
        return shift

    def joined_by(self, latents: Mapping[str, Latents], described: Mapping[str, Described]) -> "LatentRecord":
        """Add performers to whom the same encoder was shown, or put what is known of them in place of what was.

        Args:
            latents: By identity, frames in order of time.
            described: Attributes of the same.
        """
        added = {}
        for identity, rows in latents.items():
            offset = _offset(rows, self._units(described[identity]), self.directions)
            added[identity] = _territory(rows - offset, offset)
        return replace(self, territories={**self.territories, **added})

    def beyond(self, source: str, latents: Latents, described: Described) -> Float64[np.ndarray, " _frames"]:
        """Measure how far frames of one target lie from what a source was trained on.

        Args:
            source: Identity whose training counts.
            latents: Of the target's frames.
            described: Attributes of the same.
        Returns:
            Distance over the source's own reach; above 1 is outside.
        """
        territory = self.territories[source]
        return np.asarray(territory.distance(self.relative(latents, described)) / territory.reach)

    def _units(self, described: Described) -> Described:
        units: Described = (described - self.middle) / self.spread
        return units


def learn_latents(latents: Mapping[str, Latents], described: Mapping[str, Described]) -> LatentRecord:
    """Learn what latents mean from frames of known attributes.

    Args:
        latents: By identity, frames in order of time.
        described: Attributes of the same, from `descriptors`.
    """
    middle = np.mean([rows.mean(axis=0) for rows in described.values()], axis=0)
    within = np.concatenate([rows - rows.mean(axis=0) for rows in described.values()])
    spread = np.maximum(within.std(axis=0), 1e-6)
    units = within / spread
    moved = np.concatenate([rows - rows.mean(axis=0) for rows in latents.values()])
    gram = units.T @ units
    # Of one frame a performer nothing moves: the least ridge then tells that nothing is known.
    ridge = max(_RIDGE * np.trace(gram) / len(gram), 1e-9)
    directions = np.linalg.solve(gram + ridge * np.eye(len(gram)), units.T @ moved)
    territories = {}
    for identity, rows in latents.items():
        offset = _offset(rows, (described[identity] - middle) / spread, directions)
        territories[identity] = _territory(rows - offset, offset)
    return LatentRecord(middle, spread, directions, territories)


def latents_of(comb: Comb, crops: CropSet, batch: int = 16) -> tuple[Latents, Described]:
    """Encode a dataset.

    Args:
        comb: Trained.
        crops: At least the comb's size.
        batch: Crops in one pass.
    Returns:
        Latents, flat, and attributes of each crop.
    """
    seen = crops.at_size(comb.config.size)
    device, rows = next(comb.parameters()).device, []
    with torch.inference_mode():
        for start in range(0, len(seen.images), batch):
            part = torch.from_numpy(seen.images[start : start + batch]).to(device).permute(0, 3, 1, 2).float() / 255
            rows.append(comb.encode(part.contiguous(), comb.config.highest_level).flatten(1).cpu().double().numpy())
    return np.concatenate(rows), descriptors(seen.landmarks)


def attributes_of(landmarks: Sequence[Points]) -> Described:
    """Measure the attributes of faces by their 478 mesh points."""
    return descriptors(np.asarray(landmarks, np.float32))


def _offset(latents: Latents, units: Described, directions: np.ndarray) -> np.ndarray:
    offset: np.ndarray = (latents - units @ directions).mean(axis=0)
    return offset


def _territory(relative: Latents, offset: np.ndarray) -> Territory:
    centre, axes, variances, rest = _shape(relative)
    # Neighbours in time are nearly the same frame: what is held out is a stretch.
    held: list[float] = []
    parts = np.array_split(np.arange(len(relative)), _FOLDS) if len(relative) >= 2 * _FOLDS else []
    for part in parts:
        others = np.delete(relative, part, axis=0)
        c, a, v, r = _shape(others)
        held += _distance(relative[part] - c, a, v, r).tolist()
    own = _distance(relative - centre, axes, variances, rest)
    reach = float(np.quantile(held, QUANTILE)) if held else float(own.max())
    return Territory(offset, centre, axes, variances, rest, max(reach, 1e-6))


def _shape(relative: Latents) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    count = min(AXES, max(1, len(relative) // 4))
    _, axes, variances = principal(relative, count)
    total = float(relative.var(axis=0).sum())
    rest = max(
        (total - float(variances.sum())) / max(1, relative.shape[1] - len(axes)), 1e-3 * total / len(axes), 1e-12
    )
    return relative.mean(axis=0), axes, variances, rest


def _distance(moved: np.ndarray, axes: np.ndarray, variances: np.ndarray, rest: float) -> np.ndarray:
    """Return the root of the mean squared deviation in units of what is usual: the axes' say, and that of all else."""
    along = moved @ axes.T
    left = np.maximum((moved**2).sum(axis=1) - (along**2).sum(axis=1), 0)
    usual = (along**2 / (variances + rest)).sum(axis=1) + left / (rest * max(1, moved.shape[1] - len(axes))) * len(axes)
    distances: np.ndarray = np.sqrt(usual / (2 * len(axes)))
    return distances
