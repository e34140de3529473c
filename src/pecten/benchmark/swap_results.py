"""What the benchmark of swaps found: values frame by frame, and where the pictures lie.

OUT/results.json holds one `SwapResults`; tables, sheets, videos and the page are made from it alone.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pecten.errors import UsageError
from pecten.files import write_json

VERSION = 2
"""1 knew no measures of runs."""

RESULTS = "results.json"

Best = Literal["high", "low", "one"]
Against = Literal["crop", "plate", "none"]
Blend = Literal["", "customary", "ours"]

PLATE = "plate"
"""Key of the reference that does nothing: the plate as it was filmed."""

TRUTH = "truth"
"""Key of the reference that is the answer itself: what the measures say of it is the best that can be had."""


@dataclass(frozen=True)
class Measure:
    """One measure.

    Attributes:
        key: In `Taken.values`, or in `Taken.whole` if it has one value a shot.
        name: In tables.
        unit: Of the value; empty for ratios.
        best: "high", "low", or "one" where the truth has 1.
        group: "fidelity", "identity", "expression", "light", "time" or "seam".
        digits: After the point, in tables.
        factor: By which tables show it.
        says: One sentence, for those who read the page.
        span: Neighbouring frames that are judged together, each of which then has the same value.
    """

    key: str
    name: str
    unit: str
    best: Best
    group: str
    digits: int = 2
    factor: float = 1.0
    says: str = ""
    span: int = 1


@dataclass(frozen=True)
class MethodNote:
    """A method as it was taught.

    Attributes:
        key: In `Taken.method`.
        name: In tables.
        ours: Whether it is one of Pecten's.
        reference: Whether it is no method, but the plate or the truth.
        size_px: Side of its crops; 0 for references.
        trainings: Networks that were taught to show all the pairs.
        images: Seen in all of them together.
        images_each: Of each performer, seen by one network.
        seconds: Spent teaching, in all of them together.
    """

    key: str
    name: str
    ours: bool = False
    reference: bool = False
    size_px: int = 0
    trainings: int = 0
    images: int = 0
    images_each: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True)
class Taken:
    """One method on one pair and shot, judged against one truth.

    Attributes:
        method: Key of the method.
        source: Whose face is put on.
        target: Whose performance it is.
        shot: Name of the performance, or of the user's clip.
        against: "crop": the decoder's answer, in the normalised crop, against the source's own clip; "plate": the
            finished frame against the true swap, cut to the target's normalised crop; "none": the user's own clip.
        blend: How the face was put into the plate: the method's own custom, or ours; empty in the crop.
        frames: Indices in the clip, ascending, in runs of neighbours.
        values: For each measure, one value a frame; not a number where it has none there.
        whole: For each measure of the whole shot, its value.
        pictures: Folder of what the method shows, relative to the results: `000012.png` for frame 12.
        truth: Folder of the answers, likewise; None where there is none.
        plate: Folder of the plate's own crops, likewise.
    """

    method: str
    source: str
    target: str
    shot: str
    against: Against
    blend: Blend
    frames: tuple[int, ...]
    values: dict[str, tuple[float, ...]]
    whole: dict[str, float]
    pictures: str
    truth: str | None
    plate: str

    @property
    def pair(self) -> str:
        """What is shown, such as "ada on bruno"."""
        return f"{self.source} on {self.target}"

    def picture(self, root: Path, frame: int, kind: Literal["pictures", "truth", "plate"] = "pictures") -> Path:
        """Return the path of a picture.

        Args:
            root: Folder of the results.
            frame: Index in the clip.
            kind: What the method shows, the truth, or the plate.
        Raises:
            UsageError: if there is no truth.
        """
        folder = getattr(self, kind)
        if folder is None:
            raise UsageError(f"{self.pair}, {self.shot}: no truth is known: leave it out")
        return root / str(folder) / f"{frame:06d}.png"


@dataclass(frozen=True)
class SwapResults:
    """All of a benchmark.

    Attributes:
        title: Heading.
        notes: Paragraphs under it: footage, budget, machine, limits.
        measures: In the order of the tables.
        methods: In the order of the tables; the first is the one that others are compared with. References come last.
        taken: In any order.
    """

    title: str
    notes: tuple[str, ...]
    measures: tuple[Measure, ...]
    methods: tuple[MethodNote, ...]
    taken: tuple[Taken, ...]

    def of(self, method: str, against: str, blend: str = "") -> tuple[Taken, ...]:
        """Return what one method showed, judged in one way."""
        return tuple(t for t in self.taken if (t.method, t.against, t.blend) == (method, against, blend))


def save_results(folder: Path, results: SwapResults) -> Path:
    """Write `results.json` into a folder in one piece; what is there and says the same is left, with its time.

    Returns:
        Its path.
    """
    record = {"version": VERSION, **asdict(results)}
    for taken in record["taken"]:
        taken["values"] = {key: [_written(v) for v in values] for key, values in taken["values"].items()}
        taken["whole"] = {key: _written(value) for key, value in taken["whole"].items()}
    path = folder / RESULTS
    try:
        same = json.loads(path.read_text(encoding="utf-8")) == json.loads(json.dumps(record))
    except (OSError, ValueError):
        same = False
    if not same:
        write_json(path, record)
    return path


def load_results(folder: Path) -> SwapResults:
    """Read what `save_results` wrote.

    Raises:
        UsageError: if it is missing, damaged, or of a later version.
    """
    path = folder / RESULTS
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["version"] not in (1, VERSION):
            known = f"this Pecten reads 1 to {VERSION}"
            raise UsageError(f"{path}: version {record['version']!r}, but {known}: run it again")
        return SwapResults(
            str(record["title"]),
            tuple(map(str, record["notes"])),
            tuple(Measure(**entry) for entry in record["measures"]),
            tuple(MethodNote(**entry) for entry in record["methods"]),
            tuple(_taken(entry) for entry in record["taken"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path}: no results of `pecten bench swap` ({error}): run it first") from error


def finite(values: Sequence[float]) -> tuple[float, ...]:
    """Return the values that are numbers."""
    return tuple(value for value in values if not math.isnan(value))


def _taken(entry: dict[str, Any]) -> Taken:
    values = {key: tuple(map(_read, held)) for key, held in entry["values"].items()}
    whole = {key: _read(value) for key, value in entry["whole"].items()}
    return Taken(**{**entry, "frames": tuple(entry["frames"]), "values": values, "whole": whole})


def _written(value: float) -> float | str | None:
    # JSON knows no infinity: equal pictures have an endless signal-to-noise ratio.
    return None if math.isnan(value) else str(value) if math.isinf(value) else value


def _read(value: float | str | None) -> float:
    return math.nan if value is None else float(value)
