"""What a landmark network and a recogniser see in pictures of faces, kept beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from pecten.benchmark.swap_cache import Cache, key_of, read_pictures
from pecten.faces.landmarks import FaceMesh
from pecten.faces.mean import MEAN_MESH
from pecten.faces.mesh import MESH_POINTS
from pecten.faces.stabilise import roi_of_normalisation
from pecten.geometry import similarity
from pecten.metrics.blendshapes import NAMES, Blendshapes
from pecten.metrics.identity import MESH_POINTS as CHIP_POINTS
from pecten.metrics.identity import Embedder
from pecten.types import CANONICAL_SIZE

IDENTITY_EVERY = 4
"""Frames of which one is shown to the recogniser: neighbours look alike."""

_LEAST_PRESENCE = 0.5


@dataclass(frozen=True, eq=False)
class Looked:
    """What was seen; rows of NaN where nothing was, or was not asked.

    Attributes:
        landmarks: Of every picture, px in it.
        embeddings: Of one picture in `IDENTITY_EVERY`; where no face is seen, of the place where it would be.
        weights: Blendshapes of every picture.
    """

    landmarks: Float64[np.ndarray, "_frames 478 2"]
    embeddings: Float64[np.ndarray, "_frames 128"]
    weights: Float64[np.ndarray, "_frames 52"]


class Looker:
    """The networks, loaded when they are first needed.

    Args:
        cache: Keeps what they saw.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._mesh: FaceMesh | None = None
        self._embedder: Embedder | None = None
        self._shapes: Blendshapes | None = None

    def look(self, folder: Path, frames: Sequence[int]) -> Looked:
        """Look at a folder of normalised crops.

        Args:
            folder: In the cache.
            frames: Which pictures.
        """
        key = key_of("look", self._cache.relative(folder), list(frames))
        kept = self._cache.made("looks", key, lambda beside: self._look(folder, frames, beside))
        with np.load(kept / "look.npz", allow_pickle=False) as arrays:
            return Looked(arrays["landmarks"], arrays["embeddings"], arrays["weights"])

    def _look(self, folder: Path, frames: Sequence[int], beside: Path) -> None:
        self._mesh = self._mesh or FaceMesh()
        self._embedder = self._embedder or Embedder()
        self._shapes = self._shapes or Blendshapes()
        landmarks = np.full((len(frames), MESH_POINTS, 2), np.nan)
        embeddings = np.full((len(frames), 128), np.nan)
        for row, picture in enumerate(read_pictures(folder, frames)):
            roi = roi_of_normalisation(similarity.resize(len(picture), CANONICAL_SIZE))
            found, presence = self._mesh.locate(picture, [roi])
            seen = presence[0] >= _LEAST_PRESENCE
            if seen:
                landmarks[row] = found[0]
            if row % IDENTITY_EVERY == 0:
                # What shows no face is no way out: it is looked at where a face would be.
                mesh = found[0] if seen else MEAN_MESH[:, :2] * (len(picture) / CANONICAL_SIZE)
                embeddings[row] = self._embedder.embed(picture, mesh[list(CHIP_POINTS)])
        with_face = ~np.isnan(landmarks).any(axis=(1, 2))
        weights = np.full((len(frames), len(NAMES)), np.nan)
        weights[with_face] = self._shapes.read(landmarks[with_face])
        np.savez(beside / "look.npz", landmarks=landmarks, embeddings=embeddings, weights=weights)
