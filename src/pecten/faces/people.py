"""Which tracks of a clip show one person: after a cut, or when somebody leaves and comes back."""

import numpy as np

from pecten.faces.records import FaceFrame, ShotFaces
from pecten.footage.clip import Clip
from pecten.metrics.identity import MESH_POINTS, Embedder, Embedding, distance, mean_embedding

SAME_PERSON = 0.57
"""Distance of dlib's embeddings below which two faces are one person (EER 1 % on an easy set)."""

LOOKS = 3


def tracks_of_person(clip: Clip, faces: ShotFaces, track: int, looks: int = LOOKS) -> tuple[int, ...]:
    """Find the other tracks of a track's person.

    A track that shares a frame with one already taken is somebody else, whatever it looks like: nobody is seen twice.

    Args:
        clip: The clip.
        faces: What was found in it.
        track: Of the person.
        looks: Frames of each track that are compared; the most frontal ones.
    Returns:
        `track` and the others, ascending.
    """
    others = [other for other in faces.track_ids() if other != track]
    if not others:
        return (track,)
    embedder = Embedder()
    person = _person(clip, faces.of_track(track), embedder, looks)
    apart = {other: distance(_person(clip, faces.of_track(other), embedder, looks), person) for other in others}
    taken = {track}
    frames = {face.index for face in faces.of_track(track)}
    for other in sorted(others, key=lambda one: apart[one]):
        seen = {face.index for face in faces.of_track(other)}
        if apart[other] < SAME_PERSON and not seen & frames:
            taken.add(other)
            frames |= seen
    return tuple(sorted(taken))


def _person(clip: Clip, faces: tuple[FaceFrame, ...], embedder: Embedder, looks: int) -> Embedding:
    frontal = sorted(faces, key=lambda face: abs(face.yaw_rad) + abs(face.pitch_rad))[:looks]
    return mean_embedding(np.stack([_embed(clip, face, embedder) for face in frontal]))


def _embed(clip: Clip, face: FaceFrame, embedder: Embedder) -> Embedding:
    image = next(iter(clip.frames(face.index, face.index + 1))).image
    return embedder.embed(clip.info.view().display_bytes(image), face.landmarks[list(MESH_POINTS)])
