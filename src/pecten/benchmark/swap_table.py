"""Tables and figures of a benchmark of swaps: means with their intervals, and differences that are no accident."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pecten.benchmark.report import Figure, Table
from pecten.benchmark.swap_plan import together
from pecten.benchmark.swap_results import Against, Blend, Measure, MethodNote, SwapResults, Taken
from pecten.benchmark.swap_show import runs_of
from pecten.metrics.interval import Interval, Series, difference_interval, mean_interval

CLAIMS = ("psnr", "ssim", "ms_ssim", "flip", "jod", "jod_video", "identity", "light", "flicker")
"""Fidelity, identity, light and flicker: in these the first method is asked to be the best."""

_PER_PAIR = ("psnr", "flip", "identity")


@dataclass(frozen=True)
class Way:
    """A way to judge.

    Attributes:
        against: Which truth.
        blend: How faces were put in.
        title: Of its table.
        short: In names of figures.
    """

    against: Against
    blend: Blend
    title: str
    short: str


WAYS = (
    Way("crop", "", "The decoder's answer against the source's own clip", "in the crop"),
    Way("plate", "customary", "The finished frame against the true swap, each method's own blend", "in the plate"),
    Way("plate", "ours", "The finished frame against the true swap, our blend for all", "in the plate, our blend"),
    Way("none", "ours", "Clips without a truth, our blend for all", "on the user's clips"),
)


def tables_of(results: SwapResults) -> list[Table]:
    """Lay the results out: what was taught, then each way to judge, differences, and pair by pair."""
    tables = [_costs(results)]
    for way in WAYS:
        if any(taken.against == way.against for taken in results.taken):
            tables += [_means(results, way), _differences(results, way)]
    tables += [_pairs(results, way, key) for way in WAYS[:2] for key in _PER_PAIR]
    return [table for table in tables if table.rows]


def figures_of(results: SwapResults) -> list[Figure]:
    """Say for each claim whether the first method is the best, and by how much, with its interval."""
    figures = []
    rivals = [m for m in results.methods if not (m.ours or m.reference)]
    measures = {measure.key: measure for measure in results.measures}
    first = results.methods[0] if results.methods else None
    if first is None or first.reference:
        return []
    for way in WAYS[:3]:
        for key in CLAIMS:
            figure = _against_best(results, way, measures.get(key), first, rivals)
            figures += [figure] if figure else []
    for other, words in (
        ("comb-two-way", "all in one over two-way"),
        ("comb-single-stage", "grown over single stage"),
        ("comb-paper-like", "our preset over the published shape"),
    ):
        note = next((m for m in results.methods if m.key == other), None)
        if note is not None and first.key == "comb":
            for way in WAYS[:2]:
                figure = _claim(results, way, measures["psnr"], first, note, f"{words}: PSNR {way.short}")
                figures += [figure] if figure else []
    return figures


def series_of(results: SwapResults, way: Way, method: str) -> tuple[Taken, ...]:
    """Return what a method showed in one way; ours has no other custom than our blend."""
    held = results.of(method, way.against, way.blend)
    return held or (results.of(method, way.against, "ours") if way.blend == "customary" else ())


def interval_of(taken: Sequence[Taken], measure: Measure) -> Interval:
    """Estimate a measure's mean over frames; over runs or scenes, where it has one value for each of them."""
    if any(measure.key in one.whole for one in taken):
        return mean_interval(np.array([one.whole.get(measure.key, np.nan) for one in taken]), block=1)
    series, block = _redrawn([one for one in taken if measure.key in one.values], measure)
    return mean_interval(series, block=block)


def difference_of(one: Sequence[Taken], other: Sequence[Taken], measure: Measure) -> Interval:
    """Estimate by how much one method is better than another on the same frames; above 0 it is."""
    known = {(t.pair, t.shot, t.frames): t for t in other}
    pairs = [(t, known[t.pair, t.shot, t.frames]) for t in one if (t.pair, t.shot, t.frames) in known]
    if any(measure.key in t.whole for t, _ in pairs):
        sides = zip(
            *((t.whole.get(measure.key, np.nan), u.whole.get(measure.key, np.nan)) for t, u in pairs), strict=True
        )
        values, others = (_goodness(np.array(side, np.float64), measure) for side in sides)
        return difference_interval(values, others, block=1)
    both = [(t, u) for t, u in pairs if measure.key in t.values and measure.key in u.values]
    (ours, block), (theirs, _) = (_redrawn([pair[side] for pair in both], measure) for side in (0, 1))
    ours, theirs = ([_goodness(part, measure) for part in parts] for parts in (ours, theirs))
    return difference_interval(ours, theirs, block=block)


def _against_best(
    results: SwapResults, way: Way, measure: Measure | None, first: MethodNote, rivals: Sequence[MethodNote]
) -> Figure | None:
    """Compare the first method with the best of the others' methods."""
    if measure is None:
        return None
    own = series_of(results, way, first.key)
    found = [(difference_of(own, series_of(results, way, rival.key), measure), rival) for rival in rivals]
    known = [(apart, rival) for apart, rival in found if apart.frames]
    if not known:
        return None
    apart, rival = min(known, key=lambda pair: pair[0].mean)
    return _lead(f"{measure.name} {way.short}: {first.name} better than the best other by", apart, measure, rival)


def _claim(
    results: SwapResults, way: Way, measure: Measure, first: MethodNote, other: MethodNote, name: str
) -> Figure | None:
    apart = difference_of(series_of(results, way, first.key), series_of(results, way, other.key), measure)
    return _lead(name, apart, measure, other) if apart.frames else None


def _lead(name: str, apart: Interval, measure: Measure, other: MethodNote) -> Figure:
    low, mean, high = (value * measure.factor for value in (apart.low, apart.mean, apart.high))
    sure = "sure" if apart.excludes(0.0) else "within chance"
    span = f"{sure}: {low:.{measure.digits}f} to {high:.{measure.digits}f}, {apart.frames} values"
    note = f"{span if np.isfinite(apart.low) else 'one value: no interval'}; against {other.name}"
    return Figure(name, mean, measure.unit, 0.0, True, note)


def _costs(results: SwapResults) -> Table:
    rows = [
        (
            note.name,
            f"{note.size_px}",
            f"{note.trainings}",
            f"{note.images_each:.0f}",
            f"{note.images}",
            f"{note.seconds:.0f}",
        )
        for note in results.methods
        if not note.reference
    ]
    heads = ("method", "px", "networks", "images of each performer, one network", "images in all", "seconds in all")
    return Table("What was taught", heads, tuple(rows))


def _means(results: SwapResults, way: Way) -> Table:
    held = [(note, series_of(results, way, note.key)) for note in results.methods]
    held = [(note, taken) for note, taken in held if taken]
    shown = [m for m in results.measures if any(m.key in t.values or m.key in t.whole for _, ts in held for t in ts)]
    rows = [(note.name, *(_cell(interval_of(taken, m), m) for m in shown)) for note, taken in held]
    return Table(way.title, ("method", *(_head(m) for m in shown)), tuple(rows))


def _differences(results: SwapResults, way: Way) -> Table:
    first = results.methods[0]
    own = series_of(results, way, first.key)
    others = [(m, series_of(results, way, m.key)) for m in results.methods[1:] if not m.reference]
    shown = [m for m in results.measures if any(m.key in t.values or m.key in t.whole for t in own)]
    rows = [
        (note.name, *(_cell(difference_of(own, taken, m), m, mark=True) for m in shown))
        for note, taken in others
        if taken
    ]
    title = f"How much better {first.name} is {way.short}, frame by frame (* is no accident)"
    return Table(title, ("than", *(m.name for m in shown)), tuple(rows))


def _pairs(results: SwapResults, way: Way, key: str) -> Table:
    measure = next((m for m in results.measures if m.key == key), None)
    if measure is None:
        return Table("", (), ())
    scenes = sorted({(t.shot, t.pair) for t in results.taken if t.against == way.against})
    rows = []
    for note in results.methods:
        by_scene = {(t.shot, t.pair): t for t in series_of(results, way, note.key)}
        if by_scene:
            cells = [_cell(interval_of([by_scene[s]], measure), measure) if s in by_scene else "" for s in scenes]
            rows.append((note.name, *cells))
    heads = tuple(f"{pair}, {shot}" for shot, pair in scenes)
    return Table(f"{measure.name} {way.short}, pair by pair", ("method", *heads), tuple(rows))


def _head(measure: Measure) -> str:
    arrow = {"high": "higher is better", "low": "lower is better", "one": "1 is right"}[measure.best]
    return f"{measure.name}{f', {measure.unit}' if measure.unit else ''} ({arrow})"


def _cell(interval: Interval, measure: Measure, mark: bool = False) -> str:
    if not interval.frames:
        return ""
    mean, low, high = (
        f"{value * measure.factor:.{measure.digits}f}" for value in (interval.mean, interval.low, interval.high)
    )
    star = "*" if mark and interval.excludes(0.0) else ""
    return f"{mean}{star}" if np.isnan(interval.low) else f"{mean}{star} ({low} to {high})"


def _redrawn(taken: Sequence[Taken], measure: Measure) -> tuple[list[Series], int | None]:
    """Return the series that an interval redraws, and by what blocks: frames within each shot, or runs of all shots."""
    if measure.span == 1:
        return [part for one in taken for part in _parts(one, measure.key)] or [np.full(0, np.nan)], None
    # A run's frames share its value: redrawn frame by frame, or within the run, it would look far surer than it is.
    runs = [one.values[measure.key][rows.start] for one in taken for rows in together(one.frames, measure.span)]
    return [np.array(runs, np.float64)], 1


def _parts(taken: Taken, key: str) -> list[Series]:
    """Split a series where frames were left out: blocks must not reach across."""
    values = np.array(taken.values[key], np.float64)
    starts = [taken.frames.index(first) for first, _ in runs_of(taken.frames)]
    return np.split(values, starts[1:])


def _goodness(values: Series, measure: Measure) -> Series:
    """Turn values so that more is better."""
    if measure.best == "high":
        return values
    return -values if measure.best == "low" else -np.abs(values - 1)
