"""Where the eyes of a decoded face are, steadily enough to lay a light on them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from torch import Tensor

from pecten.comb.model import Comb
from pecten.composite.catch_light import catch_lights, with_catch_lights
from pecten.composite.irises import with_irises
from pecten.composite.lashes import with_lashes
from pecten.dataset.irises import SPAN
from pecten.faces.eyes import EYES, eyes_of
from pecten.faces.records import FaceFrame
from pecten.geometry import similarity
from pecten.types import CANONICAL_SIZE, Image, Mask, Points


def mesh_of(face: FaceFrame) -> Points:
    """Return a face's mesh as found in its own frame, unsmoothed, px of a crop of `CANONICAL_SIZE`."""
    return similarity.apply(face.crop_from_plate, face.landmarks)


def steady_irises(
    decoded: Sequence[Points | None], plate: Sequence[Points | None], position: int, reach: int = 4
) -> Points | None:
    """Take the tremor out of where a decoded face's irises lie.

    A gaze leaps, so that its own neighbours in time say nothing; how far the decoded irises lie from the plate's hardly
    changes, and its median over neighbours holds still.

    Args:
        decoded: Meshes of decoded faces on consecutive frames, in a normalised crop.
        plate: Of the plate's face on the same frames, in the same crop.
        position: Of the frame; None there stays None.
        reach: Frames to either side.
    Returns:
        The decoded face's mesh, its irises moved.
    """
    mesh, below = decoded[position], plate[position]
    if mesh is None or below is None:
        return None
    near = slice(max(0, position - reach), position + reach + 1)
    both = zip(decoded[near], plate[near], strict=True)
    pairs = [(one, other) for one, other in both if one is not None and other is not None]
    steady = mesh.copy()
    for _, iris in EYES:
        points = list(iris)
        off = np.median([one[points].mean(axis=0) - other[points].mean(axis=0) for one, other in pairs], axis=0)
        steady[points] += below[points].mean(axis=0) + off - mesh[points].mean(axis=0)
    return steady


class SeenEyes(NamedTuple):
    """What footage shows of a performer's eyes.

    Attributes:
        irises: See `pecten.dataset.irises`; None where nothing is kept, or they are not to be drawn.
        lashes: See `pecten.dataset.lashes`; likewise.
    """

    irises: np.ndarray | None
    lashes: np.ndarray | None


class KeptEyes:
    """What a comb has kept of its performers' eyes.

    Args:
        comb: Any, or another decoder; what has kept nothing gives nothing.
        irises: Whether they are asked for.
        lashes: Likewise.
    """

    def __init__(self, comb: object, irises: bool = True, lashes: bool = True) -> None:
        self._irises, self._lashes = dict[str, np.ndarray](), dict[str, np.ndarray]()
        if not isinstance(comb, Comb) or not comb.config.irises:
            return
        for identity in comb.config.identities:
            if irises:
                self._irises[identity] = _pictures(comb.seen_irises(identity))
            if lashes:
                self._lashes[identity] = _pictures(comb.seen_lashes(identity))

    def of(self, shares: Mapping[str, float]) -> SeenEyes:
        """Return the pictures of a mixture of looks, of each kind that all of them have.

        Args:
            shares: Of identities.
        """
        return SeenEyes(_mixed(self._irises, shares), _mixed(self._lashes, shares))


def _pictures(kept: Tensor) -> np.ndarray:
    return kept.detach().float().cpu().numpy().transpose(0, 2, 3, 1)


def _mixed(kept: Mapping[str, np.ndarray], shares: Mapping[str, float]) -> np.ndarray | None:
    if any(name not in kept or not kept[name].any() for name in shares):
        return None
    mixed: np.ndarray = np.sum([kept[name] * np.float32(share) for name, share in shares.items()], axis=0)
    return mixed


def with_seen_eyes(face: Image, mesh: Points, seen: SeenEyes, below: Points) -> Image:
    """Draw a performer's irises, or where eyes are shut the lashes, over those of a decoded face.

    Args:
        face: Decoded crop, display-coded.
        mesh: Its own, from `steady_irises`, px of a crop of `CANONICAL_SIZE`.
        seen: From `KeptEyes.of`.
        below: The plate's mesh: where one of its eyes is shut, lashes of a decoded one may pass for an opening.
    """
    eyes = eyes_of(similarity.apply(similarity.resize(CANONICAL_SIZE, len(face)), mesh))
    # Of a turned face the far eye's lids are a guess, and eyes blink together.
    open_by = min(eye.openness for eye in eyes_of(below))
    if seen.irises is not None:
        face = with_irises(face, eyes, seen.irises, SPAN, open_by)
    return face if seen.lashes is None else with_lashes(face, eyes, seen.lashes, open_by)


def with_lights_of(plate: Image, plate_mesh: Points, face: Image, face_mesh: Points, matte: Mask) -> Image:
    """Lay the plate's catch lights on a face that was put into it.

    Args:
        plate: Crop of the plate, display-coded.
        plate_mesh: Of its face, px of a crop of `CANONICAL_SIZE`.
        face: The same crop with another face in it.
        face_mesh: Of that face.
        matte: How much of it shows.
    Returns:
        `face`, changed on irises alone.
    """
    if not matte.any():
        return face
    here, there = (
        eyes_of(similarity.apply(similarity.resize(CANONICAL_SIZE, len(plate)), mesh))
        for mesh in (plate_mesh, face_mesh)
    )
    return with_catch_lights(face, there, catch_lights(plate, here), matte)
