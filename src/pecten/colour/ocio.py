"""Colour spaces by name, through OpenColorIO."""

from difflib import get_close_matches
from typing import Any

import numpy as np
import PyOpenColorIO as ocio

from pecten.errors import UsageError
from pecten.types import Image

BUILTIN = "ocio://studio-config-v2.2.0_aces-v1.3_ocio-v2.4"
"""What is used where nobody names a configuration: pinned, so that a name means the same next year."""

_LINEAR = "Linear Rec.709 (sRGB)"
_DISPLAY_LIGHT = "CIE XYZ-D65 - Display-referred"
_SCENE_LINEAR = "scene_linear"
_INTERCHANGE = "aces_interchange"
_NAMED_AT_MOST = 4


class Space:
    """A colour space of a configuration, with the way to linear light of Rec. 709 primaries and back.

    A configuration that names the interchange space is related to the built-in one by it. In one that does not, the
    role `scene_linear` stands for Rec. 709: networks then see colours a little off, the way back is as exact.
    """

    def __init__(self, config: "Config", name: str) -> None:
        """Make both ways.

        Args:
            config: Where it is defined.
            name: Its name, an alias, a role, or a part that only one name has.
        Raises:
            UsageError: if there is no such space, it holds data and not a picture, or it has no way back.
        """
        self.name = config.find(name)
        try:
            to, back = config.ways(self.name)
            # Lossless: the faster settings approximate powers and logarithms to about 1e-4.
            self._to = to.getOptimizedCPUProcessor(ocio.OPTIMIZATION_LOSSLESS)
            self._back = back.getOptimizedCPUProcessor(ocio.OPTIMIZATION_LOSSLESS)
        except (ocio.Exception, ocio.ExceptionMissingFile) as error:
            raise UsageError(
                f"{config.name}: {self.name} cannot be worked in ({_one_line(error)}); choose another colour space"
            ) from error
        steps = np.array([0.0, 0.25, 0.5], np.float32)[:, None, None].repeat(3, axis=2)
        black, quarter, half = self.to_linear(steps)[:, 0]
        self.is_linear = bool(np.allclose(half, 2 * quarter, rtol=1e-4) and np.allclose(black, 0, atol=1e-7))

    def to_linear(self, image: Image) -> Image:
        """Turn the space's numbers into linear light of Rec. 709 primaries."""
        return _applied(self._to, image)

    def from_linear(self, image: Image) -> Image:
        """Undo `to_linear`."""
        return _applied(self._back, image)


class Config:
    """An OpenColorIO configuration."""

    def __init__(self, name: str = BUILTIN) -> None:
        """Load it.

        Args:
            name: A file, or `ocio://` and the name of a built-in one.
        Raises:
            UsageError: if it cannot be read.
        """
        self.name = name
        self._config = _loaded(name)

    def names(self) -> list[str]:
        """List the colour spaces."""
        return [str(name) for name in self._config.getColorSpaceNames()]

    def find(self, wanted: str) -> str:
        """Return the full name of a space.

        Args:
            wanted: Its name, an alias, a role, or a part that only one name has; case does not matter.
        Raises:
            UsageError: if there is none such, or it holds data and not a picture.
        """
        space = self._config.getColorSpace(wanted)
        if space is None:
            holding = [name for name in self.names() if wanted.lower() in name.lower()]
            if len(holding) != 1:
                raise UsageError(f"{wanted}: no such colour space in {self.name}; {self._near(wanted, holding)}")
            space = self._config.getColorSpace(holding[0])
        if space.isData():
            raise UsageError(f"{space.getName()}: holds data, not a picture; choose another colour space")
        return str(space.getName())

    def scene_linear(self) -> str:
        """Return the space that the role `scene_linear` names.

        Raises:
            UsageError: if the configuration has no such role.
        """
        if not self._config.hasRole(_SCENE_LINEAR):
            raise UsageError(f"{self.name}: has no role {_SCENE_LINEAR}; add it, or name the space by --colorspace")
        return self.find(_SCENE_LINEAR)

    def like(self, builtin: str) -> str | None:
        """Return this configuration's name for a space of the built-in one; None where it has none."""
        if self._config.getColorSpace(builtin) is not None:
            return self.find(builtin)
        try:
            return str(ocio.Config.IdentifyBuiltinColorSpace(self._config, _loaded(BUILTIN), builtin)) or None
        except ocio.Exception:
            return None

    def ways(self, name: str) -> tuple[Any, Any]:
        """Return the processors from a space to linear light of Rec. 709 primaries, and back."""
        there = _loaded(BUILTIN)
        config = self._config
        if config.getColorSpace(name).getReferenceSpaceType() == ocio.REFERENCE_SPACE_DISPLAY:
            # From display to scene light, a view transform would take part, which has no exact inverse.
            return _rec709_by_way_of_xyz(there, *_between(config, name, there, _DISPLAY_LIGHT))
        if config.hasRole(_INTERCHANGE):
            return _between(config, name, there, _LINEAR)
        linear = self.scene_linear()
        return config.getProcessor(name, linear), config.getProcessor(linear, name)

    def _near(self, wanted: str, holding: list[str]) -> str:
        known = {name.lower(): name for name in self.names()}
        for name in self.names():
            known |= {alias.lower(): name for alias in self._config.getColorSpace(name).getAliases()}
        close = [known[match] for match in get_close_matches(wanted.lower(), known, _NAMED_AT_MOST, 0.5)]
        near = list(dict.fromkeys([*holding, *close]))[:_NAMED_AT_MOST]
        return f"near it: {', '.join(near)}" if near else f"it has {', '.join(self.names()[:_NAMED_AT_MOST])}, ..."


def _loaded(name: str) -> Any:
    try:
        config = ocio.Config.CreateFromFile(name)
        config.validate()
    except (ocio.Exception, ocio.ExceptionMissingFile) as error:
        raise UsageError(
            f"{name}: not an OpenColorIO configuration that can be read ({_one_line(error)}); give another"
        ) from error
    return config


def _between(one: Any, name: str, other: Any, target: str) -> tuple[Any, Any]:
    """Return the processors from a space of one configuration to one of another, and back."""
    convert = ocio.Config.GetProcessorFromConfigs
    return convert(one, name, other, target), convert(other, target, one, name)


def _rec709_by_way_of_xyz(config: Any, to: Any, back: Any) -> tuple[Any, Any]:
    """Carry processors to and from XYZ on to Rec. 709 primaries."""
    there = ocio.GroupTransform([to.createGroupTransform(), _rec709_from_xyz(ocio.TRANSFORM_DIR_FORWARD)])
    here = ocio.GroupTransform([_rec709_from_xyz(ocio.TRANSFORM_DIR_INVERSE), back.createGroupTransform()])
    return config.getProcessor(there), config.getProcessor(here)


def _rec709_from_xyz(direction: Any) -> Any:
    # IEC 61966-2-1, at D65.
    rows = [[3.2409699419, -1.5373831776, -0.4986107603, 0], [-0.9692436363, 1.8759675015, 0.0415550574, 0]]
    rows += [[0.0556300797, -0.2039769589, 1.0569715142, 0], [0, 0, 0, 1]]
    return ocio.MatrixTransform([value for row in rows for value in row], direction=direction)


def _applied(processor: Any, image: Image) -> Image:
    result: Image = np.array(image, np.float32, order="C")
    processor.applyRGB(result)
    return result


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(". ") or "no reason given"
