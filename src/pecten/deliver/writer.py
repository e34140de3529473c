"""Where frames go: one way to write video and image sequences."""

from pathlib import Path
from types import TracebackType
from typing import Protocol, runtime_checkable

from pecten.errors import DeliveryError
from pecten.footage.clip import STILL_SUFFIXES, Clip, Frame
from pecten.types import Image, Mask, Seal


@runtime_checkable
class Writer(Protocol):
    """A delivery being written. Used in a `with` block it is closed at the end, or aborted by an exception."""

    def write(self, frame: Frame, image: Image, support: Mask) -> None:
        """Add a frame.

        Args:
            frame: The plate's frame. Where `support` is 0, its own samples are delivered.
            image: The result, in the plate's encoding and size.
            support: Above 0 where `image` may differ from the plate.
        Raises:
            DeliveryError: if it cannot be written.
            ShapeError: if the sizes differ.
        """

    def done(self, number: int) -> bool:
        """Say whether the plate's frame `number` was delivered by an earlier run and need not be made again."""

    def close(self) -> None:
        """Finish the delivery under its final name."""

    def abort(self) -> None:
        """Leave nothing half-written: whole frames of a sequence stay, a video is removed."""

    def __enter__(self) -> "Writer":
        """Return the writer."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close, or abort after an exception."""


def open_writer(
    out: str | Path,
    plate: Clip,
    *,
    codec: str | None = None,
    overwrite: bool = False,
    skip_existing: bool = False,
    since: float | None = None,
    seal: Seal | None = None,
) -> Writer:
    """Open a delivery that goes with a plate: same rate, timecode, colour tags and sound.

    Args:
        out: `.mov` (ProRes 422 HQ), `.mp4` (H.264), `.mkv` (FFV1, lossless), or a sequence such as `out.####.exr`
            (also png, tif, dpx, jpg).
        plate: The clip whose frames are replaced.
        codec: For video, another codec than the suffix's own: see `pecten.deliver.video.CODECS`.
        overwrite: Replace what is there.
        skip_existing: For sequences, keep the frames that are there (`Writer.done`) and write the others.
        since: For sequences that are replaced, keep the frames that are newer (`time.time`), and write the others.
        seal: Called with every finished file before it gets its name, so that none is ever left unsigned.
    Raises:
        DeliveryError: if the place is taken, is the plate itself, or the format cannot be written.
    """
    from pecten.deliver.sequence import SequenceWriter
    from pecten.deliver.video import CONTAINERS, VideoWriter

    place = Path(out)
    suffix = place.suffix.lower()
    if suffix in CONTAINERS:
        return VideoWriter(place, plate, codec=codec, overwrite=overwrite, seal=seal)
    if suffix not in STILL_SUFFIXES:
        known = ", ".join([*CONTAINERS, *STILL_SUFFIXES])
        raise DeliveryError(f"{place}: cannot deliver {suffix or 'without a suffix'}; use one of {known}")
    if codec is not None:
        raise DeliveryError(f"{place}: a codec is for video; leave it out for image sequences")
    return SequenceWriter(place, plate, overwrite=overwrite, skip_existing=skip_existing, since=since, seal=seal)
