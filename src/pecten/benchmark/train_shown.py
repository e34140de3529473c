"""How fast a comb shows a face, in torch and in OpenVINO."""

from importlib.util import find_spec
from math import nan
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from pecten.benchmark.report import Figure, Table
from pecten.benchmark.train_steps import Found, Spent, timed
from pecten.comb.config import CombConfig
from pecten.comb.export import Swapper, export
from pecten.comb.model import Comb
from pecten.training.config import preset

SIDES = (256, 512, 1024)
WANTED = 2.5
"""Frames/s of the paper's comb at 1024 px in OpenVINO on two cores."""


def measure_shown(quick: bool) -> Found:
    """Time one crop through encoder and decoder, weights at random."""
    jobs = [("quick", 64)] if quick else [(name, side) for name in ("paper", "quick") for side in SIDES]
    figures, rows = [], []
    for name, side in jobs:
        shape, _ = preset(name, ("p0",), side)
        plain, served = _times(shape, 1 if quick else 3)
        rows.append((name, str(side), *_told(plain), *_told(served)))
        if (name, side) == ("paper", SIDES[-1]):
            rate, note = nan, "not measured: no OpenVINO"
            if served:
                rate, note = 1 / served.wall, f"by CPU time of all threads {1 / served.cpu:.2f} a second"
            figures.append(Figure(f"frames/s at {side} px, OpenVINO", rate, "frames/s", WANTED, True, note))
    columns = ("preset", "px", "torch, frames/s", "torch, CPU ms", "OpenVINO, frames/s", "OpenVINO, CPU ms")
    return figures, [Table("Inference", columns, tuple(rows))]


def _times(shape: CombConfig, repeats: int) -> tuple[Spent, Spent | None]:
    comb = Comb(shape).eval().requires_grad_(False)
    crop = torch.rand(1, 3, shape.size, shape.size)
    swapper = Swapper(comb, "p0").eval()
    with torch.inference_mode():
        plain = timed(lambda: swapper(crop), repeats)
    if find_spec("openvino") is None:
        return plain, None
    with TemporaryDirectory() as folder:
        path = Path(folder) / "comb.xml"
        export(comb, "p0", path, {})
        compiled = _compiled(path)
        return plain, timed(lambda: compiled([crop.numpy()]), repeats)


def _compiled(path: Path) -> Any:
    import openvino

    options = {"INFERENCE_NUM_THREADS": torch.get_num_threads(), "PERFORMANCE_HINT": "LATENCY"}
    return openvino.Core().compile_model(str(path), "CPU", options)


def _told(spent: Spent | None) -> tuple[str, str]:
    if spent is None:
        return "not measured", ""
    return f"{1 / spent.wall:.3g}", f"{1000 * spent.cpu:.0f}"
