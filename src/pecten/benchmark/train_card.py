"""What a GPU makes of the published comb."""

from dataclasses import replace
from math import nan

import torch
from torch.utils.flop_counter import FlopCounterMode

from pecten.benchmark.report import Figure
from pecten.benchmark.train_steps import Found, names, run_of, timed
from pecten.training.config import preset
from pecten.training.run import Run

SIDE, PEOPLE = 1024, 4
PEAKS = {"H100": 989e12, "H200": 989e12, "A100": 312e12, "L40S": 362e12, "4090": 165e12}
"""Dense bf16 FLOP/s of cards, by a part of their name, as their makers state them."""


def measure_card(quick: bool) -> Found:
    """Time training and inference at 1024 px with four identities in bf16; not measured where there is no GPU."""
    if not torch.cuda.is_available():
        return _found(nan, nan, nan, nan, "not measured: no GPU")
    side = 256 if quick else SIDE
    shape, config = preset("paper", names(PEOPLE), side)
    run = run_of(shape, replace(config, device="cuda", bfloat16=True, compile=not quick))
    counter = FlopCounterMode(display=False)
    with counter:
        run.advance()
    torch.cuda.reset_peak_memory_stats()
    spent = timed(lambda: _finished(run), 3 if quick else 20)
    card = torch.cuda.get_device_name()
    peak = next((value for part, value in PEAKS.items() if part in card), nan)
    images = config.batch * PEOPLE
    return _found(
        images / spent.wall,
        counter.get_total_flops() / spent.wall / peak,
        torch.cuda.max_memory_allocated() / 2**30,
        _shown(run, side),
        f"{card}, {side} px, batch {config.batch} of each of {PEOPLE}",
    )


def _finished(run: Run) -> None:
    run.advance()
    torch.cuda.synchronize()


def _shown(run: Run, side: int) -> float:
    level, crops = side.bit_length() - 1, torch.rand(8, 3, side, side, device="cuda")

    def show() -> None:
        with torch.inference_mode(), torch.autocast("cuda", torch.bfloat16):
            run.ema.decode(run.ema.encode(crops, level), "p0", level)
        torch.cuda.synchronize()

    return len(crops) / timed(show, 10).wall


def _found(rate: float, share: float, memory: float, shown: float, note: str) -> Found:
    about = f"GPU, {SIDE} px, {PEOPLE} identities, bf16"
    return [
        Figure(f"{about}: images/s", rate, "images/s", 250.0, True, note),
        Figure(f"{about}: share of the card's FLOP/s", share, "", 0.25, True, note),
        Figure(f"{about}: peak memory", memory, "GiB", 60.0, False, note),
        Figure(f"GPU, {SIDE} px: inference", shown, "frames/s", 200.0, True, note),
    ], []
