"""How large a decoded face is laid into the plate, and where: the choice of an eye, keyed over the frames.

Normalisation brings all faces to one size, so that a large face comes into a small one's plate small. How large it is
beside the plate's ears and hair nobody can measure; somebody who knows both performers can see it.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from pecten.errors import UsageError
from pecten.faces.normalise import FACE_CENTRE
from pecten.geometry.warp import warp
from pecten.shot.strength import read_keys
from pecten.shot.wishes import Keyed
from pecten.types import CANONICAL_SIZE, Affine, Image

LIMITS: Mapping[str, tuple[float, float]] = {"size": (0.8, 1.25), "right": (-10.0, 10.0), "down": (-10.0, 10.0)}
"""Least and most by name; size is a factor, the others are percent of the crop's side."""


def read_placement(texts: Sequence[str], ease: bool = False) -> tuple[Keyed, ...]:
    """Read `size=1.03`, `right=-0.5`, or keys such as `down=1001:0,1012:1`.

    Raises:
        UsageError: if it is none of these, is given twice, or lies outside the limits.
    """
    found: dict[str, Keyed] = {}
    for text in texts:
        name, equals, amount = text.partition("=")
        if not equals or name not in LIMITS or name in found:
            raise UsageError(f"place {text}: write each once, as size=1.03, right=-0.5 or down=1001:0,1012:1")
        found[name] = Keyed(name, read_keys(amount, f"place {name}", *LIMITS[name], ease))
    return tuple(found.values())


def placed(decoded: Image, placement: Sequence[Keyed], number: int) -> Image:
    """Move a decoded crop as is wished for a frame.

    Args:
        decoded: The crop, display-coded.
        placement: From `read_placement`; empty leaves the crop as it is.
        number: Of the frame.
    """
    amounts = {keyed.name: keyed.amount.at(number) for keyed in placement}
    moved = _moved(amounts, len(decoded))
    if np.array_equal(moved, np.eye(3)[:2]):
        return decoded
    # Reduced or moved, the crop's last pixels go on: they lie outside the face.
    return warp(decoded, moved, len(decoded), len(decoded), "cubic", "replicate")


def _moved(amounts: Mapping[str, float], size: int) -> Affine:
    factor = amounts.get("size", 1.0)
    # The middle of a pixel is a whole number: a half is lost on the way from one size to another.
    centre = (np.array(FACE_CENTRE) + 0.5) * size / CANONICAL_SIZE - 0.5
    shift = np.array([amounts.get("right", 0.0), amounts.get("down", 0.0)]) * size / 100
    return np.column_stack([factor * np.eye(2), (1 - factor) * centre + shift])
