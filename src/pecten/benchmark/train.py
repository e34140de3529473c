"""How fast combs learn and show, beside the methods of the field, on crops made for it."""

import platform
from pathlib import Path

import torch

from pecten.benchmark.report import Figure, Table, write_report
from pecten.benchmark.train_card import measure_card
from pecten.benchmark.train_shown import measure_shown
from pecten.benchmark.train_steps import measure_feeds, measure_growth, measure_methods
from pecten.types import Progress, silent


def measure_training(out: Path, progress: Progress = silent, quick: bool = False) -> Path:
    """Time training steps, crops and inference, and write `report.md`, `report.json` and `figures.csv`.

    Args:
        out: Folder.
        progress: Told the parts that are done.
        quick: Few repeats and small pictures, to try the command.
    Returns:
        The Markdown file.
    """
    figures: list[Figure] = []
    tables: list[Table] = []
    progress("bench train", 0, 5)
    figures += measure_methods(quick)
    progress("bench train", 1, 5)
    found, table = measure_growth(quick)
    figures, tables = figures + found, [*tables, table]
    progress("bench train", 2, 5)
    figures += measure_feeds(quick)
    progress("bench train", 3, 5)
    found, table = measure_shown(quick)
    figures, tables = figures + found, [*tables, table]
    progress("bench train", 4, 5)
    figures += measure_card(quick)
    progress("bench train", 5, 5)
    notes = [
        f"{platform.machine()}, {torch.get_num_threads()} threads of the CPU, torch {torch.__version__}.",
        "Crops and weights are drawn at random: what is measured is time and memory, not pictures. Rates are by the "
        "median of wall-clock time; those by the CPU time of all threads, which other work on the machine changes "
        "less, stand in the notes.",
    ]
    return write_report(out, "Training, measured", figures, tables, notes)
