"""The benchmark of faces: every figure about finding, normalising and covering them, in one report."""

from pathlib import Path

from pecten.benchmark import faces_found, faces_matte
from pecten.benchmark.faces_still import measure_still
from pecten.benchmark.footage import TruthFootage
from pecten.benchmark.report import write_report
from pecten.benchmark.still_pictures import draw_errors, draw_slices
from pecten.types import Progress, silent

_NOTES = (
    "Footage: synthetic performers with known truth. They share linear expression shapes, have no motion blur and no "
    "dynamic wrinkles: a benchmark with truth, not proof of quality on real footage.",
    "All distances are in px of the normalised crop at 1024. Speed is wall-clock on this machine, "
    "whatever else it was doing.",
    "The rows by nose and eye corners alone show how far a similarity fitted to the whole face departs from one that "
    "expression does not move: that is what the normalisation is, not an error of it.",
)


def check_takes(footage: TruthFootage) -> None:
    """See that the truth of all takes is whole, before any face is looked for.

    Raises:
        FootageError: if a clip or its truth is damaged, or knows too few frames.
    """
    for take in (*footage.performers, *footage.truth, *footage.swaps):
        take.check_truth()


def measure_faces(footage: TruthFootage, out: Path, progress: Progress = silent, quick: bool = False) -> Path:
    """Measure faces and write report and pictures.

    Args:
        footage: With true landmarks beside the clips of `truth`.
        out: Folder to write.
        progress: Called as each part goes on.
        quick: Fewer takes and frames, to try the command.
    Returns:
        The Markdown report.
    Raises:
        FacesError: if there is nothing to measure.
        FootageError: if a clip or its truth cannot be read.
    """
    check_takes(footage)
    out.mkdir(parents=True, exist_ok=True)
    found = faces_found.measure(footage, progress, quick)
    still = measure_still(footage, progress, quick)
    matte = faces_matte.measure(footage, progress, quick)
    draw_errors(still.courses, out / "still_errors.png")
    for clip in dict.fromkeys(one.take.clip for one in still.courses):
        draw_slices([one for one in still.courses if one.take.clip == clip], out / f"still_{clip.stem}.png")
    return write_report(out, "Faces", [*found, *still.figures, *matte], still.tables, _NOTES)
