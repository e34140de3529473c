"""How long a composite takes, on pictures made for it."""

from collections.abc import Callable

import cv2
import numpy as np

from pecten.benchmark.clock import laps
from pecten.benchmark.report import Figure
from pecten.composite.paste import paste
from pecten.composite.recipe import Recipe, compose, measure
from pecten.faces.mean import MEAN_MESH
from pecten.faces.normalise import crop
from pecten.faces.region import face_matte
from pecten.geometry import similarity
from pecten.types import CANONICAL_SIZE

JOBS = (("1080p plate, 512 px crop", 1920, 1080, 512, 30.0), ("4K plate, 1024 px crop", 3840, 2160, 1024, 110.0))
"""Name, plate's width and height, crop's side, and the ms that are asked for on two cores."""

SCALE = 0.93
"""Of the crop: a slight shrink, which costs a filter more than an enlargement does."""


def measure_speed(repeats: int = 15) -> list[Figure]:
    """Time crop, blend and paste of one frame with the default recipe, on all threads that OpenCV may use.

    Args:
        repeats: Runs of each; the least wall-clock time counts, as other work on the machine only adds to it.
    """
    return [_figure(*job, repeats) for job in JOBS]


def _figure(name: str, width: int, height: int, size: int, aim_ms: float, repeats: int) -> Figure:
    noise = np.random.default_rng(0).random((2, height // 8, width // 8, 3)).astype(np.float32)
    plate, other = (cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC) for picture in noise)
    canonical = similarity.similarity(SCALE * CANONICAL_SIZE / size, 0.05, (-0.3 * width, -0.2 * height))
    crop_from_plate = similarity.at_size(canonical, size)
    landmarks = MEAN_MESH[:, :2] * (size / CANONICAL_SIZE)
    matte, recipe = face_matte(landmarks, size), Recipe()
    face = np.ascontiguousarray(other[:size, :size])
    measured = measure(crop(plate, canonical, size), face, matte, recipe, landmarks)

    def composite() -> None:
        cut = crop(plate, canonical, size)
        paste(plate, compose(cut, face, matte, recipe, measured), cut, crop_from_plate, matte)

    wall, cpu = _least(composite, repeats)
    note = f"crop, blend and paste at {SCALE:g} px of crop a px of plate; CPU time of all threads {cpu:.1f} ms"
    return Figure(f"speed: {name}", wall, "ms", aim_ms, note=note)


def _least(work: Callable[[], None], repeats: int) -> tuple[float, float]:
    wall_s, cpu_s = map(min, laps(work, repeats))
    return 1000 * wall_s, 1000 * cpu_s
