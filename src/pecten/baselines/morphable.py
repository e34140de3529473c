"""A morphable face and its fit to landmarks: pose and expression of every frame, one identity for all."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

from pecten.assets import asset
from pecten.errors import ShapeError
from pecten.faces.mesh import MESH_POINTS

_FILE = "models/morphable.npz"

Shapes = Float64[np.ndarray, "_frames _vertices 3"]
Sightings = Float64[np.ndarray, "_frames _points 2"]

DISTANCE_CM = 90.0
"""From the camera to the face's middle: near enough for a face that fills half a picture's height."""
SPREAD_CM = 0.05
"""Expected departure of a landmark from its vertex."""
EXPRESSION_SPREAD = 0.5
"""Expected size of an expression's weight."""
_ROUNDS, _SWEEPS = 24, 6


@dataclass(frozen=True, eq=False)
class Morphable:
    """A face as a mean and what changes it, in cm: x to the picture's right, y up, z to the viewer.

    Attributes:
        mean: Vertices.
        identity: What makes a person; weights of unit variance.
        expression: What a person does; weights from 0 to 1.
        triangles: Corners, counter-clockwise as seen from outside; eyes and mouth are closed.
        openings: The triangles that close them.
        mesh_points: For each of some of the 478 mesh points, which one it is and the vertex where it lies.
        landmarks_68: The vertex of each of the 68 landmarks (iBUG).
    """

    mean: Float64[np.ndarray, "_vertices 3"]
    identity: Float64[np.ndarray, "_modes _vertices 3"]
    expression: Float64[np.ndarray, "_shapes _vertices 3"]
    triangles: Int64[np.ndarray, "_triangles 3"]
    openings: Int64[np.ndarray, "_closed"]
    mesh_points: Int64[np.ndarray, "_known 2"]
    landmarks_68: Int64[np.ndarray, "68"]

    def shapes(self, fit: "Fit") -> Shapes:
        """Return the vertices of every frame of a fit, before they are posed."""
        return _shapes(self.mean, self.identity, self.expression, fit)

    def posed(self, fit: "Fit") -> Shapes:
        """Return the vertices of every frame of a fit in the picture: px, px, and cm towards the viewer."""
        return _posed(self.shapes(fit), fit)

    def in_px(self, fit: "Fit") -> Shapes:
        """Return the same, with px for cm."""
        posed = self.posed(fit)
        posed[..., 2] *= fit.scale[:, None]
        return posed


@dataclass(frozen=True, eq=False)
class Fit:
    """How a morphable face lies in some frames.

    Attributes:
        identity: Weights, the same on all frames.
        expression: Weights of every frame.
        rotation: Of every frame.
        scale: px / cm at the face's middle.
        shift: Where the face's origin lies, in px.
        nearness: One over the camera's distance in cm; 0 is a distant camera.
    """

    identity: Float64[np.ndarray, "_modes"]
    expression: Float64[np.ndarray, "_frames _shapes"]
    rotation: Float64[np.ndarray, "_frames 3 3"]
    scale: Float64[np.ndarray, "_frames"]
    shift: Float64[np.ndarray, "_frames 2"]
    nearness: float = 1 / DISTANCE_CM

    def __len__(self) -> int:
        return len(self.scale)

    def take(self, chosen: Any) -> "Fit":
        """Return some frames, as NumPy chooses."""
        return replace(
            self,
            expression=self.expression[chosen],
            rotation=self.rotation[chosen],
            scale=self.scale[chosen],
            shift=self.shift[chosen],
        )


def load() -> Morphable:
    """Read the morphable face that ships with Pecten.

    Reference:
        Li et al. 2020, Learning Formation of Physically-Based Face Attributes (ICT-FaceKit).
    """
    with np.load(asset(_FILE), allow_pickle=False) as arrays:
        return Morphable(
            *(arrays[name].astype(np.float64) for name in ("mean", "identity", "expression")),
            *(arrays[name].astype(np.int64) for name in ("triangles", "openings", "mesh_points", "landmarks_68")),
        )


def fit_mesh(model: Morphable, landmarks: Sightings, identity: np.ndarray | None = None) -> Fit:
    """Fit a face to the 478 mesh points of some frames of one person; see `fit_points`."""
    if landmarks.shape[1] != MESH_POINTS:
        raise ShapeError(f"{landmarks.shape[1]} landmarks a frame, but the mesh has {MESH_POINTS}: give the whole mesh")
    points, vertices = model.mesh_points.T
    return fit_points(model, landmarks[:, points], vertices, identity)


def fit_points(
    model: Morphable,
    seen: Sightings,
    vertices: Int64[np.ndarray, "_points"],
    identity: np.ndarray | None = None,
    distance_cm: float = DISTANCE_CM,
    spread_cm: float = SPREAD_CM,
) -> Fit:
    """Find the identity, and for each frame the pose and expression, that explain where some vertices are seen.

    Regularised Gauss-Newton steps in turns: poses, expressions (within 0 to 1), identity.

    Args:
        model: The face.
        seen: Where the vertices are, in px.
        vertices: Which they are.
        identity: Weights, where the person is known already.
        distance_cm: From the camera; infinite for a distant one.
        spread_cm: How far a landmark is expected from its vertex; the larger, the nearer the fit stays to the mean.
    Raises:
        ShapeError: if points and vertices differ in number, there are fewer than six or no frame, or one is no number.
    """
    if seen.shape[1] != len(vertices) or len(vertices) < 6 or not len(seen):
        raise ShapeError(f"{seen.shape[1]} points in {len(seen)} frames for {len(vertices)} vertices: give 6 or more")
    if not np.isfinite(seen).all():
        raise ShapeError("a landmark is not a number: leave that frame out")
    mean, modes, shapes = (part[..., vertices, :] for part in (model.mean, model.identity, model.expression))
    known = np.zeros(len(modes)) if identity is None else identity
    fit = _start(mean, seen, known, len(shapes), 1 / distance_cm)
    for _ in range(_ROUNDS):
        for _ in range(2):
            fit = _pose_step(_shapes(mean, modes, shapes, fit), fit, seen)
        fit = replace(fit, expression=_expression_step(mean, modes, shapes, fit, seen, spread_cm))
        if identity is None:
            fit = replace(fit, identity=_identity_step(mean, modes, shapes, fit, seen, spread_cm))
    return _pose_step(_shapes(mean, modes, shapes, fit), fit, seen)


def _shapes(mean: np.ndarray, modes: np.ndarray, shapes: np.ndarray, fit: Fit) -> Shapes:
    person = mean + np.tensordot(fit.identity, modes, 1)
    posed: Shapes = person + np.tensordot(fit.expression, shapes, 1)
    return posed


def _posed(shapes: Shapes, fit: Fit) -> Shapes:
    turned = shapes @ fit.rotation.transpose(0, 2, 1)
    size = fit.scale[:, None] / (1 - fit.nearness * turned[..., 2])
    x = size * turned[..., 0] + fit.shift[:, :1]
    y = -size * turned[..., 1] + fit.shift[:, 1:]
    return np.stack([x, y, turned[..., 2]], axis=-1)


def _start(mean: np.ndarray, seen: Sightings, identity: np.ndarray, shapes: int, nearness: float) -> Fit:
    """Fit the mean face under a distant camera, in closed form."""
    solid = mean - mean.mean(axis=0)
    flat = (seen - seen.mean(axis=1, keepdims=True)) * [1, -1]
    camera = np.linalg.pinv(solid) @ flat
    u, singular, vt = np.linalg.svd(camera.transpose(0, 2, 1), full_matrices=False)
    if singular[:, -1].min() <= 0:
        raise ShapeError("cannot find a pose: the landmarks lie on one line")
    rows = u @ vt
    rotation = np.concatenate([rows, np.cross(rows[:, 0], rows[:, 1])[:, None]], axis=1)
    scale = singular.mean(axis=1)
    centre = (rotation @ mean.mean(axis=0))[:, :2] * [1, -1] * scale[:, None]
    return Fit(identity, np.zeros((len(seen), shapes)), rotation, scale, seen.mean(axis=1) - centre, nearness)


def _seen_from(turned: Shapes, fit: Fit) -> Float64[np.ndarray, "_frames _points 2 3"]:
    """How a point's place in the picture, in units of the scale, changes with its place in space."""
    near = 1 / (1 - fit.nearness * turned[..., 2])
    change = np.zeros((*turned.shape[:2], 2, 3))
    change[..., 0, 0], change[..., 1, 1] = near, -near
    change[..., 0, 2] = fit.nearness * near**2 * turned[..., 0]
    change[..., 1, 2] = -fit.nearness * near**2 * turned[..., 1]
    return change


def _pose_step(shapes: Shapes, fit: Fit, seen: Sightings) -> Fit:
    turned = shapes @ fit.rotation.transpose(0, 2, 1)
    change = _seen_from(turned, fit)
    placed = _posed(shapes, fit)[..., :2]
    x, y, z = np.moveaxis(turned, -1, 0)
    none = np.zeros_like(x)
    # The cross product of each axis with the point.
    spin = np.stack([np.stack(rows, -1) for rows in ((none, -z, y), (z, none, -x), (-y, x, none))], -1)
    slopes = np.empty((*x.shape, 2, 6))
    slopes[..., :3] = change @ spin
    slopes[..., 3] = (placed - fit.shift[:, None]) / fit.scale[:, None, None]
    slopes[..., 4:] = np.eye(2)
    away = (seen - placed) / fit.scale[:, None, None]
    flat = slopes.reshape(len(seen), -1, 6)
    turn = flat.transpose(0, 2, 1)
    moves = np.linalg.solve(turn @ flat + 1e-9 * np.eye(6), turn @ away.reshape(len(seen), -1, 1))[..., 0]
    return replace(
        fit,
        rotation=_rotations(moves[:, :3]) @ fit.rotation,
        scale=fit.scale * np.exp(np.clip(moves[:, 3], -0.3, 0.3)),
        shift=fit.shift + moves[:, 4:] * fit.scale[:, None],
    )


def _rotations(turns: Float64[np.ndarray, "_frames 3"]) -> Float64[np.ndarray, "_frames 3 3"]:
    """Turn about axes by their length in radians (Rodrigues)."""
    angle = np.linalg.norm(turns, axis=1)[:, None, None]
    x, y, z = (turns / np.maximum(angle[:, 0], 1e-12)).T
    none = np.zeros_like(x)
    cross = np.stack([np.stack(rows, -1) for rows in ((none, -z, y), (z, none, -x), (-y, x, none))], 1)
    rotations: np.ndarray = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return rotations


def _linear(
    basis: np.ndarray, mean: np.ndarray, modes: np.ndarray, shapes: np.ndarray, fit: Fit, seen: Sightings
) -> tuple[np.ndarray, np.ndarray]:
    """Return the normal equations, in cm, of moving along a basis on every frame: (f, b, b) and (f, b)."""
    matrices, vectors = np.empty((len(fit), len(basis), len(basis))), np.empty((len(fit), len(basis)))
    flat = basis.transpose(1, 2, 0)
    for k in range(len(fit)):
        one = fit.take(slice(k, k + 1))
        solid = _shapes(mean, modes, shapes, one)
        turned = solid @ one.rotation.transpose(0, 2, 1)
        slopes = ((_seen_from(turned, one)[0] @ one.rotation[0]) @ flat).reshape(-1, len(basis))
        away = ((seen[k] - _posed(solid, one)[0, :, :2]) / one.scale).reshape(-1)
        matrices[k], vectors[k] = slopes.T @ slopes, slopes.T @ away
    return matrices, vectors


def _expression_step(
    mean: np.ndarray, modes: np.ndarray, shapes: np.ndarray, fit: Fit, seen: Sightings, spread_cm: float
) -> np.ndarray:
    matrices, vectors = _linear(shapes, mean, modes, shapes, fit, seen)
    hold = (spread_cm / EXPRESSION_SPREAD) ** 2
    matrices += hold * np.eye(len(shapes))
    # What is sought is the whole weight, not the move from the present one.
    pull = vectors - hold * fit.expression
    weights = fit.expression.copy()
    for _ in range(_SWEEPS):
        for j in range(len(shapes)):
            best = np.clip(weights[:, j] + pull[:, j] / matrices[:, j, j], 0, 1)
            moved = best - weights[:, j]
            weights[:, j] = best
            pull -= moved[:, None] * matrices[:, j]
    return weights


def _identity_step(
    mean: np.ndarray, modes: np.ndarray, shapes: np.ndarray, fit: Fit, seen: Sightings, spread_cm: float
) -> np.ndarray:
    matrices, vectors = _linear(modes, mean, modes, shapes, fit, seen)
    # Landmarks depart alike on all frames: many frames say little more than a few.
    hold = spread_cm**2 * max(1.0, len(fit) / 4)
    matrix = matrices.sum(axis=0) + hold * np.eye(len(modes))
    moved: np.ndarray = fit.identity + np.linalg.solve(matrix, vectors.sum(axis=0) - hold * fit.identity)
    return moved
