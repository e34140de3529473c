"""Pictures of a benchmark of swaps: contact sheets, details at full size, and videos side by side, all signed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import cv2
import numpy as np

from pecten import sheet
from pecten.benchmark.swap_results import PLATE, RESULTS, TRUTH, Measure, MethodNote, SwapResults, Taken
from pecten.consent import fingerprint, require
from pecten.deliver.credentials import Statement, seal_with
from pecten.deliver.writer import open_writer
from pecten.errors import ConsentError, UsageError
from pecten.files import sha256_of
from pecten.footage.clip import open_clip
from pecten.quiet import hushed
from pecten.types import CANONICAL_SIZE, ByteImage, Progress, Seal, silent

Kind = Literal["pictures", "truth", "plate"]

GAIN = 4.0
"""Of shown differences."""

EYES, MOUTH = (220, 304, 804, 524), (220, 616, 804, 836)
"""x0, y0, x1, y1 of details in a crop of `CANONICAL_SIZE`."""

_CELL_PX = 232
_DETAIL_PX = (220, 584)
_FALLBACK_RATE = Fraction(25)


@dataclass(frozen=True)
class Scene:
    """What all methods show of one pair in one shot, judged in one way.

    Attributes:
        source, target, shot, against, blend: As in `Taken`.
        taken: One a method, in the order of the results' methods; a method without a blend of its own stands with ours.
    """

    source: str
    target: str
    shot: str
    against: str
    blend: str
    taken: tuple[Taken, ...]

    @property
    def title(self) -> str:
        """What it is, in words."""
        how = {"crop": "in the crop", "plate": "in the plate", "none": "in the plate, no truth known"}[self.against]
        blend = {"": "", "customary": ", each method's own blend", "ours": ", our blend for all"}[self.blend]
        return f"{self.source} on {self.target}, {self.shot}: {how}{blend}"

    @property
    def key(self) -> str:
        """A name for files."""
        return "_".join(part for part in (self.source, "on", self.target, self.shot, self.against, self.blend) if part)

    @property
    def methods(self) -> tuple[Taken, ...]:
        """All but the references."""
        return tuple(taken for taken in self.taken if taken.method not in (PLATE, TRUTH))

    @property
    def frames(self) -> tuple[int, ...]:
        """Those that every method shows."""
        shared = set(self.taken[0].frames).intersection(*(taken.frames for taken in self.taken))
        return tuple(frame for frame in self.taken[0].frames if frame in shared)


def scenes_of(results: SwapResults) -> tuple[Scene, ...]:
    """Group what was shown into scenes: in the crop first, then in the plate."""
    held: dict[tuple[str, str, str, str, str], dict[str, Taken]] = {}
    for taken in results.taken:
        held.setdefault((taken.source, taken.target, taken.shot, taken.against, taken.blend), {})[taken.method] = taken
    for place, by_method in held.items():
        if place[4] == "customary":
            by_method.update({k: v for k, v in held.get((*place[:4], "ours"), {}).items() if k not in by_method})
    order = {method.key: index for index, method in enumerate(results.methods)}
    scenes = [
        Scene(*place, tuple(sorted(by_method.values(), key=lambda taken: order[taken.method])))
        for place, by_method in held.items()
    ]
    ways = [("crop", ""), ("plate", "customary"), ("plate", "ours"), ("none", "ours")]
    known = [scene for scene in scenes if scene.frames and scene.methods]
    return tuple(sorted(known, key=lambda s: (ways.index((s.against, s.blend)), s.source, s.target, s.shot)))


def hardest(scene: Scene, measure: Measure | None) -> int:
    """Return the frame on which the methods are worst together; the middle one where nothing is measured."""
    frames = scene.frames
    totals = np.zeros(len(frames))
    for taken in scene.methods:
        if measure is not None and measure.key in taken.values:
            by_frame = dict(zip(taken.frames, badness(taken.values[measure.key], measure), strict=True))
            totals += np.nan_to_num([by_frame[frame] for frame in frames], nan=0.0, posinf=0.0, neginf=0.0)
    return frames[int(np.argmax(totals)) if totals.any() else len(frames) // 2]


def badness(values: Sequence[float], measure: Measure) -> np.ndarray:
    """Turn values so that more is worse."""
    array = np.array(values, np.float64)
    return -array if measure.best == "high" else array if measure.best == "low" else np.abs(array - 1)


def telling(scene: Scene, measures: Sequence[Measure]) -> tuple[int, ...]:
    """Return two frames to look at: the middle one (or the first), and the hardest by the first measure."""
    hard = hardest(scene, measures[0] if measures else None)
    middle = scene.frames[len(scene.frames) // 2]
    return tuple(dict.fromkeys((middle if middle != hard else scene.frames[0], hard)))


def draw_sheet(scene: Scene, methods: Sequence[MethodNote], root: Path, frames: Sequence[int]) -> ByteImage:
    """Lay out plate, swap, truth and their difference, a row a method, for some frames.

    Args:
        scene: What.
        methods: For their names.
        root: Folder of the results.
        frames: Four columns each; without a truth two.
    """
    rows, columns = [], []
    for frame in frames:
        columns += [f"plate, frame {frame}", "swap"] + (["truth", f"difference x{GAIN:g}"] if _known(scene) else [])
    for taken in scene.methods:
        row: list[ByteImage] = []
        for frame in frames:
            plate, swap = picture(taken, root, frame, "plate"), picture(taken, root, frame)
            row += [plate, swap]
            if _known(scene):
                truth = picture(taken, root, frame, "truth")
                row += [truth, difference(swap, truth)]
        rows.append(row)
    names = [wrapped(_name(taken.method, methods)) for taken in scene.methods]
    return sheet.contact_sheet(rows, columns, names, scene.title, (_CELL_PX, _CELL_PX))


def draw_details(scene: Scene, methods: Sequence[MethodNote], root: Path, frames: Sequence[int]) -> ByteImage:
    """Lay out eyes and mouths, as large as they are or twice that, a row a method, plate and truth around them.

    Args:
        scene, methods, root, frames: As for `draw_sheet`.
    """
    columns = [f"{part}, frame {frame}" for frame in frames for part in ("eyes", "mouth")]
    rows = [
        [detail(picture(taken, root, frame), box) for frame in frames for box in (EYES, MOUTH)] for taken in scene.taken
    ]
    names = [wrapped(_name(taken.method, methods)) for taken in scene.taken]
    return sheet.contact_sheet(rows, columns, names, scene.title, _DETAIL_PX)


def draw_grid(scene: Scene, methods: Sequence[MethodNote], root: Path, frame: int) -> ByteImage:
    """Put plate, every method and the truth beside each other, named, for a video: of even height and width."""
    plate = [(picture(scene.taken[0], root, frame, "plate"), f"plate, {frame}")]
    truth = [(picture(scene.taken[0], root, frame, "truth"), "truth")] if _known(scene) else []
    shown = [(picture(taken, root, frame), _name(taken.method, methods)) for taken in scene.methods]
    cells = [sheet.label(image, name, 14) for image, name in (*plate, *shown, *truth)]
    across = math.ceil(math.sqrt(len(cells) * 1.2))
    height, width = cells[0].shape[0] // 2 * 2, cells[0].shape[1] // 2 * 2
    blank = np.full((height, width, 3), sheet.BACKGROUND, np.uint8)
    cells = [cell[:height, :width] for cell in cells]
    cells += [blank] * (-len(cells) % across)
    return np.vstack([np.hstack(cells[i : i + across]) for i in range(0, len(cells), across)])


def write_pictures_of(
    results: SwapResults, root: Path, consent: Sequence[Path], progress: Progress = silent, videos: bool = True
) -> list[Path]:
    """Write contact sheets, details and videos of every scene into `sheets/` and `videos/`, all signed.

    Args:
        results: What was found.
        root: Folder of the results.
        consent: Folders of consent records; the credentials name those of source and target.
        progress: Told on the way.
        videos: Whether to write videos.
    Returns:
        What was written; what is there and newer than the results is left as it is.
    Raises:
        UsageError: if a picture is missing.
        ConsentError: if a source's record is missing or forbids this.
    """
    scenes, written = scenes_of(results), list[Path]()
    for done, scene in enumerate(scenes):
        seal = seal_with(statement_of(scene, root, consent))
        frames = telling(scene, results.measures)
        for kind, draw in (("sheet", draw_sheet), ("details", draw_details)):
            path = root / "sheets" / f"{scene.key}_{kind}.png"
            if not _is_newer(path, root):
                sheet.save(path, draw(scene, results.methods, root, frames), seal)
            written.append(path)
        if videos:
            path = root / "videos" / f"{scene.key}.mp4"
            if not _is_newer(path, root):
                write_video(path, [draw_grid(scene, results.methods, root, frame) for frame in scene.frames], seal)
            written.append(path)
        progress("pictures", done + 1, len(scenes))
    return written


def write_video(path: Path, pictures: Sequence[ByteImage], seal: Seal, rate: Fraction = _FALLBACK_RATE) -> None:
    """Write drawn pictures as a video.

    Args:
        path: `.mp4`.
        pictures: Of one size, even.
        seal: Signs it.
        rate: Frames a second.
    """
    with TemporaryDirectory() as folder:
        for number, drawn in enumerate(pictures, start=1):
            sheet.save(Path(folder) / f"frame.{number:06d}.png", drawn)
        clip = open_clip(Path(folder), rate)
        path.parent.mkdir(parents=True, exist_ok=True)
        with open_writer(path, clip, overwrite=True, seal=seal) as writer:
            for frame in clip.frames():
                writer.write(frame, frame.image, np.ones(frame.image.shape[:2], np.float32))


def statement_of(scene: Scene, root: Path, consent: Sequence[Path]) -> Statement:
    """Say what the content credentials of a scene's pictures say.

    Many networks made them, so the hash is that of the record of results, which names them all.

    Raises:
        ConsentError: if the source's record is missing or forbids this.
    """
    today = date.today()
    source = require(scene.source, "appearance", consent, today)
    try:
        target: str | None = require(scene.target, "performance", consent, today).record_id
    except ConsentError:
        target = None  # A user's own plate names no performer, or one whose record the production keeps.
    numbers = f"{scene.frames[0]}-{scene.frames[-1]}"
    return Statement("", source.record_id, fingerprint(source), target, sha256_of(root / RESULTS), numbers)


def picture(taken: Taken, root: Path, frame: int, kind: Kind = "pictures") -> ByteImage:
    """Read a picture of the results.

    Args:
        taken: Whose.
        root: Folder of the results.
        frame: Index in the clip.
        kind: What the method shows, the truth, or the plate.
    Raises:
        UsageError: if it is missing or damaged.
    """
    path = taken.picture(root, frame, kind)
    with hushed():
        held = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if held is None:
        raise UsageError(f"{path}: missing or damaged: delete the folder it lies in, and run the benchmark again")
    return np.ascontiguousarray(held, dtype=np.uint8)


def difference(one: ByteImage, other: ByteImage, gain: float = GAIN) -> ByteImage:
    """Show how far two pictures are apart, brightened."""
    return sheet.to_bytes(np.abs(one.astype(np.float32) - other.astype(np.float32)) * np.float32(gain / 255))


def detail(crop: ByteImage, box: tuple[int, int, int, int]) -> ByteImage:
    """Cut a part out of a crop of any size, and enlarge it by a whole number to about its size at `CANONICAL_SIZE`.

    Args:
        crop: Square, normalised.
        box: x0, y0, x1, y1 at `CANONICAL_SIZE`.
    """
    scale = len(crop) / CANONICAL_SIZE
    x0, y0, x1, y1 = (round(side * scale) for side in box)
    part = crop[y0:y1, x0:x1]
    by = max(1, CANONICAL_SIZE // len(crop))
    size = (part.shape[1] * by, part.shape[0] * by)
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def wrapped(name: str, width: int = 18) -> str:
    """Break a name into lines of about `width` letters."""
    lines = [""]
    for word in name.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


def _known(scene: Scene) -> bool:
    return all(taken.truth is not None for taken in scene.taken)


def _name(key: str, methods: Sequence[MethodNote]) -> str:
    return next(method.name for method in methods if method.key == key)


def _is_newer(path: Path, root: Path) -> bool:
    return path.is_file() and path.stat().st_mtime_ns > (root / RESULTS).stat().st_mtime_ns
