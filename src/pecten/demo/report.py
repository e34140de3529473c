"""What the demo leaves to look at: sheet, videos, curves and a short report."""

from dataclasses import asdict
from pathlib import Path

import numpy as np

from pecten import sheet
from pecten.deliver.credentials import Statement, seal_with
from pecten.deliver.writer import open_writer
from pecten.demo import footage
from pecten.demo.curves import draw_curves
from pecten.demo.figures import Row, Truth, measure, read_truth
from pecten.demo.gather import Gathered
from pecten.demo.pictures import Look, side_by_side, square_around, swap_sheet, wipe, wipe_position
from pecten.files import write_json, write_text
from pecten.footage.clip import Clip, open_clip
from pecten.types import ByteImage, Progress

SHEET_FRAMES = 6


def write_report(
    gathered: Gathered, out: Path, training: str, stats: Path | None, statement: Statement, progress: Progress
) -> Path:
    """Write contact sheet, side-by-side and wipe videos, curves and figures.

    Args:
        gathered: What the swap showed.
        out: Folder.
        training: How the comb came to be, in words.
        stats: The training's statistics, to draw curves of; None where there was none.
        statement: What the content credentials of the pictures say.
        progress: Told how far it is.
    Returns:
        The report, Markdown.
    """
    truth = read_truth(progress)
    rows = measure(gathered, truth, progress)
    _write_sheet(gathered, truth, out / "contact_sheet.png", training, statement)
    if stats is not None:
        draw_curves(stats, out / "curves.png")
    _write_videos(gathered, truth, out, statement, progress)
    write_json(out / "report.json", {"training": training, "figures": [asdict(row) for row in rows]})
    report = out / "report.md"
    write_text(report, _markdown(rows, training))
    return report


def _write_sheet(gathered: Gathered, truth: Truth, path: Path, training: str, statement: Statement) -> None:
    frames = sorted(gathered.shown)
    chosen = [frames[i] for i in np.linspace(0, len(frames) - 1, SHEET_FRAMES).astype(int)]
    title = f"{footage.SOURCE} onto {footage.TARGET}'s shot ({training})"
    picture = swap_sheet([_look(gathered, truth, index) for index in chosen], title)
    sheet.save(path, picture, seal_with(statement))


def _look(gathered: Gathered, truth: Truth, index: int) -> Look:
    shown = gathered.shown[index]
    height, width = shown.plate.shape[:2]
    box = square_around(shown.face.landmarks, height, width)
    support = shown.support.astype(np.float32) / np.float32(255)
    return Look(index, box, shown.plate, shown.result, truth.swap[index], support, shown.decoded)


def _write_videos(gathered: Gathered, truth: Truth, out: Path, statement: Statement, progress: Progress) -> None:
    clip = open_clip(footage.plate())
    names = ("plate", f"{footage.SOURCE} on {footage.TARGET}", "true answer")
    for kind in ("side_by_side", "wipe"):
        with open_writer(out / f"{kind}.mp4", clip, overwrite=True, seal=seal_with(statement)) as writer:
            for frame in clip.frames():
                picture = _picture(kind, gathered, truth, frame.index, clip, names)
                everywhere = np.ones(picture.shape[:2], np.float32)
                writer.write(frame, picture.astype(np.float32) / np.float32(255), everywhere)
                progress(kind.replace("_", " "), frame.index + 1, clip.info.frame_count)


def _picture(
    kind: str, gathered: Gathered, truth: Truth, index: int, clip: Clip, names: tuple[str, str, str]
) -> ByteImage:
    shown = gathered.shown.get(index)
    if shown is None:
        return truth.swap[index]
    if kind == "wipe":
        return wipe(shown.plate, shown.result, wipe_position(index, clip.info.frame_count))
    centre_x = float(shown.face.landmarks[:, 0].mean())
    return side_by_side([shown.plate, shown.result, truth.swap[index]], names, centre_x)


def _markdown(rows: list[Row], training: str) -> str:
    lines = [
        f"# {footage.SOURCE} onto {footage.TARGET}'s shot",
        "",
        f"The comb: {training}. Measured in the true face region of the normalised crop, against the true swap in the",
        "plate (`ada_on_bruno`), which training never saw.",
        "",
        "| figure | plate as it was | this swap | best |",
        "|---|---|---|---|",
    ]
    for row in rows:
        plate = "" if row.plate is None else f"{row.plate:.3g}"
        lines.append(f"| {row.name} | {plate} | {row.swap:.3g} | {row.ideal} |")
    lines += [
        "",
        "The performers are synthetic and share their expression shapes, which is easier than real people; see NOTICE.",
        "Every picture here carries content credentials: `pecten info ada_on_bruno.mp4`.",
        "",
    ]
    return "\n".join(lines)
