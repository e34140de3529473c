"""The folder that shows a comb's latents: its figures, and pictures of no run but the last."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pecten import sheet
from pecten.files import write_json
from pecten.types import ByteImage

FIGURES = "latent.json"
VERSION = 1

_OURS = re.compile(r"(directions|beyond)_[^/\\]+\.png")


class LatentFolder:
    """Takes a run's pictures, and with its figures removes those of an earlier run that it did not draw.

    Args:
        folder: It is made when missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._drawn = folder, list[str]()

    def draw(self, name: str, picture: ByteImage) -> Path:
        """Write a picture under a name, and return where."""
        self._drawn.append(name)
        sheet.save(self._folder / name, picture)
        return self._folder / name

    def finish(self, figures: Mapping[str, object]) -> None:
        """Write the figures, and which pictures belong to them."""
        for name in _drawn_before(self._folder / FIGURES) - set(self._drawn):
            (self._folder / name).unlink(missing_ok=True)
        write_json(self._folder / FIGURES, {"version": VERSION, **figures, "pictures": self._drawn})


def _drawn_before(figures: Path) -> set[str]:
    """Return what the figures of an earlier run say that it drew: nothing else is ours to remove."""
    try:
        held = json.loads(figures.read_text(encoding="utf-8"))
        drawn = held["pictures"] if "pictures" in held else _told_by_pairs(held["beyond"])
        return {name for name in drawn if _OURS.fullmatch(name)}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _told_by_pairs(beyond: Any) -> list[str]:
    """Name what was drawn when figures did not list it yet."""
    pairs = [words.split(" on ") for words in map(str, beyond)]
    return [
        *(f"directions_{source}.png" for _, source in pairs),
        *(f"beyond_{source}_{target}.png" for target, source in pairs),
    ]
