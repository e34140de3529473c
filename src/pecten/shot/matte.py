"""The matte of every frame of a shot."""

from collections.abc import Mapping

import numpy as np

from pecten.faces.records import FaceFrame
from pecten.faces.steady import Steady, parts_of, runs, steady
from pecten.geometry import similarity


def steady_faces(faces: Mapping[int, FaceFrame], region: str, window: int) -> dict[int, Steady]:
    """Find the borders of what is swapped, for each frame with a face.

    Args:
        faces: By frame index; runs of consecutive frames of one track are smoothed together.
        region: Such as `full` or `eyes+brows`.
        window: Frames, odd.
    Raises:
        UsageError: if there is no such region.
    """
    parts, found = parts_of(region), dict[int, Steady]()
    for track in sorted({face.track for face in faces.values()}):
        indices = sorted(index for index, face in faces.items() if face.track == track)
        for run in runs(indices):
            placed = [similarity.apply(faces[i].crop_from_plate, faces[i].landmarks) for i in indices[run]]
            found |= zip(indices[run], steady(np.stack(placed), parts, window), strict=True)
    return found
