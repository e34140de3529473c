"""How sure a mean over the frames of a shot is; neighbouring frames say nearly the same, so blocks are redrawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.special import ndtri, stdtrit

from pecten.errors import ShapeError

Series = Float64[np.ndarray, " _frames"]

DRAWS = 2000


@dataclass(frozen=True)
class Interval:
    """A mean and between what it probably lies.

    Attributes:
        mean: Over all frames; NaN without any.
        low, high: Bounds; NaN where there are fewer than two frames, or the mean is not finite.
        share: The probability that the bounds hold the true mean.
        frames: How many were measured.
    """

    mean: float
    low: float
    high: float
    share: float
    frames: int

    def excludes(self, value: float) -> bool:
        """Whether a value lies outside the bounds, as 0 does for a difference that is no accident."""
        return not np.isnan(self.low) and not self.low <= value <= self.high


def mean_interval(
    series: Series | Sequence[Series], share: float = 0.95, block: int | None = None, seed: int = 0, draws: int = DRAWS
) -> Interval:
    """Estimate a mean over frames and its uncertainty by redrawing blocks of neighbouring frames.

    The bounds are the percentiles of the redrawn means. Few blocks scatter too little, and their scatter is itself
    unsure; so the bounds are widened by sqrt(blocks / (blocks - 1)) and by Student's factor for as many blocks.

    Args:
        series: One value a frame, or several such series, one a shot: blocks do not reach across shots. NaN is left
            out, as a frame that could not be measured.
        share: Probability that the bounds shall hold the true mean.
        block: Frames of a block; None takes it from how much each frame resembles the one before.
        seed: The same seed gives the same bounds.
        draws: How often to redraw.
    Raises:
        ShapeError: if share, block or draws make no sense.
    Reference:
        Künsch 1989 (moving blocks); Carlstein 1986, section 4 (their length).
    """
    shots = [s[~np.isnan(s)] for s in ([series] if isinstance(series, np.ndarray) else series)]
    shots = [s for s in shots if len(s)]
    if not 0 < share < 1 or draws < 1 or (block is not None and block < 1):
        raise ShapeError(
            f"share {share}, block {block}, draws {draws}: give 0 < share < 1, block and draws of 1 or more"
        )
    count = sum(len(s) for s in shots)
    mean = float(np.concatenate(shots).mean()) if count else float("nan")
    if count < 2 or not np.isfinite(mean):
        return Interval(mean, float("nan"), float("nan"), share, count)
    length = block or block_length(shots)
    random = np.random.default_rng(seed)
    drawn = sum(_redrawn_sums(s, length, draws, random) for s in shots) / count
    blocks = max(2.0, sum(len(s) / min(length, len(s)) for s in shots))
    below, above = np.quantile(drawn - np.mean(drawn), [(1 - share) / 2, (1 + share) / 2])
    wider = np.sqrt(blocks / (blocks - 1)) * stdtrit(blocks - 1, (1 + share) / 2) / ndtri((1 + share) / 2)
    return Interval(mean, mean + float(below * wider), mean + float(above * wider), share, count)


def difference_interval(
    one: Series | Sequence[Series],
    other: Series | Sequence[Series],
    share: float = 0.95,
    block: int | None = None,
    seed: int = 0,
    draws: int = DRAWS,
) -> Interval:
    """Estimate by how much one method's mean exceeds another's, frame by frame, so that what both find hard cancels.

    Args:
        one, other: As for `mean_interval`, of the same frames; a frame that lacks either is left out.
        share, block, seed, draws: As for `mean_interval`.
    Raises:
        ShapeError: if the frames differ in number.
    """
    ones, others = ([s] if isinstance(s, np.ndarray) else list(s) for s in (one, other))
    if [len(s) for s in ones] != [len(s) for s in others]:
        raise ShapeError(f"shots of {[len(s) for s in ones]} and {[len(s) for s in others]} frames: give equal lengths")
    with np.errstate(invalid="ignore"):
        # Two endless values have no difference that could be known.
        apart = [a - b for a, b in zip(ones, others, strict=True)]
    return mean_interval(apart, share, block, seed, draws)


def block_length(shots: Sequence[Series]) -> int:
    """Return how many neighbouring frames to redraw together: 1 for independent frames, at most a third of a shot.

    Args:
        shots: One series a shot, without NaN.
    Reference:
        Carlstein 1986, section 4: the best length if each frame remembers a fixed share of the one before.
    """
    apart = [shot - np.mean(np.concatenate(shots)) for shot in shots]
    power = sum(float((a**2).sum()) for a in apart)
    longest = max(len(shot) for shot in shots)
    if power <= 0 or longest < 6:
        return 1
    found = sum(float((a[1:] * a[:-1]).sum()) for a in apart) / power
    # Short series look less alike than they are (Kendall 1954).
    memory = float(np.clip(found + (1 + 3 * found) / longest, 0.0, 0.95))
    best = (np.sqrt(6.0) * memory / (1 - memory**2)) ** (2 / 3) * longest ** (1 / 3)
    return int(np.clip(np.ceil(best), 1, longest // 3))


def _redrawn_sums(
    series: Series, block: int, draws: int, random: np.random.Generator
) -> Float64[np.ndarray, " _draws"]:
    """Return the sum of each redrawn series of the same length.

    Blocks wrap around the end, or the first and last frames would be drawn less often than others.
    """
    frames = len(series)
    block = min(block, frames)
    whole, rest = divmod(frames, block)
    sums = np.concatenate([[0.0], np.cumsum(np.concatenate([series, series[:block]]))])
    starts = random.integers(0, frames, (draws, whole + 1))
    total: Float64[np.ndarray, " _draws"] = (sums[starts[:, :whole] + block] - sums[starts[:, :whole]]).sum(axis=1)
    total += sums[starts[:, whole] + rest] - sums[starts[:, whole]]
    return total
