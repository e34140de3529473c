"""The composites that are compared, and what is measured of each."""

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from pecten.benchmark.composite_examples import Example
from pecten.benchmark.composite_texture import cut_again, finish, measure_texture
from pecten.colour.transfer import Encoding, from_linear, to_linear
from pecten.composite.grain_stock import grain_stock
from pecten.composite.matte import mix
from pecten.composite.paste import paste
from pecten.composite.recipe import (
    PAPER,
    BlendMethod,
    LightSource,
    Measurement,
    Recipe,
    compose,
    measure,
    prepare,
    smooth,
)
from pecten.metrics import image, seam, temporal, texture
from pecten.shot.coverage import seen_in, still_seen
from pecten.shot.hair import head_hair
from pecten.shot.texture import Seen
from pecten.types import Image, Mask

BANDS = 4
BLUR = 32
"""The crop's side over the blur under which flicker is measured."""

CELLS = 8
"""Cells across the crop in which light is compared."""


@dataclass(frozen=True)
class Method:
    """A way to put a face in.

    Attributes:
        name: In tables.
        recipe: What is done.
        linear: In linear light instead of the display's coding.
        surface: Whether it knows the landmarks.
        texture: Whether the face gets the plate's sharpness, motion blur and grain, and the head's hair stays in front
            of it, as in a swap.
        ours: Not one of the methods that are compared with.
    """

    name: str
    recipe: Recipe
    linear: bool = False
    surface: bool = True
    texture: bool = False
    ours: bool = False


def _plain(blend: BlendMethod) -> Recipe:
    return Recipe(light=LightSource.FACE, blend=blend)


OURS = Method("skin light by surface, inward bands, texture (default)", Recipe(), texture=True, ours=True)

METHODS = (
    Method("alpha", _plain(BlendMethod.ALPHA)),
    Method("Poisson, float", _plain(BlendMethod.POISSON)),
    Method("seamlessClone, 8 bits", _plain(BlendMethod.SEAMLESS)),
    Method("standard bands", _plain(BlendMethod.STANDARD)),
    Method("paper: contrast, inward bands, k = 2", PAPER),
    Method("the same in linear light", PAPER, linear=True),
    Method("inward bands, k = 2, no contrast", Recipe(light=LightSource.BANDS)),
    Method("skin light by slopes, inward bands", Recipe(), surface=False, ours=True),
    Method("skin light in linear light", Recipe(), linear=True, ours=True),
    Method("skin light, Poisson", Recipe(blend=BlendMethod.POISSON), ours=True),
    Method("the default without texture", Recipe(), ours=True),
    OURS,
)


@dataclass
class Score:
    """What was measured of one method on one shot; each list holds a value a frame."""

    psnr_db: list[float] = field(default_factory=list)
    ssim: list[float] = field(default_factory=list)
    light: list[float] = field(default_factory=list)
    seam: list[float] = field(default_factory=list)
    change: list[float] = field(default_factory=list)
    energies: list[np.ndarray] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    changed_outside: int = 0


@dataclass(frozen=True)
class Truth:
    """What the same measures say of the true swap."""

    seam: float
    energies: np.ndarray


def blend_all(method: Method, examples: Sequence[Example], cpu_ms: list[float] | None = None) -> list[Image]:
    """Compose a shot by one method, crop by crop.

    Args:
        method: The way.
        examples: Consecutive frames.
        cpu_ms: Takes the CPU time of each frame.
    """
    spent = [0.0] * len(examples)
    crops = _composed(method, examples, *_measured(method, examples, spent), spent)
    if cpu_ms is not None:
        cpu_ms += [1000 * seconds for seconds in spent]
    return crops


def _measured(
    method: Method, examples: Sequence[Example], spent: list[float]
) -> tuple[list[Measurement], list[Mask | None]]:
    """Measure a shot, and find where hair of the head itself does not hide the face, if the method looks."""
    measured: list[Measurement | None] = []
    seen: list[Mask | None] = []
    before: Seen | None = None
    for index, example in enumerate(examples):
        began = time.process_time()
        if method.texture:
            found, before = measure_texture(method.recipe, examples, index, before)
            hair = None if found.light is None else head_hair(found.light, example.landmarks, len(example.plate))
            seen.append(None if hair is None else 1 - hair)
        else:
            plate, face = _coded(method, example.plate), _coded(method, example.face)
            landmarks = example.landmarks if method.surface else None
            found = measure(plate, face, example.matte, method.recipe, landmarks)
            seen.append(None)
        measured.append(found)
        spent[index] += time.process_time() - began
    smoothed = [found for found in smooth(measured, window=method.recipe.window) if found is not None]
    return smoothed, [still_seen(seen, index) for index in range(len(seen))]


def _composed(
    method: Method,
    examples: Sequence[Example],
    measured: Sequence[Measurement],
    seen: Sequence[Mask | None],
    spent: list[float],
) -> list[Image]:
    results = []
    for index, (example, found, clear) in enumerate(zip(examples, measured, seen, strict=True)):
        began = time.process_time()
        plate, face = _coded(method, example.plate), _coded(method, example.face)
        if method.texture:
            face = prepare(face, len(plate), method.recipe, found)
        blended = compose(plate, face, example.matte, method.recipe, found)
        if method.linear:
            blended = from_linear(blended, Encoding.REC709)
            blended = np.where(example.matte[..., None] > 0, blended, example.plate)
        if clear is not None:
            blended = mix(example.plate, blended, seen_in(clear, example.plate))
        results.append(blended)
        spent[index] += time.process_time() - began
    return results


def _coded(method: Method, picture: Image) -> Image:
    return to_linear(picture, Encoding.REC709) if method.linear else picture


def score(method: Method, examples: Sequence[Example], moved: Sequence[temporal.Motion]) -> tuple[Score, list[Image]]:
    """Judge one method on a shot as filmed.

    Args:
        method: The way.
        examples: Consecutive frames.
        moved: From `motions`.
    Returns:
        The score, and the crops of the finished frames, cut out of them as the truth was cut.
    """
    found, spent, stock = Score(), [0.0] * len(examples), grain_stock()
    measured, seen = _measured(method, examples, spent)
    finished = []
    for index, (example, blended) in enumerate(
        zip(examples, _composed(method, examples, measured, seen, spent), strict=True)
    ):
        began = time.process_time()
        result, support = finish(example, blended, method.recipe, measured[index] if method.texture else None, stock)
        found.cpu_ms.append(1000 * (spent[index] + time.process_time() - began))
        crop = cut_again(example, result)
        outside = support == 0
        found.changed_outside += int((result[outside].view(np.uint32) != example.frame[outside].view(np.uint32)).sum())
        found.seam.append(seam.seam(result, example.frame, support))
        found.psnr_db.append(image.psnr(crop, example.truth, example.region))
        found.ssim.append(image.ssim(crop, example.truth, example.region))
        found.light.append(light_error(crop, example.truth, example.region))
        found.energies.append(texture.band_energies(crop, example.region, BANDS).sum(axis=1))
        finished.append(crop)
    found.change = changes(finished, examples, moved)
    return found, finished


def truth_of(examples: Sequence[Example]) -> Truth:
    """Measure the true swap's seam and bands."""
    steps = []
    for example in examples:
        result, support = paste(example.frame, example.truth, example.plate, example.crop_from_plate, example.matte)
        steps.append(seam.seam(result, example.frame, support))
    bands = [texture.band_energies(example.truth, example.region, BANDS).sum(axis=1) for example in examples]
    return Truth(float(np.median(steps)), np.mean(bands, axis=0))


def motions(examples: Sequence[Example]) -> list[temporal.Motion]:
    """Find how the plate moves from each frame to the next."""
    return [temporal.motion(one.plate, other.plate) for one, other in itertools.pairwise(examples)]


def changes(crops: Sequence[Image], examples: Sequence[Example], moved: Sequence[temporal.Motion]) -> list[float]:
    """Measure how light changes from each frame to the next inside the matte, the plate's motion undone.

    Blurred by a thirty-second of the crop's side: finer change is another face's features, which do not move as the
    plate's do, in a true swap as well.

    Args:
        crops: One an example.
        examples: Consecutive frames.
        moved: From `motions`.
    """
    return [
        temporal.change_along(one, other, motion, example.matte, len(one) / BLUR)
        for (one, other), motion, example in zip(itertools.pairwise(crops), moved, examples[:-1], strict=True)
    ]


def changes_along_own(crops: Sequence[Image], examples: Sequence[Example]) -> list[float]:
    """Measure the same along the motion of the crops themselves, which is not quite the plate's."""
    moved = [temporal.motion(one, other) for one, other in itertools.pairwise(crops)]
    return changes(crops, examples, moved)


def light_error(picture: Image, truth: Image, region: Mask, cells: int = CELLS) -> float:
    """Measure the error in light: root mean square of the difference averaged over a few large cells.

    Args:
        picture: Crop to judge.
        truth: What it should be.
        region: Weight of each pixel; cells with less than a fifth of it are passed over.
        cells: Across the crop.
    """
    size = (cells, cells)
    cover = cv2.resize(region, size, interpolation=cv2.INTER_AREA)
    apart = cv2.resize((picture - truth) * region[..., None], size, interpolation=cv2.INTER_AREA)
    apart = apart / np.maximum(cover, np.float32(1e-6))[..., None]
    held = cover > 0.2
    return float(np.sqrt(((apart**2).mean(axis=2) * cover)[held].sum() / max(float(cover[held].sum()), 1e-9)))
