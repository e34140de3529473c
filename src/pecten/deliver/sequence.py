"""Image-sequence deliveries, by OpenImageIO. Pixels outside the support are the plate's own, bit for bit."""

from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np
import OpenImageIO as oiio

from pecten.colour.transfer import Encoding
from pecten.colour.view import View
from pecten.deliver.credentials import refuse_shared_sidecar, refuse_unsigned
from pecten.deliver.faults import disk_full, has_room, told
from pecten.deliver.places import places_read, places_written
from pecten.errors import DeliveryError, ShapeError
from pecten.files import replacing
from pecten.footage.alpha import frame_alpha
from pecten.footage.clip import FIRST_NUMBER_FOR_VIDEO, Clip, Frame
from pecten.footage.sequence import Numbering, Still, numbering_of, rgb_channels, shared_window, shifted
from pecten.footage.timecode import advance, packed
from pecten.interrupt import held_back
from pecten.types import Image, Mask, Seal

_DPX_TRANSFERS: dict[str, str] = {Encoding.REC709: "ITU-R 709-4", Encoding.CINEON: "Printing density"}
_DPX_RATES = ("dpx:FrameRate", "dpx:TemporalFrameRate")
_LOSSY = ("dwaa", "dwab", "b44", "b44a", "pxr24", "jpeg", "htj2k")
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
_HALF_MAX = 65504.0
_HEADER_SIZE = 65536
_PROFILE = "ICCProfile"
_PNG_END = b"IEND\xaeB`\x82"
_JPEG_SETTINGS = (cv2.IMWRITE_JPEG_QUALITY, 98, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)


@dataclass(frozen=True)
class _Kind:
    """How a suffix is written when the plate does not settle it.

    Attributes:
        shallow: Sample type for plates of up to 8 bits.
        deep: Sample type for others.
        keeps: Sample types that it can hold, so that a plate of the same suffix keeps its own.
        attributes: Further settings.
    """

    shallow: str
    deep: str
    keeps: tuple[str, ...]
    attributes: tuple[tuple[str, str | int], ...] = ()


# LZW is written three times as fast as zip here and costs 5 to 30 % of size.
_TIFF = _Kind("uint8", "uint16", ("uint8", "uint16", "half", "float"), (("compression", "lzw"),))
_JPEG = _Kind("uint8", "uint8", ())
_KINDS = {
    ".exr": _Kind("half", "half", ("half", "float"), (("compression", "zips"),)),
    ".png": _Kind("uint8", "uint16", ("uint8", "uint16")),
    ".dpx": _Kind("uint16", "uint16", ("uint8", "uint16"), (("oiio:BitsPerSample", 10),)),
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
}


def keeps_files(plate: str, pixel_format: str, suffix: str) -> bool:
    """Say whether a plate's files can be delivered as they are but for the face, all their channels and parts.

    Args:
        plate: Its path.
        pixel_format: Its sample type.
        suffix: Of the delivery.
    """
    own, wanted = Path(plate).suffix.lower(), suffix.lower()
    return (own == wanted or {own, wanted} == {".tif", ".tiff"}) and pixel_format in _KINDS[wanted].keeps


class SequenceWriter:
    """Numbered image files, each whole or absent."""

    def __init__(
        self,
        path: Path,
        plate: Clip,
        *,
        overwrite: bool = False,
        skip_existing: bool = False,
        since: float | None = None,
        seal: Seal | None = None,
    ) -> None:
        """Check that the frames can be written.

        Raises:
            DeliveryError: if frames exist already, the name has no number, or it names the plate itself.
        """
        info = plate.info
        is_pattern = "#" in path.name or "%" in path.name
        if not is_pattern and info.frame_count > 1:
            raise DeliveryError(
                f"{path}: one name for {info.frame_count} frames; write a number field: {path.stem}.####{path.suffix}"
            )
        self._name = numbering_of(path) if is_pattern else Numbering(path.parent, path.stem, 0, path.suffix)
        self._seal = seal
        self._plate, self._kind = plate, _KINDS[path.suffix.lower()]
        self._type = self._kind.shallow if info.bit_depth <= 8 else self._kind.deep
        self._view = info.view()
        self._wanted = _delivered(self._view, self._type)
        if places_written(path, info) & places_read(info):
            raise DeliveryError(f"{self._name}: that is the plate itself; choose another name")
        self._first = FIRST_NUMBER_FOR_VIDEO if info.kind == "video" else info.first_number
        wanted = range(self._first, self._first + info.frame_count)
        self._taken = frozenset(number for number in self._name.numbers() if number in wanted or not self._name.digits)
        for number in wanted:
            refuse_shared_sidecar(self._name.file(number))
        self._kept = self._taken if skip_existing and not overwrite else frozenset(self._newer(since))
        if seal:
            refuse_unsigned([self._name.file(number) for number in sorted(self._kept)])
        if self._taken and not (overwrite or skip_existing):
            shown = self._name.file(min(self._taken))
            raise DeliveryError(
                f"{shown}: exists already ({len(self._taken)} frames); choose another name, or give --overwrite"
            )

    def __enter__(self) -> "SequenceWriter":
        """Return the writer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing: every frame was finished when it was written."""

    def path_of(self, frame: Frame) -> Path:
        """Return the file that a plate's frame is delivered to."""
        return self._name.file(self._first + frame.index)

    def done(self, number: int) -> bool:
        """Say whether the plate's frame `number` was delivered by an earlier run and is kept."""
        delivered = number - self._plate.info.first_number + self._first
        return delivered in self._kept or (not self._name.digits and bool(self._kept))

    def write(self, frame: Frame, image: Image, support: Mask) -> None:
        """Write a frame; see `Writer.write`. A frame that is kept from an earlier run is passed over."""
        info = self._plate.info
        if not (image.shape[:2] == support.shape == (info.height, info.width)):
            raise ShapeError(
                f"{self._name}: frame {frame.number} is {image.shape[1]}x{image.shape[0]} with a support of "
                f"{support.shape[1]}x{support.shape[0]}, but the plate is {info.width}x{info.height}"
            )
        if self.done(frame.number):
            return
        inside = support > 0
        still = self._retouched(frame, image, support) or self._recoded(frame, image, inside)
        self._stamp(still, frame.index)
        path = self.path_of(frame)
        # An interrupt must not part a frame from its credentials, nor be lost in the signer's call-backs.
        with held_back() as interrupt, told(path), replacing(path) as beside:
            # OpenImageIO does not notice a full disk while it writes PNG, so there must be room for the worst case.
            if not has_room(path, _size_of(still) + _HEADER_SIZE):
                raise disk_full(path)
            if self._kind is _JPEG:
                _write_jpeg(still, beside)
            else:
                write_still(still, beside, path)
            if self._seal:
                self._seal(beside, path)
        interrupt.raise_if_came()

    def close(self) -> None:
        """Do nothing: every frame was finished when it was written."""

    def abort(self) -> None:
        """Do nothing: whole frames stay, so that the delivery can go on from them."""

    def _newer(self, since: float | None) -> list[int]:
        return [] if since is None else [n for n in self._taken if self._name.file(n).stat().st_mtime > since]

    def _retouched(self, frame: Frame, image: Image, support: Mask) -> Still | None:
        """Put the inside of the support into the plate's own file contents, where this kind of file can hold them."""
        native = frame.native
        if not isinstance(native, Still):
            return None
        if not keeps_files(self._plate.info.path, str(native.spec.format), self._name.suffix):
            return None
        before, after = ([self._rewritable(part) for part in parts] for parts in (native.before, native.after))
        still = _grown(self._rewritable(Still(native.pixels.copy(), native.spec)), support)
        _put(still, image, support > 0)
        return replace(still, before=tuple(before), after=tuple(after))

    def _rewritable(self, part: Still) -> Still:
        spec = oiio.ImageSpec(part.spec)
        compression = str(spec.getattribute("compression") or "").split(":")[0]
        if compression in _LOSSY:
            # Packing again with loss would change what was not touched.
            spec.attribute("compression", dict(self._kind.attributes).get("compression", "zip"))
        if self._kind is not _TIFF:
            # Samples are as the file had them, colours times alpha or not; of TIFF the header says which, and stays.
            spec.attribute("oiio:UnassociatedAlpha", 1)
        # Tiles and the like would be refused by formats' plain writers.
        spec.tile_width = spec.tile_height = spec.tile_depth = 0
        return Still(part.pixels, spec)

    def _recoded(self, frame: Frame, image: Image, inside: np.ndarray) -> Still:
        """Make file contents of another kind than the plate's."""
        info = self._plate.info
        whole: Image = np.where(inside[..., None], image, frame.image)
        pixels = _samples(self._view.recoded(whole, self._wanted), self._type)
        alpha = frame_alpha(frame) if self._kind is not _JPEG else None
        if alpha is not None:
            pixels = np.dstack([pixels, _samples(alpha, self._type)])
        spec = oiio.ImageSpec(info.width, info.height, pixels.shape[2], self._type)
        for name, value in (*self._kind.attributes, *_said(self._wanted.name, self._name.suffix.lower())):
            spec.attribute(name, value)
        if self._kind is _JPEG and self._wanted is self._view and isinstance(frame.native, Still):
            # The numbers mean what they meant in the plate. Other kinds get none: a damaged one ends libpng.
            profile = frame.native.spec.getattribute(_PROFILE)
            if profile is not None:
                spec.attribute(_PROFILE, oiio.TypeDesc(f"uint8[{len(profile)}]"), profile)
        # Otherwise colours would be changed by alpha on writing.
        spec.attribute("oiio:UnassociatedAlpha", 0 if self._kind is _TIFF and _is_associated(frame) else 1)
        if info.pixel_aspect != 1:
            spec.attribute("PixelAspectRatio", float(info.pixel_aspect))
        return Still(pixels, spec)

    def _stamp(self, still: Still, index: int) -> None:
        """Write rate and timecode where the plate's own file did not."""
        info = self._plate.info
        spec = still.spec
        # Twice as fast as the default, for 1 % of size on grainy pictures.
        spec.attribute("png:compressionLevel", 1)
        suffix = self._name.suffix.lower()
        if info.rate_known and suffix == ".exr" and spec.getattribute("FramesPerSecond") is None:
            rate = (info.rate.numerator, info.rate.denominator)
            spec.attribute("FramesPerSecond", oiio.TypeDesc("rational"), rate)
        if info.rate_known and suffix == ".dpx" and not any(spec.getattribute(name) for name in _DPX_RATES):
            for name in _DPX_RATES:
                spec.attribute(name, float(info.rate))
        if spec.getattribute("smpte:TimeCode") is None and info.timecode:
            timecode = advance(info.timecode, index, info.rate)
            # DPX has no flag for dropped frames; it would be read as a digit.
            code = packed(timecode.replace(";", ":") if suffix == ".dpx" else timecode)
            spec.attribute("smpte:TimeCode", oiio.TypeTimeCode, (code, 0))


def _delivered(plate: View, type_name: str) -> View:
    """Return how a file of another kind than the plate's is coded: floats are linear, whole numbers are not."""
    if type_name in ("half", "float"):
        return plate.linear()
    return View(Encoding.SRGB) if plate.is_linear else plate


def _said(space: str, suffix: str) -> tuple[tuple[str, str], ...]:
    """Return what a header says of the coding, where a reader would otherwise take it for another."""
    if suffix == ".dpx" and space in _DPX_TRANSFERS:
        return (("dpx:Transfer", _DPX_TRANSFERS[space]),)
    if suffix == ".exr" and space != Encoding.LINEAR:
        return (("oiio:ColorSpace", space),)
    return ()


def _is_associated(frame: Frame) -> bool:
    """Say whether the colours of a plate's frame are stored times its alpha, as EXR's are."""
    native = frame.native
    return isinstance(native, Still) and not native.spec.get_int_attribute("oiio:UnassociatedAlpha", 0)


def _samples(image: Image | Mask, type_name: str) -> np.ndarray:
    if type_name == "half":
        return np.asarray(np.clip(image, -_HALF_MAX, _HALF_MAX), np.float16)
    if type_name == "float":
        return image
    peak = np.iinfo(np.dtype(type_name)).max
    return np.asarray(np.rint(np.clip(image, 0, 1) * np.float64(peak)), type_name)


def _grown(still: Still, support: Mask) -> Still:
    """Widen a data window to the display window when the support reaches beyond it; there it is what alpha there is."""
    spec = still.spec
    rows, columns = shared_window(spec)
    beyond = support.copy()
    beyond[rows, columns] = 0
    if not beyond.any():
        return still
    left, top = min(spec.x, spec.full_x), min(spec.y, spec.full_y)
    right = max(spec.x + spec.width, spec.full_x + spec.full_width)
    bottom = max(spec.y + spec.height, spec.full_y + spec.full_height)
    pixels = np.zeros((bottom - top, right - left, still.pixels.shape[2]), still.pixels.dtype)
    y, x = spec.y - top, spec.x - left
    pixels[y : y + spec.height, x : x + spec.width] = still.pixels
    if 0 <= spec.alpha_channel < spec.nchannels:
        # Colour without alpha would shine through whatever it is laid over.
        shown = pixels[spec.full_y - top :, spec.full_x - left :][: spec.full_height, : spec.full_width]
        alpha = _samples(np.minimum(beyond, 1), str(spec.format))
        shown[beyond > 0, spec.alpha_channel] = alpha[beyond > 0]
    spec.x, spec.y, spec.width, spec.height = left, top, right - left, bottom - top
    return Still(pixels, spec)


def _put(still: Still, image: Image, inside: np.ndarray) -> None:
    """Write the inside of the support into a picture's colour channels."""
    spec = still.spec
    rows, columns = shared_window(spec)
    top, left = spec.full_y - spec.y, spec.full_x - spec.x
    area = still.pixels[shifted(rows, top), shifted(columns, left)]
    mask, part = inside[rows, columns], image[rows, columns]
    channels = rgb_channels(spec)
    values = part[mask]
    if len(set(channels)) == 1:
        values = np.repeat((values @ _LUMA)[:, None], 3, axis=1)
    for channel, column in zip(channels, _samples(values[None], str(spec.format))[0].T, strict=True):
        area[mask, channel] = column


def write_still(still: Still, beside: Path, path: Path) -> None:
    """Write a picture by OpenImageIO.

    Args:
        still: The picture.
        beside: Where it is written.
        path: The name that it will have, for what is said of a fault.
    Raises:
        DeliveryError: if it cannot be written whole.
    """
    target: Any = oiio.ImageOutput.create(str(beside))
    if target is None:
        raise DeliveryError(f"{path}: {path.suffix} cannot be written here; choose another format")
    # Buffers may reach the disk only on closing, so that can fail as well. What it says counts, not the error text:
    # for TIFF there is one even after success.
    good = _write_parts(target, beside, [*still.before, still, *still.after])
    fault = target.geterror()
    if target.close() and good and not _is_cut_short(beside):
        return
    fault = fault or target.geterror()
    if not has_room(path, _size_of(still)):
        raise disk_full(path)
    # The file beside means nothing to the user.
    said = " ".join(fault.split()).replace(str(beside), path.name) or "no reason given"
    raise DeliveryError(f"{path}: cannot be written ({said}); choose another place")


def _write_parts(target: Any, path: Path, parts: list[Still]) -> bool:
    specs = parts[0].spec if len(parts) == 1 else tuple(part.spec for part in parts)
    good = bool(target.open(str(path), specs))
    for number, part in enumerate(parts):
        if number and good:
            good = bool(target.open(str(path), part.spec, "AppendSubimage"))
        good = good and bool(target.write_image(np.ascontiguousarray(part.pixels)))
    return good


def _size_of(still: Still) -> int:
    return sum(part.pixels.nbytes for part in (still, *still.before, *still.after))


def _is_cut_short(path: Path) -> bool:
    """Say whether a PNG lacks its end; other formats report what they could not write."""
    if path.suffix.lower() != ".png":
        return False
    with path.open("rb") as handle:
        handle.seek(-len(_PNG_END), 2)
        return handle.read() != _PNG_END


def _write_jpeg(still: Still, beside: Path) -> None:
    # Coded in memory: libjpeg ends the whole program when a disk is full.
    pixels, profile = np.ascontiguousarray(still.pixels[:, :, ::-1]), still.spec.getattribute(_PROFILE)
    if profile is None:
        _, coded = cv2.imencode(".jpg", pixels, _JPEG_SETTINGS)
    else:
        kinds, held = [cv2.IMAGE_METADATA_ICCP], [np.asarray(profile, np.uint8)]
        _, coded = cv2.imencodeWithMetadata(".jpg", pixels, kinds, held, _JPEG_SETTINGS)
    beside.write_bytes(coded.tobytes())
