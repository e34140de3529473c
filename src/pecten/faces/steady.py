"""The matte of a swap: a face or parts of it, with borders that move as slowly as the head does."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

import cv2
import numpy as np
from jaxtyping import Float64
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from pecten.errors import UsageError
from pecten.faces.mesh import LEFT_BROW, LEFT_SOCKET, NOSE, OUTER_LIPS, RIGHT_BROW, RIGHT_SOCKET
from pecten.faces.region import draw, face_matte, hull, rounded
from pecten.faces.stabilise import savitzky_golay
from pecten.types import CANONICAL_SIZE, Mask, Points

Part = Literal["full", "lips", "eyes", "brows", "nose"]
PARTS: tuple[Part, ...] = get_args(Part)

_POINTS: dict[Part, tuple[tuple[int, ...], ...]] = {
    "full": (),
    "lips": (OUTER_LIPS,),
    "eyes": (RIGHT_SOCKET, LEFT_SOCKET),
    "brows": (RIGHT_BROW, LEFT_BROW),
    "nose": (NOSE,),
}
_SKIRT: dict[Part, float] = {"full": 0.0, "lips": 0.05, "eyes": 0.02, "brows": 0.045, "nose": 0.03}
"""How far a part's border lies from its landmarks, as a share of the face's height: out on plain skin."""

_BESIDE = (0.0, 0.01)
"""How far beside a part its own edge may lie, and where it surely ends, as shares of the crop's side."""

_ANGLES = 96
_ORDER = 2
_FACE_WINDOW = 5
"""A longer parabola would not follow a jaw that speaks (at 4.4 Hz and 25 frames a second 9 keep less than half)."""


@dataclass(frozen=True, eq=False)
class Steady:
    """What the mattes of one frame are drawn from, in px of a crop of `CANONICAL_SIZE`.

    Attributes:
        landmarks: The 478 mesh points, smoothed over time.
        outlines: Borders of the chosen parts; none for the full face.
        skirts: Width of the skin between each border and what it encloses, in px.
        enclosed: Mesh points of what each border encloses.
        further_rad: How much further the head is known to be turned than the mesh has it.
    """

    landmarks: Points
    outlines: tuple[Points, ...]
    skirts: tuple[float, ...] = ()
    enclosed: tuple[tuple[int, ...], ...] = ()
    further_rad: float = 0.0

    def whole(self, size: int) -> Mask:
        """Draw the full face in a crop of `size` px."""
        return face_matte(_at_size(self.landmarks, size), size, self.further_rad)

    def softness(self, size: int) -> Mask | None:
        """Draw how much of a part shows, less and less over the skin towards its border; None for the full face."""
        if not self.outlines:
            return None
        soft = np.zeros((size, size), np.float32)
        for outline, width in zip(self.outlines, self.skirts, strict=True):
            inside = (draw([_at_size(outline, size)], size) >= 0.5).view(np.uint8)
            deep = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_5)
            soft = np.maximum(soft, _eased(deep / np.float32(max(1.0, width * size / CANONICAL_SIZE))))
        return soft

    def near(self, size: int, faces: Sequence[Points]) -> Mask:
        """Draw the parts themselves, 1 on any of several faces' and less and less over the skin right beside them.

        Args:
            size: Of the crop, in px.
            faces: Meshes, in px of a crop of `CANONICAL_SIZE`.
        """
        shapes = [_at_size(hull(face[list(points)]), size) for face in faces for points in self.enclosed]
        off = cv2.distanceTransform((draw(shapes, size) < 0.5).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
        close, far = (share * size for share in _BESIDE)
        return _eased((np.float32(far) - off) / np.float32(max(1.0, far - close)))

    def matte(self, whole: Mask) -> Mask:
        """Cut what is swapped out of the full face, as `whole` drew it."""
        if not self.outlines:
            return whole
        size = len(whole)
        parts: Mask = np.minimum(whole, draw([_at_size(outline, size) for outline in self.outlines], size))
        return parts


def parts_of(region: str) -> tuple[Part, ...]:
    """Read the name of a region: `full`, `lips`, `eyes`, `brows`, `nose`, or several joined by +.

    Raises:
        UsageError: if one of them is no part of a face.
    """
    known: dict[str, Part] = {part: part for part in PARTS}
    names = [name.strip() for name in region.split("+")]
    for name in names:
        if name not in known:
            raise UsageError(f"region {region}: choose one of {', '.join(PARTS)}, or several joined by +")
    return tuple(part for part in PARTS if part in names)


def steady(landmarks: Float64[np.ndarray, "frames 478 2"], parts: Iterable[Part], window: int = 9) -> list[Steady]:
    """Find the borders of consecutive frames, steadier than their landmarks.

    The full face follows its landmarks through a short least-squares parabola. A part's border is a star around its
    middle: each ray reaches as far as the part ever does within the window, averaged over the window. So it encloses
    the part on every frame, opens before the mouth does and closes after it, and hardly shows the landmarks' noise.

    Args:
        landmarks: Of consecutive frames of one face, in px of the normalised crop of `CANONICAL_SIZE`.
        parts: What is swapped; the full face takes in all others.
        window: Frames, odd.
    """
    chosen = tuple(parts)
    smooth = _parabola(landmarks, min(window, _FACE_WINDOW))
    borders: list[Float64[np.ndarray, "frames corners 2"]] = []
    skirts: list[Float64[np.ndarray, " frames"]] = []
    enclosed = () if "full" in chosen else tuple(points for part in chosen for points in _POINTS[part])
    if "full" not in chosen:
        height = np.linalg.norm(smooth[:, 152] - smooth[:, 10], axis=1)
        for part in chosen:
            for points in _POINTS[part]:
                skirts.append(_SKIRT[part] * height)
                borders.append(_border(landmarks[:, list(points)], skirts[-1], window))
    return [
        Steady(points, tuple(rounded(b[k], 1) for b in borders), tuple(float(width[k]) for width in skirts), enclosed)
        for k, points in enumerate(smooth)
    ]


def _parabola(landmarks: Float64[np.ndarray, "frames 478 2"], window: int) -> Float64[np.ndarray, "frames 478 2"]:
    window = min(window, len(landmarks) - 1 + len(landmarks) % 2)
    if window <= _ORDER:
        return landmarks
    flat = landmarks.reshape(len(landmarks), -1)
    return savitzky_golay(flat, window, _ORDER).reshape(landmarks.shape)


def _border(
    points: Float64[np.ndarray, "frames points 2"], growth: Float64[np.ndarray, " frames"], window: int
) -> Float64[np.ndarray, "frames angles 2"]:
    """Draw the border of one part in every frame."""
    middle = _average(points.mean(axis=1), window)
    turns = np.arange(_ANGLES) * (2 * np.pi / _ANGLES)
    rays = np.column_stack([np.cos(turns), np.sin(turns)])
    reach = np.stack([_radii(hull(part - around), rays) for part, around in zip(points, middle, strict=True)])
    # The furthest of the window, then its average: no frame's own reach is ever above it.
    furthest = maximum_filter1d(reach, window, axis=0, mode="nearest")
    slow = _average(furthest, window) + growth[:, None]
    return np.asarray(middle[:, None] + slow[..., None] * rays)


def _average(values: np.ndarray, window: int) -> np.ndarray:
    return np.asarray(uniform_filter1d(values, window, axis=0, mode="nearest"))


def _radii(corners: Points, rays: Float64[np.ndarray, "angles 2"]) -> Float64[np.ndarray, " angles"]:
    """Return how far an outline reaches along rays from the origin; 0 where a ray misses it."""
    first, along = corners, np.roll(corners, -1, axis=0) - corners
    # Where first + t along = r ray: two crosses over one.
    cross = rays[:, None, 0] * along[None, :, 1] - rays[:, None, 1] * along[None, :, 0]
    cross = np.where(np.abs(cross) < 1e-9, np.nan, cross)
    with np.errstate(invalid="ignore"):
        distance = (first[:, 0] * along[:, 1] - first[:, 1] * along[:, 0]) / cross
        share = (first[None, :, 0] * rays[:, None, 1] - first[None, :, 1] * rays[:, None, 0]) / cross
        hit = (share >= -1e-9) & (share <= 1 + 1e-9) & (distance > 0)
    return np.asarray(np.where(hit, distance, 0.0).max(axis=1))


def runs(indices: Sequence[int]) -> list[slice]:
    """Split ascending frame indices where one is left out."""
    breaks = [0, *(k for k in range(1, len(indices)) if indices[k] != indices[k - 1] + 1), len(indices)]
    return [slice(start, stop) for start, stop in pairwise(breaks) if stop > start]


def _eased(share: np.ndarray) -> Mask:
    """Rise smoothly from 0 at 0 to 1 at 1."""
    t = np.clip(share, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _at_size(points: Points, size: int) -> Points:
    ratio = size / CANONICAL_SIZE
    return (points + 0.5) * ratio - 0.5
