"""Which files a job reads and which it writes, by whatever names: nothing that it reads is written over."""

from collections.abc import Iterable
from pathlib import Path

from pecten.footage.clip import FIRST_NUMBER_FOR_VIDEO, ClipInfo, is_pattern
from pecten.footage.sequence import numbering_of

Places = frozenset[str | tuple[int, int]]


def places_read(clip: ClipInfo) -> Places:
    """Return where a clip lies."""
    if clip.kind == "video":
        return _places([Path(clip.path)])
    name = numbering_of(Path(clip.path))
    return _places(name.file(number) for number in name.numbers())


def places_written(out: Path, plate: ClipInfo) -> Places:
    """Return where a delivery that goes with a plate will lie: a file, or a sequence's by pattern."""
    if not is_pattern(out):
        return _places([out])
    first = FIRST_NUMBER_FOR_VIDEO if plate.kind == "video" else plate.first_number
    name = numbering_of(out)
    return _places(name.file(number) for number in range(first, first + plate.frame_count))


def _places(files: Iterable[Path]) -> Places:
    """Name files by their folder's own name, and by their inode where they exist: names and links differ."""
    found: set[str | tuple[int, int]] = set()
    folders: dict[Path, Path] = {}
    for file in files:
        folder = folders.setdefault(file.parent, file.parent.resolve())
        found.add(str(folder / file.name))
        try:
            status = file.stat()
        except OSError:
            continue
        found.add((status.st_dev, status.st_ino))
    return frozenset(found)
