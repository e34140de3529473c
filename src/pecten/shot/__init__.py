"""Plate to delivery: a whole shot."""

from pecten.shot.deliver import claim_of, open_output, render, statement_of
from pecten.shot.faces import plate_faces
from pecten.shot.options import SwapOptions, Swapped, SwapSummary
from pecten.shot.outside import Outside
from pecten.shot.swap import swap_shot, working_size

__all__ = [
    "Outside",
    "SwapOptions",
    "SwapSummary",
    "Swapped",
    "claim_of",
    "open_output",
    "plate_faces",
    "render",
    "statement_of",
    "swap_shot",
    "working_size",
]
