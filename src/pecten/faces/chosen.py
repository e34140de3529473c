"""Which face of each frame is worked on."""

from collections.abc import Collection

from pecten.errors import FacesError
from pecten.faces.records import FaceFrame, ShotFaces
from pecten.faces.spans import spans


def one_a_frame(found: ShotFaces, tracks: Collection[int]) -> dict[int, FaceFrame]:
    """Return the faces of some tracks by frame index.

    Args:
        found: Of a clip.
        tracks: Of one performer: over cuts there may be several.
    Raises:
        FacesError: if there is no such track, or two of them share a frame.
    """
    faces = found.only_tracks(tracks).faces
    chosen = {face.index: face for face in faces}
    if len(chosen) == len(faces):
        return chosen
    by_number: dict[int, list[int]] = {}
    for face in faces:
        by_number.setdefault(face.number, []).append(face.track)
    shared = sorted(number for number, both in by_number.items() if len(both) > 1)
    both = " and ".join(map(str, sorted(by_number[shared[0]])))
    raise FacesError(
        f"{found.clip}: tracks {both} are both in frames {spans(shared)}, and one face a frame is worked on: "
        "choose one of them, and take the result as the plate of the other"
    )
