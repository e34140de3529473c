"""The mattes of a shot: borders, fades, strength, the user's own, and what is written of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32
from scipy.ndimage import uniform_filter1d

from pecten.composite.matte import MatteMode
from pecten.deliver.matte import MatteWriter
from pecten.deliver.places import Places, places_read, places_written
from pecten.errors import DeliveryError
from pecten.faces.normalise import pose
from pecten.faces.records import FaceFrame
from pecten.faces.steady import Steady, parts_of, runs, steady
from pecten.footage.clip import Clip, ClipInfo, Frame
from pecten.footage.matte import open_matte
from pecten.geometry import similarity
from pecten.shot.coverage import Answer, Coverage, cover
from pecten.shot.fade import Fade, fades
from pecten.shot.strength import Strength
from pecten.types import Affine, Image, Mask

_TURNS_ALIKE = 5
"""Frames over which a turn that the mesh does not show is averaged."""


@dataclass(frozen=True)
class MatteOptions:
    """What the mattes of a swap are made of, besides the region.

    Attributes:
        given: The user's own matte: a still, a sequence or a video in the plate's geometry; None for none.
        mode: What it does to the one that was found.
        strength: How much of the face is put in, by frame number.
        fade: Least number of frames in which a face that is lost fades out and in.
        occlusion: Whether what covers the face is kept.
        fill: Whether a decoded face's skin is carried on beyond its own outline, up to the target's.
        written: Pattern of an OpenEXR sequence that the mattes are written to; None writes none.
    """

    given: str | None = None
    mode: MatteMode = MatteMode.REPLACE
    strength: Strength = field(default_factory=Strength)
    fade: int = 5
    occlusion: bool = True
    fill: bool = True
    written: str | None = None


@runtime_checkable
class Visibility(Protocol):
    """What tells a face from what covers it."""

    def visible(self, crops: Float32[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n h w"]:
        """Return for normalised, display-coded crops where the face is seen: 1, or covered: 0."""


def steady_faces(faces: Mapping[int, FaceFrame], region: str, window: int) -> dict[int, Steady]:
    """Find the borders of what is swapped, for each frame with a face.

    Args:
        faces: By frame index; runs of consecutive frames of one track are smoothed together.
        region: Such as `full` or `eyes+brows`.
        window: Frames, odd.
    Raises:
        UsageError: if there is no such region.
    """
    parts, found = parts_of(region), dict[int, Steady]()
    for track in sorted({face.track for face in faces.values()}):
        indices = sorted(index for index, face in faces.items() if face.track == track)
        for run in runs(indices):
            there = [faces[i] for i in indices[run]]
            placed = np.stack([similarity.apply(face.crop_from_plate, face.landmarks) for face in there])
            further = uniform_filter1d([_further(face) for face in there], _TURNS_ALIKE, mode="nearest")
            borders = zip(steady(placed, parts, window), further.tolist(), strict=True)
            found |= zip(indices[run], (replace(one, further_rad=turn) for one, turn in borders), strict=True)
    return found


def _further(face: FaceFrame) -> float:
    """Return how much further, in radians, a face is turned than its mesh is."""
    return max(0.0, abs(face.yaw_rad) - abs(pose(face.landmarks).yaw_rad))


def check_mattes(options: MatteOptions, plate: ClipInfo, may_overwrite: bool, out: Path) -> None:
    """Say before any work is done whether the mattes can be read and written.

    Args:
        options: What the mattes are made of.
        plate: What they go with.
        may_overwrite: Whether mattes that are there may be written over.
        out: Where the frames go.
    Raises:
        FootageError: if the user's own matte does not fit the plate.
        DeliveryError: if the mattes cannot be written where they should.
    """
    frames = places_written(out, plate)
    given: Places = frozenset() if options.given is None else places_read(open_matte(options.given, plate).info)
    if frames & given:
        raise DeliveryError(f"{out}: that is the matte that is given; choose another name")
    if options.written is not None:
        writer = MatteWriter(options.written, plate)
        writer.refuse(frames, "where the frames go")
        writer.refuse(given, "the matte that is given")
        if not may_overwrite:
            writer.refuse_taken()


class Mattes:
    """The mattes of a shot.

    Args:
        clip: The plate.
        faces: Those that are replaced, by frame index.
        region: Such as `full` or `eyes+brows`.
        options: What else the mattes are made of.
        window: Frames over which borders are steadied, odd.
    Raises:
        FootageError: if the user's own matte does not fit the plate.
        DeliveryError: if the mattes cannot be written where they should.
        UsageError: if there is no such region.
    """

    def __init__(
        self, clip: Clip, faces: Mapping[int, FaceFrame], region: str, options: MatteOptions, window: int
    ) -> None:
        info = clip.info
        self._options = options
        self._given = open_matte(options.given, info) if options.given is not None else None
        self._writer = MatteWriter(options.written, info) if options.written is not None else None
        self._fades = fades(faces, info.width, info.height, options.fade)
        self.borders = steady_faces(faces, region, window)
        """By frame index."""

    def check(self, start: int, stop: int) -> None:
        """Refuse a user's matte that lacks one of the frames `start` to `stop` (indices, half-open).

        Raises:
            FootageError: naming the first.
        """
        if self._given is not None:
            self._given.check(start, stop)

    def done(self, index: int) -> bool:
        """Say whether nothing is left to write of a frame that was delivered by an earlier run."""
        return self._writer is None or self._writer.has(index)

    def fade(self, index: int) -> Fade:
        """Return how much of the face a frame holds; the user's own matte alone is never faded."""
        return Fade(1.0) if self._rules() else self._fades.get(index, Fade(1.0))

    def strength(self, number: int) -> float:
        """Return how much of the swap shows at a frame number."""
        return self._options.strength.at(number)

    def skip(self, frame: Frame) -> None:
        """Note a frame without a face."""
        self._write(frame, np.zeros(frame.image.shape[:2], np.float32))

    def cover(
        self, frame: Frame, crop_from_plate: Affine, plate_crop: Image, seen: Mask | None, answer: Answer | None = None
    ) -> Coverage:
        """Make, and write where that is asked for, the matte of a frame with a face.

        Args:
            frame: The plate.
            crop_from_plate: To the crop that is blended.
            plate_crop: It, display-coded.
            seen: Where the face is seen, in the normalised crop at any size; None where nothing covers it.
            answer: The face that is put in; None takes it to fill the matte, and to be like the plate.
        """
        given = None if self._given is None else self._given.at(frame.index)
        hold, border = self.fade(frame.index).weight, self.borders[frame.index]
        mode, plate_size = self._options.mode, frame.image.shape[:2]
        made = cover(border, crop_from_plate, plate_crop, hold, seen, given, mode, plate_size, answer)
        self._write(frame, made.written)
        return made

    def _rules(self) -> bool:
        return self._given is not None and self._options.mode is MatteMode.REPLACE

    def _write(self, frame: Frame, matte: Mask) -> None:
        if self._writer is not None:
            self._writer.write(frame, matte)
