"""Registering a face to its neighbours in time, so that its landmarks go where its skin goes.

A landmark network says where a face is to about a pixel of the crop, independently on every frame: its noise trembles.
The picture itself says how the skin moved between two frames far more exactly, but sums of motions drift. Both
together give paths that neither tremble nor drift nor lag.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float64, UInt8

from pecten.faces import bundle, normalise, points
from pecten.faces.dense import there_and_back
from pecten.faces.follow import Sighting
from pecten.faces.points import FacePoints
from pecten.geometry import similarity as sim
from pecten.geometry.warp import warp
from pecten.types import CANONICAL_SIZE, Affine, ByteImage, Points

_SIZE = 512
"""Side of the crops that are compared, in px."""
_WINDOW = 21
_EVENED_OVER = 25
_CONTRAST, _LEAST_VARIANCE = 40.0, 4.0
_STEP_PX: Float64[np.ndarray, "51"] = np.repeat([0.3, 0.4, 0.4, 0.3, 0.4, 1.2], [10, 4, 5, 12, 12, 8])
_STEP_PX[[19, 22, 25, 28]] = 0.5
"""Expected error of a measured motion at `CANONICAL_SIZE`: brows, bridge and base of the nose, lids (and the eyes'
corners), outer and inner lips, as measured against true motions."""
_LOOSE = (np.array([*range(14, 19), *range(31, 51)]), np.arange(19, 31))
"""The base of the nose with the lips, and the eyes: a window over them sees parts that move apart."""
_BRIDGE, _LOWER_LIP = slice(10, 14), slice(38, 43)
_FALLS_SHORT = 0.05
"""Share of the lower lip's own way up or down that flow misses: it takes after what it leaves behind and uncovers."""
_AGREE_PX = 0.5
"""Distance of a point seen as part of a window and seen by itself at which each is half believed."""
_BENT = 0.03
"""What bending adds to it, as a share of the motion that is not the whole face's."""
_FACING = 0.4
"""Skin that faces the camera less than this (cosine) is seen the worse, down to its silhouette."""
_DEPARTURE_PX = 16.0
"""How far a motion may depart from the network's before it is doubted."""
_LOST_PX = 99.0
_STRETCH, _SHARED = 600, 150
"""Frames that are settled at once, and those that two such stretches share."""


@dataclass(frozen=True, eq=False)
class View:
    """What is kept of a face on one frame to compare the next one with.

    Attributes:
        picture: Grey crop with local brightness and contrast evened out.
        crop_from_plate: To that crop.
        landmarks: The 478 mesh points, in plate px.
        points: The 51 points that the normalisation is fitted on, in plate px.
        facing: Cosine between the skin there and the view.
    """

    picture: UInt8[np.ndarray, "_side _side"]
    crop_from_plate: Affine
    landmarks: Points
    points: Points
    facing: Float64[np.ndarray, "51"]


@dataclass(frozen=True, eq=False)
class Step:
    """How a face moved from one frame to the next.

    Attributes:
        motion: Of each point, in plate px.
        trust: In each motion: the inverse of its variance, 1 / px^2 at `CANONICAL_SIZE`; 0 where it could not be seen.
    """

    motion: Points
    trust: Float64[np.ndarray, "_points"]


def view(image: ByteImage, landmarks: Points, crop_from_plate: Affine, known: FacePoints) -> View:
    """Cut what is compared out of a plate.

    Args:
        image: The plate, display-coded.
        landmarks: The 478 mesh points, in plate px.
        crop_from_plate: The normalisation, to `CANONICAL_SIZE`.
        known: Where the points lie on the mesh.
    """
    to_view = sim.at_size(crop_from_plate, _SIZE)
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    crop = warp(grey, to_view, _SIZE, _SIZE, "linear", "replicate").astype(np.float32)
    facing = known.normals @ normalise.rotation(landmarks)[2]
    return View(_evened(crop), to_view, landmarks, known.locate(landmarks), facing)


def _evened(grey: np.ndarray) -> UInt8[np.ndarray, "_side _side"]:
    """Give every place the same mean and contrast, so that moving light and flicker do not look like motion."""
    size = (_EVENED_OVER, _EVENED_OVER)
    mean = cv2.blur(grey, size)
    variance = np.maximum(cv2.blur(grey * grey, size) - mean * mean, 0)
    even = (grey - mean) * (_CONTRAST / np.sqrt(variance + _LEAST_VARIANCE)) + 128
    return np.asarray(np.clip(np.rint(even), 0, 255), dtype=np.uint8)


def step(before: View, now: View) -> Step:
    """Measure how each point of a face moved, forwards and, as a check, back again.

    Args:
        before: The frame before.
        now: The frame.
    Reference:
        Lucas and Kanade 1981; Kalal, Mikolajczyk and Matas 2010, Forward-Backward Error.
    """
    expected = sim.apply(now.crop_from_plate, now.points)
    picture, squeeze = _carried(before, now)
    mesh = [
        sim.apply(squeeze, sim.apply(before.crop_from_plate, before.landmarks)),
        sim.apply(now.crop_from_plate, now.landmarks),
    ]
    start = sim.apply(squeeze, sim.apply(before.crop_from_plate, before.points))
    arrived, seen = _flow(picture, now.picture, start, expected)
    returned, seen_back = _flow(now.picture, picture, arrived, start)
    to_canonical = CANONICAL_SIZE / _SIZE
    for part in _LOOSE:
        dense, dense_back = there_and_back(picture, now.picture, start[part], expected[part], *mesh)
        # Where a window and its parts agree, the window says it the more exactly.
        apart = np.linalg.norm(dense - arrived[part], axis=1, keepdims=True) * to_canonical
        share = 1 / (1 + (_AGREE_PX / np.maximum(apart, 1e-9)) ** 2)
        arrived[part] += share * (dense - arrived[part])
        returned[part] += share * (dense_back - returned[part])
    opening = arrived - start - (arrived - start)[_BRIDGE].mean(axis=0)
    arrived[_LOWER_LIP, 1] += _FALLS_SHORT * opening[_LOWER_LIP, 1]
    round_trip = np.linalg.norm(returned - start, axis=1) * to_canonical
    departure = np.linalg.norm(arrived - expected, axis=1) * to_canonical
    bent = np.linalg.norm(expected - start, axis=1) * to_canonical
    variance = _STEP_PX**2 + (round_trip / 2) ** 2 + (_BENT * bent) ** 2
    facing = np.clip(np.minimum(before.facing, now.facing) / _FACING, 0, 1)
    trust = facing**2 / variance / (1 + (departure / _DEPARTURE_PX) ** 2) ** 2
    trust[~(seen & seen_back) | (round_trip > _LOST_PX)] = 0.0
    return Step(sim.apply(sim.invert(now.crop_from_plate), arrived) - before.points, trust)


def _carried(before: View, now: View) -> tuple[np.ndarray, Affine]:
    """Squeeze a view as the mesh says that the face turned, so that what is left is small; say how."""
    was, here = sim.apply(before.crop_from_plate, before.landmarks), sim.apply(now.crop_from_plate, now.landmarks)
    squeeze = np.linalg.lstsq(np.column_stack([was, np.ones(len(was))]), here, rcond=None)[0].T
    picture = cv2.warpAffine(before.picture, squeeze, (_SIZE, _SIZE), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(picture, dtype=np.uint8), np.asarray(squeeze)


def _flow(first: np.ndarray, second: np.ndarray, start: Points, guess: Points) -> tuple[Points, np.ndarray]:
    found, seen, _ = cv2.calcOpticalFlowPyrLK(
        first,
        second,
        start.astype(np.float32).reshape(-1, 1, 2),
        guess.astype(np.float32).reshape(-1, 1, 2),
        winSize=(_WINDOW, _WINDOW),
        maxLevel=0,
        criteria=(cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 30, 0.001),
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    return np.asarray(found[:, 0], dtype=np.float64), np.asarray(seen[:, 0] == 1)


class Registrar:
    """Measures the motion of every face while a clip is read; settles the normalisation when it is known whole.

    Args:
        known: Where the points lie on the mesh, and how faces move.
    """

    def __init__(self, known: FacePoints) -> None:
        self._known = known
        self._last_index = -1
        self._last: dict[int, View] = {}
        self._steps: dict[tuple[int, int], Step] = {}

    def see(self, index: int, image: ByteImage, sightings: Iterable[Sighting]) -> None:
        """Note the faces of the next frame.

        Args:
            index: Of the frame.
            image: The plate, display-coded.
            sightings: Its faces.
        """
        views = {one.track: view(image, one.landmarks, one.crop_from_plate, self._known) for one in sightings}
        for track, now in views.items():
            if track in self._last and self._last_index == index - 1:
                self._steps[track, index] = step(self._last[track], now)
        self._last, self._last_index = views, index

    def normalisation(self, track: int, first: int, landmarks: Sequence[Points]) -> list[Affine]:
        """Return the normalisation of consecutive frames of a track.

        Args:
            track: Whose face it is.
            first: Index of the first frame.
            landmarks: The 478 mesh points of each frame, in plate px.
        """
        unseen = Step(np.zeros((51, 2)), np.zeros(51))
        steps = [self._steps.get((track, first + 1 + i), unseen) for i in range(len(landmarks) - 1)]
        return [points.fit(one) for one in paths(landmarks, steps, self._known)]


def paths(landmarks: Sequence[Points], steps: Sequence[Step], known: FacePoints) -> bundle.Paths:
    """Settle the 51 points of consecutive frames, in plate px.

    Args:
        landmarks: The 478 mesh points of each frame, in plate px.
        steps: From each frame to the next.
        known: Where the points lie on the mesh, and how faces move.
    """
    places = np.stack([known.locate(one) for one in landmarks])
    if len(places) <= _STRETCH:
        return _stretch(places, landmarks, steps, known)
    # Long shots in stretches that share frames, blended over those: memory and time stay in bounds.
    found, weight = np.zeros_like(places), np.zeros((len(places), 1, 1))
    for start in range(0, len(places) - _SHARED, _STRETCH - _SHARED):
        span = slice(start, min(start + _STRETCH, len(places)))
        part = _stretch(places[span], landmarks[span], steps[start : span.stop - 1], known)
        ends = np.minimum(np.arange(1, len(part) + 1), np.arange(len(part), 0, -1))
        share = np.minimum(ends, _SHARED)[:, None, None].astype(np.float64)
        found[span] += share * part
        weight[span] += share
    return np.asarray(found / weight)


def _stretch(
    places: bundle.Paths, landmarks: Sequence[Points], steps: Sequence[Step], known: FacePoints
) -> bundle.Paths:
    if not any(one.trust.any() for one in steps):
        return places
    fits = [points.fit(one) for one in places]
    scales = np.array([sim.scale_of(one) for one in fits])
    rolls = np.stack([one[:, :2].T / scale for one, scale in zip(fits, scales, strict=True)])
    turns = np.stack([normalise.rotation(one) for one in landmarks])
    scale = float(scales.mean())
    motions, trusts = np.stack([one.motion for one in steps]), np.stack([one.trust for one in steps])
    stiff = bundle.stiffness(known, places * scale, turns, rolls)
    return bundle.settle(places * scale, motions * scale, trusts, stiff) / scale
