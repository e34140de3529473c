"""What a swap showed, kept for pictures and figures."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pecten.faces.records import FaceFrame
from pecten.footage.clip import Clip
from pecten.shot import Swapped
from pecten.types import ByteImage, Image


@dataclass(frozen=True)
class Shown:
    """One changed frame: plate and result display-coded in 8 bits, support in 0..255, the comb's raw answer."""

    face: FaceFrame
    plate: ByteImage
    result: ByteImage
    support: np.ndarray
    decoded: Image


@dataclass(frozen=True)
class Gathered:
    """All changed frames of a shot, by frame index, and the delivered video."""

    shown: dict[int, Shown]
    video: Path


class Gatherer:
    """An observer of `pecten.shot.render` that keeps every changed frame, in 8 bits."""

    def __init__(self, clip: Clip) -> None:
        self._view = clip.info.view()
        self._shown: dict[int, Shown] = {}

    def __call__(self, swapped: Swapped) -> None:
        """Keep one frame."""
        if swapped.face is None or swapped.decoded is None:
            return
        self._shown[swapped.frame.index] = Shown(
            swapped.face,
            self._view.display_bytes(swapped.frame.image),
            self._view.display_bytes(swapped.result),
            np.rint(np.clip(swapped.support, 0, 1) * 255).astype(np.uint8),
            swapped.decoded,
        )

    def gathered(self, video: Path) -> Gathered:
        """Return what was kept."""
        return Gathered(self._shown, video)
