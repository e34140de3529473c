"""Whether the eyes look where they should."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from pecten.errors import ShapeError
from pecten.metrics.expression import Track, correlation

Curve = Float64[np.ndarray, " _frames"]
Directions = Float64[np.ndarray, "_frames 2"]
"""Across the picture and down it, in widths of an eye."""

RIGHT, LEFT = (33, 133, 468, 159, 145), (362, 263, 473, 386, 374)
"""Of the 478: the corner further left in the picture, the other, the iris's middle, upper and lower lid."""

EYE_RADIUS = 12.0 / 30.0
"""Of the eyeball's turn, in widths of an eye from corner to corner: 12 mm of 30 mm."""

SHUT = 0.12
"""An eye that is open less than this, in its own width, hides its iris."""


@dataclass(frozen=True, eq=False)
class GazeErrors:
    """How far a gaze is off.

    Attributes:
        degrees: One a frame, mean of both eyes; NaN where either face has its eyes shut.
        across, down: Correlation of the gaze over time; NaN if it never moves.
    """

    degrees: Curve
    across: float
    down: float


def gaze(track: Track) -> Directions:
    """Measure where the irises stand between the corners of their eyes, the mean of both.

    Args:
        track: The 478 mesh points, px.
    Returns:
        0, 0 in the middle between the corners; NaN where an eye is shut.
    Raises:
        ShapeError: if there are not 478 points.
    """
    if track.shape[1] != 478:
        raise ShapeError(f"{track.shape[1]} landmarks: give the 478 of the mesh, which has irises")
    eyes = np.stack([_eye(track, eye) for eye in (RIGHT, LEFT)])
    directions: Directions = eyes.mean(axis=0)
    return directions


def gaze_errors(found: Track, truth: Track, settled: bool = False) -> GazeErrors:
    """Compare two gazes, frame by frame.

    Args:
        found: Landmarks of the face to judge, px.
        truth: Landmarks of the true face, px, its head turned alike: a turned head's eyes look narrower.
        settled: Take out the shot's median difference first, where the other face is another person's, whose eyes are
            cut in another way.
    Raises:
        ShapeError: if frames differ in number or there are not 478 points.
    """
    if found.shape != truth.shape:
        raise ShapeError(f"performances {found.shape} and {truth.shape}: give equal frames and landmarks")
    ours, true = gaze(found), gaze(truth)
    seen = ~np.isnan(ours + true).any(axis=1)
    if settled and seen.any():
        ours = ours + np.median((true - ours)[seen], axis=0)
    turned = [np.degrees(np.arcsin(np.clip(side / EYE_RADIUS, -1, 1))) for side in (ours, true)]
    across, down = (correlation(ours[seen, axis], true[seen, axis]) for axis in (0, 1))
    return GazeErrors(np.hypot(*(turned[0] - turned[1]).T), across, down)


def _eye(track: Track, eye: tuple[int, int, int, int, int]) -> Directions:
    one, other, iris, upper, lower = (track[:, index] for index in eye)
    along = other - one
    width = np.linalg.norm(along, axis=1)
    along = along / width[:, None]
    offset = (iris - (one + other) / 2) / width[:, None]
    # Down the picture for a face that is upright: a quarter turn from the corners' line.
    down = np.stack([-along[:, 1], along[:, 0]], axis=1)
    places = np.stack([(offset * along).sum(axis=1), (offset * down).sum(axis=1)], axis=1)
    places[np.linalg.norm(upper - lower, axis=1) < SHUT * width] = np.nan
    return np.asarray(places, np.float64)
