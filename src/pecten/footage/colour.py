"""How a clip's numbers are coded: what the user says, else what the file says."""

import os
from dataclasses import dataclass

from pecten.colour.ocio import BUILTIN, Config
from pecten.colour.transfer import Encoding

CONFIG_VARIABLE = "OCIO"

# xy of red, green, blue and white, and the space of the built-in configuration that has them.
_CHROMATICITIES = {
    (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290): Encoding.LINEAR,
    (0.713, 0.293, 0.165, 0.830, 0.128, 0.044, 0.32168, 0.33767): "ACEScg",
    (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767): "ACES2065-1",
    (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, 0.3127, 0.3290): "Linear Rec.2020",
    (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.3290): "Linear P3-D65",
}
_CHROMATICITY_TOLERANCE = 0.002


@dataclass(frozen=True)
class ColourChoice:
    """What the user says of a clip's colour.

    Attributes:
        space: An `Encoding`, or a colour space of the configuration; None for what the file says.
        config: OpenColorIO configuration; None for the one that the variable `OCIO` names, else the built-in one.
        exposure: Stops by which light is raised for networks and the blend; what is delivered keeps its level.
    """

    space: str | None = None
    config: str | None = None
    exposure: float = 0.0


@dataclass(frozen=True)
class Coding:
    """What goes with the name of a clip's encoding.

    Attributes:
        config: OpenColorIO configuration that defines it; empty for an `Encoding`.
        exposure: As in `ColourChoice`.
        why: How it is known.
        sure: False when neither user nor file says it.
    """

    config: str = ""
    exposure: float = 0.0
    why: str = ""
    sure: bool = True


@dataclass(frozen=True)
class Guess:
    """What a file says of its colour.

    Attributes:
        space: An `Encoding`, or a space of the built-in configuration.
        why: Where the file says so.
        sure: False when it does not say so.
        working: Whether files of this kind are by default in the linear space that a configuration works in.
        stated: A space's name in the file, which counts before all else where it is known.
    """

    space: str
    why: str
    sure: bool = True
    working: bool = False
    stated: str = ""


def settled(choice: ColourChoice, guess: Guess) -> tuple[str, Coding]:
    """Settle how a clip is coded.

    Args:
        choice: What the user says.
        guess: What the file says.
    Returns:
        An `Encoding` or a colour space's full name, and what goes with it.
    Raises:
        UsageError: if a space or a configuration cannot be used.
    """
    named = choice.config or os.environ.get(CONFIG_VARIABLE) or None
    # A configuration that was given is looked at even where it is not needed, so that a slip is noticed.
    given = Config(choice.config) if choice.config else None
    if choice.space is not None:
        if choice.space.lower() in list(Encoding):
            return Encoding(choice.space.lower()), Coding(exposure=choice.exposure, why="as given")
        config = given or Config(named or BUILTIN)
        return config.find(choice.space), Coding(config.name, choice.exposure, "as given")
    if guess.stated:
        found = _like(guess.stated, given, named)
        if found:
            return found[1], Coding(found[0], choice.exposure, f"the header says {guess.stated}")
    if guess.working and named:
        config = given or Config(named)
        return config.scene_linear(), Coding(config.name, choice.exposure, f"the role scene_linear; {guess.why}")
    found = None if guess.space in list(Encoding) else _like(guess.space, given, named)
    if found:
        return found[1], Coding(found[0], choice.exposure, guess.why)
    return guess.space, Coding("", choice.exposure, guess.why, guess.sure)


def _like(space: str, given: Config | None, named: str | None) -> tuple[str, str] | None:
    """Look for a space in the configuration in use, then in the built-in one: return configuration and name."""
    for config in ([given or Config(named)] if named else []) + [Config(BUILTIN)]:
        like = config.like(space)
        if like is not None:
            return config.name, like
    return None


def by_chromaticities(values: tuple[float, ...]) -> str | None:
    """Name the linear space that has these primaries and white; None for others."""
    for known, space in _CHROMATICITIES.items():
        if len(values) == len(known) and all(
            abs(a - b) < _CHROMATICITY_TOLERANCE for a, b in zip(values, known, strict=True)
        ):
            return space
    return None
