"""Applying corrections by hand to what was found."""

from dataclasses import replace

import numpy as np

from pecten.errors import FacesError
from pecten.faces import normalise
from pecten.faces.corrections import GROUPS, Correction, Corrections, moved
from pecten.faces.finding import Finder, Prepared
from pecten.faces.follow import Sighting
from pecten.faces.records import FaceFrame, ShotFaces
from pecten.footage.clip import Clip
from pecten.types import Points

_DROPPED = "dropped by hand"
_NOT_IN_BOX = "no face in the box given by hand"


def correct_faces(clip: Clip, found: ShotFaces, corrections: Corrections, finder: Finder) -> ShotFaces:
    """Look where a box says, move landmarks, drop what is no face: all that comes before smoothing.

    Args:
        clip: The clip; frames with a new box or moved landmarks are read again.
        found: What was found in it, not smoothed.
        corrections: Of the clip.
        finder: Looks into boxes and judges what it sees.
    Raises:
        FacesError: if a key corrects a face that was not found, by anything but a box.
    """
    faces = {(face.index, face.track): face for face in found.faces}
    reasons = dict(found.missing)
    corrected: set[int] = set()
    for track in corrections.tracks():
        for index in range(found.frame_count):
            wanted = corrections.at(track, index)
            if wanted is None:
                continue
            corrected.add(index)
            face = faces.pop((index, track), None)
            if wanted.drop:
                reasons[index] = _DROPPED
                continue
            if wanted.box is None and face is None:
                if corrections.has_key(track, index):
                    raise FacesError(_not_there(found, track, index))
                continue
            new = face if face is not None and not _reads(wanted) else _again(clip, index, face, wanted, finder)
            if new is None:
                reasons[index] = _NOT_IN_BOX
            else:
                faces[index, track] = new if new.track == track else replace(new, track=track)
    ordered = tuple(faces[place] for place in sorted(faces))
    absent = sorted(set(range(found.frame_count)) - {face.index for face in ordered})
    missing = tuple((index, reasons[index]) for index in absent)
    left = {face.track for face in ordered}
    return replace(
        found,
        faces=ordered,
        missing=missing,
        portraits=tuple(portrait for portrait in found.portraits if portrait.track in left),
        corrected=tuple(sorted(corrected)),
    )


def _not_there(found: ShotFaces, track: int, index: int) -> str:
    frame = found.first_number + index
    here = sorted(face.track for face in found.faces if face.index == index)
    seen = f"there are tracks {', '.join(map(str, here))}" if here else "no face was found there"
    return f"{found.clip}: frame {frame}: no face of track {track} to correct ({seen}): give a box to look in"


def _reads(wanted: Correction) -> bool:
    return wanted.box is not None or bool(wanted.landmarks) or wanted.points is not None


def _again(clip: Clip, index: int, face: FaceFrame | None, wanted: Correction, finder: Finder) -> FaceFrame | None:
    frame = next(iter(clip.frames(index, index + 1)))
    image = clip.info.view().display_bytes(frame.image)
    if wanted.box is not None:
        sighting = finder.look_in(image, wanted.box)
    elif face is not None:
        sighting = Sighting(face.track, face.landmarks, face.score, face.spread_px, face.crop_from_plate, face.box)
    else:
        sighting = None
    if sighting is None:
        return None
    points = _moved_points(sighting.landmarks, wanted)
    if points is not sighting.landmarks:
        # What a person has set is not uncertain.
        place, box = normalise.crop_from_plate(points), normalise.box_of(points)
        sighting = replace(sighting, landmarks=points, crop_from_plate=place, box=box, spread_px=0.0)
    return finder.judge(sighting, Prepared(frame.index, frame.number, image, cut=False))


def _moved_points(points: Points, wanted: Correction) -> Points:
    if wanted.points is not None:
        return wanted.points
    if not wanted.landmarks:
        return points
    points = points.copy()
    for name, offset in wanted.landmarks:
        points[list(GROUPS[name])] += np.array(offset)
    return points


def correct_transforms(shot: ShotFaces, corrections: Corrections) -> ShotFaces:
    """Put crops where the corrections want them: after smoothing, so that a key means exactly what it says."""
    return replace(shot, faces=tuple(_placed(face, corrections.at(face.track, face.index)) for face in shot.faces))


def _placed(face: FaceFrame, wanted: Correction | None) -> FaceFrame:
    if wanted is None:
        return face
    if wanted.crop_from_plate is not None:
        face = replace(face, crop_from_plate=wanted.crop_from_plate)
    if wanted.delta is not None:
        face = replace(face, crop_from_plate=moved(face.crop_from_plate, wanted.delta))
    return face
