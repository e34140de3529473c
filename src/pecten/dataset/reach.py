"""What a performer's crops show, so that a swap can say where it asks for more."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from pecten.dataset.sampling import descriptors
from pecten.faces.normalise import pose
from pecten.types import Points

_MARGINS = {"yaw_rad": np.radians(5), "pitch_rad": np.radians(5), "mouth": 0.06}
_COMMON = (1.0, 99.0)
"""Percentiles: a single odd frame teaches nothing."""


@dataclass(frozen=True)
class Reach:
    """The least and most that a performer was seen to do.

    Attributes:
        yaw_rad: Turn of the head, positive towards the picture's right.
        pitch_rad: Positive down.
        mouth: Opening, over the distance of the eyes' outer corners.
    """

    yaw_rad: tuple[float, float]
    pitch_rad: tuple[float, float]
    mouth: tuple[float, float]

    def to_dict(self) -> dict[str, list[float]]:
        """Return a JSON-ready record."""
        return {name: [round(value, 4) for value in pair] for name, pair in asdict(self).items()}

    @staticmethod
    def from_dict(record: Mapping[str, Any]) -> "Reach":
        """Read what `to_dict` wrote."""
        pairs = {name: (float(record[name][0]), float(record[name][1])) for name in _MARGINS}
        return Reach(**pairs)


def reach_of(landmarks: Sequence[Points]) -> Reach:
    """Measure what some faces show.

    Args:
        landmarks: The 478 mesh points of each, in px; at least one.
    """
    least, most = np.percentile(_measured(landmarks), _COMMON, axis=0).tolist()
    return Reach(*((low, high) for low, high in zip(least, most, strict=True)))


def beyond(reach: Reach, landmarks: Sequence[Points]) -> list[tuple[str, int]]:
    """Count faces that do clearly more than a performer was seen to do.

    Args:
        reach: Of the source.
        landmarks: Of the target's faces.
    Returns:
        What they do, and how many; the most frequent first, nothing where none do.
    """
    if not len(landmarks):
        return []
    measured = _measured(landmarks)
    counts: list[tuple[str, int]] = []
    for (name, margin), column in zip(_MARGINS.items(), measured.T, strict=True):
        low, high = getattr(reach, name)
        if name == "mouth":
            counts.append(("open the mouth wider", int((column > high + margin).sum())))
            continue
        further = int(((column < low - margin) | (column > high + margin)).sum())
        across = f"{np.degrees(low):.0f} to {np.degrees(high):.0f} degrees"
        words = "turn" if name == "yaw_rad" else "look up or down"
        counts.append((f"{words} further ({across})", further))
    return sorted((one for one in counts if one[1]), key=lambda one: -one[1])


def _measured(landmarks: Sequence[Points]) -> Float64[np.ndarray, "faces 3"]:
    poses = [pose(points) for points in landmarks]
    opening = descriptors(np.asarray(landmarks, np.float32))[:, 2]
    return np.column_stack([[p.yaw_rad for p in poses], [p.pitch_rad for p in poses], opening])
