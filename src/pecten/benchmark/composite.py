"""Composites compared on true swaps: light, seams, detail, flicker and time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap

import numpy as np

from pecten import sheet
from pecten.benchmark.composite_examples import (
    Decode,
    Example,
    Pair,
    check_pairs,
    flat_lit,
    in_drama,
    pairs_of,
    read_examples,
)
from pecten.benchmark.composite_methods import (
    BANDS,
    METHODS,
    OURS,
    Method,
    blend_all,
    changes,
    changes_along_own,
    light_error,
    motions,
    score,
    truth_of,
)
from pecten.benchmark.composite_speed import measure_speed
from pecten.benchmark.footage import TruthFootage
from pecten.benchmark.report import Figure, Table, write_report
from pecten.faces.extract import find_faces
from pecten.faces.follow import FaceOptions
from pecten.faces.records import FaceFrame
from pecten.footage.clip import open_clip
from pecten.types import ByteImage, Image, Progress, silent

_NOTES = (
    "Footage: synthetic performers with known truth. The true swaps scale the source's skin to the target's tone by "
    "one gain, carry the target's light, and end in a hard edge, which flatters whatever fits a gain and ends sharply: "
    "a benchmark with truth, not proof of quality on real footage.",
    "The face that is put in is the source's own clip in the same performance, laid on the true swap by both true "
    "landmarks, so that the composite alone is judged. Light: root mean square error over 8x8 cells inside the face. "
    "A flat-lit source has had its own low-frequency light divided out. Dramatic light (a wandering warm key that "
    "flickers by a quarter, with a shadow's edge, and a cold rim) is put on plate and truth alike, shaded by the mean "
    "head's surface, which the default's light is fitted by too: it flatters that. Seam and flicker are relative to "
    "the plate's own, band energies (0 is the finest) to the truth's. Finished frames are judged in crops cut out of "
    "them as the truth's are; the default alone gets the plate's sharpness, motion blur and grain, as in a swap (no "
    "grain in flat and dramatic light). CPU time is of all threads, a frame, with all measuring; speeds are wall-clock "
    "on this machine, whatever else it was doing.",
)

SIZE_PX = 512
FRAMES = 16
QUICK_FRAMES = 4
SHOWN = 5
CELL_PX = 180

COLUMNS = (
    ("PSNR dB", 2, 1.0),
    ("SSIM", 3, 1.0),
    ("light as filmed, 1e-3", 1, 1e3),
    ("light, flat-lit source", 1, 1e3),
    ("light, dramatic", 1, 1e3),
    ("seam", 2, 1.0),
    ("flicker", 2, 1.0),
    ("flicker, dramatic", 2, 1.0),
    *((f"band {band}", 2, 1.0) for band in range(BANDS)),
    ("changed outside", 0, 1.0),
    ("CPU ms", 1, 1.0),
)
"""Heads of the comparison, decimals and factor."""


@dataclass(frozen=True)
class Compared:
    """What a comparison gave.

    Attributes:
        values: A row of the columns' values by method, averaged over the pairs.
        turns: The light error under a flat-lit source by method, over the shots named turns alone; empty without one.
        truth_seam: The true swap's own step across the edge.
        truth_flicker: The true swap's own change, relative to the plate's.
        own_flicker: The default's and the true swap's change, each along its own motion, relative to the plate's: a
            plate's motion, found in its own features, does not quite fit another face's.
        apart: By how much the default's bands are off the truth's, whichever way, as a mean over the pairs: in the mean
            of `values` too much on one pair hides too little on another.
        sheet: All methods, some frames.
    """

    values: dict[str, np.ndarray]
    turns: dict[str, float]
    truth_seam: float
    truth_flicker: float
    own_flicker: tuple[float, float]
    apart: tuple[float, ...]
    sheet: ByteImage


def composed(footage: TruthFootage, quick: bool = False) -> list[Pair]:
    """List the true swaps that are composed.

    Args:
        footage: With known truth.
        quick: The first of each shot only.
    Raises:
        FootageError: if there is none.
    """
    pairs = pairs_of(footage)
    return _one_a_shot(pairs) if quick else pairs


def compare(
    footage: TruthFootage,
    quick: bool = False,
    decode: Callable[[str], Decode] | None = None,
    progress: Progress = silent,
) -> Compared:
    """Compose every true swap by every method.

    Args:
        footage: With known truth.
        quick: A pair of each shot and a few frames only.
        decode: Makes the decoder of a source; None takes the source's own clip.
        progress: Called after each plate and each method.
    Raises:
        FootageError: if there is no true swap, or a clip or its truth is missing or damaged.
    """
    pairs, frames = composed(footage, quick), QUICK_FRAMES if quick else FRAMES
    check_pairs(pairs)
    faces = _find(pairs, progress)
    rows: dict[str, list[np.ndarray]] = {method.name: [] for method in METHODS}
    turns: dict[str, list[float]] = {method.name: [] for method in METHODS}
    truths, each_along, shown = [], list[list[float]](), dict[str, list[list[ByteImage]]]()
    pictured = _one_a_shot(pairs)
    for done, pair in enumerate(pairs):
        decoder = decode(pair.swap.source) if decode else None
        examples = read_examples(pair, faces[pair.plate.clip], SIZE_PX, frames, decoder)
        truth, flat, drama = truth_of(examples), [flat_lit(example) for example in examples], in_drama(examples)
        moved, lit = motions(examples), motions(drama)
        own, own_drama = (
            changes([e.plate for e in examples], examples, moved),
            changes([e.plate for e in drama], drama, lit),
        )
        answers = [e.truth for e in examples]
        truths.append((truth.seam, np.mean(changes(answers, examples, moved)) / np.mean(own)))
        along = [0.0, float(np.mean(changes_along_own(answers, examples)) / np.mean(own))]
        some = _evenly(len(examples), SHOWN)
        if pair in pictured:
            for name, pick in (("plate", "plate"), ("source", "face"), ("true swap", "truth")):
                shown.setdefault(name, []).append([sheet.to_bytes(getattr(examples[i], pick)) for i in some])
        for index, method in enumerate(METHODS):
            found, crops = score(method, examples, moved)
            in_flat, dramatic = _light(method, flat)[1], _light(method, drama)
            values = [
                np.mean(found.psnr_db), np.mean(found.ssim), np.mean(found.light), in_flat, dramatic[1],
                np.median(found.seam), np.mean(found.change) / np.mean(own),
                np.mean(changes(dramatic[0], drama, lit)) / np.mean(own_drama),
                *(np.mean(found.energies, axis=0) / truth.energies), found.changed_outside, np.median(found.cpu_ms),
            ]  # fmt: skip
            if method is OURS:
                along[0] = float(np.mean(changes_along_own(crops, examples)) / np.mean(own))
            rows[method.name].append(np.array(values, np.float64))
            if "turns" in pair.swap.shot:
                turns[method.name].append(in_flat)
            if pair in pictured:
                shown.setdefault(method.name, []).append([sheet.to_bytes(crops[i]) for i in some])
            progress("compose", done * len(METHODS) + index + 1, len(pairs) * len(METHODS))
        each_along.append(along)
    mean, own_mean = np.mean(np.array(truths), axis=0), np.mean(np.array(each_along), axis=0)
    bands = [head for head, _, _ in COLUMNS].index("band 0")
    ratios = np.array(rows[OURS.name])[:, bands : bands + BANDS]
    return Compared(
        {name: np.mean(values, axis=0) for name, values in rows.items()},
        {name: float(np.mean(values)) for name, values in turns.items() if values},
        float(mean[0]),
        float(mean[1]),
        (float(own_mean[0]), float(own_mean[1])),
        tuple(float(off) for off in np.abs(ratios - 1).mean(axis=0)),
        _sheet(shown, pictured),
    )


def table_of(compared: Compared, title: str) -> Table:
    """Lay a comparison out, a row a method."""
    rows = [
        (name, *(f"{value * factor:.{digits}f}" for value, (_, digits, factor) in zip(values, COLUMNS, strict=True)))
        for name, values in compared.values.items()
    ]
    return Table(title, ("method", *(head for head, _, _ in COLUMNS)), tuple(rows))


def figures_of(compared: Compared, where: str = "") -> list[Figure]:
    """Draw from a comparison what is asked of the default.

    Args:
        compared: From `compare`.
        where: Ends each name.
    """
    heads = [head for head, _, _ in COLUMNS]
    ours = dict(zip(heads, compared.values[OURS.name], strict=True))
    others = [method.name for method in METHODS if not method.ours]
    drama = {name: float(values[heads.index("light, dramatic")]) for name, values in compared.values.items()}
    figures = [_against(drama, others, "dramatic light", where)]
    if compared.turns:
        figures.append(_against(compared.turns, others, "moving light, flat-lit source", where))
    figures += [
        Figure(f"seam: step across the edge / the plate's{where}", float(ours["seam"]), "", 1.1,
               note=f"the true swap's: {compared.truth_seam:.2f}"),
        Figure(f"flicker / the plate's{where}", float(ours["flicker"]), "", 1.05,
               note=f"16 px blur, the plate's motion undone; the true swap's: {compared.truth_flicker:.2f}"),
        Figure(f"flicker / the plate's, each along its own motion{where}", compared.own_flicker[0], "", 1.05,
               note=f"the true swap's: {compared.own_flicker[1]:.2f}"),
        Figure(f"flicker / the true swap's{where}", float(ours["flicker"]) / max(compared.truth_flicker, 1e-9), "",
               1.05, note="along the plate's motion"),
        Figure(f"flicker / the plate's, flickering key{where}", float(ours["flicker, dramatic"]), "", 1.05),
        *(Figure(f"energy of band {band}, off the truth's by{where}", abs(float(ours[f"band {band}"]) - 1), "", 0.05)
          for band in range(BANDS)),
        *(Figure(f"the same, band {band}, pair by pair whichever way{where}", off, "", 0.05)
          for band, off in enumerate(compared.apart)),
        Figure(f"values changed outside the support, all methods{where}",
               float(sum(values[heads.index("changed outside")] for values in compared.values.values())), "", 0.0),
    ]  # fmt: skip
    return figures


def measure_composite(
    footage: TruthFootage,
    out: Path,
    progress: Progress = silent,
    quick: bool = False,
    decode: Callable[[str], Decode] | None = None,
) -> Path:
    """Measure composites, and write report and pictures.

    Args:
        footage: With known truth.
        out: Folder to write.
        progress: Called on the way.
        quick: A pair of each shot and a few frames only.
        decode: Makes the decoder of a source, for a second comparison with decoded faces; None leaves it out.
    Returns:
        The Markdown report.
    Raises:
        FootageError: if there is no true swap, or a clip or its truth is missing or damaged.
    """
    compared = compare(footage, quick, None, progress)
    sheet.save(out / "composite.jpg", compared.sheet)
    figures, tables = figures_of(compared), [table_of(compared, "The source's own clip in place of a decoder")]
    if decode is not None:
        decoded = compare(footage, quick, decode, progress)
        sheet.save(out / "composite-decoded.jpg", decoded.sheet)
        figures += figures_of(decoded, ", decoded")
        tables.append(table_of(decoded, "A comb's output"))
    figures += measure_speed(5 if quick else 15)
    return write_report(out, "Composites", figures, tables, _NOTES)


def _against(errors: dict[str, float], others: Sequence[str], light: str, where: str) -> Figure:
    best = min(others, key=lambda name: errors[name])
    note = f"{1e3 * errors[OURS.name]:.1f} against {1e3 * errors[best]:.1f} (1e-3; {best})"
    return Figure(
        f"8x8 light error / best other's, {light}{where}", errors[OURS.name] / errors[best], "", 0.8, note=note
    )


def _light(method: Method, examples: Sequence[Example]) -> tuple[list[Image], float]:
    crops = blend_all(method, examples)
    each = [light_error(crop, e.truth, e.region) for crop, e in zip(crops, examples, strict=True)]
    return crops, float(np.mean(each))


def _find(pairs: Sequence[Pair], progress: Progress) -> dict[Path, dict[int, FaceFrame]]:
    plates = sorted({pair.plate.clip for pair in pairs})
    found = {}
    for done, path in enumerate(plates, start=1):
        shot = find_faces(open_clip(path), FaceOptions())
        track = shot.main_track()
        found[path] = {face.index: face for face in shot.faces if face.track == track}
        progress("find faces", done, len(plates))
    return found


def _one_a_shot(pairs: Sequence[Pair]) -> list[Pair]:
    first: dict[str, Pair] = {}
    for pair in pairs:
        first.setdefault(pair.swap.shot, pair)
    return list(first.values())


def _evenly(count: int, wanted: int) -> list[int]:
    return [int(i) for i in np.linspace(0, count - 1, min(count, wanted)).round()]


def _sheet(shown: dict[str, list[list[ByteImage]]], pairs: Sequence[Pair]) -> ByteImage:
    rows = [[picture for shot in shots for picture in shot] for shots in shown.values()]
    heads = [pair.name for pair in pairs for _ in range(len(rows[0]) // len(pairs))]
    return sheet.contact_sheet(rows, heads, [_broken(name) for name in shown], "Composites", (CELL_PX, CELL_PX))


def _broken(name: str) -> str:
    return "\n".join(wrap(name, 16))
