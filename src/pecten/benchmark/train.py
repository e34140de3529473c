"""How fast combs learn and show, beside the methods of the field, on crops made for it."""

import platform
from collections.abc import Callable
from pathlib import Path

import torch

from pecten.benchmark.report import Figure, Table, write_report
from pecten.benchmark.train_card import measure_card
from pecten.benchmark.train_shown import measure_shown
from pecten.benchmark.train_steps import Found, measure_feeds, measure_growth, measure_methods
from pecten.types import Progress, silent

PARTS: tuple[tuple[str, Callable[[bool], Found]], ...] = (
    ("steps of our quick preset and of the field's networks, at equal batch", measure_methods),
    ("what an image costs as more identities are taught together", measure_growth),
    ("crops a second, kept on the device and in the machine's memory", measure_feeds),
    ("inference in torch and in OpenVINO", measure_shown),
    ("training and inference on a GPU, where there is one", measure_card),
)
"""What is timed, and what times it, quickly or not."""


def planned(out: Path, quick: bool = False) -> list[str]:
    """Say what would be measured, and about how long it takes on two cores."""
    minutes = "half a minute" if quick else "some ten minutes"
    return [*(f"would time {words}" for words, _ in PARTS), f"about {minutes} on two cores; would write to {out}"]


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
    for done, (_, measure) in enumerate(PARTS):
        progress("bench train", done, len(PARTS))
        found, told = measure(quick)
        figures += found
        tables += told
    progress("bench train", len(PARTS), len(PARTS))
    notes = [
        f"{platform.machine()}, {torch.get_num_threads()} threads of the CPU, torch {torch.__version__}.",
        "Crops and weights are drawn at random: what is measured is time and memory, not pictures. Rates are by the "
        "median of wall-clock time; those by the CPU time of all threads, which other work on the machine changes "
        "less, stand in the notes.",
    ]
    return write_report(out, "Training, measured", figures, tables, notes)
