"""What a comb makes of the truth clips, in figures: every performer put on every other, none of it trained on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import torch

from ablation.truth import SIDE, Takes
from pecten.comb.model import Comb
from pecten.faces.landmarks import FaceMesh
from pecten.faces.stabilise import roi_of_normalisation
from pecten.geometry import pyramid, similarity
from pecten.metrics import expression, identity, image
from pecten.swap.infer import swap_crops

IDENTITY_EVERY = 6
"""Of the frames that are measured."""

BANDS = 3
"""Of detail, finest first: about 1 to 2, 2 to 4 and 4 to 8 px of the comb's own picture."""


@dataclass(frozen=True)
class Judges:
    """The networks that look at results; neither had a part in training."""

    recogniser: identity.Embedder
    mesh: FaceMesh
    known: dict[int, np.ndarray] = field(default_factory=dict)
    """Mean embeddings of takes, by their `id`."""

    def person(self, takes: Takes) -> np.ndarray:
        """Return the mean embedding of a take."""
        if id(takes) not in self.known:
            self.known[id(takes)] = identity.mean_embedding(self.embed(takes.crops[::IDENTITY_EVERY], takes))
        return self.known[id(takes)]

    def embed(self, pictures: np.ndarray, takes: Takes) -> np.ndarray:
        """Describe every n-th face of a take, or others that lie as those do."""
        places = takes.landmarks[::IDENTITY_EVERY][:, list(identity.MESH_POINTS)].astype(np.float64)
        return np.stack([self.recogniser.embed(one, at) for one, at in zip(pictures, places, strict=True)])


def measure(comb: Comb, takes: Mapping[tuple[str, str], Takes], judges: Judges) -> dict[str, dict[str, float]]:
    """Measure every pair of a comb's identities in every shot.

    Args:
        comb: Trained.
        takes: By (performer, shot).
        judges: Networks.
    Returns:
        Figures by "source<target shot"; "source<source" is reconstruction of unseen frames.
    """
    return {
        f"{source}<{target} {shot}": _pair(comb, source, takes[source, shot], takes[target, shot], judges)
        for (target, shot) in takes
        for source in comb.config.identities
        if target in comb.config.identities
    }


def decode(comb: Comb, source: str, plates: Takes) -> np.ndarray:
    """Return the source's decoder on a take's crops, at the comb's size."""
    return swap_crops(comb, source, plates.pictures(comb.config.size))


def _pair(comb: Comb, source: str, answer: Takes, plates: Takes, judges: Judges) -> dict[str, float]:
    if not np.array_equal(answer.frames, plates.frames):
        raise SystemExit(f"{source}: frames of the two takes differ")
    size = comb.config.size
    faces, truth, mattes, features = decode(comb, source, plates), answer.pictures(size), *_regions(answer, size)
    row = {
        "psnr": _mean(image.psnr(*each) for each in zip(faces, truth, mattes, strict=True)),
        "ssim": _mean(image.ssim(*each) for each in zip(faces, truth, mattes, strict=True)),
        "feature_ssim": _mean(image.ssim(*each) for each in zip(faces, truth, features, strict=True)),
        "light": _mean(
            image.low_frequency_error(*each, 20 * size / 512) for each in zip(faces, truth, mattes, strict=True)
        ),
    }
    row |= _detail(faces, truth, mattes)
    if comb.config.matte:
        row |= _mattes(comb, source, plates, mattes)
    # The recogniser and the mesh need a whole head: outside the matte it is the plate's.
    shown = plates.pictures(size) * (1 - mattes[..., None]) + faces * mattes[..., None]
    row |= _expression(shown, answer, judges.mesh)
    return row | _identity(shown, answer, plates, judges)


def _regions(takes: Takes, size: int) -> tuple[np.ndarray, np.ndarray]:
    return takes.mattes(size), takes.features(size)


def _mattes(comb: Comb, source: str, plates: Takes, mattes: np.ndarray) -> dict[str, float]:
    """Return how well the matte that the decoder tells covers the answer's, and how well the plate's own does."""
    level = comb.config.highest_level
    pictures = torch.from_numpy(plates.pictures(comb.config.size)).permute(0, 3, 1, 2).contiguous()
    with torch.inference_mode():
        told = comb.decode_with_matte(comb.encode(pictures, level), source, level)[1][:, 0].numpy() > 0
    own = plates.mattes(comb.config.size) > 0.5
    answer = mattes > 0.5
    return {name: float((one & answer).sum() / (one | answer).sum()) for name, one in (("told", told), ("own", own))}


def _detail(faces: np.ndarray, truth: np.ndarray, mattes: np.ndarray) -> dict[str, float]:
    """Return each band's energy as a share of the truth's, and its correlation with the truth's."""
    own, true, both = np.zeros(BANDS), np.zeros(BANDS), np.zeros(BANDS)
    for face, other, matte in zip(faces, truth, mattes, strict=True):
        pairs = zip(pyramid.split(face, BANDS + 1), pyramid.split(other, BANDS + 1), strict=True)
        for k, ((a, b), weight) in enumerate(zip(list(pairs)[:-1], pyramid.gaussian(matte, BANDS), strict=True)):
            own[k] += float((a * a * weight[..., None]).sum())
            true[k] += float((b * b * weight[..., None]).sum())
            both[k] += float((a * b * weight[..., None]).sum())
    figures = {f"energy_{k}": float(own[k] / true[k]) for k in range(BANDS)}
    return figures | {f"likeness_{k}": float(both[k] / np.sqrt(own[k] * true[k])) for k in range(BANDS)}


def _expression(shown: np.ndarray, answer: Takes, mesh: FaceMesh) -> dict[str, float]:
    found = np.stack(
        [mesh.locate(large, [roi_of_normalisation(_to_canonical(SIDE))])[0][0] for large in _enlarged(shown)]
    )
    apart = {}
    for name, pairs in (("mouth", expression.MESH.mouth), ("eyes", expression.MESH.right_eye)):
        curves = [expression.opening(track, pairs) for track in (found, answer.landmarks.astype(np.float64))]
        apart[f"{name}_error"] = float(np.abs(curves[0] - curves[1]).mean())
    return apart


def _identity(shown: np.ndarray, answer: Takes, plates: Takes, judges: Judges) -> dict[str, float]:
    faces = judges.embed(_enlarged(shown[::IDENTITY_EVERY]), answer)
    return {
        name: _mean(identity.distance(face, judges.person(takes)) for face in faces)
        for name, takes in (("to_source", answer), ("to_target", plates))
    }


def _enlarged(pictures: np.ndarray) -> np.ndarray:
    large = [cv2.resize(one, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for one in pictures]
    return np.rint(np.clip(np.stack(large), 0, 1) * 255).astype(np.uint8)


def _to_canonical(size: int) -> np.ndarray:
    return similarity.invert(similarity.at_size(np.eye(2, 3), size))


def _mean(values: Any) -> float:
    return float(np.mean(list(values)))
