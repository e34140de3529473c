"""The figures of all variants, as Markdown."""

from collections.abc import Sequence
from typing import Any

import numpy as np

COLUMNS = {
    "psnr": ("PSNR, dB", "{:.2f}"),
    "ssim": ("SSIM", "{:.3f}"),
    "feature_ssim": ("SSIM of eyes and mouth", "{:.3f}"),
    "light": ("tone error", "{:.4f}"),
    "energy_0": ("detail 1-2 px", "{:.2f}"),
    "energy_1": ("detail 2-4 px", "{:.2f}"),
    "likeness_0": ("likeness 1-2 px", "{:.3f}"),
    "likeness_1": ("likeness 2-4 px", "{:.3f}"),
    "to_source": ("to the source", "{:.3f}"),
    "to_target": ("to the target", "{:.3f}"),
    "mouth_error": ("mouth", "{:.4f}"),
    "eyes_error": ("eyes", "{:.4f}"),
}


def table(records: Sequence[dict[str, Any]]) -> str:
    """Write one table for swaps in each shot, one for reconstruction, and one for the pairs that two people share.

    Args:
        records: As `runs/ablate_comb.py` keeps them.
    """
    shots = sorted({key.split(" ")[1] for key in records[0]["pairs"]})
    parts = [_part(f"Swaps, {shot}", records, shot, None) for shot in shots]
    parts.append(_part("Reconstruction of unseen frames, all shots", records, None, None, own=True))
    few = [set(_people(record)) for record in records if len(_people(record)) == 2]
    if few:
        parts.append(
            _part("Swaps between those that every comb knows, all shots", records, None, set.intersection(*few))
        )
    parts += [_mattes(record) for record in records if "told" in next(iter(record["pairs"].values()))]
    return "\n".join(parts)


def _mattes(record: dict[str, Any]) -> str:
    rows = _rows(record, None, None, own=False)
    told, own = (float(np.mean([row[key] for row in rows])) for key in ("told", "own"))
    return (
        f"{record['name']}: overlap (intersection over union) with the matte of the answer, swaps: {told:.3f} as the "
        f"decoder tells it, {own:.3f} as the plate's own landmarks draw it.\n"
    )


def _part(
    title: str, records: Sequence[dict[str, Any]], shot: str | None, people: set[str] | None, own: bool = False
) -> str:
    heads = ["variant", *(head for head, _ in COLUMNS.values()), "CPU s", "weights an identity"]
    lines = [f"### {title}", "", f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for record in records:
        rows = _rows(record, shot, people, own)
        cells = [how.format(np.mean([row[key] for row in rows])) for key, (_, how) in COLUMNS.items()]
        seconds = "-" if record["cpu_s"] is None else f"{record['cpu_s']:.0f}"
        lines.append(f"| {' | '.join([record['name'], *cells, seconds, str(record['an_identity'])])} |")
    return "\n".join([*lines, ""])


def _rows(record: dict[str, Any], shot: str | None, people: set[str] | None, own: bool) -> list[dict[str, float]]:
    chosen = []
    for key, row in record["pairs"].items():
        pair, played = key.split(" ")
        source, target = pair.split("<")
        if (source == target) == own and shot in (None, played) and (people is None or {source, target} <= people):
            chosen.append(row)
    return chosen


def _people(record: dict[str, Any]) -> list[str]:
    return sorted({key.partition("<")[0] for key in record["pairs"]})
