"""A plate's numbers as networks, the blend and people see them, and back."""

from typing import final

import numpy as np

from pecten.colour.display import display_from_light, light_from_display
from pecten.colour.ocio import Config, Space
from pecten.colour.transfer import Encoding, from_linear, to_linear
from pecten.errors import UsageError
from pecten.types import ByteImage, Image

MOST_EXPOSURE = 20.0
"""Stops up or down that a view takes."""

_DISPLAY_CODED = (Encoding.REC709, Encoding.SRGB)
_WIDE = (Encoding.PQ, Encoding.HLG)
# ITU-R BT.2087, from BT.2020 to BT.709 primaries by way of XYZ.
_REC709_FROM_REC2020 = np.array(
    [
        [1.660491002, -0.587641138, -0.072849864],
        [-0.124550475, 1.132899897, -0.008349422],
        [-0.018150763, -0.100578898, 1.118729661],
    ]
)


@final
class View:
    """Between the numbers of one clip and the display-like coding that everything else works in.

    Video and stills are coded for a display already and pass unchanged. Everything else is turned into linear light of
    Rec. 709 primaries and coded by `display_from_light`. Every step has an inverse, and nothing is clipped.
    """

    def __init__(self, encoding: str, config: str = "", exposure: float = 0.0) -> None:
        """Choose the way.

        Args:
            encoding: An `Encoding`, or a colour space of `config`.
            config: OpenColorIO configuration; not needed for an `Encoding`.
            exposure: Stops by which the light is raised for the view, and lowered on the way back.
        Raises:
            UsageError: if there is no such space or configuration, or the exposure is beyond reason.
        """
        if not abs(exposure) <= MOST_EXPOSURE:
            raise UsageError(f"exposure {exposure:g}: give stops between {-MOST_EXPOSURE:g} and {MOST_EXPOSURE:g}")
        self._of = (str(encoding), config)
        self._encoding = None if config else Encoding(encoding)
        self._config = Config(config) if config else None
        self._space = Space(self._config, encoding) if self._config else None
        self._gain = np.float32(2.0**exposure)
        self._passes = exposure == 0 and self._encoding in _DISPLAY_CODED

    @property
    def name(self) -> str:
        """The clip's encoding."""
        return self._of[0]

    @property
    def is_linear(self) -> bool:
        """Whether the clip's numbers are proportional to light."""
        return self._space.is_linear if self._space else self._encoding is Encoding.LINEAR

    def to_display(self, image: Image) -> Image:
        """Turn an image of the clip into what networks see and the blend works in.

        Args:
            image: RGB as the clip has it.
        Returns:
            Display-coded RGB, unclipped; `image` itself when it is coded so already.
        """
        return image if self._passes else display_from_light(self.to_linear(image) * self._gain)

    def from_display(self, image: Image) -> Image:
        """Undo `to_display`.

        Args:
            image: Display-coded RGB.
        Returns:
            RGB as the clip has it.
        """
        return image if self._passes else self.from_linear(light_from_display(image) / self._gain)

    def display_bytes(self, image: Image) -> ByteImage:
        """Turn an image of the clip into what networks and people look at: display-coded, 8 bits."""
        shown = self.to_display(image) * np.float32(255) + np.float32(0.5)
        return np.clip(shown, 0, 255, out=shown).astype(np.uint8)

    def to_linear(self, image: Image) -> Image:
        """Turn an image of the clip into linear light of Rec. 709 primaries, diffuse white at 1."""
        if self._space:
            return self._space.to_linear(image)
        assert self._encoding is not None
        light = to_linear(image, self._encoding)
        return _mixed(light, _REC709_FROM_REC2020) if self._encoding in _WIDE else light

    def from_linear(self, image: Image) -> Image:
        """Undo `to_linear`."""
        if self._space:
            return self._space.from_linear(image)
        assert self._encoding is not None
        light = _mixed(image, np.linalg.inv(_REC709_FROM_REC2020)) if self._encoding in _WIDE else image
        return from_linear(light, self._encoding)

    def recoded(self, image: Image, wanted: "View") -> Image:
        """Recode an image for a file of another kind.

        Between two codings that are not linear the numbers pass unchanged, as editing systems do; only a step to or
        from linear light applies a curve.

        Args:
            image: RGB as the clip has it.
            wanted: How the file has it.
        Returns:
            RGB as the file has it; `image` itself when nothing is to be done.
        """
        if wanted._of == self._of or not (self.is_linear or wanted.is_linear):
            return image
        return wanted.from_linear(self.to_linear(image))

    def linear(self) -> "View":
        """Return the view of a file of floats: the clip's own if it is linear, else what its configuration works in."""
        if self.is_linear:
            return self
        return View(self._config.scene_linear(), self._config.name) if self._config else View(Encoding.LINEAR)


def _mixed(image: Image, matrix: np.ndarray) -> Image:
    mixed: Image = np.matmul(image, matrix.T.astype(np.float32))
    return mixed
