"""Paths of a face's points over a whole shot: what was seen of each, and what faces can do.

A point's own motion is often badly seen: lids that close, lips that part, a far cheek that turns away. How the others
moved says much about it. So all points of all frames are found at once, as the most probable paths under three kinds
of evidence: where the landmarks are, how the skin was seen to move, and how faces move - anyhow as a rigid body under a
distant camera, and by a known covariance as flesh.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from pecten.faces.points import FacePoints

PLACE_PX: Float64[np.ndarray, "51"] = np.repeat([20.0, 6.0, 20.0, 10.0], [19, 12, 12, 8])
PLACE_PX[[19, 22, 25, 28]] = 20.0
PLACE_PX.setflags(write=False)
"""Expected error of the landmarks at `CANONICAL_SIZE`, most of it slow: only lids and inner lips are held to them."""

_ANYHOW_PX = 20.0
"""Expected rigid motion, at 200 px from the middle, beyond what was measured: as good as any."""
_WHITE_PX = 0.1
_DEPTH_PX = 12.0
"""Expected error of a point's depth; a turn makes motion of it."""
_ROUNDS = 3
_OUTLIER = 2.0
"""Standard deviations at which a motion is half believed."""
_ASTRAY_PX = 8.0
"""Departure of a frame's landmarks from their usual place on the face at which they are half believed."""

Paths = Float64[np.ndarray, "_frames 51 2"]
Matrices = Float64[np.ndarray, "_steps 102 102"]


def stiffness(
    known: FacePoints,
    places: Paths,
    turns: Float64[np.ndarray, "_frames 3 3"],
    rolls: Float64[np.ndarray, "_frames 2 2"],
) -> Matrices:
    """Return how strongly the points resist moving apart between each frame and the next: inverse covariances.

    Args:
        known: How faces move.
        places: The points, in plate px times the crop's scale.
        turns: From the head's axes to the picture's.
        rolls: From the normalised crop's axes to the plate's.
    """
    solid = known.shape - known.shape.mean(axis=0)
    flesh = known.deformation.reshape(51, 2, 51, 2)
    result = np.empty((len(places) - 1, 102, 102))
    for t in range(len(result)):
        rigid = rigid_motions(places[t], solid @ turns[t][2])
        upright = rolls[t] @ turns[t][:2, :2]
        turned = np.einsum("ab,ibjc,dc->iajd", upright, flesh, upright, optimize=True).reshape(102, 102)
        turn = float(np.arccos(np.clip(turns[t][2] @ turns[t + 1][2], -1, 1)))
        spread = rigid @ rigid.T * _ANYHOW_PX**2 + turned
        spread[np.diag_indices(102)] += _WHITE_PX**2 + (_DEPTH_PX * turn) ** 2
        result[t] = np.linalg.inv(spread)
    return result


def rigid_motions(points: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Return the eight ways (102, 8) in which an affine camera sees a solid move: points (n, 2) and depths in px."""
    across, down = ((points - points.mean(axis=0)) / 200).T
    motions = np.zeros((len(points), 2, 8))
    for k, one in enumerate((across, down, depth / 200, np.ones(len(points)))):
        motions[:, 0, 2 * k] = motions[:, 1, 2 * k + 1] = one
    return motions.reshape(-1, 8)


def settle(
    places: Paths,
    motions: Float64[np.ndarray, "_steps 51 2"],
    trusts: Float64[np.ndarray, "_steps 51"],
    stiff: Matrices,
    place_px: Sequence[float] | np.ndarray = PLACE_PX,
    rounds: int = _ROUNDS,
) -> Paths:
    """Find the most probable paths.

    Args:
        places: Where the landmarks put each point, in px at `CANONICAL_SIZE`.
        motions: How each was seen to move from each frame to the next, in the same px.
        trusts: Inverse variances of the motions; 0 where nothing was seen.
        stiff: From `stiffness`.
        place_px: Expected error of each point's places.
        rounds: Solutions; each after the first doubts the motions and frames that the last one does not bear out.
    Returns:
        All frames' points: no delay, and no memory across the ends.
    """
    if len(places) < 2:
        return places.copy()
    hold = np.tile(np.repeat(1 / np.asarray(place_px) ** 2, 2), (len(places), 1))
    found = _solved(places, hold, motions, trusts, stiff)
    for _ in range(rounds - 1):
        off = ((np.diff(found, axis=0) - motions) ** 2).sum(axis=-1)
        apart = found - places
        astray = ((apart - np.median(apart, axis=0)) ** 2).sum(axis=-1).mean(axis=1)
        doubt = 1 / (1 + astray / _ASTRAY_PX**2)
        found = _solved(places, hold * doubt[:, None], motions, trusts / (1 + off * trusts / _OUTLIER**2), stiff)
    return found


def _solved(places: Paths, hold: np.ndarray, motions: np.ndarray, trusts: np.ndarray, stiff: Matrices) -> Paths:
    """Solve the normal equations, block tridiagonal in time: eliminated forwards, substituted back."""
    frames, size = hold.shape
    diagonal = np.arange(size)
    weight = np.repeat(trusts, 2, axis=1)
    link = stiff.copy()
    link[:, diagonal, diagonal] += weight
    pull = weight * motions.reshape(frames - 1, size)
    right = hold * places.reshape(frames, size)
    right[:-1] -= pull
    right[1:] += pull
    own = np.zeros((frames, size, size))
    own[:, diagonal, diagonal] = hold
    own[:-1] += link
    own[1:] += link
    for t in range(1, frames):
        ratio = np.linalg.solve(own[t - 1], link[t - 1]).T
        own[t] -= ratio @ link[t - 1]
        right[t] += ratio @ right[t - 1]
    right[-1] = np.linalg.solve(own[-1], right[-1])
    for t in range(frames - 2, -1, -1):
        right[t] = np.linalg.solve(own[t], right[t] + link[t] @ right[t + 1])
    return np.asarray(right.reshape(places.shape))
