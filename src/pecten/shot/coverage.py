"""The matte of one frame: region x what is seen of the face x the user's matte, and how it is laid over the plate."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from pecten.composite.matte import MatteMode, combine, mix, refine
from pecten.faces.steady import Steady
from pecten.geometry import similarity
from pecten.geometry.warp import warp
from pecten.shot.silhouette import at_silhouette, within_decoded
from pecten.types import CANONICAL_SIZE, Affine, Image, Mask, Points

_REFINED_SHARE = 32
"""The crop's side over how far the edge of what covers a face may move onto the picture's own edge."""

_MOVING_SHARE = 16
"""The crop's side over how far what covers a face may move from frame to frame."""

_UNSURE = (0.3, 0.7)
"""Visibility below which a face counts as covered, and from which as seen."""


def resized(matte: Mask, size: int) -> Mask:
    """Bring a square matte to another size."""
    smaller = len(matte) > size
    return np.asarray(
        cv2.resize(matte, (size, size), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR), np.float32
    )


def firm(seen: Mask) -> Mask:
    """Settle what is uncertain: half a hand over half a face would show both."""
    low, high = _UNSURE
    settled: Mask = np.clip((seen - np.float32(low)) * np.float32(1 / (high - low)), 0, 1)
    return settled


def seen_in(seen: Mask, plate_crop: Image) -> Mask:
    """Settle where a face is seen, and move the edge of what covers it onto the picture's own.

    Args:
        seen: In the normalised crop, at any size.
        plate_crop: It, display-coded.
    """
    size = len(plate_crop)
    return refine(resized(firm(seen), size), plate_crop, max(1, size // _REFINED_SHARE))


def still_seen(seen: Sequence[Mask | None], position: int) -> Mask | None:
    """Hold what is seen on a frame between what its two neighbours see nearby, so that it does not flicker.

    A hand that moves covers a place on one frame alone, but places beside it on the next and the last; what flickers
    has nothing of the kind around it.

    Args:
        seen: Of consecutive frames, in the normalised crop; None where there is no face.
        position: Of the frame.
    """
    here = seen[position]
    around = [one for one in (seen[k] for k in (position - 1, position + 1) if 0 <= k < len(seen)) if one is not None]
    if here is None or len(around) < 2:
        return here
    reach = 2 * (len(here) // _MOVING_SHARE) + 1
    near = np.ones((reach, reach), np.uint8)
    least = np.minimum(*(cv2.erode(one, near) for one in around))
    most = np.maximum(*(cv2.dilate(one, near) for one in around))
    return np.asarray(np.clip(here, least, most), np.float32)


@dataclass(frozen=True, eq=False)
class Coverage:
    """The matte of one frame.

    Attributes:
        whole: Crop; the full face.
        shape: Crop; where the face is laid in, hard-edged, so that the bands' ramps follow it.
        written: Plate; the matte as it is written and may be given back.
        mixed: Plate; how much of the result shows over the plate inside the shape; None shows all of it.
    """

    whole: Mask
    shape: Mask
    written: Mask
    mixed: Mask | None

    def within(self, place: tuple[slice, slice]) -> "Coverage":
        """Return the matte of a piece of the plate: its rows and columns."""
        mixed = None if self.mixed is None else self.mixed[place]
        return replace(self, written=self.written[place], mixed=mixed)

    def over(self, plate: Image, result: Image, support: Mask, strength: float) -> tuple[Image, Mask]:
        """Lay the full result over the plate.

        Args:
            plate: The frame.
            result: The frame with the face in it, as if nothing covered it.
            support: Where they may differ.
            strength: Of the whole swap.
        Returns:
            The frame, and where it may differ from the plate now.
        """
        if self.mixed is None and strength == 1:
            return result, support
        matte = np.ones_like(support) if self.mixed is None else self.mixed
        matte = matte * np.float32(strength)
        shown = support * (matte > 0)
        if not shown.any():
            return plate, shown
        x, y, w, h = cv2.boundingRect((shown > 0).view(np.uint8))
        box = np.s_[y : y + h, x : x + w]
        frame = plate.copy()
        frame[box] = mix(plate[box], result[box], matte[box] * (support[box] > 0))
        return frame, shown


@dataclass(frozen=True, eq=False)
class Answer:
    """What is known of the face that is put in.

    Attributes:
        decoded: It, display-coded, of any size.
        outline: Its mesh, in px of a crop of `CANONICAL_SIZE`; None where none is seen.
        alike: Where it is like the plate once it is lit (skin on skin), in the normalised crop at any size; None where
            that is not known.
    """

    decoded: Image
    outline: Points | None = None
    alike: Mask | None = None


def cover(
    border: Steady,
    crop_from_plate: Affine,
    plate_crop: Image,
    hold: float,
    seen: Mask | None,
    given: Mask | None,
    mode: MatteMode,
    plate_size: tuple[int, ...],
    answer: Answer | None = None,
) -> Coverage:
    """Make the matte of one frame.

    Args:
        border: Of what is swapped.
        crop_from_plate: To the crop that is blended.
        plate_crop: It, display-coded.
        hold: How much of the face is held, 0 to 1.
        seen: Where the face is seen, in the normalised crop at any size; None where nothing covers it.
        given: The user's own matte, in the plate; None for none.
        mode: What it does.
        plate_size: Height and width of the plate, in px.
        answer: The face that is put in; None takes it to fill the matte, and to be like the plate.
    """
    size = len(plate_crop)
    landmarks = similarity.apply(similarity.resize(CANONICAL_SIZE, size), border.landmarks)
    whole = at_silhouette(border.whole(size), landmarks, plate_crop)
    if answer is not None:
        whole = within_decoded(whole, landmarks, answer.decoded, plate_crop)
    shape, soft = border.matte(whole), border.softness(size)
    if soft is not None and answer is not None and answer.alike is not None:
        soft = soft * _kept(border, answer.outline, resized(answer.alike, size))
    if seen is not None:
        clear = seen_in(seen, plate_crop)
        soft = clear if soft is None else soft * clear
    if hold < 1:
        soft = np.full_like(shape, hold) if soft is None else soft * np.float32(hold)
    own = shown = _in_plate(shape, crop_from_plate, plate_size)
    if soft is not None:
        shown = _in_plate(soft, crop_from_plate, plate_size)
        own = own * shown
    if given is None:
        return Coverage(whole, shape, own, None if soft is None else shown)
    if mode in (MatteMode.REPLACE, MatteMode.ADD):
        reach = _reach(warp(given, crop_from_plate, size, size, "linear", "zero"))
        shape = reach if mode is MatteMode.REPLACE else np.maximum(shape, reach)
    written = combine(own, given, mode)
    within = mode in (MatteMode.MULTIPLY, MatteMode.HOLDOUT)
    # The shape's own edge is left to the blend's ramps.
    inside = combine((own > 0).astype(np.float32) if soft is None else shown, given, mode) if within else written
    return Coverage(whole, shape, written, inside)


def _kept(border: Steady, outline: Points | None, alike: Mask) -> Mask:
    """Weight the skin around a part: lips in a beard take no bare skin along."""
    meshes = [border.landmarks] if outline is None else [border.landmarks, outline]
    near = border.near(len(alike), meshes)
    return np.asarray(near + (1 - near) * alike, np.float32)


def _reach(given: Mask) -> Mask:
    """Return a given matte's shape: its own hard edges, and the far end of its soft ones."""
    ends = cv2.erode((given > 0).view(np.uint8), np.ones((5, 5), np.uint8))
    # Resampling has blurred what was hard; a fringe of it would count as a part of the face unlike the plate.
    sharp = np.clip((given - np.float32(0.5)) * np.float32(1.6) + np.float32(0.5), 0, 1)
    reach: Mask = np.maximum(sharp, ends.astype(np.float32))
    return reach


def _in_plate(matte: Mask, crop_from_plate: Affine, plate_size: tuple[int, ...]) -> Mask:
    """Resample a crop's matte into the plate, where the crop lies."""
    placed = np.zeros(plate_size[:2], np.float32)
    last = len(matte) - 1.0
    corners = np.array([[0.0, 0.0], [last, 0.0], [0.0, last], [last, last]])
    seen = similarity.apply(similarity.invert(crop_from_plate), corners)
    left, top = np.maximum(np.floor(seen.min(axis=0)).astype(int), 0).tolist()
    right, bottom = np.minimum(np.ceil(seen.max(axis=0)).astype(int) + 1, plate_size[1::-1]).tolist()
    if right > left and bottom > top:
        back = similarity.compose(
            similarity.similarity(1.0, 0.0, (-float(left), -float(top))), similarity.invert(crop_from_plate)
        )
        placed[top:bottom, left:right] = warp(matte, back, right - left, bottom - top, "linear", "zero")
    return placed
