"""What a benchmark found, as a table to read and as data."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pecten.files import write_json, write_text


@dataclass(frozen=True)
class Figure:
    """One measured figure and what is asked of it.

    Attributes:
        name: What was measured, on what.
        value: Not a number when it could not be measured here; `note` then says why.
        unit: Of the value.
        aim: What is asked; None where nothing is.
        at_least: Whether the aim is a floor; otherwise a ceiling.
        note: How it was measured, where that matters.
    """

    name: str
    value: float
    unit: str = ""
    aim: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the aim is met; None without an aim or a value."""
        if self.aim is None or math.isnan(self.value):
            return None
        return self.value >= self.aim if self.at_least else self.value <= self.aim


@dataclass(frozen=True)
class Table:
    """A comparison: one row a method, one column a measure."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def markdown(title: str, figures: Sequence[Figure], tables: Sequence[Table] = (), notes: Sequence[str] = ()) -> str:
    """Write figures and tables as Markdown.

    Args:
        title: Heading.
        figures: In the order to be shown.
        tables: Below them.
        notes: Paragraphs under the heading: footage, machine, how it was timed.
    """
    parts = [f"# {title}", *notes]
    if figures:
        parts.append("\n".join(_table(("figure", "measured", "asked", "met", "note"), [_row(f) for f in figures])))
    parts += [f"## {table.title}\n\n" + "\n".join(_table(table.columns, table.rows)) for table in tables]
    return "\n\n".join(parts) + "\n"


def write_report(
    out: Path, title: str, figures: Sequence[Figure], tables: Sequence[Table] = (), notes: Sequence[str] = ()
) -> Path:
    """Write `report.md`, `report.json` and `figures.csv` into a folder.

    Args:
        out: The folder.
        title, figures, tables, notes: As for `markdown`.
    Returns:
        The Markdown file.
    """
    listed = [{**asdict(f), "value": None if math.isnan(f.value) else f.value, "met": f.met} for f in figures]
    write_json(
        out / "report.json",
        {"version": 1, "title": title, "notes": list(notes), "figures": listed, "tables": [asdict(t) for t in tables]},
    )
    text = io.StringIO()
    writer = csv.DictWriter(text, ["name", "value", "unit", "aim", "at_least", "met", "note"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(listed)
    write_text(out / "figures.csv", text.getvalue())
    write_text(out / "report.md", markdown(title, figures, tables, notes))
    return out / "report.md"


def _row(figure: Figure) -> tuple[str, ...]:
    unit = f" {figure.unit}" if figure.unit else ""
    value = "not measured" if math.isnan(figure.value) else f"{figure.value:.4g}{unit}"
    asked = "" if figure.aim is None else f"{'>=' if figure.at_least else '<='} {figure.aim:g}{unit}"
    return figure.name, value, asked, {True: "yes", False: "NO", None: ""}[figure.met], figure.note


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    cells = [[cell.replace("|", "\\|") for cell in row] for row in (columns, *rows)]
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    return [lines[0], "|" + "---|" * len(columns), *lines[1:]]
