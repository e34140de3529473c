"""A z-buffer in NumPy: which triangle is seen at each pixel, and where on it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from pecten.errors import ShapeError


@dataclass(frozen=True, eq=False)
class Surface:
    """What a picture of triangles shows at each pixel.

    Attributes:
        covered: Where there is a triangle.
        owners: The one in front, at the covered pixels in reading order.
        corners: Its three vertices.
        weights: Of the three, summing to 1 (barycentric coordinates).
    """

    covered: Bool[np.ndarray, "_size _size"]
    owners: Int64[np.ndarray, "_seen"]
    corners: Int64[np.ndarray, "_seen 3"]
    weights: Float64[np.ndarray, "_seen 3"]

    def values(self, of_vertices: Float64[np.ndarray, "_vertices _channels"]) -> Float64[np.ndarray, "_seen _channels"]:
        """Interpolate what belongs to vertices at the covered pixels, in reading order."""
        mixed = np.zeros((len(self.corners), of_vertices.shape[1]))
        for k in range(3):
            mixed += of_vertices[self.corners[:, k]] * self.weights[:, k : k + 1]
        return mixed


def rasterise(
    vertices: Float64[np.ndarray, "_vertices 3"], triangles: Int64[np.ndarray, "_triangles 3"], size: int
) -> Surface:
    """Find the nearest triangle that faces the viewer at each pixel's centre.

    Args:
        vertices: x and y in px, pixel centres at integers, and nearness: the greater, the nearer.
        triangles: Corners, clockwise in the picture (y down) where they face the viewer.
        size: Side of the picture in px.
    Raises:
        ShapeError: if a vertex is not a number or a triangle names one that there is not.
    """
    if not np.isfinite(vertices).all() or (
        len(triangles) and not 0 <= triangles.min() <= triangles.max() < len(vertices)
    ):
        raise ShapeError(f"triangles over {len(vertices)} vertices, one is missing or not a number: fit the face again")
    edges = vertices[triangles]
    a, b, c = (edges[:, k, :2] for k in range(3))
    # Twice the area; with y down, what faces the viewer has it below zero.
    area = _cross(b - a, c - a)
    first = np.clip(np.ceil(edges[..., :2].min(axis=1)), 0, size).astype(np.int64)
    last = np.clip(np.floor(edges[..., :2].max(axis=1)), -1, size - 1).astype(np.int64)
    facing = np.flatnonzero((area < 0) & (last >= first).all(axis=1))
    wide, high = (last - first + 1)[facing].T
    count = wide * high
    owner, wide = np.repeat(facing, count), np.repeat(wide, count)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    pixel = first[owner] + np.stack([place % wide, place // wide], axis=1)
    weights = np.empty((len(owner), 3))
    weights[:, 1] = _cross(pixel - a[owner], (c - a)[owner]) / area[owner]
    weights[:, 2] = _cross((b - a)[owner], pixel - a[owner]) / area[owner]
    weights[:, 0] = 1 - weights[:, 1] - weights[:, 2]
    inside = (weights >= 0).all(axis=1)
    owner, pixel, weights = owner[inside], pixel[inside], weights[inside]
    place = pixel[:, 1] * size + pixel[:, 0]
    covered, ahead = _nearest((vertices[triangles[owner], 2] * weights).sum(axis=1), place, size)
    return Surface(covered, owner[ahead], triangles[owner[ahead]], weights[ahead])


def _nearest(depth: np.ndarray, pixel: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which pixels are covered, and for each of them which candidate is in front."""
    front = np.full(size * size, -np.inf)
    np.maximum.at(front, pixel, depth)
    ahead = np.flatnonzero(depth == front[pixel])
    winner = np.full(size * size, -1)
    # On an edge two triangles are equally near: the first one stays.
    winner[pixel[ahead[::-1]]] = ahead[::-1]
    return (winner >= 0).reshape(size, size), winner[winner >= 0]


def _cross(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    product: np.ndarray = p[..., 0] * q[..., 1] - p[..., 1] * q[..., 0]
    return product
