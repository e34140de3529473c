"""How still the normalisation stands: on stills of which all motion is known, and on clips with true landmarks."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from statistics import median

import numpy as np
from jaxtyping import Float64

from pecten.benchmark import stills
from pecten.benchmark.footage import Take, TruthFootage
from pecten.benchmark.report import Figure, Table
from pecten.errors import FacesError
from pecten.faces import normalise
from pecten.faces.detect import Detector
from pecten.faces.extract import find_faces
from pecten.faces.follow import FaceOptions, Follower
from pecten.faces.landmarks import FaceMesh
from pecten.faces.mean import MEAN_MESH
from pecten.faces.mesh import MESH_TO_68
from pecten.faces.points import load_points
from pecten.faces.records import FaceFrame
from pecten.faces.register import Registrar
from pecten.footage.clip import Clip, open_clip
from pecten.geometry import similarity as sim
from pecten.geometry.warp import warp
from pecten.metrics.expression import interocular_px
from pecten.types import Affine, ByteImage, Points, Progress

METHODS = {
    "off": FaceOptions(perturbations=0, smooth=False, register=False),
    "paper": FaceOptions(register=False),
    "ours": FaceOptions(),
}
"""One look; looks perturbed and averaged, then smoothed; looks perturbed and averaged, then registered."""

_GROUPS = (((36, 39, 42, 45), 8.0), (range(17, 27), 10.0), (range(27, 36), 9.0), (range(48, 60), 20.0))
_ALIKE = np.array([point for group, _ in _GROUPS for point in group])
_ALIKE_SAYS = np.concatenate([np.full(len(group), say / len(group)) for group, say in _GROUPS])
_NON_JAW = np.arange(17, 68)
_RIGID = np.array([*range(27, 36), 36, 39, 42, 45])
_MEAN_68: Points = MEAN_MESH[list(MESH_TO_68), :2]
_PLACES: Points = _MEAN_68[_NON_JAW]
"""The points of the normalised face over which errors are averaged."""

Errors = Float64[np.ndarray, "_frames _points 2"]


@dataclass(frozen=True, eq=False)
class Course:
    """One take as one method normalised it.

    Attributes:
        take: The clip.
        method: A key of `METHODS`.
        transforms: `crop_from_plate` of every frame.
        truth: The same similarity fitted to the 51 true landmarks that are not the jaw's.
        errors: Where ours puts each true point of the face, less where it belongs, in px at 1024.
    """

    take: Take
    method: str
    transforms: tuple[Affine, ...]
    truth: tuple[Affine, ...]
    errors: Errors


@dataclass(frozen=True, eq=False)
class Still:
    """All that was measured here."""

    figures: tuple[Figure, ...]
    tables: tuple[Table, ...]
    courses: tuple[Course, ...]


def measure(footage: TruthFootage, progress: Progress, quick: bool) -> list[Figure]:
    """Measure how still the normalisation stands; see `measure_still`."""
    return list(measure_still(footage, progress, quick).figures)


def measure_still(footage: TruthFootage, progress: Progress, quick: bool) -> Still:
    """Measure how still the normalisation stands, how true it is, and what it costs.

    Args:
        footage: Its `truth` takes are used.
        progress: Called as stage "still".
        quick: Two takes and fewer frames.
    Raises:
        FacesError: if no take has true landmarks, or no face is found on a frame.
        FootageError: if a clip or its truth cannot be read.
    """
    takes = [take for take in footage.truth if take.truth is not None][: 2 if quick else None]
    if not takes:
        raise FacesError("no clip with true landmarks in truth/: nothing to measure steadiness on; copy the .npz files")
    frames = 12 if quick else None
    total = len(takes) * (len(METHODS) + 4) + 1
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        progress("still", done, total)

    courses: list[Course] = []
    trials: list[dict[str, float]] = []
    for take in takes:
        for method in METHODS:
            courses.append(course(take, method, frames))
            tick()
        still = _middle(take)
        trial: dict[str, float] = {}
        for name in _TRIALS:
            trial.update(_TRIALS[name](still, 6 if quick else 16))
            tick()
        trials.append(trial)
    speed = _speed(takes[0], 12 if quick else 60)
    tick()
    figures = [*_trial_figures(trials), *_course_figures(courses), *speed]
    return Still(tuple(figures), (_comparison(courses),), tuple(courses))


def course(take: Take, method: str, frames: int | None = None) -> Course:
    """Normalise a take and compare it with its truth.

    Args:
        take: With true landmarks.
        method: A key of `METHODS`.
        frames: How many from the start; None is all.
    Raises:
        FacesError: if a frame shows no face.
    """
    clip = open_clip(take.clip)
    if frames is not None:
        read, view = islice(clip.frames(), frames), clip.info.view()
        clip = stills.Pictures([view.display_bytes(frame.image) for frame in read], str(take.clip))
    transforms = [face.crop_from_plate for face in _main_faces(clip, METHODS[method])]
    landmarks = take.landmarks()[: len(transforms)]
    truth = [sim.fit_similarity(points[_NON_JAW], _PLACES) for points in landmarks]
    return Course(take, method, tuple(transforms), tuple(truth), errors(transforms, truth))


def errors(transforms: Sequence[Affine], truth: Sequence[Affine]) -> Errors:
    """Return where each transform puts the points of the face that the truth puts at their mean places, less those."""
    return np.array(
        [
            sim.apply(sim.compose(one, sim.invert(true)), _PLACES) - _PLACES
            for one, true in zip(transforms, truth, strict=True)
        ]
    )


def frame_to_frame(found: Errors) -> float:
    """Return the root mean square change of the error from one frame to the next, in px."""
    return _rms(np.diff(found, axis=0))


def trembling(found: Errors) -> float:
    """Return the root mean square second difference of the error, over sqrt(6): white noise gives its deviation."""
    return _rms(np.diff(found, 2, axis=0)) / float(np.sqrt(6))


def _rms(vectors: np.ndarray) -> float:
    return float(np.sqrt((vectors**2).sum(axis=-1).mean()))


def _main_faces(clip: Clip, options: FaceOptions) -> list[FaceFrame]:
    shot = find_faces(clip, options)
    track = shot.main_track()
    faces = [face for face in shot.faces if face.track == track]
    if len(faces) != shot.frame_count:
        raise FacesError(
            f"{shot.clip}: a face on {len(faces)} of {shot.frame_count} frames; choose a clip with one on all"
        )
    return faces


def _middle(take: Take) -> ByteImage:
    clip = open_clip(take.clip)
    middle, view = clip.info.frame_count // 2, clip.info.view()
    return next(view.display_bytes(frame.image) for frame in clip.frames(middle, middle + 1))


def _unrest(transforms: Sequence[Affine], path: Sequence[Affine]) -> float:
    """Return how far normalisations depart from what a known motion of the plate asks of them, RMS px at 1024."""
    spots = sim.apply(sim.compose(sim.invert(path[0]), sim.invert(transforms[0])), _PLACES)
    seen = np.array([sim.apply(sim.compose(one, t), spots) for one, t in zip(transforms, path, strict=True)])
    return _rms(seen - seen.mean(axis=0))


def _spread(points: Float64[np.ndarray, "_frames _points 2"], path: Sequence[Affine], scale: float) -> float:
    """Return how far landmarks scatter once a known motion is undone, RMS px at 1024."""
    rested = np.array([sim.apply(sim.invert(t), one) for one, t in zip(points, path, strict=True)])
    return _rms(rested - rested.mean(axis=0)) * scale


def _trial_shift(still: ByteImage, count: int, name: str = "A", spoil: bool = False) -> dict[str, float]:
    path = stills.shifts(count)
    pictures = stills.moved(still, path)
    if spoil:
        pictures = stills.degraded(pictures)
    faces = _main_faces(stills.Pictures(pictures, f"test {name}"), METHODS["ours"])
    alone = [normalise.crop_from_plate(face.landmarks) for face in faces]
    return {
        f"{name} landmarks": _spread(np.array([f.landmarks for f in faces]), path, sim.scale_of(alone[0])),
        f"{name} alone": _unrest(alone, path),
        f"{name} ours": _unrest([face.crop_from_plate for face in faces], path),
    }


def _trial_spoilt(still: ByteImage, count: int) -> dict[str, float]:
    return _trial_shift(still, count, "B", spoil=True)


def _trial_locked(still: ByteImage, count: int) -> dict[str, float]:
    pictures = stills.Pictures(stills.grained([still] * count), "locked-off")
    rest = [sim.similarity(1.0, 0.0, (0.0, 0.0))] * count
    return {
        f"locked {method}": _unrest([f.crop_from_plate for f in _main_faces(pictures, METHODS[method])], rest)
        for method in ("paper", "ours")
    }


def _trial_weave(still: ByteImage, count: int) -> dict[str, float]:
    path = stills.weave(count)
    pictures = stills.Pictures(stills.grained(stills.moved(still, path)), "weave")
    return {
        f"weave {method}": _unrest([f.crop_from_plate for f in _main_faces(pictures, METHODS[method])], path)
        for method in ("paper", "ours")
    }


_TRIALS = {"A": _trial_shift, "B": _trial_spoilt, "locked": _trial_locked, "weave": _trial_weave}


def _trial_figures(trials: Sequence[dict[str, float]]) -> list[Figure]:
    def mean(key: str) -> float:
        return float(np.mean([trial[key] for trial in trials]))

    many = f"{len(trials)} stills, mean"
    smoothing = "perturbed looks and smoothing, for comparison"
    return [
        Figure(
            "sub-pixel shifts (A), 478 landmarks", mean("A landmarks"), "px", 0.12, note=f"{many}; each frame alone"
        ),
        Figure("sub-pixel shifts (A), normalisation", mean("A alone"), "px", note="each frame alone"),
        Figure("sub-pixel shifts (A), registered", mean("A ours"), "px", 0.08, note="all refinement"),
        Figure("shifts, noise, gain, JPEG (B), 478 landmarks", mean("B landmarks"), "px", note=many),
        Figure("shifts, noise, gain, JPEG (B), normalisation", mean("B alone"), "px", note="each frame alone"),
        Figure("shifts, noise, gain, JPEG (B), registered", mean("B ours"), "px", note="all refinement"),
        Figure("locked-off head under fresh grain", mean("locked ours"), "px", 0.05, note="all refinement"),
        Figure("locked-off head, worst still", max(t["locked ours"] for t in trials), "px", 0.05),
        Figure("locked-off head, smoothed", mean("locked paper"), "px", note=smoothing),
        Figure(
            "known weave and knock, lost or added", mean("weave ours"), "px", note="a camera's motion must be followed"
        ),
        Figure("known weave and knock, smoothed", mean("weave paper"), "px", note=smoothing),
    ]


def _course_figures(courses: Sequence[Course]) -> list[Figure]:
    ours = [one for one in courses if one.method == "ours"]
    note = "change of the error against the 51 true non-jaw landmarks, RMS over frames and points at 1024"
    changes = [frame_to_frame(one.errors) for one in ours]
    typical = [float(np.median(_change_by_frame(one))) for one in ours]
    return [
        *(
            Figure(f"{one.take.clip.stem}: frame-to-frame error", change, "px", 0.15, note=note)
            for one, change in zip(ours, changes, strict=True)
        ),
        Figure("frame-to-frame error, median of clips", median(changes), "px", 0.15),
        Figure("frame-to-frame error of the median frame, median of clips", median(typical), "px", 0.15),
        Figure("trembling of the error, median of clips", median(trembling(one.errors) for one in ours), "px", 0.15),
    ]


def _change_by_frame(one: Course) -> Float64[np.ndarray, " _steps"]:
    """Return the change of the error at each frame, RMS over the points, in px at 1024."""
    return np.asarray(np.sqrt((np.diff(one.errors, axis=0) ** 2).sum(axis=-1).mean(axis=-1)))


def _comparison(courses: Sequence[Course]) -> Table:
    columns = (
        *(
            "clip",
            "refinement",
            "change px",
            "median frame px",
            "trembling px",
            "bias: scale %",
            "turn deg",
            "shift px",
        ),
        *("same fit, change px", "nose and eye corners, change px", "second difference / inter-ocular"),
    )
    rows: list[tuple[str, ...]] = []
    for one in courses:
        rows.append(_row(one))
        if one is [other for other in courses if other.take == one.take][-1]:
            # What the face really does has a second difference too; less than this is motion suppressed.
            rows.append(_row(replace(one, method="true landmarks", transforms=one.truth, errors=0 * one.errors)))
    return Table("The normalisation against true landmarks, px at 1024", columns, tuple(rows))


def _row(one: Course) -> tuple[str, ...]:
    landmarks = one.take.landmarks()[: len(one.transforms)]
    alike = [sim.fit_similarity(points[_ALIKE], _MEAN_68[_ALIKE], _ALIKE_SAYS) for points in landmarks]
    rigid = [sim.fit_similarity(points[_RIGID], _MEAN_68[_RIGID]) for points in landmarks]
    departure = [sim.compose(ours, sim.invert(true)) for ours, true in zip(one.transforms, one.truth, strict=True)]
    scale = float(np.mean([sim.scale_of(t) for t in departure]))
    turn = float(np.mean([np.arctan2(t[1, 0], t[0, 0]) for t in departure]))
    shift = float(np.linalg.norm(one.errors.mean(axis=(0, 1))))
    figures = (
        frame_to_frame(one.errors),
        float(np.median(_change_by_frame(one))),
        trembling(one.errors),
        100 * (scale - 1),
        float(np.degrees(turn)),
        shift,
        frame_to_frame(errors(one.transforms, alike)),
        frame_to_frame(errors(one.transforms, rigid)),
        second_difference(one.transforms),
    )
    return (one.take.clip.stem, one.method, *(f"{figure:.3f}" for figure in figures[:-1]), f"{figures[-1]:.4f}")


def second_difference(transforms: Sequence[Affine]) -> float:
    """Return the second difference over time of where the normalised face lies in the plate, in inter-ocular distances.

    Args:
        transforms: `crop_from_plate` of consecutive frames; three or more.
    """
    places = np.array([sim.apply(sim.invert(one), _PLACES) for one in transforms])
    unit = interocular_px(MEAN_MESH[:, :2]) / float(np.mean([sim.scale_of(one) for one in transforms]))
    return _rms(np.diff(places, 2, axis=0)) / unit


def _speed(take: Take, count: int) -> list[Figure]:
    """Time one face with all refinement at 1920x1080, and whole clips: wall-clock on what cores are free here."""
    clip = open_clip(take.clip)
    info, view = clip.info, clip.info.view()
    ratio = 1080 / info.height
    large = sim.similarity(ratio, 0.0, ((ratio - 1) / 2, (ratio - 1) / 2))
    pictures = [
        warp(view.display_bytes(frame.image), large, round(info.width * ratio), 1080, "cubic", "replicate")
        for frame in islice(clip.frames(), count)
    ]
    options = METHODS["ours"]
    started, busy = time.perf_counter(), time.process_time()
    found = find_faces(stills.Pictures(pictures, "1080p"), options)
    wall, cpu = time.perf_counter() - started, time.process_time() - busy
    note = (
        f"K = {options.perturbations}, registered; {cpu / found.frame_count * 1000:.0f} ms of CPU a frame; not decoding"
    )
    return [
        Figure("speed at 1920x1080, frames a second of wall-clock", found.frame_count / wall, "/s", 8.0, True, note),
        Figure(
            "looks and registration of one face, median", _look_ms(pictures, options), "ms", 60.0, note="wall-clock"
        ),
    ]


def _look_ms(pictures: Sequence[ByteImage], options: FaceOptions) -> float:
    follower = Follower(options, Detector(), FaceMesh(options.threads))
    registrar = Registrar(load_points())
    spent = []
    for index, image in enumerate(pictures):
        started = time.perf_counter()
        sightings, _ = follower.follow(index, image)
        registrar.see(index, image, sightings)
        spent.append(time.perf_counter() - started)
    # The detector runs on every fifth frame, so the median frame is without it.
    return 1000 * median(spent)
