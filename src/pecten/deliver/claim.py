"""Which job made the frames of a sequence, so that a run never takes another's frames for its own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pecten.files import write_json


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
