"""How well the occlusion matte finds what stands before a face: drawn occluders, never trained on, over truth clips."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from pecten.assets import asset
from pecten.benchmark.footage import Take, TruthFootage
from pecten.benchmark.report import Figure
from pecten.errors import FootageError
from pecten.faces.detect import Detector
from pecten.faces.follow import FaceOptions, Follower
from pecten.faces.landmarks import FaceMesh
from pecten.faces.normalise import crop
from pecten.faces.occlusion import Occlusion, covered_share
from pecten.faces.region import face_matte
from pecten.footage.clip import open_clip
from pecten.geometry.similarity import apply, at_size
from pecten.types import Image, Mask, Progress

SHEET = "occluders/held_out.webp"
TILE = 256
COLUMNS = 8
UNSEEN_KINDS = ("card", "pen", "leaf")
TILES = (
    *("hand",) * 12,
    *("glasses",) * 6,
    *("hair",) * 3,
    *("microphone",) * 3,
    *("cup", "cup", "phone", "held", "held", "mask", "mask", "bar", "blob"),
    *("card",) * 3,
    *("pen",) * 2,
    *("leaf",) * 2,
)
"""The kinds on the sheet, row by row; of `UNSEEN_KINDS` training draws none, of the others none of these."""

TOLERANCE = 0.01
"""How far apart two edges may lie to count as one, of the crop's side."""

_SIZE = 512
_EVERY = 12
_SEED = 20261123
_LEAST_COVERED = 0.01

Sprite = Float32[np.ndarray, "tile tile 4"]


@dataclass(frozen=True, eq=False)
class Covered:
    """A crop with something laid over it.

    Attributes:
        crop: Display-coded.
        visible: The truth: 1 where the face is seen.
        matte: The face's.
        kind: What was laid over it; "nothing" for a clean crop.
    """

    crop: Image
    visible: Mask
    matte: Mask
    kind: str


@dataclass(frozen=True)
class Scores:
    """How well one crop was cut, at a threshold of a half; None where nothing was to be found.

    Attributes:
        seen: Intersection over union of the part of the face that is seen.
        hidden: The same of the part that is covered.
        edge: Boundary F-score of the covering edge inside the face.
        error: Mean difference of the mattes inside the face.
    """

    seen: float
    hidden: float | None
    edge: float | None
    error: float


def sprites() -> list[tuple[str, Sprite]]:
    """Read the held-out occluders.

    Returns:
        Kind, and straight RGB with coverage, display-coded, in the normalised crop's frame.
    """
    codes = np.asarray(cv2.imdecode(np.frombuffer(asset(SHEET).read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED))
    sheet = codes[..., [2, 1, 0, 3]].astype(np.float32) / np.float32(255)
    places = [divmod(number, COLUMNS) for number in range(len(TILES))]
    tiles = [sheet[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE] for row, column in places]
    return list(zip(TILES, tiles, strict=True))


def cover(clean: Image, matte: Mask, kind: str, sprite: Sprite, rng: np.random.Generator) -> Covered:
    """Lay an occluder over a crop: a hand in the skin's own tone, with its shadow, some moving or out of focus.

    Args:
        clean: The crop.
        matte: Of its face.
        kind: Of the sprite.
        sprite: What to lay over it.
        rng: Chooses tone, light, shadow, blur.
    """
    size = clean.shape[0]
    big = np.asarray(cv2.resize(sprite, (size, size), interpolation=cv2.INTER_CUBIC), np.float32)
    alpha = np.clip(big[..., 3:], 0, 1)
    tone = np.exp(rng.normal(0, 0.1, 3)).astype(np.float32)
    if kind == "hand":
        skin = np.median(clean[matte > 0.5], axis=0)
        mean = (big[..., :3] * alpha).sum(axis=(0, 1)) / max(float(alpha.sum()), 1.0)
        tone = (skin / np.maximum(mean, 0.05) * np.exp(rng.normal(0, 0.08))).astype(np.float32)
    layer = np.dstack([np.clip(big[..., :3] * tone, 0, 1) * alpha, alpha])
    if rng.random() < 0.25:
        reach = int(rng.integers(2, 12)) * size // 256
        layer = cv2.blur(layer, (reach, 1) if rng.random() < 0.5 else (1, reach))
    soft = np.exp(rng.uniform(np.log(0.3), np.log(1.5))) * size / 256
    layer = cv2.GaussianBlur(layer, (0, 0), float(soft))
    shift = rng.normal(0, 0.02 * size, 2)
    move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    shadow = cv2.GaussianBlur(cv2.warpAffine(layer[..., 3], move, (size, size)), (0, 0), 0.02 * size)
    under = clean * (1 - rng.uniform(0, 0.5) * shadow[..., None])
    laid: Image = np.clip(layer[..., :3] + under * (1 - layer[..., 3:]), 0, 1).astype(np.float32)
    # Grain over all: a drawn thing without any would give itself away.
    laid = np.clip(laid + 0.01 * rng.standard_normal(laid.shape, dtype=np.float32), 0, 1)
    return Covered(laid, (1 - np.clip(layer[..., 3], 0, 1)).astype(np.float32), matte, kind)


def scores(truth: Covered, found: Mask) -> Scores:
    """Compare a matte that was found with the truth, inside the face."""
    face = truth.matte > 0.5
    seen, seen_found = (truth.visible > 0.5) & face, (found > 0.5) & face
    hidden, hidden_found = face & ~seen, face & ~seen_found
    error = float(np.abs(truth.visible - found)[face].mean()) if face.any() else 0.0
    if hidden.sum() < _LEAST_COVERED * face.sum():
        return Scores(iou(seen, seen_found), None, None, error)
    return Scores(iou(seen, seen_found), iou(hidden, hidden_found), edge_score(hidden, hidden_found, face), error)


def iou(a: Bool[np.ndarray, "h w"], b: Bool[np.ndarray, "h w"]) -> float:
    """Return the intersection of two regions over their union; 1 for two empty ones."""
    union = int((a | b).sum())
    return float((a & b).sum() / union) if union else 1.0


def edge_score(a: Bool[np.ndarray, "h w"], b: Bool[np.ndarray, "h w"], face: Bool[np.ndarray, "h w"]) -> float:
    """Compare the edges of two regions inside a face: boundary F-score at `TOLERANCE`.

    Reference:
        Martin, Fowlkes and Malik 2004; Perazzi et al. 2016, section 5.
    """
    reach = max(1.0, TOLERANCE * a.shape[0])
    # Where the region meets the face's own outline is no edge of the occluder.
    inner = cv2.erode(face.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    first, second = (_edge(region) & inner for region in (a, b))
    if not first.any() or not second.any():
        return float(first.any() == second.any())
    precision, recall = (
        float((_distance(other)[one] <= reach).mean()) for one, other in ((second, first), (first, second))
    )
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _edge(region: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    codes = region.astype(np.uint8)
    outline: Bool[np.ndarray, "h w"] = cv2.dilate(codes, np.ones((3, 3), np.uint8)) != codes
    return outline


def _distance(edge: Bool[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    return np.asarray(cv2.distanceTransform((~edge).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)


def clean_crops(take: Take, every: int = _EVERY, size: int = _SIZE) -> Iterator[tuple[Image, Mask]]:
    """Cut normalised crops out of a take, with their faces' mattes.

    Args:
        take: Of one face.
        every: Frames between two crops.
        size: Of the crops, in px.
    """
    options = FaceOptions(perturbations=0, detect_every=1)
    follower = Follower(options, Detector(), FaceMesh(options.threads))
    clip = open_clip(take.clip)
    view = clip.info.view()
    for frame in clip.frames():
        if frame.index % every:
            continue
        faces, _ = follower.follow(frame.index, view.display_bytes(frame.image), cut=False)
        for face in faces[:1]:
            matte = face_matte(apply(at_size(face.crop_from_plate, size), face.landmarks), size)
            yield crop(view.to_display(frame.image), face.crop_from_plate, size), matte


def measure(footage: TruthFootage, progress: Progress, quick: bool = False) -> list[Figure]:
    """Measure the occlusion matte on drawn occluders over the truth clips.

    Args:
        footage: With truth clips.
        progress: Called after each take, as stage "occlusion".
        quick: Whether one take of each performer and a third of the crops will do.
    Raises:
        FootageError: if there are no truth clips, or they show no face.
    """
    takes = list({take.source: take for take in footage.truth}.values()) if quick else list(footage.truth)
    network, tiles, rng = Occlusion(), sprites(), np.random.default_rng(_SEED)
    found: list[tuple[str, Scores]] = []
    false_cuts: list[float] = []
    drawn = 0
    for number, take in enumerate(takes):
        for clean, matte in clean_crops(take, _EVERY * 3 if quick else _EVERY):
            false_cuts.append(covered_share(network.visible(clean[None])[0], matte))
            for _ in range(len(tiles) // 8):
                kind, sprite = tiles[drawn % len(tiles)]
                drawn += 1
                truth = cover(clean, matte, kind, sprite, rng)
                found.append((kind, scores(truth, network.visible(truth.crop[None])[0])))
        progress("occlusion", number + 1, len(takes))
    if not found:
        raise FootageError("no face in any truth clip: give a folder with truth/NAME_SHOT.mp4")
    return figures(found, false_cuts)


def figures(found: list[tuple[str, Scores]], false_cuts: list[float]) -> list[Figure]:
    """Sum scores up.

    Args:
        found: Kind and scores of each covered crop.
        false_cuts: Share of the face that was cut, of each clean crop.
    """
    covered = [(kind, one) for kind, one in found if one.hidden is not None]
    how = f"mean of {len(covered)} crops of {_SIZE} px that are covered by 1 % of the face or more; threshold 0.5"
    listed = [
        Figure(
            "occlusion: IoU of the part of the face that is seen",
            _mean([s.seen for _, s in covered]),
            "",
            0.95,
            True,
            how,
        ),
        Figure(
            "occlusion: IoU of the covered part of the face (stricter)",
            _mean([s.hidden for _, s in covered]),
            "",
            0.95,
            True,
            how,
        ),
        Figure(
            "occlusion: boundary F-score",
            _mean([s.edge for _, s in covered]),
            "",
            0.85,
            True,
            f"covering edges inside the face, {TOLERANCE:.0%} of the crop's side",
        ),
        Figure("occlusion: mean error of the matte", _mean([s.error for _, s in covered]), "", None, False, "of 1"),
        Figure(
            "occlusion: cut out of clean faces, mean",
            100 * _mean(false_cuts),
            "%",
            None,
            False,
            f"{len(false_cuts)} crops",
        ),
        Figure("occlusion: cut out of clean faces, worst", 100 * max(false_cuts), "%"),
    ]
    for kind in dict.fromkeys(kind for kind, _ in covered):
        mine = [s for k, s in covered if k == kind]
        note = "a kind that training never shows" if kind in UNSEEN_KINDS else ""
        listed.append(
            Figure(f"occlusion: {kind}, covered part IoU", _mean([s.hidden for s in mine]), "", None, True, note)
        )
        listed.append(
            Figure(f"occlusion: {kind}, boundary F-score", _mean([s.edge for s in mine]), "", None, True, note)
        )
    return listed


def _mean(values: list[float] | list[float | None]) -> float:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else float("nan")
