"""How a shot is swapped, and what that gave."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32

from pecten.composite.recipe import Recipe
from pecten.faces.records import FaceFrame
from pecten.footage.clip import Frame
from pecten.shot.matte import MatteOptions
from pecten.shot.wishes import Keyed
from pecten.types import Image, Mask


@dataclass(frozen=True)
class SwapOptions:
    """How a face is put into a plate.

    Attributes:
        source: Identity whose appearance is put on.
        region: What is replaced: full, lips, eyes, brows, nose, or several joined by +.
        recipe: How light and contrast are matched and the face is laid into the plate.
        batch: Crops decoded at a time.
        tracks: Tracks to replace; None for the person seen most.
        matte: What the mattes are made of, besides the region.
        looks: Shares of other identities (one performer's looks) in the face; the source has the rest.
        looks_by: "weights" mixes decoders into one, "pictures" what they show.
        edits: Changes of attributes, in standard deviations.
        engine: What runs the comb: "torch" or "openvino".
        placement: How large the decoded face is, and where; see `pecten.shot.placement`.
        pores: How much of the pores shows that a comb has kept of a performer's skin; 0 leaves them out.
    """

    source: str
    region: str = "full"
    recipe: Recipe = field(default_factory=Recipe)
    batch: int = 8
    tracks: tuple[int, ...] | None = None
    matte: MatteOptions = field(default_factory=MatteOptions)
    looks: tuple[Keyed, ...] = ()
    looks_by: str = "weights"
    edits: tuple[Keyed, ...] = ()
    engine: str = "torch"
    placement: tuple[Keyed, ...] = ()
    pores: float = 1.0


@dataclass(frozen=True)
class Swapped:
    """One frame on its way through the composite, for whoever wants to look.

    Attributes:
        frame: The plate.
        face: What was found in it; None where nothing is replaced.
        decoded: The comb's answer at the comb's size, display-coded.
        result: The finished frame in the plate's encoding.
        support: Plate pixels that may differ from the plate.
        matte: How much of the face each of the plate's pixels shows at full strength; None without a face.
        latent: Of the plate's face; None where nothing is replaced.
    """

    frame: Frame
    face: FaceFrame | None
    decoded: Image | None
    result: Image
    support: Mask
    matte: Mask | None = None
    latent: Float32[np.ndarray, " _values"] | None = None


@dataclass(frozen=True)
class SwapSummary:
    """What a swap did.

    Attributes:
        frames: In the range, all finished.
        swapped: Changed by this run.
        untouched: Number of each frame that was left as it is, and why.
        kept: Finished by an earlier run.
        faded: Number of each frame on which the face is not held in full, and why.
    """

    frames: int
    swapped: int
    untouched: tuple[tuple[int, str], ...]
    kept: int = 0
    faded: tuple[tuple[int, str], ...] = ()
