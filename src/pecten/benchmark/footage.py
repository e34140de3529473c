"""Footage with known truth, as a folder holds it."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from pecten.errors import FootageError
from pecten.footage.clip import open_clip


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
        held = self._known()
        if "landmarks_68_px" not in held:
            raise FootageError(f"{self.truth}: no landmarks_68_px in it: copy it again")
        return self._numbers("landmarks_68_px", held["landmarks_68_px"], (68, 2))

    def turns(self) -> Float64[np.ndarray, "frames 3"] | None:
        """Read the true yaw, pitch and roll of the head, in rad; None where nobody knows them.

        Raises:
            FootageError: if the file is damaged.
        """
        held = self._known()
        if "pose_rad_cm" not in held:
            return None
        return self._numbers("pose_rad_cm", np.atleast_1d(held["pose_rad_cm"])[..., :3], (3,))

    def animation(self) -> tuple[Float64[np.ndarray, "frames shapes"], tuple[str, ...]] | None:
        """Read the weights that the face was animated by, and the names of its shapes; None where nobody knows them.

        Raises:
            FootageError: if the file is damaged.
        """
        held = self._known()
        if "expression" not in held or "expression_names" not in held:
            return None
        names = tuple(map(str, held["expression_names"].ravel()))
        return self._numbers("expression", held["expression"], (len(names),)), names

    def check_truth(self) -> None:
        """See that what is known of the clip, if anything is, can be read, and knows all its frames.

        Raises:
            FootageError: if it does not, or the clip cannot be read.
        """
        if self.truth is None:
            return
        count, animation = self.frame_count(), self.animation()
        for known in (self.landmarks(), self.turns(), None if animation is None else animation[0]):
            if known is not None and len(known) < count:
                raise FootageError(
                    f"{self.truth}: knows {len(known)} frames, and {self.clip.name} has {count}: copy both again"
                )

    def check_region(self) -> None:
        """See that the region's video, if there is one, has all frames of the clip, in its size.

        Raises:
            FootageError: if it has not, or one of both cannot be read.
        """
        if self.region is None:
            return
        _refuse_another_size(self.region, self.clip)
        held, count = open_clip(self.region).info.frame_count, self.frame_count()
        if held < count:
            raise FootageError(f"{self.region}: {held} frames, and {self.clip.name} has {count}: copy both again")

    def frame_count(self) -> int:
        """Count the clip's frames.

        Raises:
            FootageError: if it cannot be read.
        """
        return open_clip(self.clip).info.frame_count

    def _numbers(self, name: str, found: np.ndarray, each: tuple[int, ...]) -> Float64[np.ndarray, "..."]:
        """Take an array for what it should be: a row of a known shape for every frame."""
        if found.ndim == 0 or found.shape[1:] != each or found.dtype.kind not in "fiu":
            shape = " x ".join(map(str, each))
            raise FootageError(f"{self.truth}: {name} has not {shape} numbers a frame: copy it again")
        return np.asarray(found, np.float64)

    def _known(self) -> dict[str, np.ndarray]:
        if self.truth is None:
            return {}
        # NumPy takes what is no archive for a pickle, and says how to load that all the same.
        if not zipfile.is_zipfile(self.truth):
            raise FootageError(f"{self.truth}: no .npz file of NumPy, or one cut short: copy it again")
        try:
            with np.load(self.truth, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays.files}
        except Exception as error:  # of zip files, of deflating, of tokens of Python in heads of arrays, and of NumPy
            raise FootageError(f"{self.truth}: damaged: copy it again") from error


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


def check_swap(swap: Take, plate: Take, own: Take) -> None:
    """See that a true swap has all frames that its two performers play alike, in the plate's size.

    Args:
        swap: The true swap.
        plate: The target's performance.
        own: The source's own.
    Raises:
        FootageError: if it has not, or a clip cannot be read.
    """
    _refuse_another_size(swap.clip, plate.clip)
    count, held = min(plate.frame_count(), own.frame_count()), swap.frame_count()
    if held < count:
        raise FootageError(
            f"{swap.clip}: {held} frames, and {plate.clip.name} and {own.clip.name} have {count}: copy it again"
        )


def _refuse_another_size(clip: Path, other: Path) -> None:
    one, wanted = ((info.width, info.height) for info in (open_clip(clip).info, open_clip(other).info))
    if one != wanted:
        sizes = f"{one[0]}x{one[1]}, and {other.name} is {wanted[0]}x{wanted[1]}"
        raise FootageError(f"{clip}: {sizes}: render it in the same geometry")


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
