"""A face put on by a morphable model: fitted to both performers, the source's skin drawn on the target's shape."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from jaxtyping import Float64, UInt8

from pecten.baselines.model import Budget, Crops
from pecten.baselines.morphable import Fit, Morphable, fit_mesh, load
from pecten.baselines.skin import Skin, drawn, skin_of
from pecten.dataset.crops import CropSet
from pecten.errors import ShapeError, UsageError
from pecten.faces.landmarks import FaceMesh
from pecten.faces.mesh import LEFT_IRIS, RIGHT_IRIS
from pecten.faces.occlusion import Occlusion
from pecten.faces.stabilise import perturbed, roi_of_normalisation, trimmed_mean
from pecten.geometry import similarity as sim
from pecten.types import CANONICAL_SIZE, Progress, silent

KEPT = 160
"""Frames of each performer that skin may come from."""
_LOOKS = 4
"""More looks at each of the target's frames, from slightly different places."""
_TURN_CM = 5.0
"""What a radian of turn counts for in choosing a frame, against a move of the features by so much."""
_GAZE_CM = 1.0
"""What an eye's width counts for."""
_SAY = np.repeat([0.5, 0.5, 2.0, 1.5], [10, 9, 12, 20])[:, None]
"""Of brows, nose, lids and lips."""
_SWITCH_CM2 = 0.02
"""What going over to another frame must save."""
_TONE_CM2 = 4.0
"""What going over costs where the frames differ in tone by the whole range."""
_UNUSUAL_CM2 = 8.0
"""What a frame costs whose tone departs by the whole range from the source's usual one: dramatic light is not skin."""
_FADE = np.array([1.0, 2.0, 1.0])
"""Shares of the frames chosen around a moment: one fades into the other."""


@dataclass(frozen=True, eq=False)
class _Performer:
    """What is kept of someone to be drawn on others."""

    images: UInt8[np.ndarray, "_frames _size _size 3"]
    fit: Fit
    looks: Float64[np.ndarray, "_frames _features"]
    tones: Float64[np.ndarray, "_frames 12"]


@final
class Nirkin:
    """Face swapping with a morphable model under the rules of `SwapModel`; nothing is learnt, frames are fitted.

    The published method takes one picture of the source. Here each frame of the target takes the source's frame that
    is nearest in turn, expression and gaze, with few changes over time, which are faded.

    Args:
        size: Side of the crops in px.
        shape: Whose identity the drawn shape has: the "target", as published, or the "source".
        threads: Of the networks that find landmarks and what covers the face.
    Raises:
        UsageError: for another shape.
    Reference:
        Nirkin et al. 2018, On Face Segmentation, Face Swapping, and Face Perception, section 3.
    """

    def __init__(self, size: int, shape: str = "target", threads: int = 1) -> None:
        if shape not in ("target", "source"):
            raise UsageError(f"shape of the {shape}: choose target or source")
        self.name, self.size = f"nirkin {size}" + (", source's shape" if shape == "source" else ""), size
        self._shape, self._model = shape, load()
        self._mesh, self._occlusion = FaceMesh(threads), Occlusion(threads)
        self._people: dict[str, _Performer] = {}

    def teach(self, people: Mapping[str, CropSet], budget: Budget, progress: Progress = silent) -> int:
        """Fit evenly chosen frames of each performer, however large the budget; see `SwapModel.teach`."""
        seen = 0
        for done, (identity, crops) in enumerate(people.items(), 1):
            chosen = np.unique(np.linspace(0, len(crops.images) - 1, KEPT).round().astype(int))
            taken = crops.at_size(self.size)
            images, landmarks = taken.images[chosen], taken.landmarks[chosen].astype(np.float64)
            fit = fit_mesh(self._model, landmarks)
            looks, tones = _looks(self._model, fit, landmarks), _tones(images, taken.mattes[chosen])
            self._people[identity] = _Performer(images, fit, looks, tones)
            seen += len(chosen)
            progress(self.name, done, len(people))
        return seen

    def show(self, crops: Crops, source: str) -> Crops:
        """Draw the source's skin on a target's crops; see `SwapModel.show`.

        Beyond the drawn skin, before what covers the face, and in openings that the source never shows (a mouth that
        stays closed) the target stays.
        """
        if crops.shape[1] != self.size:
            raise ShapeError(f"crops of {crops.shape[1]} px for {self.name} of {self.size} px: cut them at that size")
        if source not in self._people:
            known = ", ".join(self._people) or "nobody yet"
            raise UsageError(f"{self.name} was not taught {source}: it knows {known}")
        if not len(crops):
            return crops.copy()
        person = self._people[source]
        landmarks = self._landmarks(crops)
        fit = fit_mesh(self._model, landmarks)
        apart = _apart(_looks(self._model, fit, landmarks), person.looks)
        shares = _faded(_chosen(apart, person.tones), len(person.images))
        worn = fit if self._shape == "target" else replace(fit, identity=person.fit.identity)
        posed = self._model.in_px(worn)
        skins: dict[int, Skin] = {}
        shown = np.empty_like(crops)
        for k, crop in enumerate(crops):
            used = {int(i): float(shares[k, i]) for i in np.flatnonzero(shares[k])}
            # Only the skins of neighbours in time are worth their memory.
            skins = {i: skins[i] if i in skins else self._skin(person, i) for i in used}
            visible = self._occlusion.visible(crop[None].clip(0, 1))[0]
            shown[k] = drawn(crop, visible, posed[k], self._model, [(skins[i], share) for i, share in used.items()])
        return shown

    def _landmarks(self, crops: Crops) -> Float64[np.ndarray, "_frames 478 2"]:
        rois = perturbed(roi_of_normalisation(sim.resize(self.size, CANONICAL_SIZE)), _LOOKS)
        found = []
        for crop in crops:
            codes = np.rint(np.clip(crop, 0, 1) * 255).astype(np.uint8)
            found.append(trimmed_mean(self._mesh.locate(codes, rois)[0]))
        return np.stack(found)

    def _skin(self, person: _Performer, frame: int) -> Skin:
        picture = person.images[frame].astype(np.float32) / np.float32(255)
        posed = self._model.in_px(person.fit.take(slice(frame, frame + 1)))[0]
        return skin_of(picture, self._occlusion.visible(picture[None])[0], posed, self._model)


def _looks(model: Morphable, fit: Fit, landmarks: np.ndarray) -> Float64[np.ndarray, "_frames _features"]:
    """Describe turn, expression and gaze, in cm."""
    features = model.landmarks_68[17:]
    moved = np.tensordot(fit.expression, model.expression[:, features] * _SAY, 1) / np.sqrt(len(features))
    gaze = []
    for iris, (one, other) in ((RIGHT_IRIS, (33, 133)), (LEFT_IRIS, (362, 263))):
        wide = np.linalg.norm(landmarks[:, one] - landmarks[:, other], axis=1, keepdims=True)
        middle = (landmarks[:, one] + landmarks[:, other]) / 2
        gaze.append((landmarks[:, list(iris)].mean(axis=1) - middle) / wide * _GAZE_CM)
    return np.concatenate([moved.reshape(len(fit), -1), fit.rotation[:, 2] * _TURN_CM, *gaze], axis=1)


def _tones(
    images: UInt8[np.ndarray, "_frames _size _size 3"], mattes: UInt8[np.ndarray, "_frames _size _size"]
) -> Float64[np.ndarray, "_frames 12"]:
    """Average each quarter of the faces, halved, so that a square distance is the quarters' mean."""
    halves = (slice(images.shape[1] // 2), slice(images.shape[1] // 2, None))
    tones = np.empty((len(images), 4, 3))
    for tone, image, matte in zip(tones, images, mattes.astype(np.float32), strict=True):
        for k, part in enumerate((rows, columns) for rows in halves for columns in halves):
            tone[k] = (image[part] * matte[part][..., None]).sum(axis=(0, 1)) / max(float(matte[part].sum()), 1.0)
    return tones.reshape(len(images), 12) / 255 / 2


def _apart(looks: np.ndarray, others: np.ndarray) -> Float64[np.ndarray, "_frames _others"]:
    """Square distances between two lists of looks."""
    squares = (looks**2).sum(axis=1)[:, None] - 2 * looks @ others.T + (others**2).sum(axis=1)
    distances: np.ndarray = np.maximum(squares, 0)
    return distances


def _chosen(apart: np.ndarray, tones: np.ndarray) -> np.ndarray:
    """Choose a frame for each moment so that distances, odd light and changes cost least in all (Viterbi)."""
    odd = _UNUSUAL_CM2 * _apart(np.median(tones, axis=0, keepdims=True), tones)[0]
    change = _SWITCH_CM2 * (1 - np.eye(len(tones))) + _TONE_CM2 * _apart(tones, tones)
    cost, came = apart[0] + odd, np.zeros(apart.shape, np.int64)
    for t in range(1, len(apart)):
        ways = cost[:, None] + change
        came[t] = ways.argmin(axis=0)
        cost = ways.min(axis=0) + apart[t] + odd
    path = [int(cost.argmin())]
    for t in range(len(apart) - 1, 0, -1):
        path.append(int(came[t, path[-1]]))
    return np.array(path[::-1])


def _faded(path: np.ndarray, count: int) -> Float64[np.ndarray, "_frames _count"]:
    """Return each frame's share at each moment."""
    half = len(_FADE) // 2
    shares = np.zeros((len(path), count))
    for step, share in enumerate(_FADE, -half):
        moments = np.clip(np.arange(len(path)) + step, 0, len(path) - 1)
        np.add.at(shares, (np.arange(len(path)), path[moments]), share)
    shares /= _FADE.sum()
    return shares
