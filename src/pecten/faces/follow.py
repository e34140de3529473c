"""Following every face through a clip, one frame after the other."""

import math
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from jaxtyping import Float64

from pecten.errors import FacesError
from pecten.faces import normalise, stabilise
from pecten.faces.detect import Box, Detection, Detector, area, overlap
from pecten.faces.landmarks import FaceMesh
from pecten.faces.mesh import LEFT_EYE, RIGHT_EYE
from pecten.faces.quality import Gates
from pecten.faces.track import CONTACT, Tracker, fresh
from pecten.geometry import similarity as sim
from pecten.types import Affine, ByteImage, Points

_MOST_UNCONFIRMED = 10
"""Runs of the detector in a row that may miss a face which the mesh goes on seeing."""

_LEAP = 0.3
"""Unexpected move of a face in one frame, as `Tracker.jump` counts it (0.3 is 0.45 of its side), that is too much."""

_SIDE_BY_SIDE = 3
"""Of nine looks at a face as many at a time, where OpenCV may have as many threads: more pay little."""

_ASTRIDE = 0.18
"""How far from a detected eye, as a share of the face's side, the mesh's may be."""


@dataclass(frozen=True)
class FaceOptions:
    """How faces are found.

    Attributes:
        perturbations: Extra looks at each face, averaged; 0 is one look.
        placing: Looks, averaged, that say where those extra ones are taken (no more than those): what a single look is
            off by would else show in all of them. 0 lets a single look say it.
        register: Whether the normalisation follows how the skin is seen to move from frame to frame; takes the place of
            smoothing.
        smooth: Whether the normalisation is smoothed over the shot where it is not registered.
        detect_every: Frames between two runs of the detector; landmarks carry on between, and a lost face calls it.
        least_presence: Probability of a face under which a track is lost.
        longest_gap: Frames after which a face that comes back counts as another.
        track: Which face a dataset is made of; None is the one that covers most area times frames.
        gates: What a frame must pass to be trained on.
        threads: Looks of the mesh network on the CPU that run side by side.
        overlap: Whether decoding, detection and judging run beside the following; the answer is the same.
        device: Of the mesh network: "auto" (a GPU where there is one), "cpu", or as torch names it.
    """

    perturbations: int = 9
    placing: int = 2
    register: bool = True
    smooth: bool = True
    detect_every: int = 5
    least_presence: float = 0.5
    longest_gap: int = 50
    track: int | None = None
    gates: Gates = field(default_factory=Gates)
    threads: int = field(default_factory=lambda: max(1, min(_SIDE_BY_SIDE, cv2.getNumThreads())))
    overlap: bool = True
    device: str = "auto"

    def __post_init__(self) -> None:
        """Refuse what cannot be followed."""
        if min(self.perturbations, self.placing) < 0 or self.detect_every < 1 or self.threads < 1:
            raise FacesError(
                f"perturbations {self.perturbations}, placing {self.placing}, detect_every {self.detect_every}, "
                f"threads {self.threads}: give at least 0, 0, 1 and 1"
            )


@dataclass(frozen=True, eq=False)
class Sighting:
    """One face on one frame, before the rest of the shot is known."""

    track: int
    landmarks: Points
    presence: float
    spread_px: float
    crop_from_plate: Affine
    box: Box


class Follower:
    """Finds and follows the faces of a clip; give it every frame in order.

    Args:
        options: How.
        detector: The detector to use.
        mesh: The landmark network to use.
    """

    def __init__(self, options: FaceOptions, detector: Detector, mesh: FaceMesh) -> None:
        self._options = options
        self._detector = detector
        self._mesh = mesh
        self._tracker = Tracker(options.longest_gap)
        self._last: dict[int, Sighting] = {}
        self._unconfirmed: dict[int, int] = {}
        self._search_until = -1

    def follow(
        self, index: int, image: ByteImage, cut: bool = False, detections: list[Detection] | None = None
    ) -> tuple[list[Sighting], str | None]:
        """Find the faces of the next frame.

        Args:
            index: Of the frame.
            image: The frame, display-coded.
            cut: Whether a new shot begins with it.
            detections: What the detector sees on it; None lets it be run where it is needed.
        Returns:
            The faces by track, and why there is none when there is none.
        """
        if cut:
            self._tracker.end_all()
            self._last = {}
        carried = [self.look_from(image, self._last[number]) for number in sorted(self._last)]
        found = self._settled(index, [s for s in carried if s is not None])
        lost = len(found) < len(self._last)
        if lost:
            # The detector then runs on every frame until the face is back, or would count as another.
            self._search_until = index + self._options.longest_gap
        if (
            cut
            or not found
            or _are_close(found)
            or index <= self._search_until
            or index % self._options.detect_every == 0
        ):
            found = self._detect(
                index, image, found, self._detector.detect(image) if detections is None else detections
            )
        for sighting in found:
            self._tracker.see(sighting.track, index, sighting.box)
        self._last = {s.track: s for s in found}
        reason = None if found else "face lost" if lost else "no face found"
        return sorted(found, key=lambda s: s.track), reason

    def look_in(self, image: ByteImage, box: Box) -> Sighting | None:
        """Look for a face in a box, as if the detector had seen an upright one there; its track is -1."""
        level = np.array([[box[0], box[1]], [box[2], box[1]]])
        return self._look_at_detection(image, Detection(box, 1.0, level))

    def look_from(self, image: ByteImage, one: Sighting) -> Sighting | None:
        """Look for a face where it was on the frame before, without following it."""
        return self._look(image, stabilise.roi_of_normalisation(one.crop_from_plate), one.track)

    def _settled(self, index: int, carried: list[Sighting]) -> list[Sighting]:
        """Where two tracks have come to one face, as when people cross, give it to the one that jumped less."""
        jumps = {s.track: self._tracker.jump(s.track, index, s.box) for s in carried}
        # Who leaps has slid to another face; if it was a leap after all, the detector finds the face again.
        stayed = [s for s in carried if jumps[s.track] < _LEAP]
        return _without_doubles(sorted(stayed, key=lambda s: (jumps[s.track], s.track)))

    def _detect(
        self, index: int, image: ByteImage, found: list[Sighting], detections: list[Detection]
    ) -> list[Sighting]:
        """Add the faces that only the detector sees; drop those that it has long not seen."""
        found = [s for s in found if self._is_confirmed(s, detections) and not _is_astride(s, detections)]
        new = fresh([d.box for d in detections], [s.box for s in found])
        seen = [self._look_beside_others(image, detections[i]) for i in new]
        kept = _without_doubles([*found, *(s for s in seen if s is not None)])[len(found) :]
        numbers = self._tracker.assign(index, [s.box for s in kept], {s.track for s in found})
        if kept:
            self._search_until = index
        return found + [replace(s, track=number) for s, number in zip(kept, numbers, strict=True)]

    def _is_confirmed(self, one: Sighting, detections: list[Detection]) -> bool:
        seen = not fresh([one.box], [d.box for d in detections])
        self._unconfirmed[one.track] = 0 if seen else self._unconfirmed.get(one.track, 0) + 1
        return self._unconfirmed[one.track] < _MOST_UNCONFIRMED

    def _look_at_detection(self, image: ByteImage, one: Detection) -> Sighting | None:
        roi = stabilise.roi_of_detection(one.box, one.points[:2])
        landmarks, presence = self._mesh.locate(image, [roi])
        if presence[0] < self._options.least_presence:
            return None
        return self._look(image, stabilise.roi_of_normalisation(normalise.crop_from_plate(landmarks[0])), -1)

    def _look_beside_others(self, image: ByteImage, one: Detection) -> Sighting | None:
        """Look at a detected face; where each look walks on towards the face beside it, only where it was detected."""
        seen = self._look_at_detection(image, one)
        if seen is None or not _is_astride(seen, [one]):
            return seen
        rois = stabilise.perturbed(stabilise.roi_of_detection(one.box, one.points[:2]), self._options.perturbations)
        seen = self._sighting(*self._mesh.locate(image, rois), -1)
        return None if seen is None or _is_astride(seen, [one]) else seen

    def _look(self, image: ByteImage, roi: Affine, number: int) -> Sighting | None:
        """Look once, then from around the normalisation that gave, and from around what is better known by then."""
        landmarks, presence = self._mesh.locate(image, [roi])
        if presence[0] < self._options.least_presence:
            return None
        place = normalise.crop_from_plate(landmarks[0])
        looks = self._options.perturbations
        for count in (min(self._options.placing, looks), looks):
            if count:
                rois = stabilise.perturbed(stabilise.roi_of_normalisation(place), count)
                landmarks, presence = self._mesh.locate(image, rois)
                place = normalise.crop_from_plate(stabilise.trimmed_mean(landmarks))
        return self._sighting(landmarks, presence, number)

    def _sighting(
        self, landmarks: Float64[np.ndarray, "k 478 2"], presence: Float64[np.ndarray, " k"], number: int
    ) -> Sighting | None:
        """Average looks at a face; None where most see none."""
        seen = float(np.median(presence))
        if seen < self._options.least_presence:
            return None
        best = stabilise.trimmed_mean(landmarks)
        place = normalise.crop_from_plate(best)
        spread_px = stabilise.spread(landmarks) * sim.scale_of(place)
        return Sighting(number, best, seen, spread_px, place, normalise.box_of(best))


def _are_close(sightings: list[Sighting]) -> bool:
    """Say whether any two faces touch, so that the mesh may slide from one to the other."""
    return any(overlap(a.box, b.box) > CONTACT for i, a in enumerate(sightings) for b in sightings[:i])


def _is_astride(one: Sighting, detections: list[Detection]) -> bool:
    """Say whether a mesh lies between faces: its eyes are not where the detector sees the nearest face's."""
    nearest = max(detections, key=lambda d: overlap(one.box, d.box), default=None)
    if nearest is None or overlap(one.box, nearest.box) <= CONTACT:
        return False
    eyes = np.stack([one.landmarks[list(group)].mean(axis=0) for group in (RIGHT_EYE, LEFT_EYE)])
    off = np.linalg.norm(eyes - nearest.points[:2], axis=1).max()
    return float(off) > _ASTRIDE * math.sqrt(area(nearest.box))


def _without_doubles(sightings: list[Sighting]) -> list[Sighting]:
    """Where two sightings show one face, keep the earlier in the list."""
    kept: list[Sighting] = []
    for one in sightings:
        if fresh([one.box], [other.box for other in kept]):
            kept.append(one)
    return kept
