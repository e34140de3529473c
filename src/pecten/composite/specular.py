"""Highlights on skin, as the plate's lamps lay them there.

A gain of light has no place for what a surface mirrors, and a decoder blurs it away: a face put on glossy skin looks
powdered. Both parts differ in colour. What the plate's skin mirrors, and the face does not, is laid on the face, but
for the nose: its shape is told by what shines on it, and it is the other's.
"""

import cv2
import numpy as np

from pecten.colour.display import display_from_light, light_from_display
from pecten.colour.lamp import told_apart
from pecten.errors import ShapeError
from pecten.faces.mesh import LEFT_SOCKET, MESH_POINTS, NOSE, OUTER_LIPS, RIGHT_SOCKET
from pecten.faces.region import draw, hull
from pecten.geometry import similarity
from pecten.types import Image, Mask, Points

STRENGTH = 0.5
"""Of what the face lacks: some of it is another skin's colour after all."""

SIDE = 128
"""Both are compared on small pictures: highlights are broad, pores are the face's own."""

SMOOTH, BROAD, LIKE = 1.0, 12.0, 1.5
"""Blurs there, in px: of the highlights, of what is light and no highlight, of the skin that is compared."""

ALIKE = (0.15, 0.35)
"""Difference of what both scatter, as a logarithm, up to which both are skin, and from which one is hair."""

LIT = (0.4, 1.2)
"""Brightness by the skin's median, up to which it is in shadow, and from which it is not."""

HOLLOW = (0.3, 0.7)
"""The same of the face itself: nothing is laid on its shadows."""

MATT = 0.3
"""Share of the skin, the reddest, that gives its colour."""

_RIM, _AROUND = 7, 5
_COVERED = 0.9
_LEAST_PIXELS = 64
_DARK = 0.01
_FAINTEST = 1e-4


def highlights(plate: Image, face: Image, matte: Mask, landmarks: Points) -> Mask:
    """Tell what a face lacks of the highlights of its plate's skin.

    Args:
        plate: Crop of the plate, display-coded.
        face: What is put there, in the plate's light.
        matte: Where both show a face.
        landmarks: The mesh in the crop, px: eyes and lips are no skin, and the nose is left.
    Returns:
        Linear light to be added, (`SIDE`, `SIDE`) over the crop; zero where nothing is known.
    Raises:
        ShapeError: if there is no whole mesh.
    Reference:
        Shafer 1985 (dichromatic reflection).
    """
    if len(landmarks) != MESH_POINTS:
        raise ShapeError(f"{len(landmarks)} landmarks, but the mesh has {MESH_POINTS}: give the whole mesh")
    small = [cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for picture in (plate, face, matte)]
    mesh = similarity.apply(similarity.resize(len(matte), SIDE), landmarks)
    nose = hull(mesh[list(NOSE)])
    features = draw([nose, *(mesh[list(part)] for part in (RIGHT_SOCKET, LEFT_SOCKET, OUTER_LIPS))], SIDE)
    cover = small[2] * (1 - cv2.dilate(features, np.ones((_AROUND, _AROUND), np.uint8)))
    known = cover > _COVERED
    if known.sum() < _LEAST_PIXELS or not all(np.isfinite(picture).all() for picture in small):
        return np.zeros((SIDE, SIDE), np.float32)
    (mirrored, scattered, bright), (own, own_scattered, own_bright) = (_parts(picture, known) for picture in small[:2])
    unlike = np.abs(np.log((scattered + _DARK) / (own_scattered + _DARK)))
    share = _blurred((1 - _between(unlike, ALIKE)) * cover, SMOOTH)
    lacking = _blurred(mirrored - own, SMOOTH)
    broad = _blurred(lacking * share, BROAD) / np.maximum(_blurred(share, BROAD), np.float32(1e-3))
    added = np.maximum(lacking - broad, 0) * share * np.float32(STRENGTH)
    # Shadows that the sky fills look as if they mirrored it; and where noses differ, the tip of one would shine in the
    # other's nostrils.
    within = cv2.erode(_between(own_bright, HOLLOW), np.ones((_RIM, _RIM), np.uint8))
    added *= _blurred(np.minimum(_between(bright, LIT), within), SMOOTH)
    return np.asarray(added, np.float32)


def with_highlights(face: Image, added: Mask) -> Image:
    """Lay highlights on a face.

    They shift its coded picture, so that its finest bands stay as strong as they are.

    Args:
        face: In the plate's light, display-coded.
        added: From `highlights`, perhaps smoothed.
    """
    if float(added.max()) < _FAINTEST:
        return face
    dull = np.asarray(cv2.resize(face, added.shape[::-1], interpolation=cv2.INTER_AREA))
    shift = display_from_light(light_from_display(dull) + added[..., None]) - dull
    large = np.asarray(cv2.resize(shift, face.shape[1::-1], interpolation=cv2.INTER_LINEAR))
    large += face
    return large


def _parts(picture: Image, known: np.ndarray) -> tuple[Mask, Mask, Mask]:
    """Return what pixels mirror, what is scattered around them, and their brightness by the skin's median."""
    light = np.maximum(light_from_display(np.asarray(picture, np.float32)), 0)
    blue = light[..., 2] / np.maximum(light[..., 0], np.float32(1e-3))
    matt = known & (blue <= np.quantile(blue[known], MATT))
    # Three times as bright as usual is no limit: how bright skin is, light decides.
    lamp = told_apart(light, 3 * np.median(light[matt], axis=0))[0]
    whole = light.sum(axis=2)
    scattered = _blurred(np.maximum(whole - 3 * lamp, 0), LIKE)
    return lamp, scattered, whole / np.float32(max(float(np.median(whole[known])), 1e-6))


def _between(values: Mask, ends: tuple[float, float]) -> Mask:
    return np.asarray(np.clip((values - ends[0]) / (ends[1] - ends[0]), 0, 1), np.float32)


def _blurred(values: Mask, sigma: float) -> Mask:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), np.float32)
