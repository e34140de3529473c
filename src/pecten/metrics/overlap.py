"""How far groups of points share one space, and where they lie in it when it is drawn flat."""

import numpy as np
from jaxtyping import Float64, Int64

from pecten.errors import ShapeError

Rows = Float64[np.ndarray, "_rows _values"]
Flat = Float64[np.ndarray, "_rows 2"]
Labels = Int64[np.ndarray, " _rows"]

_ITERATIONS, _EXAGGERATED, _EXAGGERATION = 400, 100, 12.0
_MOMENTUM = (0.5, 0.8)
_LEAST_GAIN = 0.01


def principal(rows: Rows, count: int = 2) -> tuple[Rows, Rows, Float64[np.ndarray, " _count"]]:
    """Find the directions in which rows differ most.

    Args:
        rows: At least two.
        count: How many directions; fewer where there are not as many.
    Returns:
        The rows' places along them, the directions (a row each, of length 1), and the variances.
    """
    centred = rows - rows.mean(axis=0)
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    axes, variances = axes[:count], singular[:count] ** 2 / max(1, len(rows) - 1)
    return centred @ axes.T, axes, variances


def mixing(rows: Rows, labels: Labels, neighbours: int = 10) -> float:
    """Measure how groups mix: how often a point's nearest neighbours are of other groups, over how often chance has it.

    Args:
        rows: Points.
        labels: Group of each.
        neighbours: How many are looked at.
    Returns:
        0 where groups lie apart, about 1 where nothing tells them apart.
    Raises:
        ShapeError: if there are fewer than two groups.
    Reference:
        Schilling 1986 (the nearest-neighbour two-sample test).
    """
    names, counts = np.unique(labels, return_counts=True)
    if len(names) < 2:
        raise ShapeError("mixing of one group: give two or more")
    squared = squares(rows, rows)
    np.fill_diagonal(squared, np.inf)
    k = min(neighbours, len(rows) - 1)
    nearest = np.argpartition(squared, k - 1, axis=1)[:, :k]
    found = (labels[nearest] != labels[:, None]).mean(axis=1)
    chance = 1 - (counts - 1) / (len(rows) - 1)
    return float(np.mean([found[labels == name].mean() / c for name, c in zip(names, chance, strict=True)]))


def mmd(one: Rows, other: Rows) -> float:
    """Measure how two samples differ: the maximum mean discrepancy under a Gaussian kernel of the median distance.

    Returns:
        About 0 where they come from one distribution (the unbiased estimate may fall below), towards 1 where they are
        far apart.
    Reference:
        Gretton et al. 2012, equation 3.
    """
    both = np.concatenate([one, other])
    squared = squares(both, both)
    width = np.median(squared[np.triu_indices(len(both), 1)])
    kernel = np.exp(-squared / max(width, 1e-12))
    n, m = len(one), len(other)
    np.fill_diagonal(kernel, 0)
    within = kernel[:n, :n].sum() / max(1, n * (n - 1)) + kernel[n:, n:].sum() / max(1, m * (m - 1))
    return float(within - 2 * kernel[:n, n:].mean())


def tsne(rows: Rows, perplexity: float = 20.0, seed: int = 0) -> Flat:
    """Draw points flat so that neighbours stay neighbours.

    Exact, of quadratic cost: for hundreds of points, not for tens of thousands.

    Args:
        rows: At least four points.
        perplexity: About how many neighbours count.
        seed: Of nothing but ties: the drawing begins from the principal axes.
    Reference:
        van der Maaten and Hinton 2008, algorithm 1, with the early exaggeration and gains of van der Maaten 2014.
    """
    if len(rows) < 4:
        raise ShapeError(f"{len(rows)} points to draw: give at least four")
    wanted = _affinities(squares(rows, rows), min(perplexity, (len(rows) - 1) / 3))
    begin, _, _ = principal(rows, 2)
    ties = np.random.default_rng(seed).normal(0, 1e-6, (len(rows), 2))
    place = np.zeros((len(rows), 2))
    place[:, : begin.shape[1]] = begin / max(float(begin.std()), 1e-12) * 1e-4
    place = place + ties
    step, gains, rate = np.zeros_like(place), np.ones_like(place), max(50.0, len(rows) / _EXAGGERATION / 4)
    for n in range(_ITERATIONS):
        near = 1 / (1 + squares(place, place))
        np.fill_diagonal(near, 0)
        pull = wanted * (_EXAGGERATION if n < _EXAGGERATED else 1.0) - near / near.sum()
        force = pull * near
        gradient = 4 * (force.sum(axis=1)[:, None] * place - force @ place)
        gains = np.maximum(np.where(np.sign(gradient) == np.sign(step), gains * 0.8, gains + 0.2), _LEAST_GAIN)
        step = _MOMENTUM[n >= _EXAGGERATED] * step - rate * gains * gradient
        place = place + step
        place -= place.mean(axis=0)
    flat: Flat = place
    return flat


def squares(one: Rows, other: Rows) -> Float64[np.ndarray, "_one _other"]:
    """Return the squared distance of every row to every other."""
    squared = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T
    return np.asarray(np.maximum(squared, 0), dtype=np.float64)


def _affinities(squared: np.ndarray, perplexity: float) -> np.ndarray:
    """Return symmetric neighbourhood probabilities; each point's width is found by bisection."""
    count, target = len(squared), np.log(perplexity)
    low, high, precision = np.zeros(count), np.full(count, np.inf), np.full(count, 1 / max(squared.mean(), 1e-12))
    others = ~np.eye(count, dtype=bool)
    closest = np.where(others, squared, np.inf).min(axis=1)
    shares = np.zeros_like(squared)
    for _ in range(60):
        shares = np.exp(-(squared - closest[:, None]) * precision[:, None]) * others
        shares /= shares.sum(axis=1, keepdims=True)
        entropy = -(shares * np.log(np.maximum(shares, 1e-300))).sum(axis=1)
        wide = entropy > target
        low, high = np.where(wide, precision, low), np.where(wide, high, precision)
        precision = np.where(np.isinf(high), precision * 2, (low + np.where(np.isinf(high), low, high)) / 2)
    joint: np.ndarray = np.maximum((shares + shares.T) / (2 * count), 1e-12)
    return joint
