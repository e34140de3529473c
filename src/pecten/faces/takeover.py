"""Whether a face that is followed has become somebody else's: a cut that the picture as a whole does not tell."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np

from pecten.faces.appearance import points_in_crop
from pecten.faces.follow import Sighting
from pecten.faces.track import pattern
from pecten.metrics.identity import Embedder, Embedding, chip, distance
from pecten.types import ByteImage, Points

FRAMES = 4
"""Frames on either side of a suspected cut whose faces are compared: a flash or a hand does not last so long, or comes
and goes by degrees, so that some frame before it looks like some frame after it."""

_CHIP_PX = 25

Shown = tuple[Sighting, ByteImage]
"""A face on a frame, and its crop as `quality.small_crop` cuts it."""


@dataclass(eq=False)
class _Look:
    """A face on one frame, and what the recogniser says of it once it has been asked."""

    shown: Shown
    points: Points
    pattern: np.ndarray
    embedding: Embedding | None = None


class TakeoverFinder:
    """Tells from one frame to the next whether a track shows another person; give it every frame in order.

    People framed alike before one background may be cut together without the picture changing enough to say so. The
    recogniser is slow, so it only looks where a face's aligned picture changed. It is not believed where something
    stands before the face.

    Measured: within a clip the nearest two of the four frames before and the four after any cut that one might suspect
    are at most 0.27 apart, and neighbours' aligned pictures at least 0.63 alike (a head that turns fast); between two
    people, framed and lit alike, those are at least 0.43 apart (99 % over 0.45), and at most 0.85 alike.

    Args:
        embedder: The recogniser.
        covered: Tells the share of a face that something in front covers.
        most_alike: Correlation of a face's two aligned pictures under which the recogniser is asked.
        farthest: Distance over which two pictures are of two people.
        most_covered: Share of a face over which the recogniser is not asked.
    """

    def __init__(
        self,
        embedder: Embedder,
        covered: Callable[[Sighting, ByteImage], float],
        most_alike: float = 0.9,
        farthest: float = 0.45,
        most_covered: float = 0.2,
    ) -> None:
        self._embedder = embedder
        self._covered = covered
        self._most_alike = most_alike
        self._farthest = farthest
        self._most_covered = most_covered
        self._before: dict[int, list[_Look]] = {}

    def is_takeover(self, faces: Sequence[Shown], later: Callable[[Sighting], Iterable[Shown]]) -> bool:
        """Say whether any face of this frame is somebody else's than the frame before had under its number.

        Args:
            faces: Of the frame; none where it has none.
            later: Finds a face on the frames after this one, up to `FRAMES` - 1; asked only under suspicion.
        """
        looks = {shown[0].track: _look(shown) for shown in faces}
        before, self._before = self._before, {t: [*self._before.get(t, [])[1 - FRAMES :], looks[t]] for t in looks}
        return any(self._is_other(before[track], look, later) for track, look in looks.items() if track in before)

    def _is_other(self, before: list[_Look], now: _Look, later: Callable[[Sighting], Iterable[Shown]]) -> bool:
        last = before[-1]
        if float((last.pattern * now.pattern).mean()) >= self._most_alike or not self._are_far(last, now):
            return False
        if any(self._covered(*look.shown) > self._most_covered for look in (last, now)):
            return False
        after = [now, *map(_look, later(now.shown[0]))]
        return all(self._are_far(one, other) for one, other in product(before, after))

    def _are_far(self, one: _Look, other: _Look) -> bool:
        return distance(self._embedding(one), self._embedding(other)) > self._farthest

    def _embedding(self, look: _Look) -> Embedding:
        if look.embedding is None:
            look.embedding = self._embedder.embed(look.shown[1], look.points)
        return look.embedding


def _look(shown: Shown) -> _Look:
    one, crop = shown
    points = points_in_crop(one.landmarks, one.crop_from_plate)
    small = cv2.resize(chip(crop, points), (_CHIP_PX, _CHIP_PX), interpolation=cv2.INTER_AREA)
    return _Look(shown, points, pattern(np.asarray(small, dtype=np.uint8)))
