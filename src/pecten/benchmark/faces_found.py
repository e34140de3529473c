"""Are faces found, only they, and kept apart? Counted on footage with true landmarks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice

import cv2
import numpy as np
from jaxtyping import Float64

from pecten.benchmark.footage import Take, TruthFootage
from pecten.benchmark.report import Figure
from pecten.errors import FootageError
from pecten.faces.detect import Box, overlap
from pecten.faces.finding import Finder
from pecten.faces.follow import FaceOptions
from pecten.faces.normalise import box_of
from pecten.faces.people import group_people
from pecten.faces.records import ShotFaces
from pecten.footage.clip import Clip, ClipInfo, Frame, open_clip
from pecten.types import ByteImage, Points, Progress, silent

_ON_FACE = 0.4
"""Overlap with the box of the true landmarks from which a face counts as found; those leave out the forehead."""

_QUICK_FRAMES = 12
_CROSSING_FRAMES = 48
_WIDTH, _HEIGHT = 1280, 720


def measure(footage: TruthFootage, progress: Progress = silent, quick: bool = False) -> list[Figure]:
    """Count the frames in which each clip's face is found, the faces that are none, and numbers kept at crossings.

    Args:
        footage: With true landmarks.
        progress: Called after each clip, as stage "found".
        quick: Only the first frames of each clip.
    Raises:
        FootageError: if no clip has true landmarks.
    """
    takes = [take for take in (*footage.performers, *footage.truth, *footage.swaps) if take.truth is not None]
    if not takes:
        raise FootageError("no clip with true landmarks: choose another folder with --footage")
    pairs = _pairs(footage)
    # How often a face is looked at changes where its points lie, not whether it is there.
    finder = Finder(FaceOptions(perturbations=0))
    counts, shots = [], []
    for take in takes:
        shown = Excerpt(open_clip(take.clip), _QUICK_FRAMES if quick else None)
        shots.append(finder.find(shown))
        counts.append(_count(shots[-1], take.landmarks()))
        progress("found", len(shots), len(takes) + len(pairs))
    frames, found, false, tracks = (sum(column) for column in zip(*counts, strict=True))
    figures = [
        Figure(f"frames in which the face is found, {len(takes)} clips", 100 * found / frames, "%", 100.0, True),
        Figure("faces where there is none", float(false), "faces", 0.0, note=f"in {frames} frames"),
        Figure("tracks more than people", float(tracks - len(takes)), "tracks", 0.0),
        *_people_figures(shots, takes),
    ]
    for place, (one, other) in enumerate(pairs):
        figures += _crossing_figures(finder, one, other)
        progress("found", len(takes) + place + 1, len(takes) + len(pairs))
    return figures


def _count(shot: ShotFaces, truth: Float64[np.ndarray, "frames 68 2"]) -> tuple[int, int, int, int]:
    """Return the frames of a clip, those with the face found, faces elsewhere, and tracks."""
    right = {face.index for face in shot.faces if overlap(face.box, box_of(truth[face.index])) > _ON_FACE}
    wrong = sum(overlap(face.box, box_of(truth[face.index])) <= _ON_FACE for face in shot.faces)
    return shot.frame_count, len(right), wrong, len(shot.track_ids())


def _people_figures(shots: Sequence[ShotFaces], takes: Sequence[Take]) -> list[Figure]:
    """Say whether tracks of all clips are joined by performer; true swaps, which are between two, are not asked."""
    own = [(shot, take.source) for shot, take in zip(shots, takes, strict=True) if take.source == take.target]
    people = group_people([shot for shot, _ in own])
    names = [[own[place][1] for place, _ in person.tracks] for person in people]
    wrong = sum(len(of_one) - max(map(of_one.count, of_one)) for of_one in names)
    performers = len({name for _, name in own})
    note = f"{sum(map(len, names))} tracks of {performers} performers in {len(own)} clips"
    return [
        Figure("tracks joined with another performer's", float(wrong), "tracks", 0.0, note=note),
        Figure("people more than performers", float(len(people) - performers), "people", 0.0, note=note),
    ]


class Excerpt:
    """The first frames of a clip, or all of them."""

    def __init__(self, clip: Clip, count: int | None) -> None:
        self._clip = clip
        self.info: ClipInfo = replace(clip.info, frame_count=min(clip.info.frame_count, count or clip.info.frame_count))

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Read frames as the clip does."""
        return self._clip.frames(start, self.info.frame_count if stop is None else stop)


def _pairs(footage: TruthFootage) -> list[tuple[Take, Take]]:
    """Return the takes whose performers cross: the first of each with truth, each with the next."""
    first: dict[str, Take] = {}
    for take in (*footage.performers, *footage.truth):
        if take.truth is not None and "interview" in take.shot:
            first.setdefault(take.source, take)
    takes = list(first.values())
    return [(one, takes[(i + 1) % len(takes)]) for i, one in enumerate(takes)] if len(takes) > 1 else []


def _crossing_figures(finder: Finder, front: Take, back: Take) -> list[Figure]:
    clip, boxes = crossing(front, back)
    shot = finder.find(clip)
    names = _names(shot, boxes)
    named = sum(_whose(face.box, boxes[face.index]) is not None for face in shot.faces)
    wrong = sum(_whose(face.box, boxes[face.index]) not in (None, names.get(face.track)) for face in shot.faces)
    what = f"{front.source} passes before {back.source}"
    people, short = group_people([shot]), min(front.frame_count(), back.frame_count()) < _CROSSING_FRAMES
    note = "played to and fro, too short to pass once" if short else ""
    return [
        Figure(f"{what}: faces under the other's number", float(wrong), "faces", 0.0,
               note=f"of {named}{'; ' if short else ''}{note}"),
        Figure(f"{what}: people too many or too few", float(abs(len(people) - 2)), "people", 0.0, note=note),
    ]  # fmt: skip


def _names(shot: ShotFaces, boxes: list[tuple[Box, Box]]) -> dict[int, int]:
    """Return for each track which of the two heads it lies on most."""
    votes: dict[int, list[int]] = {}
    for face in shot.faces:
        whose = _whose(face.box, boxes[face.index])
        if whose is not None:
            votes.setdefault(face.track, [0, 0])[whose] += 1
    return {track: int(np.argmax(of_track)) for track, of_track in votes.items()}


def _whose(box: Box, both: tuple[Box, Box]) -> int | None:
    """Return which of two heads a face lies on; None where they cannot be told apart by place."""
    on = [overlap(box, head) for head in both]
    if overlap(*both) > 0.2 or max(on) <= _ON_FACE:
        return None
    return int(np.argmax(on))


@dataclass(frozen=True, eq=False)
class Pictures:
    """A clip of pictures that are made here."""

    info: ClipInfo
    pictures: list[ByteImage]

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Give the frames."""
        for index in range(start, len(self.pictures) if stop is None else stop):
            yield Frame(index, index, self.pictures[index].astype(np.float32) / np.float32(255))


def crossing(front: Take, back: Take, count: int = _CROSSING_FRAMES) -> tuple[Pictures, list[tuple[Box, Box]]]:
    """Let two performers' heads, cut out, pass each other over a plain wall.

    A clip that is too short is played to and fro, so that the heads pass as slowly.

    Args:
        front: Whose head passes in front.
        back: Whose head is hidden on the way.
        count: Frames.
    Returns:
        The clip, and the boxes of the true landmarks of the front and the back head.
    """
    down, across = np.mgrid[0:_HEIGHT, 0:_WIDTH]
    wall = np.stack([95 + 20 * np.sin(across / 90), 90 + 15 * np.cos(down / 70), 85 + across / 43], axis=-1)
    places = np.linspace(0.17, 0.83, count) * _WIDTH
    pictures, boxes = [], []
    heads = [_to_and_fro(take, count) for take in (back, front)]
    for k in range(count):
        picture, both = wall.astype(np.float32), list[Box]()
        for head, x in zip(heads, (places[-1 - k], places[k]), strict=True):
            picture, box = _put(picture, *next(head), float(x))
            both.append(box)
        pictures.append(np.rint(np.clip(picture, 0, 255)).astype(np.uint8))
        boxes.append((both[1], both[0]))
    info = replace(
        open_clip(front.clip).info, path="crossing", width=_WIDTH, height=_HEIGHT, frame_count=count, bit_depth=8
    )
    return Pictures(info, pictures), boxes


def _to_and_fro(take: Take, count: int) -> Iterator[tuple[ByteImage, Points]]:
    """Give that many pictures of a take with their true landmarks, back from its end where it has fewer."""
    clip, truth = open_clip(take.clip), take.landmarks()
    view, held = clip.info.view(), list[ByteImage]()
    for frame in clip.frames(0, min(count, clip.info.frame_count)):
        picture = view.display_bytes(frame.image)
        if clip.info.frame_count < count:
            held.append(picture)
        yield picture, truth[frame.index]
    if not held:
        return
    for place in islice(cycle([*range(len(held) - 2, 0, -1), *range(len(held))]), count - len(held)):
        yield held[place], truth[place]


def _put(picture: np.ndarray, image: ByteImage, truth: Points, x: float) -> tuple[np.ndarray, Box]:
    """Lay the head of an image over a picture, its middle at `x`, 260 px wide."""
    low, high = truth.min(axis=0), truth.max(axis=0)
    scale = 260.0 / float(high[0] - low[0])
    middle = (low + high) / 2
    move = np.array([[scale, 0.0, x - scale * middle[0]], [0.0, scale, 400.0 - scale * middle[1]]])
    matte = np.zeros(image.shape[:2], np.uint8)
    reach = (round(0.62 * float(high[0] - low[0])), round(0.95 * float(high[1] - low[1])))
    cv2.ellipse(matte, (round(middle[0]), round(middle[1] - 0.15 * (high[1] - low[1]))), reach, 0, 0, 360, 255, -1)
    over = np.asarray(cv2.warpAffine(matte, move, (_WIDTH, _HEIGHT)), np.float32)[..., None] / np.float32(255)
    moved = np.asarray(cv2.warpAffine(image, move, (_WIDTH, _HEIGHT), flags=cv2.INTER_AREA), np.float32)
    return picture * (1 - over) + moved * over, box_of(truth @ move[:, :2].T + move[:, 2])
