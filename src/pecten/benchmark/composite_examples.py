"""What a composite is judged on: plates, faces to put in, and true swaps, cut alike."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import cv2
import numpy as np

from pecten.benchmark.footage import Take, TruthFootage, check_swap
from pecten.comb.model import Comb
from pecten.composite.blend import enlarge
from pecten.composite.normals import normal_map
from pecten.composite.recipe import Recipe
from pecten.errors import FootageError
from pecten.faces.normalise import crop
from pecten.faces.records import FaceFrame
from pecten.footage.clip import Clip, open_clip
from pecten.geometry import similarity
from pecten.geometry.warp import warp
from pecten.shot.matte import steady_faces
from pecten.shot.silhouette import at_silhouette
from pecten.swap.infer import swap_crops
from pecten.types import CANONICAL_SIZE, Affine, Image, Mask, Points

INNER = slice(17, 68)
"""The iBUG-68 points that a true swap takes from its source; the jaw stays the target's."""


@dataclass(frozen=True)
class Pair:
    """A true swap, and the takes of its two performers in the same shot."""

    swap: Take
    plate: Take
    source: Take

    @property
    def name(self) -> str:
        """What the swap shows."""
        return f"{self.swap.source} on {self.swap.target}, {self.swap.shot}"


@dataclass(frozen=True)
class Example:
    """One frame; every crop has the same side and the same geometry, the display's coding.

    Attributes:
        index: Within the shot.
        frame: The whole plate.
        crop_from_plate: At the crops' size.
        landmarks: The mesh, px in the crop.
        matte: What is swapped.
        plate: Crop of the plate.
        face: What is to be put in.
        truth: The true swap.
        region: Where the truth holds: the true inner face within the matte.
    """

    index: int
    frame: Image
    crop_from_plate: Affine
    landmarks: Points
    matte: Mask
    plate: Image
    face: Image
    truth: Image
    region: Mask


Decode = Callable[[Image, Affine], Image]
"""Makes a face from a plate: (display-coded frame, its transform to the canonical crop)."""


def pairs_of(footage: TruthFootage) -> list[Pair]:
    """List the true swaps whose two performers were also filmed alone.

    Raises:
        FootageError: if there is none.
    """
    alone = {(take.source, take.shot): take for take in footage.truth}
    pairs = [
        Pair(swap, alone[swap.target, swap.shot], alone[swap.source, swap.shot])
        for swap in footage.swaps
        if (swap.target, swap.shot) in alone and (swap.source, swap.shot) in alone
    ]
    if not pairs:
        raise FootageError("no truth/A_on_B_SHOT.mp4 with A_SHOT.mp4 and B_SHOT.mp4 beside it: give another folder")
    return pairs


def check_pairs(pairs: Sequence[Pair]) -> None:
    """See that the truth of pairs is there and whole, before anything is measured.

    Raises:
        FootageError: if a clip or its truth is missing or damaged, or knows too few frames.
    """
    for pair in pairs:
        if pair.swap.region is None:
            raise FootageError(f"{pair.swap.clip}: no _face.mp4 beside it; choose a clip that has one")
        check_swap(pair.swap, pair.plate, pair.source)
        pair.swap.check_region()
        for take in (pair.swap, pair.source):
            take.landmarks()
            take.check_truth()


def read_examples(
    pair: Pair, faces: dict[int, FaceFrame], size: int, count: int, decode: Decode | None = None
) -> list[Example]:
    """Cut consecutive frames from the middle of a shot.

    Args:
        pair: The shot.
        faces: What was found in its plate, by frame.
        size: Side of the crops, in px.
        count: Frames.
        decode: Makes the face; None takes the source's own clip, laid on the true swap by their true landmarks, so
            that the composite alone is judged.
    Raises:
        FootageError: if clips or truth are missing or damaged.
    """
    if pair.swap.region is None:
        raise FootageError(f"{pair.swap.clip}: no _face.mp4 beside it; choose a clip that has one")
    swap, plate, source, region = (
        open_clip(path) for path in (pair.swap.clip, pair.plate.clip, pair.source.clip, pair.swap.region)
    )
    of_source, of_swap = pair.source.landmarks()[:, INNER], pair.swap.landmarks()[:, INNER]
    total = min(plate.info.frame_count, source.info.frame_count)
    first = max(0, (total - count) // 2)
    span = (first, min(total, first + count))
    borders = steady_faces(faces, "full", Recipe().window)
    examples: list[Example] = []
    for seen, true, own, inner in zip(*(_shown(clip, span) for clip in (plate, swap, source, region)), strict=True):
        index = first + len(examples)
        face = faces.get(index)
        if face is None:
            raise FootageError(f"{pair.plate.clip}: no face found in frame {index}: choose another clip")
        crop_from_plate = similarity.at_size(face.crop_from_plate, size)
        # As a swap knows them: steadied over time.
        landmarks = similarity.apply(similarity.resize(CANONICAL_SIZE, size), borders[index].landmarks)
        cut, answer = (crop(frame, face.crop_from_plate, size) for frame in (seen, true))
        matte = at_silhouette(borders[index].whole(size), landmarks, cut)
        if decode is None:
            swap_from_source = similarity.fit_similarity(of_source[index], of_swap[index])
            onto = similarity.compose(crop_from_plate, swap_from_source)
            shown = warp(own, onto, size, size, "cubic", "replicate")
        else:
            shown = enlarge(decode(seen, face.crop_from_plate), size)
        held = crop(inner, face.crop_from_plate, size)[..., 1].clip(0, 1) * matte
        examples.append(Example(index, seen, crop_from_plate, landmarks, matte, cut, shown, answer, held))
    return examples


def decoder_of(comb: Comb, name: str, sources: Iterable[str]) -> Callable[[str], Decode]:
    """Let a comb make the faces.

    Args:
        comb: Trained.
        name: Of the comb, for messages.
        sources: Identities that will be asked for.
    Returns:
        A source's decoder, by the source's name.
    Raises:
        CombError: if the comb lacks one of them.
    """
    for source in sources:
        comb.config.check_identity(source, name)

    def of_source(source: str) -> Decode:
        def decode(frame: Image, crop_from_plate: Affine) -> Image:
            seen = crop(frame, crop_from_plate, comb.config.size).clip(0, 1)
            answer: Image = swap_crops(comb, source, seen[None])[0]
            return answer

        return decode

    return of_source


def _shown(clip: Clip, span: tuple[int, int]) -> list[Image]:
    view = clip.info.view()
    return [view.to_display(frame.image) for frame in islice(clip.frames(*span), span[1] - span[0])]


def flat_lit(example: Example) -> Example:
    """Take the light off the face that is put in, as a decoder does that was trained in flat light."""
    sigma = len(example.face) / 8
    weight = np.maximum(example.region, np.float32(1e-4))
    luma = example.face.mean(axis=2)
    light = cv2.GaussianBlur(luma * weight, (0, 0), sigma) / cv2.GaussianBlur(weight, (0, 0), sigma)
    level = float((luma * weight).sum() / weight.sum())
    return replace(example, face=example.face * (np.float32(level) / np.maximum(light, np.float32(0.05)))[..., None])


def dramatic(example: Example, place: float, flicker: float) -> Example:
    """Put hard light on plate and truth that the face which is put in has never seen.

    A warm key wanders from one side to the other, a blade before it cuts a soft-edged shadow across the face, and a
    cold rim comes from behind. The crop alone is lit, in linear light.

    Args:
        example: As filmed.
        place: Of the key, from -1 (left) to 1 (right).
        flicker: Factor on the key.
    """
    size = len(example.plate)
    normals = cv2.resize(normal_map(example.landmarks, size), (size, size), interpolation=cv2.INTER_CUBIC)
    turn = np.radians(70) * place
    side = 1.0 if place >= 0 else -1.0
    key = np.clip(normals @ _unit([np.sin(turn), -0.35, 0.8 * np.cos(turn)]) * 0.95 + 0.05, 0, 1) ** 0.6
    rim = np.clip(normals @ _unit([-0.93 * side, -0.1, 0.2]), 0, 1) ** 2
    across, down = np.meshgrid(*(np.linspace(-1, 1, size, dtype=np.float32),) * 2)
    key = key / (1 + np.exp(-(side * (across + 0.25 * down) + 0.25) / 0.07))
    light = 0.12 + 0.7 * flicker * key[..., None] * np.array([1.1, 0.98, 0.8], np.float32)
    light = light + 0.25 * rim[..., None] * np.array([0.5, 0.75, 1.3], np.float32)
    gain = (light ** (1 / 2.4)).astype(np.float32)
    return replace(example, plate=example.plate * gain, truth=example.truth * gain)


def flickers(count: int, seed: int = 5) -> np.ndarray:
    """Return factors around 1 by which a key flickers, a quarter up and down."""
    rng = np.random.default_rng(seed)
    return np.asarray(1 + 0.25 * np.clip(rng.normal(size=count), -1.5, 1.5))


def in_drama(examples: Sequence[Example]) -> list[Example]:
    """Put the dramatic light on a shot, wandering and flickering."""
    places = np.linspace(-1, 1, len(examples))
    return [dramatic(e, float(p), float(f)) for e, p, f in zip(examples, places, flickers(len(examples)), strict=True)]


def _unit(direction: list[float]) -> np.ndarray:
    vector = np.array(direction, np.float32)
    return np.asarray(vector / np.linalg.norm(vector))
