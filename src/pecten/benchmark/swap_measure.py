"""Every measure of one method on one pair and shot, frame by frame."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
from jaxtyping import Float64

from pecten.benchmark.composite_methods import BLUR, light_error
from pecten.benchmark.swap_look import Looked
from pecten.benchmark.swap_plan import RUN, together
from pecten.benchmark.swap_results import Measure
from pecten.faces import normalise
from pecten.faces.mesh import MESH_TO_68
from pecten.geometry import similarity
from pecten.metrics import expression, image, perceptual, temporal
from pecten.metrics.blendshapes import weight_correlation, weight_errors
from pecten.metrics.cvvdp import STANDARD_FHD, ColorVideoVDP
from pecten.metrics.gaze import gaze_errors
from pecten.metrics.identity import Embedding, distance, mean_embedding, preference
from pecten.metrics.pose import pose_errors
from pecten.types import Affine, Image, Mask

VERSION = 3
"""Raised when a measure changes, so that kept values are made again."""

MOST_DB = 99.0
"""What equal pictures have: an endless ratio could not be averaged."""

MEASURES = (
    Measure("psnr", "PSNR", "dB", "high", "fidelity", 2, says="How far the pixels are from the truth's."),
    Measure("ssim", "SSIM", "", "high", "fidelity", 4, says="Whether the structure is the truth's."),
    Measure("ms_ssim", "MS-SSIM", "", "high", "fidelity", 4, says="The same on several scales."),
    Measure("flip", "FLIP", "", "low", "fidelity", 4, says="How different both look when flipped between."),
    Measure("jod", "ColorVideoVDP", "JOD", "high", "fidelity", 3, says="10 is equal; one less is told by most people."),
    Measure(
        "jod_video", "ColorVideoVDP over time", "JOD", "high", "fidelity", 3,
        says="The same of a run of neighbouring frames as it plays: flicker and motion count; one value a run.",
        span=RUN,
    ),
    Measure(
        "identity", "identity", "", "high", "identity", 3,
        says="Distance to the target less distance to the source, by a recogniser: above 0 it is the source.",
    ),
    Measure("source", "distance to source", "", "low", "identity", 3, says="Below 0.57 it is the same person."),
    Measure("target", "distance to target", "", "high", "identity", 3, says="Of the plate's own person."),
    Measure(
        "found", "faces found", "%", "high", "expression", 0, 100.0,
        "Frames on which a landmark network sees a face; the others have no expression, gaze or pose to be measured.",
    ),
    Measure(
        "expression", "expression error", "%", "low", "expression", 2, 100.0,
        "How far the landmarks are from the true ones, in distances of the eyes, the detector's own bias taken out.",
    ),
    Measure(
        "shapes", "blendshape error", "%", "low", "expression", 2, 100.0,
        "Mean over the weights that a network reads off the landmarks, against those it reads off the truth.",
    ),
    Measure("lips", "mouth opening error", "%", "low", "expression", 2, 100.0, "In distances of the eyes."),
    Measure("lids", "eye opening error", "%", "low", "expression", 2, 100.0, "In distances of the eyes."),
    Measure("gaze", "gaze error", "deg", "low", "expression", 2, says="How far the eyes look elsewhere."),
    Measure("pose", "pose error", "deg", "low", "expression", 2, says="How far the head is turned elsewhere."),
    Measure(
        "light", "light error", "1e-3", "low", "light", 1, 1000.0, "Root mean square over 8x8 cells of the face."
    ),
    Measure(
        "flicker", "flicker", "1e-3", "low", "time", 2, 1000.0,
        "How much the error changes from frame to frame, blurred by a thirty-second of the crop.",
    ),
    Measure(
        "restless", "restlessness", "", "one", "time", 3,
        says="Second difference over time, by the truth's: below 1 grain and detail are missing, above 1 it trembles.",
    ),
    Measure(
        "steady", "flicker by the plate's", "", "one", "time", 3,
        says="Change of light from frame to frame, motion undone, by the plate's own.",
    ),
    Measure("seam", "seam", "", "one", "seam", 2, says="Step across the matte's edge, by the plate's own."),
    Measure("mouth", "mouth, correlation", "", "high", "expression", 3, says="Of its opening, with the true one."),
    Measure("eyes", "eyes, correlation", "", "high", "expression", 3, says="Of their opening, with the true one."),
    Measure("played", "blendshapes, correlation", "", "high", "expression", 3, says="With those that were animated."),
)  # fmt: skip
"""In the order of the tables."""

_INNER = slice(17, 68)

Values = dict[str, list[float]]
Curve = Float64[np.ndarray, " _frames"]
Track68 = Float64[np.ndarray, "_frames 68 2"]


@dataclass(frozen=True, eq=False)
class Answer:
    """What a scene's pictures should be.

    Attributes:
        frames: Indices in the clip.
        rate: Frames a second.
        pictures: The truth.
        regions: Where it holds.
        looked: What the networks see in it.
        landmarks: The true ones, px of the crop; None where nobody knows them.
        crop_from_plate: Of every frame, at the crops' size.
        turns: The true turns of the head in the plate, rad; None where nobody knows them.
        weights: The true blendshapes, NaN where unknown; None where nobody knows any.
    """

    frames: tuple[int, ...]
    rate: Fraction
    pictures: Sequence[Image]
    regions: Sequence[Mask]
    looked: Looked
    landmarks: Track68 | None
    crop_from_plate: Sequence[Affine]
    turns: Float64[np.ndarray, "_frames 3"] | None
    weights: Float64[np.ndarray, "_frames 52"] | None


def against_truth(pictures: Sequence[Image], answer: Answer) -> Values:
    """Measure what needs the true picture.

    Args:
        pictures: One a frame of the answer.
        answer: The truth.
    """
    observer = ColorVideoVDP(STANDARD_FHD)

    def fidelity(row: int) -> dict[str, float]:
        return _fidelity(pictures[row], answer.pictures[row], answer.regions[row], observer)

    def played(rows: slice) -> list[float]:
        return _as_it_plays(pictures[rows], answer, rows, observer)

    # NumPy and OpenCV let go of the interpreter while they work.
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as workers:
        rows = list(workers.map(fidelity, range(len(pictures))))
        runs = list(workers.map(played, together(answer.frames)))
    values = {name: [row[name] for row in rows] for name in rows[0]}
    values["jod_video"] = [value for run in runs for value in run]
    errors = [_blurred(one - true) for one, true in zip(pictures, answer.pictures, strict=True)]
    values["flicker"] = _along(answer.frames, errors, answer.regions)
    own, true = (_second(answer.frames, each, answer.regions) for each in (pictures, answer.pictures))
    values["restless"] = (own / np.where(true > 0, true, np.nan)).tolist()
    return values


def of_identity(looked: Looked, source: Embedding | None, target: Embedding) -> Values:
    """Measure whom a face looks like.

    Args:
        looked: The pictures to judge.
        source: The source; None where nobody knows.
        target: The target.
    """
    values = {"target": [distance(one, target) for one in looked.embeddings]}
    if source is not None:
        values["source"] = [distance(one, source) for one in looked.embeddings]
        values["identity"] = [preference(one, source, target) for one in looked.embeddings]
    return values


def person(looked: Looked) -> Embedding:
    """Return whom a series of pictures shows; NaN where no face was found."""
    known = looked.embeddings[~np.isnan(looked.embeddings).any(axis=1)]
    return mean_embedding(known) if len(known) else np.full(128, np.nan)


def of_performance(looked: Looked, answer: Answer) -> tuple[Values, dict[str, float]]:
    """Measure whether a face does what was played.

    Args:
        looked: The pictures to judge.
        answer: The truth, of the same performer.
    Returns:
        Values a frame, and correlations over the shot.
    """
    found, seen = looked.landmarks, answer.looked.landmarks
    truth = seen[:, list(MESH_TO_68)] if answer.landmarks is None else answer.landmarks
    away, own = _away(found, truth), _away(seen, truth)
    bias = own[~np.isnan(own).any(axis=(1, 2))].mean(axis=0) if not np.isnan(own).all() else np.zeros((51, 2))
    curves = {
        "mouth": (_opening(found, "mouth"), _opening(seen, "mouth"), _opening(truth, "mouth", expression.IBUG)),
        "eyes": (_opening(found, "eyes"), _opening(seen, "eyes"), _opening(truth, "eyes", expression.IBUG)),
    }
    values = {
        "expression": np.linalg.norm(away - bias, axis=2).mean(axis=1).tolist(),
        "shapes": weight_errors(looked.weights, answer.looked.weights).tolist(),
        "lips": np.abs(curves["mouth"][0] - curves["mouth"][1]).tolist(),
        "lids": np.abs(curves["eyes"][0] - curves["eyes"][1]).tolist(),
        "gaze": gaze_errors(found, seen).degrees.tolist(),
        "pose": _pose(found, answer),
    }
    whole = {} if answer.weights is None else {"played": _played(looked, answer.weights)}
    for name, (own, _, true) in curves.items():
        known = ~np.isnan(own)
        whole[name] = expression.correlation(own[known], true[known]) if known.sum() > 2 else float("nan")
        values |= {f"curve {name}": own.tolist(), f"curve {name} true": true.tolist()}
    return values | {"found": _found(found)}, whole


def of_plate(
    looked: Looked,
    plate: Looked,
    crop_from_plate: Sequence[Affine],
    pictures: Sequence[Image],
    plates: Sequence[Image],
    mattes: Sequence[Mask],
    frames: Sequence[int],
) -> tuple[Values, dict[str, float]]:
    """Measure a swap by its own plate, where no truth is known; what differs between two people is taken out.

    Args:
        looked: The finished frames.
        plate: The plate.
        crop_from_plate: Of every frame, at the crops' size.
        pictures: The finished frames' crops.
        plates: The plate's crops.
        mattes: The face in them.
        frames: Indices in the clip.
    Returns:
        Values a frame, and correlations over the shot.
    """
    found, own = looked.landmarks, plate.landmarks
    away = _away(found, own[:, list(MESH_TO_68)])
    usual = np.nanmedian(away, axis=0) if not np.isnan(away).all() else np.zeros((51, 2))
    seen = ~np.isnan(found + own).any(axis=(1, 2))
    turns, true = (_turns(track, crop_from_plate) for track in (found, own))
    pose, gaze = np.full(len(found), np.nan), np.full(len(found), np.nan)
    if seen.any():
        pose[seen] = pose_errors(turns[seen], true[seen], settled=True).turn
        gaze[seen] = gaze_errors(found[seen], own[seen], settled=True).degrees
    values: Values = {
        "expression": np.linalg.norm(away - usual, axis=2).mean(axis=1).tolist(),
        "gaze": gaze.tolist(),
        "pose": pose.tolist(),
        "found": _found(found),
        "steady": _steadiness(pictures, plates, mattes, frames),
    }
    whole = {}
    for name in ("mouth", "eyes"):
        one, other = _opening(found, name), _opening(own, name)
        whole[name] = expression.correlation(one[seen], other[seen]) if seen.sum() > 2 else float("nan")
        values |= {f"curve {name}": one.tolist(), f"curve {name} true": other.tolist()}
    return values, whole


def _found(track: Float64[np.ndarray, "_frames 478 2"]) -> list[float]:
    return [float(not np.isnan(mesh).any()) for mesh in track]


def _steadiness(
    pictures: Sequence[Image], plates: Sequence[Image], mattes: Sequence[Mask], frames: Sequence[int]
) -> list[float]:
    """Compare how light changes from frame to frame with the plate's own change, motion undone."""
    ratios = [float("nan")]
    for row in range(1, len(frames)):
        if frames[row] != frames[row - 1] + 1:
            ratios.append(float("nan"))
            continue
        moved, sigma = temporal.motion(plates[row - 1], plates[row]), len(plates[row]) / BLUR
        own, other = (
            temporal.change_along(each[row - 1], each[row], moved, mattes[row - 1], sigma)
            for each in (pictures, plates)
        )
        ratios.append(own / other if other > 0 else float("nan"))
    return ratios


def _played(looked: Looked, weights: Float64[np.ndarray, "_frames 52"]) -> float:
    seen = ~np.isnan(looked.weights).any(axis=1)
    return weight_correlation(looked.weights[seen], weights[seen]) if seen.sum() > 2 else float("nan")


def _fidelity(picture: Image, truth: Image, region: Mask, observer: ColorVideoVDP) -> dict[str, float]:
    return {
        "psnr": min(image.psnr(picture, truth, region), MOST_DB),
        "ssim": image.ssim(picture, truth, region),
        "ms_ssim": image.ms_ssim(picture, truth, region),
        "flip": perceptual.flip(picture, truth, region),
        "jod": observer.jod(picture, truth, region),
        "light": light_error(picture, truth, region),
    }


def _as_it_plays(pictures: Sequence[Image], answer: Answer, rows: slice, observer: ColorVideoVDP) -> list[float]:
    """Judge a run as a clip, and give each of its frames the run's value; a frame alone has none."""
    if len(pictures) < 2:
        return [float("nan")] * len(pictures)
    truth, regions = answer.pictures[rows], answer.regions[rows]
    # The eye answers late: of eight frames it would hardly see the second half.
    value = observer.jod_video(pictures, truth, answer.rate, regions, hold=True)
    return [value] * len(pictures)


def _blurred(error: Image) -> Image:
    return np.asarray(cv2.GaussianBlur(error, (0, 0), len(error) / BLUR))


def _along(frames: Sequence[int], errors: Sequence[Image], regions: Sequence[Mask]) -> list[float]:
    """Return how much an error changed since the frame before; no number where that was not judged."""
    values = [float("nan")]
    for row in range(1, len(frames)):
        if frames[row] != frames[row - 1] + 1:
            values.append(float("nan"))
            continue
        changed = np.abs(errors[row] - errors[row - 1]).mean(axis=2)
        values.append(_mean(changed, regions[row]))
    return values


def _second(frames: Sequence[int], pictures: Sequence[Image], regions: Sequence[Mask]) -> Curve:
    values = np.full(len(frames), np.nan)
    for row in range(1, len(frames) - 1):
        if frames[row + 1] - frames[row - 1] == 2:
            values[row] = temporal.restlessness(pictures[row - 1 : row + 2], regions[row])
    return values


def _mean(values: np.ndarray, weight: Mask) -> float:
    return float((values * weight).sum(dtype=np.float64)) / max(float(weight.sum(dtype=np.float64)), 1e-9)


def _away(found: Float64[np.ndarray, "_frames 478 2"], truth: Track68) -> Float64[np.ndarray, "_frames 51 2"]:
    """Return where inner landmarks lie from the true ones, place, size and tilt taken out, in distances of the eyes."""
    away = np.full((len(found), 51, 2), np.nan)
    for row, (mesh, true) in enumerate(zip(found, truth, strict=True)):
        if np.isnan(mesh).any():
            continue
        points = mesh[list(MESH_TO_68)][_INNER]
        aligned = similarity.apply(similarity.fit_similarity(points, true[_INNER]), points)
        away[row] = (aligned - true[_INNER]) / expression.interocular_px(true, expression.IBUG)
    return away


def _opening(
    track: Float64[np.ndarray, "_frames _points 2"], part: str, scheme: expression.Scheme = expression.MESH
) -> Curve:
    if part == "mouth":
        return expression.opening(track, scheme.mouth, scheme)
    both: Curve = (
        expression.opening(track, scheme.right_eye, scheme) + expression.opening(track, scheme.left_eye, scheme)
    ) / 2
    return both


def _pose(found: Float64[np.ndarray, "_frames 478 2"], answer: Answer) -> list[float]:
    ours, true = (_turns(track, answer.crop_from_plate) for track in (found, answer.looked.landmarks))
    truth = true if answer.turns is None else answer.turns
    known = ~np.isnan(ours + truth).any(axis=1)
    errors = np.full(len(ours), np.nan)
    if known.any():
        errors[known] = pose_errors(ours[known], truth[known], settled=answer.turns is not None).turn
    return errors.tolist()


def _turns(
    track: Float64[np.ndarray, "_frames 478 2"], crop_from_plate: Sequence[Affine]
) -> Float64[np.ndarray, "_frames 3"]:
    """Estimate the turns of a head in the plate from its landmarks in the crop."""
    turns = np.full((len(track), 3), np.nan)
    for row, (mesh, onto) in enumerate(zip(track, crop_from_plate, strict=True)):
        if not np.isnan(mesh).any():
            turns[row] = normalise.pose(similarity.apply(similarity.invert(onto), mesh))
    return turns
