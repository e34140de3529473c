"""Which job made the frames of a sequence, so that a run never takes another's frames for its own."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pecten.files import write_json


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

    def make(self) -> None:
        """Note that all frames from now on are this job's."""
        write_json(self.path, dict(self.job))

    def drop(self) -> None:
        """Forget whose they are: frames of two jobs may be mixed."""
        self.path.unlink(missing_ok=True)
