"""What the tracks of a clip look like, gathered while it is read, and tracks put right by it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations

import cv2
import numpy as np

from pecten.faces.detect import overlap
from pecten.faces.quality import BLUR_SIZE
from pecten.faces.records import PORTRAIT_SIZE, FaceFrame, Portrait
from pecten.faces.track import CONTACT
from pecten.geometry import similarity as sim
from pecten.metrics.identity import MESH_POINTS, SAME_PERSON, Embedder, Embedding, distance, mean_embedding
from pecten.types import Affine, ByteImage, Points

LOOKS = 3
"""Pictures of a piece that the recogniser sees; the most frontal ones."""

LOOK_EVERY = 5
"""Frames between two pictures that may be kept: neighbours say the same twice."""

_RESTLESS_FRAMES = 3
"""Length of a piece while somebody is near or hidden: the mesh may slide from one face to the other without a jump."""

_HIDDEN_FRAMES = 50
"""For so long a face that vanished beside another may still be behind it."""

CLEARLY = 0.1
"""How much closer another track's face must be before a piece changes hands."""

STRANGER = 0.65
"""Distance over which a face that took a lost one's place is somebody else's, when both are seen from the front."""

_FRONTAL_RAD = 0.6
_MOST_DEALT = 5


@dataclass(frozen=True, eq=False)
class Look:
    """One picture of a face: a normalised crop and where its five points lie in it."""

    index: int
    turn_rad: float
    crop: ByteImage
    points: Points


@dataclass(eq=False)
class Piece:
    """Consecutive frames of one track in which nothing happens that could confuse it with another.

    Attributes:
        track: Its number, as followed by place and motion.
        first: Its first frame.
        last: Its last frame.
        near: Tracks whose faces touch it, or vanished while they did.
        looks: The pictures that are kept.
    """

    track: int
    first: int
    last: int
    near: frozenset[int]
    looks: list[Look] = field(default_factory=list)

    def keep(self, one: Look) -> None:
        """Keep a picture if it is among the most frontal."""
        self.looks = sorted([*self.looks, one], key=lambda look: (look.turn_rad, look.index))[:LOOKS]

    @property
    def is_frontal(self) -> bool:
        """Whether the recogniser may be believed when it sees somebody else."""
        return not self.near and bool(self.looks) and self.looks[-1].turn_rad < _FRONTAL_RAD


class Album:
    """Gathers pictures of every track; give it every frame in order.

    A piece of a track ends where the track is lost or another face comes near or goes; beside another face, or while
    one may be hidden behind it, pieces are short.
    """

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self._open: dict[int, Piece] = {}
        self._hidden: dict[int, tuple[frozenset[int], int]] = {}

    def add(self, faces: Sequence[FaceFrame], crops: Sequence[ByteImage]) -> None:
        """Note the faces of the next frame that has any.

        Args:
            faces: Of one frame.
            crops: Of each, as `quality.small_crop` cuts it.
        """
        here = {face.track for face in faces}
        self._note_hidden(here, faces[0].index if faces else 0)
        for face, crop in zip(faces, crops, strict=True):
            behind = frozenset(track for track, (beside, _) in self._hidden.items() if face.track in beside)
            piece = self._piece(face, near(face, faces) | behind)
            if (face.index - piece.first) % LOOK_EVERY == 0:
                piece.keep(look(face, crop))

    def _note_hidden(self, here: set[int], index: int) -> None:
        for track, piece in self._open.items():
            if track not in here and piece.near and track not in self._hidden and piece.last >= index - 1:
                self._hidden[track] = (piece.near, piece.last)
        self._hidden = {
            track: (beside, last)
            for track, (beside, last) in self._hidden.items()
            if track not in here and index - last <= _HIDDEN_FRAMES
        }

    def _piece(self, face: FaceFrame, near: frozenset[int]) -> Piece:
        piece = self._open.get(face.track)
        # Restless pieces of all tracks end on the same frames, so that they can be dealt out together.
        goes_on = piece is not None and piece.last == face.index - 1 and bool(piece.near) == bool(near)
        if near and face.index % _RESTLESS_FRAMES == 0:
            goes_on = False
        if piece is None or not goes_on:
            piece = Piece(face.track, face.index, face.index, near)
            self.pieces.append(piece)
            self._open[face.track] = piece
        piece.last = face.index
        piece.near |= near
        return piece


def look(face: FaceFrame, crop: ByteImage) -> Look:
    """Keep a face's crop with the points that the recogniser aligns it by."""
    points = points_in_crop(face.landmarks, face.crop_from_plate)
    return Look(face.index, abs(face.yaw_rad) + abs(face.pitch_rad), crop, points)


def points_in_crop(landmarks: Points, crop_from_plate: Affine) -> Points:
    """Return where the recogniser's five points lie in a face's small crop.

    Args:
        landmarks: The 478 mesh points, in plate px.
        crop_from_plate: The normalisation that the crop was cut by.
    """
    return sim.apply(sim.at_size(crop_from_plate, BLUR_SIZE), landmarks)[list(MESH_POINTS)]


def near(face: FaceFrame, faces: Sequence[FaceFrame]) -> frozenset[int]:
    """Return the tracks of a frame whose faces touch a face."""
    return frozenset(o.track for o in faces if o.track != face.track and overlap(face.box, o.box) > CONTACT)


@dataclass(eq=False)
class _Known:
    """A track as it looks so far."""

    number: int
    embeddings: list[Embedding]
    spans: list[tuple[int, int]]
    is_frontal: bool

    def mean(self) -> Embedding:
        """Return what it looks like."""
        return mean_embedding(np.stack(self.embeddings))

    def free(self, piece: Piece) -> bool:
        """Whether the track is nowhere else while the piece lasts."""
        return all(piece.last < first or last < piece.first for first, last in self.spans)


def untangle(pieces: Sequence[Piece], embeddings: Sequence[Embedding]) -> list[int]:
    """Say whose each piece is: its own track's, unless it clearly looks like another's.

    Followed by place and motion alone, two people who cross may change numbers, and somebody who steps into a lost
    face's place inherits it.

    Args:
        pieces: Of a clip.
        embeddings: Of each.
    Returns:
        The track of each piece.
    """
    known: dict[int, _Known] = {}
    following = 1 + max((piece.track for piece in pieces), default=-1)
    numbers: dict[int, int] = {}
    for together in _rounds(pieces):
        dealt = _dealt([(pieces[i], embeddings[i]) for i in together], known)
        for i in together:
            number = _whose(pieces[i], embeddings[i], dealt[pieces[i].track], known)
            if number is None:
                number, following = following, following + 1
            track = known.setdefault(number, _Known(number, [], [], False))
            # Beside another face a crop may show some of both: it must not change what a track is known by.
            if not pieces[i].near or not track.embeddings:
                track.embeddings.append(embeddings[i])
                track.is_frontal = track.is_frontal or pieces[i].is_frontal
            track.spans.append((pieces[i].first, pieces[i].last))
            numbers[i] = number
    return [numbers[i] for i in range(len(pieces))]


def _rounds(pieces: Sequence[Piece]) -> list[list[int]]:
    """Return the places of pieces in order of time; restless ones of the same frames together."""
    starts = [p.first - p.first % _RESTLESS_FRAMES if p.near else p.first for p in pieces]
    rounds: list[list[int]] = []
    for i in sorted(range(len(pieces)), key=lambda i: (starts[i], not pieces[i].near, pieces[i].track)):
        last = rounds[-1][-1] if rounds else None
        if last is not None and pieces[last].near and pieces[i].near and starts[last] == starts[i]:
            rounds[-1].append(i)
        else:
            rounds.append([i])
    return rounds


def _dealt(together: Sequence[tuple[Piece, Embedding]], known: dict[int, _Known]) -> dict[int, int]:
    """Return for each track of a round the number that it looks like, when all of them change hands."""
    tracks = sorted({piece.track for piece, _ in together})
    kept = dict(zip(tracks, tracks, strict=True))
    if not 1 < len(tracks) <= _MOST_DEALT or not all(track in known for track in tracks):
        return kept

    def cost(numbers: dict[int, int]) -> float:
        return sum(distance(known[numbers[piece.track]].mean(), seen) for piece, seen in together)

    deals = [dict(zip(tracks, order, strict=True)) for order in permutations(tracks)]
    best = min(deals, key=cost)
    return best if cost(best) < cost(kept) - CLEARLY else kept


def _whose(piece: Piece, embedding: Embedding, dealt: int, known: dict[int, _Known]) -> int | None:
    """Return the number of a piece's track, `dealt` if it does not clearly look otherwise; None for a new one."""
    own = known.get(dealt)
    if own is None:
        return dealt
    far = {number: distance(track.mean(), embedding) for number, track in known.items()}
    others = [number for number, track in known.items() if track is not own and track.free(piece)]
    nearest = min(others, key=lambda number: (far[number], number), default=None)
    if not own.free(piece):
        return nearest if nearest is not None and far[nearest] < SAME_PERSON else None
    if nearest is not None and far[nearest] < SAME_PERSON and far[nearest] < far[own.number] - CLEARLY:
        return nearest
    stranger = far[own.number] > STRANGER and piece.is_frontal and own.is_frontal
    return None if stranger else own.number


def put_right(faces: Sequence[FaceFrame], album: Album, embedder: Embedder) -> tuple[list[FaceFrame], list[Portrait]]:
    """Give each face the track that it looks like, and describe every track.

    Args:
        faces: Of a clip, in order of frame.
        album: Made of them.
        embedder: The recogniser.
    Returns:
        The faces in order of frame and track, and a portrait of each track.
    """
    pieces = sorted(album.pieces, key=lambda piece: (piece.first, piece.track))
    embeddings = [describe(piece.looks, embedder) for piece in pieces]
    numbers = untangle(pieces, embeddings)
    changed = {
        (piece.track, index): number
        for piece, number in zip(pieces, numbers, strict=True)
        if number != piece.track
        for index in range(piece.first, piece.last + 1)
    }
    renamed = [replace(face, track=changed.get((face.track, face.index), face.track)) for face in faces]
    portraits = []
    for number in sorted(set(numbers)):
        of_track = [i for i in range(len(pieces)) if numbers[i] == number]
        clear = [i for i in of_track if not pieces[i].near] or of_track
        portraits.append(portrait(number, [pieces[i] for i in clear], [embeddings[i] for i in clear]))
    return sorted(renamed, key=lambda face: (face.index, face.track)), portraits


def describe(looks: Sequence[Look], embedder: Embedder) -> Embedding:
    """Return the mean of what the recogniser says about each picture."""
    return mean_embedding(np.stack([embedder.embed(look.crop, look.points) for look in looks]))


def portrait(track: int, pieces: Sequence[Piece], embeddings: Sequence[Embedding]) -> Portrait:
    """Describe a track by its most frontal picture and by the mean over its pieces, each as heavy as its looks."""
    best = min((look for piece in pieces for look in piece.looks), key=lambda look: (look.turn_rad, look.index))
    weights = np.array([len(piece.looks) for piece in pieces], np.float64)
    mean = np.asarray(np.average(np.stack(embeddings), axis=0, weights=weights))
    small = np.asarray(cv2.resize(best.crop, (PORTRAIT_SIZE, PORTRAIT_SIZE), interpolation=cv2.INTER_AREA))
    return Portrait(track, best.index, mean, small)
