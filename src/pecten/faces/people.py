"""Which tracks show one person: after a cut, in another clip, or when somebody leaves and comes back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pecten.colour.view import View
from pecten.faces import quality
from pecten.faces.appearance import LOOKS, Piece, describe, look, portrait
from pecten.faces.detect import area
from pecten.faces.records import FaceFrame, Portrait, ShotFaces
from pecten.footage.clip import Clip
from pecten.metrics.identity import Embedder, Embedding, distance
from pecten.types import ByteImage

SAME_LOOKS = 0.47
"""Distance of two tracks' portraits, each a mean of several looks, below which they show one person.

Measured: within a person at most 0.36 (three synthetic performers, five clips each) and 0.44 (one real clip with a hand
over the face); between two at least 0.48 (synthetic, of one renderer; 28 % of pairs are below 0.57) and 0.60 (real).
Tracks of a second: 0.9 % of one person's pairs are farther (synthetic) and 20 %, to 0.59, under a hand and grimaces.
"""


@dataclass(frozen=True)
class Person:
    """One person in one or more clips.

    Attributes:
        tracks: Place of the clip and number of the track, for each of their tracks.
        distances: Of each track from the mean of all of them.
    """

    tracks: tuple[tuple[int, int], ...]
    distances: tuple[float, ...]

    def in_clip(self, place: int) -> tuple[int, ...]:
        """Return the person's tracks in one clip, ascending."""
        return tuple(sorted(track for at, track in self.tracks if at == place))


@dataclass(frozen=True)
class Unlike:
    """A track that was given to a performer, but does not look like their others.

    Attributes:
        track: Place of the clip, and number.
        others: The tracks that look alike and are seen most, ascending.
        distance: From those, on average.
    """

    track: tuple[int, int]
    others: tuple[tuple[int, int], ...]
    distance: float


def unlike_tracks(shots: Sequence[ShotFaces]) -> list[Unlike]:
    """Find the tracks of one performer that would not have been taken for theirs by their looks.

    A person may know better: make-up, age and a turned head change what a recogniser sees.

    Args:
        shots: Of the performer alone, one a clip; tracks without a portrait are passed over.
    """
    portraits = {(place, one.track): one.embedding for place, shot in enumerate(shots) for one in shot.portraits}
    tracks = sorted(portraits)
    frames = [len(shots[place].of_track(track)) for place, track in tracks]
    groups = agglomerate([portraits[track] for track in tracks], frames, set())
    most = max(groups, key=lambda group: (sum(frames[i] for i in group), -group[0]), default=[])
    found = []
    for i in sorted({*range(len(tracks))} - {*most}):
        far = [distance(portraits[tracks[i]], portraits[tracks[j]]) for j in most]
        mean = float(np.average(far, weights=[frames[j] for j in most]))
        found.append(Unlike(tracks[i], tuple(tracks[j] for j in most), mean))
    return found


def track_name(clips: Sequence[str], place: int, track: int) -> str:
    """Return what a user calls a track: its number, after the clip's name where there are several clips."""
    return str(track) if len(clips) == 1 else f"{clips[place]}:{track}"


def group_people(shots: Sequence[ShotFaces]) -> list[Person]:
    """Join the tracks of clips into people, those seen most first.

    Args:
        shots: Of each clip; every track with its portrait.
    """
    nodes = [(place, portrait.track) for place, shot in enumerate(shots) for portrait in shot.portraits]
    embeddings = [portrait.embedding for shot in shots for portrait in shot.portraits]
    frames = {(place, face.track): set[int]() for place, shot in enumerate(shots) for face in shot.faces}
    seen = dict.fromkeys(frames, 0.0)
    for place, shot in enumerate(shots):
        for face in shot.faces:
            frames[place, face.track].add(face.index)
            seen[place, face.track] += area(face.box)
    apart = {
        frozenset((i, j))
        for j in range(len(nodes))
        for i in range(j)
        if nodes[i][0] == nodes[j][0] and frames[nodes[i]] & frames[nodes[j]]
    }
    groups = agglomerate(embeddings, [len(frames[node]) for node in nodes], apart)
    groups.sort(key=lambda group: (-sum(seen[nodes[i]] for i in group), nodes[group[0]]))
    return [_person(group, nodes, embeddings, [len(frames[node]) for node in nodes]) for group in groups]


def _person(
    group: list[int], nodes: list[tuple[int, int]], embeddings: Sequence[Embedding], weights: Sequence[int]
) -> Person:
    mean = np.average(np.stack([embeddings[i] for i in group]), axis=0, weights=[weights[i] for i in group])
    return Person(tuple(nodes[i] for i in group), tuple(distance(embeddings[i], mean) for i in group))


def agglomerate(
    embeddings: Sequence[Embedding],
    weights: Sequence[int],
    apart: set[frozenset[int]],
    farthest: float = SAME_LOOKS,
) -> list[list[int]]:
    """Join what looks alike, the closest pair of groups first, until no two groups are close.

    Two groups are as far apart as their members are on average; the distance of their means would shrink as they grow.

    Args:
        embeddings: What to join.
        weights: How much each counts in the average.
        apart: Pairs that are not one person, whatever they look like, for they were seen in one frame.
        farthest: Average distance from which two groups are two people.
    Returns:
        The members of each group, ascending.
    """
    groups = [[i] for i in range(len(embeddings))]
    places = np.array(embeddings, np.float64).reshape(len(groups), 128)
    far = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(far, np.inf)
    for i, j in map(tuple, apart):
        far[i, j] = far[j, i] = np.inf
    heavy = np.array(weights, np.float64)
    while len(groups) > 1:
        a, b = sorted(divmod(int(far.argmin()), len(groups)))
        if far[a, b] >= farthest:
            break
        # Infinity stays: who was seen beside one of a group is not one of it.
        far[a] = far[:, a] = (heavy[a] * far[a] + heavy[b] * far[b]) / (heavy[a] + heavy[b])
        heavy[a] += heavy[b]
        groups[a] = sorted(groups[a] + groups.pop(b))
        far, heavy = np.delete(np.delete(far, b, axis=0), b, axis=1), np.delete(heavy, b)
    return groups


def tracks_of_person(clip: Clip, faces: ShotFaces, track: int) -> tuple[int, ...]:
    """Find the other tracks of a track's person.

    A track that shares a frame with one already taken is somebody else, whatever it looks like: nobody is seen twice.

    Args:
        clip: The clip.
        faces: What was found in it.
        track: Of the person.
    Returns:
        `track` and the others, ascending.
    """
    if faces.track_ids() == (track,):
        return (track,)
    people = group_people([with_portraits(clip, faces)])
    return next((person.in_clip(0) for person in people if track in person.in_clip(0)), (track,))


def with_portraits(clip: Clip, faces: ShotFaces) -> ShotFaces:
    """Return what was found in a clip with a portrait of every track, made from the clip where the record has none."""
    if {portrait.track for portrait in faces.portraits} == set(faces.track_ids()):
        return faces
    embedder = Embedder()
    portraits = [_portrait(clip, faces.of_track(track), embedder) for track in faces.track_ids()]
    return replace(faces, portraits=tuple(portraits))


def _portrait(clip: Clip, faces: Sequence[FaceFrame], embedder: Embedder) -> Portrait:
    frontal = sorted(faces, key=lambda face: abs(face.yaw_rad) + abs(face.pitch_rad))[:LOOKS]
    view = clip.info.view()
    looks = [look(face, _crop(clip, face, view)) for face in frontal]
    piece = Piece(faces[0].track, faces[0].index, faces[-1].index, frozenset(), looks)
    return portrait(piece.track, [piece], [describe(looks, embedder)])


def _crop(clip: Clip, face: FaceFrame, view: View) -> ByteImage:
    image = next(iter(clip.frames(face.index, face.index + 1))).image
    return quality.small_crop(view.display_bytes(image), face.crop_from_plate)
