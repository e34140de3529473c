"""Training curves drawn from a comb's stats.jsonl."""

import json
from pathlib import Path
from typing import Any


def read_stats(path: Path) -> list[dict[str, Any]]:
    """Read the rows of a stats.jsonl; a last line cut short by an interrupt is left out."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return rows


def draw_curves(stats: Path, out: Path) -> None:
    """Draw each performer's loss over the images seen, with the size that was trained."""
    from matplotlib.figure import Figure

    rows = [row for row in read_stats(stats) if "loss" in row]
    figure = Figure(figsize=(10, 5), layout="constrained")
    loss_axis = figure.subplots()
    seen = [row["images_seen"] for row in rows]
    for identity in rows[0]["loss"]:
        loss_axis.plot(seen, [row["loss"][identity] for row in rows], label=identity, linewidth=1.2)
    loss_axis.set(xlabel="images seen", ylabel="loss in the face", yscale="log")
    loss_axis.legend(loc="upper center")
    loss_axis.grid(alpha=0.3, which="both")
    size_axis = loss_axis.twinx()
    size_axis.step(seen, [2 ** row["level"] for row in rows], color="black", alpha=0.25, where="post")
    size_axis.set_ylabel("size trained (px)")
    size_axis.set_yscale("log", base=2)
    sizes = sorted({2 ** row["level"] for row in rows})
    size_axis.set_yticks(sizes, [str(size) for size in sizes])
    figure.savefig(out, dpi=110)
