"""A clip shown larger, for deliveries that have more pixels than their plate."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from pecten.footage.alpha import frame_alpha
from pecten.footage.clip import Clip, ClipInfo, Frame
from pecten.geometry import similarity
from pecten.geometry.warp import warp
from pecten.types import Affine


class Enlarged:
    """A clip whose pictures are a whole number of times as large, by bicubic interpolation.

    Args:
        clip: The clip.
        times_larger: 1 shows it as it is.
    """

    def __init__(self, clip: Clip, times_larger: int) -> None:
        self.clip, self.times_larger = clip, times_larger

    @property
    def info(self) -> ClipInfo:
        """What is known of the clip, with its new size."""
        info, n = self.clip.info, self.times_larger
        return replace(info, width=info.width * n, height=info.height * n)

    @property
    def times(self) -> tuple[Fraction, ...] | None:
        """When each frame is shown, where the rate varies; else None."""
        times: tuple[Fraction, ...] | None = getattr(self.clip, "times", None)
        return times

    @property
    def start_time(self) -> Fraction:
        """When the first frame is shown, on the file's own clock, in s."""
        return Fraction(getattr(self.clip, "start_time", 0))

    @property
    def large_from_plate(self) -> Affine:
        """Maps the clip's pixels to those shown."""
        n = float(self.times_larger)
        return similarity.similarity(n, 0.0, ((n - 1) / 2, (n - 1) / 2))

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Read frames `start` to `stop` (indices, half-open; None means to the end), in order."""
        return map(self.of, self.clip.frames(start, stop))

    def of(self, frame: Frame) -> Frame:
        """Return one of the clip's frames as it is shown."""
        if self.times_larger == 1:
            return frame
        info = self.info
        image = warp(frame.image, self.large_from_plate, info.width, info.height, "cubic", "replicate")
        alpha = frame_alpha(frame)
        if alpha is not None:
            alpha = warp(alpha, self.large_from_plate, info.width, info.height, "linear", "replicate")
        # Its own samples no longer fit.
        return Frame(frame.index, frame.number, image, alpha=alpha)
