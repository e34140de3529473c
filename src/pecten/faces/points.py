"""The landmarks that a normalisation is fitted on: the 51 iBUG points that are not the jaw's, found from the mesh."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from pecten.assets import asset
from pecten.faces import normalise
from pecten.faces.mean import MEAN_MESH
from pecten.faces.mesh import MESH_TO_68
from pecten.geometry import similarity as sim
from pecten.types import Affine, Points

_TABLE = "models/landmarks_51.npz"

COUNTERPARTS = np.array(MESH_TO_68[17:])
"""The mesh point nearest to each of the 51."""

PLACES: Points = MEAN_MESH[COUNTERPARTS, :2]
"""Where the 51 lie in a crop of `CANONICAL_SIZE`."""


@dataclass(frozen=True, eq=False)
class FacePoints:
    """How the 51 points follow from the mesh, and how they move; all in px of the normalised crop.

    The mesh has no vertex that is an iBUG point: where the nearest one lies differs with the head's turn and, most of
    all, with the lids. A linear map of the mesh's main modes says by how much. Made by `runs/make_landmark_table.py`.

    Attributes:
        mean: The mean mesh.
        modes: Its main modes.
        offsets: From each counterpart to its point: a constant row, and a row for each mode.
        shape: The points in three dimensions, z towards the viewer.
        normals: Of the skin at the points.
        deformation: Covariance of what a face's points do from one frame to the next besides turning with the head.
    """

    mean: Float64[np.ndarray, " _mesh"]
    modes: Float64[np.ndarray, "_modes _mesh"]
    offsets: Float64[np.ndarray, "_rows 102"]
    shape: Float64[np.ndarray, "51 3"]
    normals: Float64[np.ndarray, "51 3"]
    deformation: Float64[np.ndarray, "102 102"]

    def locate(self, landmarks: Points) -> Points:
        """Find the 51 points.

        Args:
            landmarks: The 478 mesh points, in plate px.
        Returns:
            In plate px.
        """
        to_crop = normalise.crop_from_plate(landmarks)
        mesh = sim.apply(to_crop, landmarks)
        said = (mesh.ravel() - self.mean) @ self.modes.T
        points = mesh[COUNTERPARTS] + (self.offsets[0] + said @ self.offsets[1:]).reshape(-1, 2)
        return sim.apply(sim.invert(to_crop), points)


def load_points() -> FacePoints:
    """Read the table that ships with the package."""
    with np.load(asset(_TABLE), allow_pickle=False) as table:
        return FacePoints(**{name: table[name].astype(np.float64) for name in table.files})


def fit(points: Points) -> Affine:
    """Fit the normalisation to the 51 points, in plate px."""
    return sim.fit_similarity(points, PLACES)
