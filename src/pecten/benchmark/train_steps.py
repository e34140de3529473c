"""Steps of training: our comb's and other methods', with few and many identities, and where their crops come from."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch

from pecten.baselines.model import Budget
from pecten.baselines.pairs import PairModel, deepfacelab, deepfakes
from pecten.benchmark.clock import laps
from pecten.benchmark.report import Figure, Table
from pecten.comb.config import CombConfig
from pecten.dataset.crops import CropSet
from pecten.faces.mean import MEAN_MESH
from pecten.faces.region import face_matte, feature_matte
from pecten.training.config import TrainConfig, preset
from pecten.training.feed import Feed
from pecten.training.forecast import forecast
from pecten.training.run import Run
from pecten.types import CANONICAL_SIZE

BATCH = 8
"""Pictures of each performer in one step, that of the methods compared with."""

METHOD_PX = 128
WANTED_RATE = 12.0
FLAT = 0.10
GROWTH = (2, 4, 8, 16, 32)
FEED_PX = 512
FEED_RATE = 1000.0
"""Images/s: 250 at 1024 px are asked of a GPU, and one of 512 px has a quarter of the pixels."""


Found = tuple[list[Figure], list[Table]]


@dataclass(frozen=True)
class Spent:
    """Seconds of one piece of work, the median of several.

    Attributes:
        wall: By the clock.
        cpu: Of all threads.
    """

    wall: float
    cpu: float


def timed(work: Callable[[], object], repeats: int) -> Spent:
    """Time work after one run that does not count."""
    walls, cpus = laps(work, repeats)
    return Spent(statistics.median(walls), statistics.median(cpus))


def made_up(identity: str, side: int, count: int = 24) -> CropSet:
    """Make crops of smooth noise, with the mean face's landmarks a little moved."""
    draws = np.random.default_rng(len(identity) + side)
    landmarks = MEAN_MESH[:, :2] * (side / CANONICAL_SIZE) + draws.normal(0, side / 60, (count, 1, 2))
    coarse = draws.integers(0, 256, (count, 16, 16, 3)).astype(np.uint8)
    matte, features = (np.rint(made(landmarks[0], side) * 255).astype(np.uint8) for made in (face_matte, feature_matte))
    return CropSet(
        identity,
        np.stack([cv2.resize(one, (side, side), interpolation=cv2.INTER_CUBIC) for one in coarse]),
        np.repeat(matte[None], count, axis=0),
        np.repeat(features[None], count, axis=0),
        landmarks.astype(np.float32),
        tuple(f"made/{k:06d}" for k in range(count)),
    )


def people(count: int, side: int) -> list[CropSet]:
    """Make several performers who share their pictures, which costs a step the same."""
    first = made_up("p0", side)
    return [replace(first, identity=f"p{k}") for k in range(count)]


def run_of(shape: CombConfig, config: TrainConfig) -> Run:
    """Prepare a run whose steps are all at the comb's full size."""
    crops = people(len(shape.identities), shape.size)
    return Run(crops, shape, replace(config, start_px=shape.size))


def names(count: int) -> tuple[str, ...]:
    """Name performers as `people` does."""
    return tuple(f"p{k}" for k in range(count))


def measure_methods(quick: bool) -> Found:
    """Compare our quick preset with the field's networks at equal batch, two identities."""
    side, repeats = (64, 1) if quick else (METHOD_PX, 5)
    shape, config = preset("quick", names(2), side)
    run = run_of(shape, replace(config, batch=BATCH, device="cpu"))
    ours = timed(run.advance, repeats + 2)
    figures = [_rate(f"images/s, our quick preset at {side} px", ours, None if quick else WANTED_RATE)]
    others: list[Callable[[], PairModel]] = [lambda: deepfakes(64, device="cpu")]
    if not quick:
        others += [lambda: deepfakes(128, device="cpu"), lambda: deepfacelab("df", 128, device="cpu")]
    for make in others:
        # One at a time: together their optimisers' moments take gigabytes.
        model = make()
        taught = timed(_lesson(model), 1 if quick else 2)
        figures.append(_rate(f"images/s, {model.name}", taught))
        note = "by CPU time, equal batch"
        figures.append(Figure(f"our rate over that of {model.name}", taught.cpu / ours.cpu, "times", note=note))
    return figures, []


def _lesson(model: PairModel) -> Callable[[], object]:
    crops = {one.identity: one for one in people(2, model.size)}
    return lambda: model.teach(crops, Budget(images=2 * BATCH))


def _rate(name: str, spent: Spent, aim: float | None = None) -> Figure:
    images = 2 * BATCH
    note = f"batch {BATCH} of each of two; by CPU time of all threads {images / spent.cpu:.2f} a second"
    return Figure(name, images / spent.wall, "images/s", aim, at_least=True, note=note)


def measure_growth(quick: bool) -> Found:
    """Measure what an image costs as more identities are taught together."""
    counts, side, repeats = ((2, 4), 32, 1) if quick else (GROWTH, METHOD_PX, 5)
    planned = {count: preset("quick", names(count), side) for count in counts}
    planned = {count: (shape, replace(config, device="cpu")) for count, (shape, config) in planned.items()}
    costs = _costs([run_of(*both) for both in planned.values()], counts, repeats)
    rows, sizes = [], []
    for (count, (shape, config)), cost in zip(planned.items(), costs, strict=True):
        images = count * config.batch
        whole, split = (forecast(shape, replace(config, accumulate=parts)) for parts in (1, count))
        sizes.append(whole.step / images / 2**20)
        told = (f"{cost:.1f}", f"{sizes[-1]:.2f}", f"{whole.step / 2**20:.0f}", f"{split.step / 2**20:.0f}")
        rows.append((str(count), *told, f"{whole.weights / 2**20:.0f}"))
    columns = ("identities", "CPU ms an image", "MiB of a step an image", "MiB of a step", "MiB in parts", "of weights")
    span = f"P {counts[0]} to {counts[-1]}, {side} px"
    note = "CPU time of whole steps, equal images of each in turn"
    return [
        Figure(f"cost of an image, {span}: largest increase", _increase(costs), "", FLAT, note=note),
        Figure(
            f"memory of an image, {span}: largest increase", _increase(sizes), "", FLAT, note="as planned, undivided"
        ),
    ], [Table(f"Cost as identities grow ({side} px, batch 4)", columns, tuple(rows))]


def _costs(runs: Sequence[Run], counts: Sequence[int], repeats: int) -> list[float]:
    """Return CPU ms an image of each run: medians over rounds of equal images, as a machine's pace drifts."""
    for run in runs:
        # Moments are made in the first step; their memory, a gigabyte for many, is still being had in the second.
        run.advance()
        run.advance()
    spent: list[list[float]] = [[] for _ in runs]
    for _ in range(repeats):
        for run, count, each in zip(runs, counts, spent, strict=True):
            steps = max(counts) // count
            begun = time.process_time()
            for _ in range(steps):
                run.advance()
            each.append(1000 * (time.process_time() - begun) / (steps * count * run.config.batch))
    return [statistics.median(each) for each in spent]


def _increase(values: Sequence[float]) -> float:
    # Less for more people is no fault, and counts as none.
    return max(value / values[0] - 1 for value in values)


def measure_feeds(quick: bool) -> Found:
    """Measure how fast crops come, where they lie on the device and where they are gathered for it."""
    side, count, repeats = (64, 8, 3) if quick else (FEED_PX, 64, 20)
    crops = {"p0": people(1, side)[0]}
    chosen = np.random.default_rng(0).integers(0, len(crops["p0"].images), count)
    level = side.bit_length() - 1
    figures = []
    for on_host, where in ((False, "on the device"), (True, "gathered in the machine's memory")):
        feed = Feed(crops, torch.device("cpu"), on_host)
        feed.at(level)
        spent = timed(lambda feed=feed: feed.take((level, "p0", 0), chosen), repeats)  # type: ignore[misc]
        note = f"by CPU time {count / spent.cpu:.0f} a second; random changes are made on the device, in the step"
        aim = None if quick else FEED_RATE
        figures.append(Figure(f"crops/s at {side} px, {where}", count / spent.wall, "images/s", aim, True, note))
    return figures, []
