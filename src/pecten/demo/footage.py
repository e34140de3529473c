"""The clips that ship with Pecten: three performers who do not exist."""

from importlib.resources import files
from pathlib import Path

from pecten.assets import asset

SOURCE = "ada"
TARGET = "bruno"
SHOTS = {"ada": "interview101", "bruno": "interview102", "chidi": "interview103"}
"""The training clip of each performer."""


def folder() -> Path:
    """Return the folder of the demo's footage."""
    return Path(str(files("pecten") / "assets" / "demo"))


def training_clips(identity: str) -> list[Path]:
    """Return a performer's training clips; the target's plate counts, as it does in a production."""
    own = folder() / "performers" / f"{identity}_{SHOTS[identity]}.mp4"
    return [own, plate()] if identity == TARGET else [own]


def plate() -> Path:
    """Return the shot to change: bruno, 72 frames of 1280x720, with sound and timecode."""
    return folder() / "bruno_plate.mp4"


def true_source() -> Path:
    """Return the source playing the same performance: what the decoder should answer. Never trained on."""
    return folder() / "truth" / "ada.mp4"


def true_swap() -> Path:
    """Return the true swap in the plate: what the finished frame should be. Never trained on."""
    return folder() / "truth" / "ada_on_bruno.mp4"


def true_region() -> Path:
    """Return the inner-face region of the true swap, to measure in."""
    return folder() / "truth" / "ada_on_bruno_face.mp4"


def comb() -> Path:
    """Return the comb that ships: ada, bruno and chidi; no clip of the truth showed ada to it.

    Raises:
        PectenError: if it is missing or damaged.
    """
    return asset("demo/comb.safetensors")
