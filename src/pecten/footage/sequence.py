"""Image sequences and stills, by OpenImageIO, with every channel and attribute kept."""

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio

from pecten.errors import FootageError
from pecten.footage.clip import STILL_SUFFIXES, ClipInfo, ColourTags, Frame
from pecten.footage.colour import ColourChoice, settled
from pecten.footage.headers import guess, pixel_aspect, refuse_unreadable, stated_rate, timecode_in
from pecten.quiet import hushed
from pecten.types import Image

DEFAULT_RATE = Fraction(24)
_NUMBERED = re.compile(r"^(.*?)(\d+)(\.[^.\d]+)$")
_NAMED_AT_MOST = 5
_MAIN_LAYERS = ("rgba", "rgb", "beauty", "combined", "main", "composite", "image")
"""What renderers and compositing programs call the picture itself, beside its diffuse, depth and the like."""


@dataclass(frozen=True)
class Still:
    """A picture as its file holds it.

    Attributes:
        pixels: (rows, columns, channels) of the data window, in the file's own sample type.
        spec: The `OpenImageIO.ImageSpec` that goes with it.
        before: The parts of the file that come before it, such as another view; most files have one part.
        after: Those that come after it.
    """

    pixels: np.ndarray
    spec: Any
    before: tuple["Still", ...] = ()
    after: tuple["Still", ...] = ()


@dataclass(frozen=True)
class Numbering:
    """The name of a sequence: `folder/prefix####suffix`.

    Attributes:
        folder: Where its files are.
        prefix: What stands before the number.
        digits: How many digits the number is padded to; 0 for a still without a number.
        suffix: What stands after it, with the dot.
    """

    folder: Path
    prefix: str
    digits: int
    suffix: str

    def file(self, number: int) -> Path:
        """Return the path of one frame."""
        return self.folder / f"{self.prefix}{number:0{self.digits}d}{self.suffix}" if self.digits else self._still()

    def numbers(self) -> list[int]:
        """List the frames that exist, in order."""
        if not self.digits:
            return [1] if self._still().is_file() else []
        if not self.folder.is_dir():
            return []
        name = re.compile(
            rf"{re.escape(self.prefix)}(\d{{{self.digits}}}|[1-9]\d{{{self.digits},}}){re.escape(self.suffix)}"
        )
        matches = (name.fullmatch(entry.name) for entry in self.folder.iterdir())
        return sorted(int(match[1]) for match in matches if match)

    def unpadded(self) -> "Numbering":
        """Return the name with fewer digits where its files grow into it: `sh.10.exr` after `sh.9.exr`."""
        digits = self.digits
        while digits > 1:
            last, first = 10 ** (digits - 1) - 1, 10 ** (digits - 1)
            if not all((self.folder / f"{self.prefix}{number}{self.suffix}").is_file() for number in (last, first)):
                break
            digits -= 1
        return replace(self, digits=digits)

    def __str__(self) -> str:
        """Return the pattern, with # for digits."""
        return str(self.folder / f"{self.prefix}{'#' * self.digits}{self.suffix}")

    def _still(self) -> Path:
        return self.folder / f"{self.prefix}{self.suffix}"


def numbering_of(path: Path) -> Numbering:
    """Read a sequence's name: a pattern with `####` or `%04d`, or the path of one of its files.

    Raises:
        FootageError: if a pattern holds more than one number field.
    """
    marked = re.fullmatch(r"([^#%]*)(?:(#+)|%0?(\d*)d)([^#%]*)", path.name)
    if marked:
        return Numbering(path.parent, marked[1], len(marked[2]) if marked[2] else int(marked[3] or 1), marked[4])
    if "#" in path.name or "%" in path.name:
        raise FootageError(f"{path}: not a sequence pattern; write one number field, as in shot.####.exr")
    numbered = _NUMBERED.fullmatch(path.name)
    if numbered:
        return Numbering(path.parent, numbered[1], len(numbered[2]), numbered[3])
    return Numbering(path.parent, path.stem, 0, path.suffix)


def open_sequence(path: Path, rate: Fraction | None = None, colour: ColourChoice | None = None) -> "SequenceClip":
    """Open a sequence by its pattern, its folder or one of its files.

    Args:
        path: See `pecten.footage.clip.open_clip`.
        rate: Frames a second, in place of what the files say.
        colour: How the numbers are coded, in place of what the files say.
    Raises:
        FootageError: if there is none, a frame is missing, or the frames differ in size.
    """
    if path.is_dir():
        return SequenceClip(_only_sequence(path), rate, colour)
    is_pattern = "#" in path.name or "%" in path.name
    if not is_pattern and not path.exists():
        raise FootageError(f"{path}: no such file; check the path")
    name = numbering_of(path)
    return SequenceClip(name if is_pattern else name.unpadded(), rate, colour)


class SequenceClip:
    """Numbered image files, or one still."""

    def __init__(self, name: Numbering, rate: Fraction | None = None, colour: ColourChoice | None = None) -> None:
        """Check that every frame is there and of one size.

        Raises:
            FootageError: naming the frame that is missing, unreadable or of another size.
            UsageError: if a colour space or configuration cannot be used.
        """
        self._name = name
        self._numbers = name.numbers()
        if not self._numbers:
            raise FootageError(f"{name}: no such frames; check the folder and the name")
        self._refuse_gaps()
        spec, parts = self._refuse_other_sizes()
        timecode = timecode_in(spec, name.suffix.lower())
        stated = rate or stated_rate(spec, timecode)
        encoding, coding = settled(colour or ColourChoice(), guess(spec, name.suffix.lower()))
        self._info = ClipInfo(
            path=str(name),
            kind="sequence",
            width=spec.full_width,
            height=spec.full_height,
            rate=stated or DEFAULT_RATE,
            rate_known=stated is not None,
            pixel_aspect=pixel_aspect(spec),
            parts=parts,
            frame_count=len(self._numbers),
            first_number=self._numbers[0],
            timecode=timecode,
            encoding=encoding,
            coding=coding,
            colour=ColourTags(full_range=True),
            has_audio=False,
            pixel_format=str(spec.format),
            codec=name.suffix.lower().lstrip("."),
            alpha=spec.alpha_channel >= 0,
            bit_depth=int(spec.get_int_attribute("oiio:BitsPerSample", 8 * spec.format.size())),
        )

    @property
    def info(self) -> ClipInfo:
        """What is known of the clip."""
        return self._info

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Read frames `start` to `stop` (indices, half-open; None means to the end), in order.

        Raises:
            FootageError: naming the file that cannot be read.
        """
        for index, number in list(enumerate(self._numbers))[start:stop]:
            still = read_still(self._name.file(number))
            yield Frame(index, number, image_of(still), still)

    def _refuse_gaps(self) -> None:
        first, last = self._numbers[0], self._numbers[-1]
        present = set(self._numbers)
        missing = [number for number in range(first, last + 1) if number not in present]
        if missing:
            names = ", ".join(self._name.file(number).name for number in missing[:_NAMED_AT_MOST])
            more = f" and {len(missing) - _NAMED_AT_MOST} more" if len(missing) > _NAMED_AT_MOST else ""
            raise FootageError(
                f"{self._name}: {names}{more} missing between {first} and {last}. Render or copy what is missing."
            )

    def _refuse_other_sizes(self) -> tuple[Any, tuple[str, ...]]:
        first = self._name.file(self._numbers[0])
        specs, place = _read_specs(first)
        reference = specs[place]
        size = (reference.full_width, reference.full_height)
        for number in self._numbers[1:]:
            path = self._name.file(number)
            others, at = _read_specs(path)
            spec = others[at]
            if (spec.full_width, spec.full_height) != size:
                raise FootageError(
                    f"{path.name}: {spec.full_width}x{spec.full_height}, but {first.name} is {size[0]}x{size[1]}. "
                    "Re-export the sequence at one size."
                )
        names = [spec.get_string_attribute("oiio:subimagename") or str(k) for k, spec in enumerate(specs)]
        layers = layers_of(reference)
        return reference, (names.pop(place), *names) if len(specs) > 1 else layers if len(layers) > 1 else ()


def read_still(path: Path) -> Still:
    """Read a picture with every channel, in the file's own sample type.

    Raises:
        FootageError: if it cannot be read whole.
    """
    source = _open(path)
    specs, place = _parts_of(source)
    parts = []
    for number, spec in enumerate(specs):
        with _native_words_kept(path):
            pixels = source.read_image(number, 0, 0, spec.nchannels, spec.format)
        fault = source.geterror()
        if pixels is None or fault:
            raise FootageError(f"{path}: damaged or cut short ({_one_line(fault)}). Copy or render it again.")
        parts.append(Still(pixels.reshape(spec.height, spec.width, -1), spec))
    source.close()
    return replace(parts[place], before=tuple(parts[:place]), after=tuple(parts[place + 1 :]))


def rgb_channels(spec: Any) -> list[int]:
    """Return the indices of red, green and blue; a grey picture gives its one channel three times.

    Of a picture of layers alone, the one that is called as the main one usually is, else the first.
    """
    names = [name.lower() for name in spec.channelnames]
    for wanted in (("r", "g", "b"), ("red", "green", "blue")):
        if all(name in names for name in wanted):
            return [names.index(name) for name in wanted]
    found = _layers(names)
    if found:
        return found[_main_of(list(found))]
    return [0, 0, 0] if len(names) < 3 else [0, 1, 2]


def layers_of(spec: Any) -> tuple[str, ...]:
    """Return the layers of colour of a picture, the one that is read first; none where it has colours of its own."""
    names = [name.lower() for name in spec.channelnames]
    found = list(_layers(names))
    if not found or all(name in names for name in ("r", "g", "b")):
        return ()
    main = _main_of(found)
    return (main, *(layer for layer in found if layer != main))


def _layers(names: Sequence[str]) -> dict[str, list[int]]:
    """Return the indices of red, green and blue in each layer, in the order of the file."""
    found: dict[str, list[int]] = {}
    for red, name in enumerate(names):
        layer, dot, last = name.rpartition(".")
        if not dot or last not in ("r", "red"):
            continue
        rest = [
            next((i for i, n in enumerate(names) if n in (f"{layer}.{c[0]}", f"{layer}.{c}")), -1)
            for c in ("green", "blue")
        ]
        if min(rest) >= 0:
            found[layer] = [red, *rest]
    return found


def _main_of(layers: Sequence[str]) -> str:
    def rank(layer: str) -> int:
        last = layer.rsplit(".", 1)[-1]
        return _MAIN_LAYERS.index(last) if last in _MAIN_LAYERS else len(_MAIN_LAYERS)

    return min(layers, key=rank)


def image_of(still: Still, channels: Sequence[int] | None = None) -> Image:
    """Return three channels of a picture's display window as float; what its data window leaves out is black.

    Args:
        still: The picture.
        channels: Indices of the three; None for red, green and blue.
    """
    spec = still.spec
    pixels = still.pixels[:, :, list(rgb_channels(spec) if channels is None else channels)]
    if pixels.dtype.kind == "u":
        image: Image = np.multiply(pixels, np.float32(1 / np.iinfo(pixels.dtype).max), dtype=np.float32)
    else:
        image = pixels.astype(np.float32)
        if not np.isfinite(image).all():
            # A stray infinity or NaN would spread over the whole crop; the file's own sample is kept in `native`.
            image = np.nan_to_num(image, nan=0.0, posinf=65504.0, neginf=-65504.0)
    left, top = spec.x - spec.full_x, spec.y - spec.full_y
    if (left, top, spec.width, spec.height) == (0, 0, spec.full_width, spec.full_height):
        return image
    canvas = np.zeros((spec.full_height, spec.full_width, 3), np.float32)
    rows, columns = shared_window(spec)
    canvas[rows, columns] = image[shifted(rows, -top), shifted(columns, -left)]
    return canvas


def shared_window(spec: Any) -> tuple[slice, slice]:
    """Return the rows and columns of the display window that the data window covers."""
    left, top = spec.x - spec.full_x, spec.y - spec.full_y
    return (
        slice(max(0, top), max(0, min(spec.full_height, top + spec.height))),
        slice(max(0, left), max(0, min(spec.full_width, left + spec.width))),
    )


def shifted(part: slice, by: int) -> slice:
    """Move a slice along."""
    return slice(part.start + by, part.stop + by)


def _only_sequence(folder: Path) -> Numbering:
    files = [entry for entry in sorted(folder.iterdir()) if entry.is_file() and not entry.name.startswith(".")]
    stills = [entry for entry in files if entry.suffix.lower() in STILL_SUFFIXES]
    names = list(dict.fromkeys(numbering_of(entry).unpadded() for entry in stills))
    if not names:
        raise FootageError(f"{folder}: no images in this folder. Give a folder that holds one sequence.")
    if len(names) > 1:
        listed = ", ".join(Path(str(name)).name for name in names[:_NAMED_AT_MOST])
        raise FootageError(f"{folder}: {len(names)} sequences in this folder ({listed}). Name the one you mean.")
    return names[0]


def _open(path: Path) -> Any:
    hint = oiio.ImageSpec()
    # Otherwise colours would be multiplied by alpha on reading, and could not be given back bit for bit.
    hint.attribute("oiio:UnassociatedAlpha", 1)
    with _native_words_kept(path):
        source = oiio.ImageInput.open(str(path), hint)
    if source is None:
        raise FootageError(f"{path}: not an image that can be read ({_one_line(oiio.geterror())}). Render it again.")
    return source


def _native_words_kept(path: Path) -> AbstractContextManager[None]:
    # libpng and libjpeg write to standard error besides; the error that OpenImageIO returns says the same.
    return hushed() if path.suffix.lower() in (".png", ".jpg", ".jpeg") else nullcontext()


def _read_specs(path: Path) -> tuple[list[Any], int]:
    """Return the header of each of a file's parts, and which of them is the picture.

    Raises:
        FootageError: if the file cannot be read.
    """
    source = _open(path)
    specs, place = _parts_of(source)
    source.close()
    refuse_unreadable(path, specs[place])
    return specs, place


def _parts_of(source: Any) -> tuple[list[Any], int]:
    specs = [oiio.ImageSpec(source.spec())]
    # Other formats' further pictures are thumbnails and pages.
    while source.format_name() == "openexr" and source.seek_subimage(len(specs), 0):
        specs.append(oiio.ImageSpec(source.spec()))
    source.geterror()
    coloured = (k for k, spec in enumerate(specs) if len(set(rgb_channels(spec))) == 3 and _is_named_rgb(spec))
    return specs, next(coloured, 0)


def _is_named_rgb(spec: Any) -> bool:
    return any(name.lower().rsplit(".", 1)[-1] in ("r", "red") for name in spec.channelnames)


def _one_line(fault: str) -> str:
    return " ".join(fault.split()) or "no reason given"
