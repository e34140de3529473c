"""One HTML page that holds a benchmark of swaps: it opens from disk, and asks no network for anything."""

import base64
import json
import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pecten.benchmark.report import Figure, Table
from pecten.benchmark.swap_pictures import Kind, Scene, badness, picture, scenes_of
from pecten.benchmark.swap_results import PLATE, TRUTH, Measure, SwapResults, Taken
from pecten.files import write_text
from pecten.types import ByteImage, Progress, silent

FRAMES = 6
"""Frames a scene whose pictures go into the page, besides the worst."""

_QUALITY = 90
_WORST_SCENES, _FEW_METHODS = 2, 4
_NUMBER = re.compile(r"^-?\d+(?:\.\d+)?(?:e-?\d+)?")
_CELL = re.compile(r"^(?P<value>[^(]+?) \((?P<interval>.+)\)$")
_KEYS = (
    ("\u2190 \u2192", "frame"),
    ("\u2191 \u2193", "method"),
    ("[ ]", "scene"),
    ("w", "wipe"),
    ("d", "difference"),
    ("f", "flip"),
    ("1 2 3", "whole, eyes, mouth"),
    ("p t", "plate or truth on the left"),
)


def write_page(
    path: Path,
    results: SwapResults,
    root: Path,
    tables: Sequence[Table] = (),
    figures: Sequence[Figure] = (),
    files: Sequence[Path] = (),
    frames: int = FRAMES,
    progress: Progress = silent,
) -> Path:
    """Write the page.

    Args:
        path: The HTML file.
        results: What was found.
        root: Folder of the results, where the pictures lie.
        tables: Shown with sorting; a cell such as `31.2 (30.9 to 31.5)` shows its interval small.
        figures: What was asked, and whether it is met.
        files: Sheets and videos to link to, by their place beside the page.
        frames: How many frames of a scene to take in, besides the worst.
        progress: Told on the way.
    Returns:
        The page.
    Raises:
        UsageError: if a picture is missing.
    """
    scenes = scenes_of(results)
    worst = [entry for way in _ways(scenes) for entry in _worst_of(way, results)]
    held, indices = _Images(), list[dict[str, Any]]()
    for done, scene in enumerate(scenes, start=1):
        wanted = {frame for index, _, frame in worst if scenes[index] is scene}
        indices.append(_scene(scene, _shown(scene, frames, wanted), root, held, {m.key for m in results.measures}))
        progress("page", done, len(scenes))
    data = {
        "measures": [_measure(m) for m in results.measures],
        "methods": [{"key": m.key, "name": m.name, "reference": m.reference} for m in results.methods],
        "scenes": indices,
        "images": held.all,
    }
    write_text(path, _document(results, data, scenes, worst, tables, figures, _linked(files, path.parent)))
    return path


class _Images:
    """Pictures as data addresses, each once."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._known: dict[str, int] = {}

    def add(self, name: str, image: ByteImage) -> int:
        if name not in self._known:
            _, coded = cv2.imencode(
                ".jpg", np.ascontiguousarray(image[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
            )
            self._known[name] = len(self.all)
            self.all.append("data:image/jpeg;base64," + base64.b64encode(coded.tobytes()).decode())
        return self._known[name]


def _scene(scene: Scene, shown: Sequence[int], root: Path, held: _Images, measured: set[str]) -> dict[str, Any]:
    """Gather what the page knows of a scene: values of all frames, pictures of some."""
    pictures: dict[str, list[int]] = {}

    def keep(name: str, taken: Taken, kind: Kind) -> None:
        pictures[name] = [
            held.add(str(taken.picture(root, frame, kind)), picture(taken, root, frame, kind)) for frame in shown
        ]

    keep(PLATE, scene.taken[0], "plate")
    for taken in scene.methods:
        keep(taken.method, taken, "pictures")
    if scene.taken[0].truth is not None:
        keep(TRUTH, scene.taken[0], "truth")
    values = {}
    for taken in scene.taken:
        rows = [taken.frames.index(frame) for frame in scene.frames]
        values[taken.method] = {
            key: [_number(series[row]) for row in rows] for key, series in taken.values.items() if key in measured
        }
    return {
        "title": scene.title,
        "frames": list(scene.frames),
        "shown": list(shown),
        "pictures": pictures,
        "values": values,
    }


def _shown(scene: Scene, count: int, wanted: set[int]) -> list[int]:
    even = [scene.frames[i] for i in np.linspace(0, len(scene.frames) - 1, max(1, count)).round().astype(int)]
    return sorted(wanted.union(even))


def _ways(scenes: Sequence[Scene]) -> list[list[tuple[int, Scene]]]:
    """Group scenes, with their places, by how they are judged."""
    ways: dict[tuple[str, str], list[tuple[int, Scene]]] = {}
    for index, scene in enumerate(scenes):
        ways.setdefault((scene.against, scene.blend), []).append((index, scene))
    return list(ways.values())


def _worst_of(way: Sequence[tuple[int, Scene]], results: SwapResults) -> list[tuple[int, str, int]]:
    """Return scene, method and frame of what each method does worst, by the first measure, in different scenes."""
    found, methods = [], [method for method in results.methods if not method.reference]
    shown = _WORST_SCENES if len(methods) <= _FEW_METHODS else 1
    for method in methods:
        ranked = []
        for index, scene in way:
            taken = next((t for t in scene.methods if t.method == method.key), None)
            measure = next((m for m in results.measures if taken is not None and m.key in taken.values), None)
            if taken is None or measure is None:
                continue
            by_frame = dict(zip(taken.frames, badness(taken.values[measure.key], measure).tolist(), strict=True))
            known = [(by_frame[frame], frame) for frame in scene.frames if math.isfinite(by_frame[frame])]
            if known:
                ranked.append((*max(known), index))
        found += [(index, method.key, frame) for _, frame, index in sorted(ranked, reverse=True)[:shown]]
    return found


def _document(
    results: SwapResults,
    data: Mapping[str, Any],
    scenes: Sequence[Scene],
    worst: Sequence[tuple[int, str, int]],
    tables: Sequence[Table],
    figures: Sequence[Figure],
    links: Sequence[str],
) -> str:
    here = Path(__file__)
    style, script = (here.with_suffix(suffix).read_text(encoding="utf-8") for suffix in (".css", ".js"))
    # A "<" inside the data could end the script early; JSON may spell it otherwise.
    held = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in results.notes)
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
    sections = [
        _looking() if scenes else "",
        _asked(figures),
        f'<div id="tables">{"".join(_table(table, results) for table in tables)}</div>' if tables else "",
        _worst(worst, results, data),
        f"<section><h2>Sheets and videos</h2><ul>{''.join(links)}</ul></section>" if links else "",
    ]
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(results.title)}</title>\n<style>\n{style}</style>\n</head>\n<body>",
            f"<header><h1>{escape(results.title)}</h1>"
            '<nav aria-label="Parts"><a href="#look">Look</a><a href="#tables">Tables</a>'
            '<a href="#worst">Worst</a></nav>'
            '<button id="theme" type="button">Dark or light</button></header>',
            '<main>\n<p class="note made">Every swapped face on this page was made by a computer. '
            f"The sheets and videos beside it say so in their content credentials.</p>\n{notes}",
            *(section for section in sections if section),
            "</main>\n<footer>Means over frames; intervals by block bootstrap. Made by pecten bench swap.</footer>",
            f'<script type="application/json" id="data">{held}</script>',
            f"<script>\n{script}</script>" if scenes else "",
            "</body>\n</html>\n",
        ]
    )


def _looking() -> str:
    def choice(name: str, words: str) -> str:
        return f'<label>{words} <select id="{name}"></select></label>'

    def switch(name: str, value: str, words: str) -> str:
        return f'<button type="button" data-set="{name}" data-to="{value}" aria-pressed="false">{words}</button>'

    modes = "".join(switch("mode", mode, mode) for mode in ("wipe", "difference", "flip"))
    parts = "".join(switch("part", part, part) for part in ("whole", "eyes", "mouth"))
    keys = " ".join(f"<kbd>{escape(key)}</kbd> {escape(words)}" for key, words in _KEYS)
    return (
        '<section id="look"><h2>Look</h2>'
        f'<div class="controls">{choice("scene", "Scene")}{choice("left", "Left")}{choice("right", "Right")}</div>'
        f'<div class="looking"><div><div id="stage" data-mode="wipe" data-part="whole">'
        '<img id="right-image" alt="" draggable="false">'
        '<div id="left-side"><img id="left-image" alt="" draggable="false"></div>'
        '<div id="handle" role="slider" tabindex="0" aria-label="Wipe" aria-valuemin="0" aria-valuemax="100" '
        'aria-valuenow="50"></div>'
        '<span class="badge left" id="left-name"></span><span class="badge right" id="right-name"></span></div>'
        f'<div class="controls">{modes}<span></span>{parts}'
        '<label>Frame <input type="range" id="frame" min="0" value="0" step="1">'
        '<output id="frame-number"></output></label></div>'
        f'<p class="keys">{keys}</p></div>'
        f'<div id="curves"><div class="controls">{choice("measure", "Frame by frame")}</div>'
        '<svg id="plot" viewBox="0 0 760 300" role="img" aria-label="The measure over frames, a line a method"></svg>'
        '<p class="note" id="none" hidden>Not measured frame by frame here.</p>'
        '<ul id="legend"></ul><p class="note" id="says"></p>'
        '<p class="keys">Click into the curves to go to the nearest frame whose picture the page holds; click a name '
        "to hide its line.</p></div></div></section>"
    )


def _asked(figures: Sequence[Figure]) -> str:
    if not figures:
        return ""
    rows = []
    for figure in figures:
        verdict = {True: ("yes", "yes"), False: ("no", "NO"), None: ("", "")}[figure.met]
        value = "not measured" if math.isnan(figure.value) else f"{figure.value:.4g} {figure.unit}".strip()
        cells = [escape(figure.name), escape(value), "", escape(figure.note)]
        aim = "" if figure.aim is None else f"{'at least' if figure.at_least else 'at most'} {figure.aim:g}"
        rows.append(
            f'<tr><td data-value="{cells[0]}">{cells[0]}</td><td data-value="{_sortable(value)}">{cells[1]}</td>'
            f'<td data-value="{escape(aim)}">{escape(aim)}</td>'
            f'<td class="{verdict[0]}" data-value="{verdict[1]}">{verdict[1]}</td>'
            f'<td data-value="">{cells[3]}</td></tr>'
        )
    heads = ("what", "measured", "asked", "met", "note")
    return (
        f'<section id="asked"><h2>What was asked</h2><div class="scroll"><table>{_heads(heads)}'
        f"<tbody>{''.join(rows)}</tbody></table></div></section>"
    )


def _table(table: Table, results: SwapResults) -> str:
    references = {method.name for method in results.methods if method.reference}
    best = [_best(table, column, results.measures, references) for column in range(len(table.columns))]
    rows = []
    for row in table.rows:
        marks = [' class="best"' if column and cell and cell == best[column] else "" for column, cell in enumerate(row)]
        cells = [
            f'<td data-value="{_sortable(cell)}"{mark}>{_shown_cell(cell)}</td>'
            for cell, mark in zip(row, marks, strict=True)
        ]
        kind = ' class="reference"' if row and row[0] in references else ""
        rows.append(f"<tr{kind}>{''.join(cells)}</tr>")
    return (
        f'<section><h2>{escape(table.title)}</h2><div class="scroll"><table>'
        f"{_heads(table.columns)}<tbody>{''.join(rows)}</tbody></table></div></section>"
    )


def _heads(columns: Sequence[str]) -> str:
    cells = "".join(
        f'<th scope="col" aria-sort="none"><button type="button">{escape(column)}</button></th>' for column in columns
    )
    return f"<thead><tr>{cells}</tr></thead>"


def _best(table: Table, column: int, measures: Sequence[Measure], references: set[str]) -> str | None:
    """Return the best cell of a column that is headed by a measure, the references left out."""
    name = table.columns[column]
    measure = max(
        (m for m in measures if name == m.name or name.startswith((f"{m.name},", f"{m.name} ("))),
        key=lambda m: len(m.name),
        default=None,
    )
    cells = [row[column] for row in table.rows if row[0] not in references and _NUMBER.match(row[column])]
    if measure is None or "better" in table.title or not cells:
        return None
    return min(cells, key=lambda cell: float(badness([float(_sortable(cell))], measure)[0]))


def _shown_cell(cell: str) -> str:
    parts = _CELL.match(cell)
    if parts is None or not _NUMBER.match(cell):
        return escape(cell)
    return f"{escape(parts['value'])}<small>{escape(parts['interval'])}</small>"


def _sortable(cell: str) -> str:
    number = _NUMBER.match(cell)
    return number.group() if number else escape(cell)


def _worst(entries: Sequence[tuple[int, str, int]], results: SwapResults, data: Mapping[str, Any]) -> str:
    if not entries:
        return ""
    names = {method.key: method.name for method in results.methods}
    cards = []
    for index, method, frame in entries:
        scene = data["scenes"][index]
        row = scene["shown"].index(frame)
        images = [
            f'<img decoding="async" data-image="{scene["pictures"][kind][row]}" alt="{escape(names.get(kind, kind))}">'
            for kind in (PLATE, method, TRUTH)
            if kind in scene["pictures"]
        ]
        target = escape(json.dumps([index, method, frame]))
        cards.append(
            f'<button type="button" data-worst="{target}"><span class="row">{"".join(images)}</span>'
            f'<span class="words"><b>{escape(names[method])}</b>, {escape(scene["title"])}, '
            f"frame {frame}</span></button>"
        )
    return (
        '<section id="worst"><h2>Worst frames</h2><p class="note">Of every method, in each way to judge, its worst '
        "frame by the first measure, in the scenes where that is worst: plate, swap, truth. Click to look.</p>"
        f'<div class="worst">{"".join(cards)}</div></section>'
    )


def _measure(measure: Measure) -> dict[str, Any]:
    return {
        "key": measure.key,
        "name": measure.name,
        "unit": measure.unit,
        "factor": measure.factor,
        "says": measure.says,
    }


def _number(value: float) -> float | None:
    return float(f"{value:.5g}") if math.isfinite(value) else None


def _linked(files: Sequence[Path], folder: Path) -> list[str]:
    places = [file.relative_to(folder).as_posix() for file in files]
    return [f'<li><a href="{escape(place)}">{escape(place)}</a></li>' for place in places]
