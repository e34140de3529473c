"""The swap in figures, against the true answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pecten.composite.blend import enlarge
from pecten.demo import footage
from pecten.demo.gather import Gathered, Shown
from pecten.errors import FacesError
from pecten.faces.extract import find_faces
from pecten.faces.follow import FaceOptions
from pecten.faces.normalise import crop
from pecten.faces.records import FaceFrame, ShotFaces
from pecten.footage.clip import open_clip
from pecten.metrics import expression, identity, image, seam, temporal
from pecten.types import ByteImage, Image, Mask, Progress

CROP_PX = 256
PICTURES_EVERY, IDENTITY_EVERY = 3, 6

LANDMARKS_ALONE = FaceOptions(perturbations=3, register=False)
"""Enough where the crops are cut by another clip's faces."""


@dataclass(frozen=True)
class Truth:
    """The true answers, in 8 bits, by frame index: the swap in the plate, its inner-face region, the source's clip."""

    swap: list[ByteImage]
    region: list[Mask]
    source: list[ByteImage]
    swap_faces: dict[int, FaceFrame]
    source_faces: dict[int, FaceFrame]


@dataclass(frozen=True)
class Row:
    """One figure: the plate as it was, the swap, and what would be best.

    Attributes:
        name: What is measured, with its unit.
        plate: The same for the unchanged plate; None where it means nothing.
        swap: The result's.
        ideal: What a perfect swap has.
    """

    name: str
    plate: float | None
    swap: float
    ideal: str


def read_truth(progress: Progress) -> Truth:
    """Read the true answers and find the faces in them."""
    swap, source = _bytes_of(footage.true_swap()), _bytes_of(footage.true_source())
    region = [frame.image[..., 1] for frame in open_clip(footage.true_region()).frames()]
    return Truth(
        swap,
        region,
        source,
        _main(found_in(footage.true_swap(), "truth", progress, LANDMARKS_ALONE)),
        _main(found_in(footage.true_source(), "source", progress)),
    )


def found_in(path: Path, name: str, progress: Progress, options: FaceOptions | None = None) -> ShotFaces:
    """Find the faces of a clip, reported as `measure NAME`."""

    def named(stage: str, done: int, total: int) -> None:
        progress(f"measure {name}", done, total)

    return find_faces(open_clip(path), options or FaceOptions(), named)


def measure(gathered: Gathered, truth: Truth, progress: Progress) -> list[Row]:
    """Measure a swap against the truth, inside the true face region."""
    result_faces = _main(found_in(gathered.video, "result", progress, LANDMARKS_ALONE))
    frames = sorted(set(gathered.shown) & set(truth.swap_faces) & set(truth.source_faces) & set(result_faces))
    if len(frames) < 3:
        raise FacesError(f"{gathered.video}: only {len(frames)} frames hold a face to measure; train longer")
    parts: list[Callable[[], list[Row]]] = [
        lambda: _pictures(gathered, truth, frames[::PICTURES_EVERY]),
        lambda: _identity(gathered, truth, frames, result_faces),
        lambda: _expression(gathered, truth, frames, result_faces),
        lambda: _motion(gathered, truth, frames),
    ]
    rows: list[Row] = []
    progress("measure figures", 0, len(parts))
    for done, part in enumerate(parts, start=1):
        rows += part()
        progress("measure figures", done, len(parts))
    return rows


def _pictures(gathered: Gathered, truth: Truth, frames: Sequence[int]) -> list[Row]:
    each = np.array([_compare(gathered.shown[i], gathered, truth, i) for i in frames])
    psnr, ssim, light = each.mean(axis=0).tolist()
    seams = [
        seam.seam(_unit(shown.result), _unit(shown.plate), shown.support.astype(np.float32) / np.float32(255))
        for shown in (gathered.shown[index] for index in frames)
    ]
    return [
        Row("PSNR in the plate, dB", psnr[0], psnr[1], "high"),
        Row("SSIM in the plate", ssim[0], ssim[1], "1"),
        Row("tone and light error (20 px blur)", light[0], light[1], "0"),
        Row("PSNR of the decoder against the source's own clip, dB", None, psnr[2], "high"),
        Row("SSIM of the decoder against the source's own clip", None, ssim[2], "1"),
        Row("seam: step across the matte's edge / the plate's own", 1.0, float(np.median(seams)), "1"),
    ]


def _compare(shown: Shown, gathered: Gathered, truth: Truth, index: int) -> list[list[float]]:
    """Return PSNR, SSIM and light error, each of the plate, the swap and the decoder."""
    region, answer = _region(truth, gathered, index), _crop(truth.swap[index], gathered, index)
    pairs = [
        (_crop(shown.plate, gathered, index), answer),
        (_crop(shown.result, gathered, index), answer),
        (enlarge(shown.decoded, CROP_PX), _crop_by(truth.source[index], truth.source_faces[index])),
    ]
    measures = (image.psnr, image.ssim, image.low_frequency_error)
    return [[measured(one, other, region) for one, other in pairs] for measured in measures]


def _identity(gathered: Gathered, truth: Truth, frames: Sequence[int], result: dict[int, FaceFrame]) -> list[Row]:
    embedder = identity.Embedder()

    def embed(picture: ByteImage, face: FaceFrame) -> np.ndarray:
        return embedder.embed(picture, face.landmarks[list(identity.MESH_POINTS)])

    some = frames[::IDENTITY_EVERY]
    source = identity.mean_embedding(np.stack([embed(truth.source[i], truth.source_faces[i]) for i in some]))
    target = identity.mean_embedding(np.stack([embed(gathered.shown[i].plate, gathered.shown[i].face) for i in some]))
    swaps = [embed(gathered.shown[i].result, result[i]) for i in some]
    plates = [embed(gathered.shown[i].plate, gathered.shown[i].face) for i in some]
    true = [embed(truth.swap[i], truth.swap_faces[i]) for i in some]

    def apart(faces: list[np.ndarray], person: np.ndarray) -> float:
        return float(np.mean([identity.distance(face, person) for face in faces]))

    return [
        Row("distance to the source (same person below 0.57)", apart(plates, source), apart(swaps, source),
            f"{apart(true, source):.2f} (the truth's)"),
        Row("distance to the target", apart(plates, target), apart(swaps, target),
            f"{apart(true, target):.2f} (the truth's)"),
    ]  # fmt: skip


def _expression(gathered: Gathered, truth: Truth, frames: Sequence[int], result: dict[int, FaceFrame]) -> list[Row]:
    def track(faces: dict[int, FaceFrame]) -> np.ndarray:
        return np.stack([faces[index].landmarks for index in frames])

    answer = track(truth.swap_faces)
    plate = expression.agreement(track({i: gathered.shown[i].face for i in frames}), answer)
    swap = expression.agreement(track(result), answer)
    return [
        Row(
            "landmark error, % of the distance of the eyes", 100 * plate.landmark_error, 100 * swap.landmark_error, "0"
        ),
        Row("mouth opening, correlation with the truth", plate.mouth, swap.mouth, "1"),
        Row("eye opening, correlation with the truth", plate.eyes, swap.eyes, "1"),
    ]


def _motion(gathered: Gathered, truth: Truth, frames: Sequence[int]) -> list[Row]:
    regions = [_region(truth, gathered, index) for index in frames]
    quiet = temporal.restlessness((_crop(truth.swap[i], gathered, i) for i in frames), regions)

    def ratio(pick: Callable[[Shown], ByteImage]) -> float:
        crops = (_crop(pick(gathered.shown[i]), gathered, i) for i in frames)
        return temporal.restlessness(crops, regions) / quiet

    return [
        Row("flicker / the truth's own", ratio(lambda s: s.plate), ratio(lambda s: s.result), "1"),
    ]


def _crop(picture: ByteImage, gathered: Gathered, index: int) -> Image:
    return _crop_by(picture, gathered.shown[index].face)


def _crop_by(picture: ByteImage, face: FaceFrame) -> Image:
    return crop(_unit(picture), face.crop_from_plate, CROP_PX)


def _region(truth: Truth, gathered: Gathered, index: int) -> Mask:
    region = np.repeat(truth.region[index][..., None], 3, axis=2)
    mask: Mask = crop(region, gathered.shown[index].face.crop_from_plate, CROP_PX)[..., 0]
    return np.clip(mask, 0, 1, out=mask)


def _unit(picture: ByteImage) -> Image:
    return picture.astype(np.float32) / np.float32(255)


def _bytes_of(path: Path) -> list[ByteImage]:
    clip = open_clip(path)
    view = clip.info.view()
    return [view.display_bytes(frame.image) for frame in clip.frames()]


def _main(found: ShotFaces) -> dict[int, FaceFrame]:
    track = found.main_track()
    return {face.index: face for face in found.faces if face.track == track}
