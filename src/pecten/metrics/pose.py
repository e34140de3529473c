"""How far a head is turned from where it should be."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from pecten.errors import ShapeError
from pecten.types import Points

Turns = Float64[np.ndarray, "_frames 3"]
"""Yaw, pitch and roll of one head over time, rad."""

Curve = Float64[np.ndarray, " _frames"]


@dataclass(frozen=True, eq=False)
class PoseErrors:
    """Errors frame by frame, degrees, all 0 and up.

    Attributes:
        yaw, pitch, roll: Of each angle alone.
        turn: Of the whole rotation: the least angle that would turn one head into the other.
    """

    yaw: Curve
    pitch: Curve
    roll: Curve
    turn: Curve


def read_turns(tracks: Float64[np.ndarray, "_frames _points 2"], solid: Float64[np.ndarray, "_points 3"]) -> Turns:
    """Estimate the turn of a head on every frame, by fitting a solid to its landmarks under a distant camera.

    Args:
        tracks: Landmarks, px.
        solid: The same landmarks in space, x right, y down, z towards the viewer, of a head that looks into the lens;
            the true head of the true performance, or a mean one: then the estimate has a bias of its own, which cancels
            between two tracks of one face.
    Returns:
        Yaw towards the picture's right, pitch down, roll counter-clockwise, as `pecten.faces.normalise.pose` has them.
    Raises:
        ShapeError: if the counts differ, or the landmarks lie on one line.
    """
    if tracks.shape[1] != len(solid) or len(solid) < 4:
        raise ShapeError(f"{tracks.shape[1]} landmarks and a solid of {len(solid)}: give equal counts, four or more")
    return np.array([_turn(seen, solid - solid.mean(axis=0)) for seen in tracks]).reshape(-1, 3)


def pose_errors(found: Turns, truth: Turns, settled: bool = False) -> PoseErrors:
    """Compare the turns of two heads, frame by frame.

    Args:
        found: To judge.
        truth: What they should be: known from the scene, or read from the true picture by the same estimator, whose
            bias then cancels.
        settled: Take out the shot's constant rotation between both first, where the estimator or the head is another:
            what is left is how well the head moves along.
    Raises:
        ShapeError: if the frames differ in number.
    """
    if found.shape != truth.shape or not len(found):
        raise ShapeError(f"turns of {len(found)} and {len(truth)} frames: give as many, one or more")
    ours, true = _rotations(found), _rotations(truth)
    if settled:
        # Of both sides, the constant may be in the head's own axes or the camera's; small ones are the same.
        ours = ours @ _nearest_rotation((np.swapaxes(ours, 1, 2) @ true).sum(axis=0))
    apart = np.degrees(np.abs(_wrapped(_angles(ours) - truth)))
    # From the chord, not the trace, which is blind to small angles.
    chord = np.linalg.norm(ours - true, axis=(1, 2)) / (2 * np.sqrt(2))
    whole = np.degrees(2 * np.arcsin(np.clip(chord, 0, 1)))
    return PoseErrors(apart[:, 0], apart[:, 1], apart[:, 2], whole)


def _turn(seen: Points, solid: np.ndarray) -> list[float]:
    camera = np.linalg.lstsq(solid, seen - seen.mean(axis=0), rcond=None)[0].T
    u, singular, vt = np.linalg.svd(camera, full_matrices=False)
    if singular[-1] <= 1e-9 * singular[0]:
        raise ShapeError("cannot find a pose: the landmarks lie on one line")
    x, y = u @ vt
    angles: list[float] = _angles(np.stack([x, y, np.cross(x, y)])[None])[0].tolist()
    return angles


def _angles(rotations: np.ndarray) -> Turns:
    yaw = np.arctan2(rotations[:, 0, 2], rotations[:, 2, 2])
    pitch = np.arcsin(np.clip(rotations[:, 1, 2], -1, 1))
    roll = np.arctan2(-rotations[:, 1, 0], rotations[:, 1, 1])
    return np.stack([yaw, pitch, roll], axis=1)


def _rotations(turns: Turns) -> Float64[np.ndarray, "_frames 3 3"]:
    """Undo `_angles`: yaw after pitch after roll."""
    yaw, pitch, roll = turns.T
    zero, one = np.zeros_like(yaw), np.ones_like(yaw)

    def matrix(*entries: np.ndarray) -> np.ndarray:
        return np.stack(entries, axis=1).reshape(-1, 3, 3)

    around_y = matrix(np.cos(yaw), zero, np.sin(yaw), zero, one, zero, -np.sin(yaw), zero, np.cos(yaw))
    around_x = matrix(one, zero, zero, zero, np.cos(pitch), np.sin(pitch), zero, -np.sin(pitch), np.cos(pitch))
    around_z = matrix(np.cos(roll), np.sin(roll), zero, -np.sin(roll), np.cos(roll), zero, zero, zero, one)
    rotations: Float64[np.ndarray, "_frames 3 3"] = around_y @ around_x @ around_z
    return rotations


def _nearest_rotation(matrix: np.ndarray) -> np.ndarray:
    u, _, vt = np.linalg.svd(matrix)
    return np.asarray(u * np.array([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt)


def _wrapped(angles: np.ndarray) -> np.ndarray:
    return np.asarray((angles + np.pi) % (2 * np.pi) - np.pi)
