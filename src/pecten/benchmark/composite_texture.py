"""A composite finished as `pecten swap` finishes it: motion and grain measured over the shot, grain on the plate."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pecten.benchmark.composite_examples import Example
from pecten.composite.grain import strengthened
from pecten.composite.grain_stock import GrainStock, add_grain
from pecten.composite.matte import EDGE_PX, inner_distance, ramp
from pecten.composite.paste import paste
from pecten.composite.recipe import Measurement, Recipe, in_light, measure
from pecten.faces.normalise import FACE_CENTRE, crop
from pecten.geometry import similarity
from pecten.shot.texture import Seen, grain_lacking
from pecten.types import CANONICAL_SIZE, Affine, Image, Mask


def measure_texture(
    recipe: Recipe, examples: Sequence[Example], index: int, before: Seen | None
) -> tuple[Measurement, Seen]:
    """Measure a frame with what its neighbours tell: the head's motion, and the grain that the face lacks.

    Args:
        recipe: What will be done.
        examples: Consecutive frames.
        index: Of the frame among them.
        before: What this returned for the frame before; None on the first.
    Returns:
        The measurement, and the frame for the next call.
    """
    example = examples[index]
    found = measure(example.plate, example.face, example.matte, recipe, example.landmarks, _motion_of(examples, index))
    relit = in_light(example.face, recipe, found)
    now = Seen(example.index, 0, example.frame, _canonical(example), relit, example.matte)
    return replace(found, grain=grain_lacking(now, before)), now


def finish(
    example: Example, blended: Image, recipe: Recipe, found: Measurement | None, stock: GrainStock
) -> tuple[Image, Mask]:
    """Put a blend into its plate.

    Args:
        example: The frame.
        blended: Its crop.
        recipe: What to do.
        found: Smoothed; None adds no grain.
        stock: Of grain.
    Returns:
        The frame, and where it may differ from the plate.
    """
    result, support = paste(example.frame, blended, example.plate, example.crop_from_plate, example.matte)
    if found is None or found.grain is None:
        return result, support
    cover = ramp(inner_distance(example.matte), EDGE_PX)
    grain = strengthened(found.grain, recipe.grain)
    return add_grain(result, support, cover, example.crop_from_plate, grain, stock, example.index), support


def cut_again(example: Example, result: Image) -> Image:
    """Cut the crop out of a finished frame as the plate's and the truth's were cut."""
    return crop(result, _canonical(example), len(example.plate))


def _canonical(example: Example) -> Affine:
    return similarity.compose(similarity.resize(len(example.plate), CANONICAL_SIZE), example.crop_from_plate)


def _motion_of(examples: Sequence[Example], index: int) -> tuple[float, float]:
    first, last = max(0, index - 1), min(len(examples) - 1, index + 1)
    if first == last:
        return 0.0, 0.0
    here = examples[index]
    centre = similarity.apply(similarity.resize(CANONICAL_SIZE, len(here.plate)), np.array([FACE_CENTRE]))
    ends = [similarity.apply(similarity.invert(examples[i].crop_from_plate), centre)[0] for i in (first, last)]
    way = here.crop_from_plate[:, :2] @ ((ends[1] - ends[0]) / (last - first))
    return float(way[0]), float(way[1])
