"""Who is who from frame to frame: cuts, and faces joined into tracks."""

import math
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from pecten.faces.detect import Box, area, overlap
from pecten.types import ByteImage

_THUMBNAIL = (64, 36)
_BINS = 16
_MIXED = (0.1, 0.9)
"""Share of the later of two shots in a frame that counts as both."""

CONTACT = 0.02
"""Overlap of two faces' boxes from which one may be taken for the other."""


class CutFinder:
    """Tells where a new shot begins, from one frame to the next.

    A cut changes what is in the picture and its tones at once. A flash changes the tones alone; a fast move changes the
    picture, but keeps its tones. Where footage was brought to another rate, one frame may mix both shots: then neither
    step is a cut, but both together are, and the frame between is made of its neighbours.

    Args:
        most_alike: Correlation of the two pictures' structure under which they may belong to different shots.
        least_tone_change: Share of pixels that must have changed tone.
        most_left: Of a mixed frame, what a mixture of its neighbours may leave over, as a share of how they differ.

    Attributes:
        after_mixture: Whether the cut that was told last follows a frame that mixes both shots.
    """

    def __init__(self, most_alike: float = 0.6, least_tone_change: float = 0.2, most_left: float = 0.25) -> None:
        self._most_alike = most_alike
        self._least_tone_change = least_tone_change
        self._most_left = most_left
        self._seen: deque[_Thumbnail] = deque(maxlen=2)
        self.after_mixture = False

    def is_cut(self, image: ByteImage) -> bool:
        """Say whether this frame begins a new shot; the first frame does not."""
        now, before = _thumbnail(image), list(self._seen)
        self._seen.append(now)
        self.after_mixture = (
            len(before) == 2 and self._differ(before[0], now) and self._is_mixed(before[0], before[1], now)
        )
        return self.after_mixture or (len(before) > 0 and self._differ(before[-1], now))

    def _differ(self, one: "_Thumbnail", other: "_Thumbnail") -> bool:
        alike = float((one.structure * other.structure).mean())
        changed = float(np.abs(one.tones - other.tones).sum() / 2)
        return alike < self._most_alike and changed > self._least_tone_change

    def _is_mixed(self, before: "_Thumbnail", between: "_Thumbnail", after: "_Thumbnail") -> bool:
        step, part = after.picture - before.picture, between.picture - before.picture
        length = float((step * step).sum())
        share = float((part * step).sum()) / max(length, 1e-9)
        left = part - share * step
        least, most = _MIXED
        return least < share < most and float((left * left).sum()) < self._most_left**2 * length


class _Thumbnail(NamedTuple):
    """What is kept of a frame: it, its pattern, and how many pixels have which tone."""

    picture: np.ndarray
    structure: np.ndarray
    tones: np.ndarray


def _thumbnail(image: ByteImage) -> _Thumbnail:
    small = cv2.resize(image, _THUMBNAIL, interpolation=cv2.INTER_AREA)
    return _Thumbnail(small.astype(np.float32), pattern(small), _tones(small))


def pattern(small: np.ndarray) -> np.ndarray:
    """Return the ranks-free pattern of a thumbnail: mean 0 and deviation 1, whatever the exposure."""
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    centred = grey - grey.mean()
    deviation = float(centred.std())
    # A black or white frame has no pattern: zeros correlate with nothing.
    even: np.ndarray = centred / deviation if deviation > 1 else np.zeros_like(centred)
    return even


def _tones(small: np.ndarray) -> np.ndarray:
    counts = [np.histogram(small[..., c], bins=_BINS, range=(0, 256))[0] for c in range(3)]
    shares: np.ndarray = np.concatenate(counts) / (3 * small.shape[0] * small.shape[1])
    return shares


@dataclass(frozen=True)
class Track:
    """Where a face was last seen: its number, frame, box and motion (px a frame of the box's corners)."""

    number: int
    index: int
    box: Box
    motion: Box = (0.0, 0.0, 0.0, 0.0)

    def expected(self, index: int, longest_frames: int = 3) -> Box:
        """Return where the box would be on a frame if it went on moving (for a few frames; then it rests)."""
        step = min(index - self.index, longest_frames)
        x0, y0, x1, y1 = (place + step * move for place, move in zip(self.box, self.motion, strict=True))
        return x0, y0, x1, y1


class Tracker:
    """Joins faces into tracks by overlap and motion; a face that comes back keeps its number.

    Args:
        longest_gap: Frames after which a lost face that comes back is a new one.
    """

    def __init__(self, longest_gap: int = 50) -> None:
        self._longest_gap = longest_gap
        self._tracks: dict[int, Track] = {}
        self._next = 0

    def end_all(self) -> None:
        """Forget every face: a new shot begins."""
        self._tracks = {}

    def seen_at(self, index: int) -> list[Track]:
        """Return the tracks that were seen on a frame."""
        return [t for t in self._tracks.values() if t.index == index]

    def see(self, number: int, index: int, box: Box) -> Track:
        """Note that a track's face is in this box on this frame."""
        motion = (0.0, 0.0, 0.0, 0.0)
        last = self._tracks.get(number)
        if last is not None and last.index == index - 1:
            x0, y0, x1, y1 = (0.5 * (now - then) for now, then in zip(box, last.box, strict=True))
            motion = (x0, y0, x1, y1)
        self._tracks[number] = Track(number, index, box, motion)
        return self._tracks[number]

    def jump(self, number: int, index: int, box: Box) -> float:
        """Return how far a track's face is from where it was expected, relative to its size."""
        return _distance(self._tracks[number].expected(index), box)

    def assign(self, index: int, boxes: Sequence[Box], taken: Collection[int] = ()) -> list[int]:
        """Give each new face of a frame the number of the lost track that it continues, or a new number.

        Args:
            index: The frame.
            boxes: Faces that no track that was followed to this frame accounts for.
            taken: Numbers of the tracks that were followed to this frame.
        """
        recent = [t for t in self._tracks.values() if t.index < index and index - t.index <= self._longest_gap]
        lost = [t for t in recent if t.number not in taken]
        pairs = sorted(
            ((_distance(track.expected(index), box), track.number, i) for track in lost for i, box in enumerate(boxes)),
        )
        given: dict[int, int] = {}
        for distance, number, i in pairs:
            if distance < 1 and number not in given.values() and i not in given:
                given[i] = number
        numbers = []
        for i in range(len(boxes)):
            if i not in given:
                given[i] = self._next
                self._next += 1
            numbers.append(given[i])
        return numbers


def _distance(a: Box, b: Box) -> float:
    """Return how far a face would have had to go; below 1 (one and a half boxes, 1.6 in size) it may be the same."""
    side_a, side_b = math.sqrt(max(area(a), 1.0)), math.sqrt(max(area(b), 1.0))
    apart = math.hypot(a[0] + a[2] - b[0] - b[2], a[1] + a[3] - b[1] - b[3]) / 2
    return max(apart / (1.5 * min(side_a, side_b)), abs(math.log(side_a / side_b)) / math.log(1.6))


def main_track(boxes: Sequence[tuple[int, Box]]) -> int | None:
    """Return the track that covers most area times frames; None without any.

    Args:
        boxes: Track number and box of every face of every frame.
    """
    covered: dict[int, float] = {}
    for number, box in boxes:
        covered[number] = covered.get(number, 0.0) + area(box)
    # Between equals the earlier track, so that the answer does not depend on the order of frames.
    return min(covered, key=lambda number: (-covered[number], number)) if covered else None


def fresh(boxes: Sequence[Box], known: Sequence[Box], most_overlap: float = 0.3) -> list[int]:
    """Return which boxes show a face that none of the known boxes shows."""
    return [i for i, box in enumerate(boxes) if all(overlap(box, other) <= most_overlap for other in known)]
