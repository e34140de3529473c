"""The mattes of a shot as a sequence that a compositor can paint on and give back."""

from pathlib import Path

import numpy as np
import OpenImageIO as oiio

from pecten.deliver.faults import told
from pecten.deliver.places import Places, places_read, places_written
from pecten.deliver.sequence import write_still
from pecten.errors import DeliveryError
from pecten.files import replacing
from pecten.footage.clip import FIRST_NUMBER_FOR_VIDEO, ClipInfo, Frame
from pecten.footage.sequence import Still, numbering_of
from pecten.types import Mask


class MatteWriter:
    """Half-float OpenEXR files with one channel, alpha, in the plate's geometry and numbers (a video's from 1001).

    Args:
        pattern: Such as `out/matte.####.exr`.
        plate: What they go with.

    Raises:
        DeliveryError: if it is no pattern of OpenEXR files, or names the plate itself.
    """

    def __init__(self, pattern: str, plate: ClipInfo) -> None:
        path = Path(pattern)
        if path.suffix.lower() != ".exr" or not ("#" in path.name or "%" in path.name):
            raise DeliveryError(f"{pattern}: mattes are written as an OpenEXR sequence; name it as matte.####.exr")
        self._name, self._plate = numbering_of(path), plate
        self._first = FIRST_NUMBER_FOR_VIDEO if plate.kind == "video" else plate.first_number
        self._places = places_written(path, plate)
        self.refuse(places_read(plate), "the plate itself")
        self._present = frozenset(self._name.numbers())

    def refuse(self, others: Places, what: str) -> None:
        """Refuse to write where something else is read or written.

        Args:
            others: Where that lies.
            what: It is, for the message.
        Raises:
            DeliveryError: if any file is of both.
        """
        if self._places & others:
            raise DeliveryError(f"{self._name}: that is {what}; name the mattes otherwise")

    def refuse_taken(self) -> None:
        """Refuse to write over mattes that are there.

        Raises:
            DeliveryError: naming the first.
        """
        taken = self._present & set(range(self._first, self._first + self._plate.frame_count))
        if taken:
            raise DeliveryError(
                f"{self._name.file(min(taken))}: exists already ({len(taken)} frames); "
                "choose another name, or give --overwrite"
            )

    def has(self, index: int) -> bool:
        """Say whether there was a matte of the plate's frame `index` before this run."""
        return self._first + index in self._present

    def write(self, frame: Frame, matte: Mask) -> None:
        """Write the matte of a frame.

        Raises:
            DeliveryError: if it cannot be written.
        """
        path = self._name.file(self._first + frame.index)
        spec = oiio.ImageSpec(self._plate.width, self._plate.height, 1, "half")
        spec.channelnames = ("A",)
        spec.alpha_channel = 0
        spec.attribute("compression", "zips")
        if self._plate.pixel_aspect != 1:
            spec.attribute("PixelAspectRatio", float(self._plate.pixel_aspect))
        with told(path), replacing(path) as beside:
            write_still(Still(matte.astype(np.float16)[..., None], spec), beside, path)
