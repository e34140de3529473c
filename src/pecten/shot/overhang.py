"""Where a decoded face ends: beyond its own outline the decoder shows what it was never trained on.

Where the source's jaw or cheek is narrower than the target's, that would stand inside the target's matte. Cutting the
matte back to the source's outline leaves the target's own jaw beside the new one; so the face's skin is carried on
outward instead, up to the target's outline.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from pecten.composite.extend import extend
from pecten.composite.matte import reaching
from pecten.faces import stabilise
from pecten.faces.landmarks import FaceMesh
from pecten.faces.mesh import LEFT_BROW, LEFT_SOCKET, OUTER_LIPS, RIGHT_BROW, RIGHT_SOCKET
from pecten.faces.region import draw, face_matte, hull
from pecten.geometry import similarity
from pecten.sheet import to_bytes
from pecten.shot.coverage import resized
from pecten.types import CANONICAL_SIZE, Image, Mask, Points

EROSION = 1 / 48
"""How far inside its outline a face is trusted, as a share of the crop's side."""

_LEAST_PRESENCE = 0.5
_LEAST_KNOWN = 0.1

_COLDER = (0.1, 0.25)
"""Logarithm of blue to red, beyond that of nearly all of the face: from which a rim is strange, and surely is."""

_LIT_COLD = (0.0, 0.04)
"""The same of the plate: from which it is the light that is cold, or no skin is seen."""

_RIM = 1 / 10
"""Width of what may be, as a share of the crop's side; further inside is the face."""

_AROUND = 1 / 40
"""How far around it the face is not trusted either."""

_BESIDE = 1 / 128
"""Around features, which may be of any colour, as a share of the crop's side."""

_GRID, _DARK = 128, 0.03
_FEATURES = (RIGHT_BROW, LEFT_BROW, RIGHT_SOCKET, LEFT_SOCKET, OUTER_LIPS)


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


def filled(decoded: Image, outline: Points | None, plate: Image) -> Image:
    """Carry a decoded face's skin on beyond its own outline, and over what is strange within it.

    Args:
        decoded: Normalised crop, at any size.
        outline: Its mesh, in px of a crop of `CANONICAL_SIZE`; None leaves it as it is.
        plate: What it is put into, the same crop at any size, display-coded.
    """
    if outline is None:
        return decoded
    size = len(decoded)
    points = similarity.apply(similarity.resize(CANONICAL_SIZE, size), outline)
    known = cv2.erode(face_matte(points, size), _disc(EROSION, size)) > 0.99
    if known.mean() <= _LEAST_KNOWN:
        return decoded
    carried = extend(decoded, known)
    strange = _strange(carried, plate, known, points)
    if not strange.any():
        return carried
    around = cv2.dilate(strange, _disc(_AROUND, len(strange)))
    trusted = known & (resized(around, size) == 0)
    share = cv2.GaussianBlur(around, (0, 0), len(around) * _AROUND / 3)
    # Beyond the face as much as at its rim: what was carried on from there is strange as well.
    share = extend(np.repeat(resized(share, size)[..., None], 3, axis=2), known)
    return np.asarray(carried + share * (extend(decoded, trusted) - carried), np.float32)


def _strange(face: Image, plate: Image, known: np.ndarray, points: Points) -> Mask:
    """Tell what a decoder shows within an outline that reaches out too far: colder than face and plate, no brighter.

    A face that nobody like was in the training fades at its rim into what surrounded the others. Cold light on a face,
    and what surrounds it, are in its plate as well.

    Args:
        face: Display-coded, on all of the crop.
        plate: The same crop, at any size.
        known: The face's pixels within its outline.
        points: Its mesh, in px.
    Returns:
        On a grid of its own: 1 where it surely is none of the face's, in one piece with what lies beyond it.
    """
    grid = min(_GRID, len(face))
    small, under = (np.maximum(_shrunk(picture, grid), np.float32(0)) for picture in (face, plate))
    own = resized(known.astype(np.float32), grid) > 0.5
    inner = cv2.erode(own.view(np.uint8), _disc(_RIM, grid)) > 0
    if not inner.any():
        return np.zeros((grid, grid), np.float32)
    cold, below, bright = _coldness(small), _coldness(under), small.mean(axis=2)
    amount = np.minimum(_beyond(cold, inner, _COLDER), _beyond(cold - below, inner, _COLDER))
    amount *= 1 - _beyond(below, inner, _LIT_COLD)
    features = _features(similarity.apply(similarity.resize(len(face), grid), points), grid)
    amount *= own & ~inner & (bright < np.median(bright[inner])) & (features < 0.5)
    return np.asarray(amount * reaching(amount > 0, ~own), np.float32)


def _coldness(picture: Image) -> Mask:
    return np.asarray(np.log((picture[..., 2] + _DARK) / (picture[..., 0] + _DARK)), np.float32)


def _beyond(values: Mask, inner: np.ndarray, bounds: tuple[float, float]) -> Mask:
    low, high = bounds
    return np.asarray(np.clip((values - np.percentile(values[inner], 95) - low) / (high - low), 0, 1), np.float32)


def _shrunk(picture: Image, grid: int) -> Image:
    return np.asarray(cv2.resize(picture, (grid, grid), interpolation=cv2.INTER_AREA))


def _features(points: Points, size: int) -> Mask:
    shapes = [hull(points[list(part)]) for part in _FEATURES]
    return np.asarray(cv2.dilate(draw(shapes, size), _disc(_BESIDE, size)), np.float32)


def _disc(radius: float, size: int) -> np.ndarray:
    side = 2 * round(size * radius) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
