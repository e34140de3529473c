"""Where a decoded face ends: beyond its own outline the decoder shows what it was never trained on.

Where the source's jaw or cheek is narrower than the target's, that would stand inside the target's matte. Cutting the
matte back to the source's outline leaves the target's own jaw beside the new one; so the face's skin is carried on
outward instead, up to the target's outline.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from pecten.composite.extend import extend
from pecten.faces import stabilise
from pecten.faces.landmarks import FaceMesh
from pecten.faces.region import face_matte
from pecten.geometry import similarity
from pecten.sheet import to_bytes
from pecten.types import CANONICAL_SIZE, Image, Points

EROSION = 1 / 48
"""How far inside its outline a face is trusted, as a share of the crop's side."""

_LEAST_PRESENCE = 0.5
_LEAST_KNOWN = 0.1


def find_outline(mesh: FaceMesh, decoded: Image) -> Points | None:
    """Find the mesh of a decoded face, in px of a crop of `CANONICAL_SIZE`; None where none is to be seen.

    Args:
        mesh: The landmark network.
        decoded: Normalised crop, display-coded.
    """
    to_canonical = similarity.resize(len(decoded), CANONICAL_SIZE)
    landmarks, presence = mesh.locate(to_bytes(decoded), [stabilise.roi_of_normalisation(to_canonical)])
    return similarity.apply(to_canonical, landmarks[0]) if presence[0] >= _LEAST_PRESENCE else None


def steady_outline(found: Sequence[Points | None], position: int, reach: int = 2) -> Points | None:
    """Average the outline of a frame over its neighbours.

    Args:
        found: Of consecutive frames.
        position: Of the frame; None there stays None.
        reach: Frames to either side.
    """
    if found[position] is None:
        return None
    near = [one for one in list(found)[max(0, position - reach) : position + reach + 1] if one is not None]
    middle: Points = np.mean(near, axis=0)
    return middle


def filled(decoded: Image, outline: Points | None) -> Image:
    """Carry a decoded face's skin on beyond its own outline.

    Args:
        decoded: Normalised crop, at any size.
        outline: Its mesh, in px of a crop of `CANONICAL_SIZE`; None leaves it as it is.
    """
    if outline is None:
        return decoded
    size = len(decoded)
    own = face_matte(similarity.apply(similarity.resize(CANONICAL_SIZE, size), outline), size)
    reach = 2 * round(size * EROSION) + 1
    known = cv2.erode(own, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))) > 0.99
    return extend(decoded, known) if known.mean() > _LEAST_KNOWN else decoded
