"""A small benchmark of swaps that was never run: plain pictures, two methods, and names that must be escaped."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from pecten import sheet
from pecten.benchmark.swap_results import Measure, MethodNote, SwapResults, Taken, save_results

SIDE = 64
FRAMES = (0, 1, 2, 8, 9)
LEVELS = {"plate": 40, "truth": 200, "comb": 190, "other": 120}
NASTY = 'other </script><b onclick="x">&'


def picture(name: str, frame: int) -> np.ndarray:
    """Return a method's picture: grey of its own level, a little brighter with every frame."""
    made = np.full((SIDE, SIDE, 3), LEVELS[name] + frame, np.uint8)
    made[:8, :8] = (255, 0, 0)
    return made


def _values(method: str) -> dict[str, tuple[float, ...]]:
    base = {"plate": 10.0, "truth": math.inf, "comb": 30.0, "other": 20.0}[method]
    return {
        "psnr": tuple(base - (frame == 8) for frame in FRAMES),
        "restless": (math.nan, 1.1, math.nan, math.nan, math.nan),
    }


def small_results(root: Path) -> SwapResults:
    """Write pictures and results into a folder."""
    for name in LEVELS:
        for frame in FRAMES:
            sheet.save(root / "cache" / name / f"{frame:06d}.png", picture(name, frame))
    measures = (
        Measure("psnr", "PSNR", "dB", "high", "fidelity", says="How far <the pixels> are."),
        Measure("restless", "restlessness", "", "one", "time"),
        Measure("mouth", "mouth, correlation", "", "high", "expression"),
    )
    methods = (
        MethodNote("comb", "Our comb, 256 px", ours=True),
        MethodNote("other", NASTY),
        MethodNote("plate", "plate, unchanged", reference=True),
        MethodNote("truth", "the truth", reference=True),
    )
    taken = []
    for against, blend, names in (
        ("crop", "", LEVELS),
        ("plate", "customary", ("other", "plate", "truth")),
        ("plate", "ours", LEVELS),
        ("none", "ours", ("comb", "other", "plate")),
    ):
        for name in names:
            one = Taken(
                name, "ada", "bruno", "talk", against, blend, FRAMES, _values(name), {"mouth": 0.9},
                f"cache/{name}", "cache/truth", "cache/plate",
            )  # fmt: skip
            taken.append(replace(one, truth=None, shot="own") if against == "none" else one)
    results = SwapResults("Swaps & <others>", ("A note with <b>.",), measures, methods, tuple(taken))
    save_results(root, results)
    return results
