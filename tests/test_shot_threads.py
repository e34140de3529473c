"""The stages of a swap run beside each other; what goes wrong in one of them ends all."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from cli_support import pictures
from comb_helpers import untaught
from faces_support import Pictures
from pecten.errors import DeliveryError, FootageError
from pecten.faces.extract import find_faces
from pecten.faces.follow import FaceOptions
from pecten.faces.records import ShotFaces
from pecten.footage.clip import Frame
from pecten.shot import SwapOptions, swap_shot
from pecten.types import Image, Mask
from shot_support import Kept

OPTIONS = SwapOptions("chidi", batch=2)
COUNT = 12


@pytest.fixture(scope="module")
def clip() -> Pictures:
    return Pictures(pictures(count=COUNT))


@pytest.fixture(scope="module")
def faces(clip: Pictures) -> ShotFaces:
    return find_faces(clip, FaceOptions(perturbations=0, threads=1))


class Full(Kept):
    """A writer whose disk is full after some frames."""

    def write(self, frame: Frame, image: Image, support: Mask) -> None:
        """Keep a frame, or fail."""
        if len(self.images) == 3:
            raise DeliveryError("the disk is full")
        super().write(frame, image, support)


class Torn(Pictures):
    """A clip that cannot be read to its end."""

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Read frames up to the tear."""
        for frame in super().frames(start, stop):
            if frame.index == 9:
                raise FootageError("frame 9 cannot be decoded")
            yield frame


def stages() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "pecten ahead"]


def test_a_writer_that_fails_ends_the_stages_before_it(clip: Pictures, faces: ShotFaces) -> None:
    writer = Full()
    with pytest.raises(DeliveryError, match="disk is full"):
        swap_shot(clip, faces, untaught(), OPTIONS, writer)
    assert list(writer.images) == [0, 1, 2]
    assert not stages()


def test_a_plate_that_cannot_be_read_on_is_written_as_far_as_it_was_seen(clip: Pictures, faces: ShotFaces) -> None:
    writer = Kept()
    with pytest.raises(FootageError, match="frame 9"):
        swap_shot(Torn(pictures(count=COUNT)), faces, untaught(), OPTIONS, writer)
    whole = Kept()
    swap_shot(clip, faces, untaught(), OPTIONS, whole)
    # Light is smoothed over frames to either side, and those after the tear are not known.
    assert 2 <= len(writer.images) < 9
    assert list(writer.images) == list(range(len(writer.images)))
    for number, (_, result, _) in writer.images.items():
        assert np.array_equal(result, whole.images[number][1])
    assert not stages()
