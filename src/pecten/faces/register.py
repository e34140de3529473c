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

from pecten.faces import normalise
from pecten.faces.follow import Sighting
from pecten.geometry import similarity as sim
from pecten.geometry.warp import warp
from pecten.types import CANONICAL_SIZE, Affine, ByteImage, Points

_SIZE = 512
"""Side of the crops that are compared, in px."""
_WINDOW = 21
_EVENED_OVER = 25
_CONTRAST, _LEAST_VARIANCE = 40.0, 4.0
_STEP_PX = 0.3
"""Expected error of a measured motion at `CANONICAL_SIZE`."""
_PLACE_PX = 6.0
"""Expected error of the network's landmarks, most of it slow."""
_DEPARTURE_PX = 16.0
"""How far a motion may depart from the network's before it is doubted."""
_LOST_PX = 99.0

Paths = Float64[np.ndarray, "_frames _points 2"]


@dataclass(frozen=True, eq=False)
class View:
    """What is kept of a face on one frame to compare the next one with.

    Attributes:
        picture: Grey crop with local brightness and contrast evened out.
        crop_from_plate: To that crop.
        points: The landmarks that the normalisation is fitted on, in plate px.
    """

    picture: UInt8[np.ndarray, "_side _side"]
    crop_from_plate: Affine
    points: Points


@dataclass(frozen=True, eq=False)
class Step:
    """How a face moved from one frame to the next.

    Attributes:
        motion: Of each point, in plate px.
        trust: In each motion: the inverse of its variance, 1 / px^2 at `CANONICAL_SIZE`; 0 where it could not be seen.
    """

    motion: Points
    trust: Float64[np.ndarray, "_points"]


def view(image: ByteImage, landmarks: Points, crop_from_plate: Affine) -> View:
    """Cut what is compared out of a plate.

    Args:
        image: The plate, display-coded.
        landmarks: The 478 mesh points, in plate px.
        crop_from_plate: The normalisation, to `CANONICAL_SIZE`.
    """
    to_view = sim.at_size(crop_from_plate, _SIZE)
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    crop = warp(grey, to_view, _SIZE, _SIZE, "linear", "replicate").astype(np.float32)
    return View(_evened(crop), to_view, landmarks[normalise.FIT_POINTS])


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
    picture, start = _carried(before, expected)
    arrived, seen = _flow(picture, now.picture, start, expected)
    returned, seen_back = _flow(now.picture, picture, arrived, start)
    to_canonical = CANONICAL_SIZE / _SIZE
    there_and_back = np.linalg.norm(returned - start, axis=1) * to_canonical
    departure = np.linalg.norm(arrived - expected, axis=1) * to_canonical
    trust = 1 / (_STEP_PX**2 + (there_and_back / 2) ** 2) / (1 + (departure / _DEPARTURE_PX) ** 2) ** 2
    trust[~(seen & seen_back) | (there_and_back > _LOST_PX)] = 0.0
    return Step(sim.apply(sim.invert(now.crop_from_plate), arrived) - before.points, trust)


def _carried(before: View, expected: Points) -> tuple[np.ndarray, Points]:
    """Squeeze a view and its points as the landmarks say that the face turned, so that what is left is small."""
    start = np.column_stack([sim.apply(before.crop_from_plate, before.points), np.ones(len(expected))])
    squeeze = np.linalg.lstsq(start, expected, rcond=None)[0].T
    picture = cv2.warpAffine(before.picture, squeeze, (_SIZE, _SIZE), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(picture, dtype=np.uint8), np.asarray(start @ squeeze.T, dtype=np.float64)


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


def settle(places: Paths, steps: Sequence[Step]) -> Paths:
    """Find the paths that agree best with where the points were seen and with how they were seen to move.

    Args:
        places: Where the network saw each point on each frame, in plate px.
        steps: From each frame to the next.
    Returns:
        For each point the least-squares path, all frames at once: no delay, and no memory across the ends.
    """
    if len(places) < 2:
        return places.copy()
    hold = 1 / _PLACE_PX**2
    link = np.stack([one.trust for one in steps])
    pull = link[..., None] * np.stack([one.motion for one in steps])
    own = np.full(places.shape[:2], hold)
    own[:-1] += link
    own[1:] += link
    wanted = hold * places
    wanted[:-1] -= pull
    wanted[1:] += pull
    # The normal equations are tridiagonal, one system a point: eliminated forwards, substituted back.
    for t in range(1, len(places)):
        ratio = link[t - 1] / own[t - 1]
        own[t] -= ratio * link[t - 1]
        wanted[t] += ratio[:, None] * wanted[t - 1]
    wanted[-1] /= own[-1][:, None]
    for t in range(len(places) - 2, -1, -1):
        wanted[t] = (wanted[t] + link[t][:, None] * wanted[t + 1]) / own[t][:, None]
    return wanted


class Registrar:
    """Measures the motion of every face while a clip is read; settles the normalisation when it is known whole."""

    def __init__(self) -> None:
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
        views = {one.track: view(image, one.landmarks, one.crop_from_plate) for one in sightings}
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
        places = np.stack([one[normalise.FIT_POINTS] for one in landmarks])
        unseen = Step(np.zeros_like(places[0]), np.zeros(len(places[0])))
        steps = [self._steps.get((track, first + 1 + i), unseen) for i in range(len(landmarks) - 1)]
        return [normalise.fit(points) for points in settle(places, steps)]
