"""Frames of a plate that show what the source was not trained on, told by the comb's latents."""

import numpy as np

from pecten.comb.latent import LatentRecord, attributes_of
from pecten.faces.spans import spans
from pecten.shot.options import Swapped

_LEAST_FRAMES = 5
"""Fewer say nothing of what the target is like."""


class Outside:
    """An observer of `render` that keeps the plate's latents.

    Args:
        source: Whose training counts.
        latents: What is known of the comb's latents; None knows nothing and says nothing.
    """

    def __init__(self, source: str, latents: LatentRecord | None) -> None:
        self._source, self._record = source, latents
        self._seen = list[tuple[int, np.ndarray, np.ndarray]]()

    def __call__(self, swapped: Swapped) -> None:
        """Keep one frame."""
        if swapped.face is not None and swapped.latent is not None:
            self._seen.append((swapped.frame.number, swapped.latent, swapped.face.landmarks))

    def frames(self) -> list[tuple[int, float]]:
        """Return the number of each frame that lies outside, and its distance over the source's own reach."""
        known = self._record is not None and self._source in self._record.territories
        if self._record is None or not known or len(self._seen) < _LEAST_FRAMES:
            return []
        latents = np.stack([latent for _, latent, _ in self._seen]).astype(np.float64)
        described = attributes_of([landmarks for _, _, landmarks in self._seen])
        ratios = self._record.beyond(self._source, latents, described)
        return [(number, float(ratio)) for (number, _, _), ratio in zip(self._seen, ratios, strict=True) if ratio > 1]

    def told(self) -> list[str]:
        """Say which frames lie outside; nothing where none do."""
        found = self.frames()
        if not found:
            return []
        numbers = spans(number for number, _ in found)
        return [
            f"WARNING: {len(found)} of {len(self._seen)} faces show what {self._source} was not trained on "
            f"(frames {numbers}): look at them"
        ]
