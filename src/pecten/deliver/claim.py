"""Which job made the frames of a sequence, so that a run never takes another's frames for its own."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pecten.deliver.writer import open_writer
from pecten.files import write_json
from pecten.footage.clip import Clip


def claim_file(folder: Path, out: Path, suffix: str = ".json") -> Path:
    """Return where the claim of an output is kept.

    Args:
        folder: Of what was found in the plate; outputs of several folders may share it.
        out: Sequence pattern or video.
        suffix: Of the note.
    """
    apart = folder.absolute().parent != out.absolute().parent
    place = f".{hashlib.sha256(str(out.absolute().parent).encode()).hexdigest()[:8]}" if apart else ""
    return folder / f"{out.name}{place}{suffix}"


@dataclass(frozen=True)
class Claim:
    """A note of what the frames under one name are made with.

    Attributes:
        path: Where it is kept.
        job: Everything that the pixels depend on, ready for JSON.
    """

    path: Path
    job: Mapping[str, Any]

    def holds(self) -> bool:
        """Say whether the frames that are there are this job's."""
        try:
            held = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return bool(held == json.loads(json.dumps(self.job)))

    def begin(self, overwrite: bool) -> None:
        """Note, before the first frame is written, whose the frames are.

        Args:
            overwrite: Whether another job's are written over. Until the last of them is replaced both jobs' are mixed,
                and those count as this one's that are newer than its note.
        """
        if self.holds():
            return
        if not overwrite:
            self.settle()
            return
        self.path.unlink(missing_ok=True)
        if not self._over().holds():
            write_json(self._over().path, dict(self.job))

    def since(self) -> float | None:
        """Return the time from which frames are this job's where it was interrupted while it wrote over another's."""
        return self._over().path.stat().st_mtime if not self.holds() and self._over().holds() else None

    def settle(self) -> None:
        """Note that all frames are this job's, the last of another's replaced."""
        # First, or an interrupt would leave a note by which later frames of another job counted.
        self._over().path.unlink(missing_ok=True)
        write_json(self.path, dict(self.job))

    def _over(self) -> "Claim":
        return Claim(self.path.with_suffix(".over.json"), self.job)


def settle(claim: Claim, plate: Clip, out: Path) -> None:
    """Where another job's frames were written over, see whether the last of them is replaced, and note that.

    Args:
        claim: Of this job.
        plate: Whose frames were replaced, as they were delivered.
        out: The delivery.
    """
    since = claim.since()
    if since is None:
        return
    writer, first = open_writer(out, plate, overwrite=True, since=since), plate.info.first_number
    if all(writer.done(number) for number in range(first, first + plate.info.frame_count)):
        claim.settle()
