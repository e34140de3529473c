"""The sound of a video delivery: the plate's own, untouched."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet

from pecten.errors import DeliveryError


class Sound:
    """The plate's sound, copied packet by packet in step with the pictures."""

    def __init__(
        self, path: Path, container: OutputContainer, plate_path: str, start: Fraction, *, from_start: bool
    ) -> None:
        """Add a stream for each of the plate's.

        Args:
            path: The delivery, for messages.
            container: The delivery.
            plate_path: Where the sound is.
            start: Of the first picture, in s on the plate's clock.
            from_start: Whether all sound before `start` belongs too (encoder priming).
        """
        self._source: InputContainer = av.open(plate_path, "r")
        self._start, self._from_start = start, from_start
        streams = self._source.streams.audio
        for stream in streams:
            if stream.codec_context.name not in container.supported_codecs:
                raise DeliveryError(
                    f"{path}: sound in {stream.codec_context.name} does not go into {path.suffix}; deliver .mkv instead"
                )
        self._targets = {stream.index: container.add_stream_from_template(stream) for stream in streams}
        self._packets: Iterator[Packet[Any]] = self._source.demux(tuple(streams))
        self._waiting: Packet[Any] | None = next(self._packets, None)

    def mux_until(self, container: OutputContainer, end: Fraction | None) -> None:
        """Copy the packets that start before `end` (s on the plate's clock; None means all)."""
        while self._waiting is not None:
            packet = self._waiting
            if packet.pts is not None and packet.time_base is not None:
                time = packet.pts * packet.time_base
                if end is not None and time >= end:
                    return
                if self._from_start or time >= self._start:
                    shift = round(self._start / packet.time_base)
                    packet.stream, packet.pts = self._targets[packet.stream.index], packet.pts - shift
                    packet.dts = None if packet.dts is None else packet.dts - shift
                    container.mux(packet)
            self._waiting = next(self._packets, None)

    def close(self) -> None:
        """Close the plate's file."""
        self._source.close()
