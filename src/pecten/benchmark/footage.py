"""Footage with known truth, as a folder holds it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from pecten.errors import FootageError


@dataclass(frozen=True)
class Take:
    """One clip and what is known about it.

    Attributes:
        clip: The video.
        source: Whose face is seen.
        target: Whose head, hair and light it is; the source itself unless this is a true swap.
        shot: Name of the performance; takes of one shot play it alike.
        truth: The `.npz` beside the clip; None when there is none.
        region: Video of the inner-face region; None when there is none.
    """

    clip: Path
    source: str
    target: str
    shot: str
    truth: Path | None
    region: Path | None

    def landmarks(self) -> Float64[np.ndarray, "frames 68 2"]:
        """Read the true iBUG-68 landmarks, in plate px.

        Raises:
            FootageError: if they are missing or damaged.
        """
        if self.truth is None:
            raise FootageError(f"{self.clip}: no .npz with true landmarks beside it; choose a clip that has one")
        return np.asarray(self._known("landmarks_68_px")["landmarks_68_px"], np.float64)

    def turns(self) -> Float64[np.ndarray, "frames 3"] | None:
        """Read the true yaw, pitch and roll of the head, in rad; None where nobody knows them.

        Raises:
            FootageError: if the file is damaged.
        """
        held = self._known()
        return np.asarray(held["pose_rad_cm"][:, :3], np.float64) if "pose_rad_cm" in held else None

    def animation(self) -> tuple[Float64[np.ndarray, "frames shapes"], tuple[str, ...]] | None:
        """Read the weights that the face was animated by, and the names of its shapes; None where nobody knows them.

        Raises:
            FootageError: if the file is damaged.
        """
        held = self._known()
        if "expression" not in held or "expression_names" not in held:
            return None
        return np.asarray(held["expression"], np.float64), tuple(map(str, held["expression_names"]))

    def _known(self, *needed: str) -> dict[str, np.ndarray]:
        if self.truth is None:
            return {}
        try:
            with np.load(self.truth, allow_pickle=False) as arrays:
                held = {name: arrays[name] for name in arrays.files}
            for name in needed:
                held[name]
        except (OSError, ValueError, KeyError) as error:
            raise FootageError(f"{self.truth}: damaged ({error}); copy it again") from error
        return held


@dataclass(frozen=True)
class TruthFootage:
    """A folder with `performers/` (clips to train on) and `truth/` (one performance played by everybody, true swaps).

    Attributes:
        performers: Takes to train on.
        truth: Takes of performances that several performers play alike, never trained on.
        swaps: True swaps in the plate.
    """

    performers: tuple[Take, ...]
    truth: tuple[Take, ...]
    swaps: tuple[Take, ...]


def read_footage(folder: Path) -> TruthFootage:
    """List the takes of a folder: `performers/NAME_SHOT.mp4`, `truth/NAME_SHOT.mp4`, `truth/A_on_B_SHOT.mp4`.

    Raises:
        FootageError: if it holds none.
    """
    takes = {part: [_take(path) for path in _clips(folder / part)] for part in ("performers", "truth")}
    if not (takes["performers"] or takes["truth"]):
        raise FootageError(f"{folder}: no performers/NAME_SHOT.mp4 or truth/NAME_SHOT.mp4; give the footage's folder")
    return TruthFootage(
        performers=tuple(takes["performers"]),
        truth=tuple(take for take in takes["truth"] if take.source == take.target),
        swaps=tuple(take for take in takes["truth"] if take.source != take.target),
    )


def _clips(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*_*.mp4") if not path.stem.endswith("_face"))


def _take(path: Path) -> Take:
    who, _, shot = path.stem.rpartition("_")
    source, on, target = who.partition("_on_")
    truth, region = path.with_suffix(".npz"), path.with_name(f"{path.stem}_face.mp4")
    return Take(
        path,
        source,
        target if on else source,
        shot,
        truth if truth.is_file() else None,
        region if region.is_file() else None,
    )
