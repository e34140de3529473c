"""The published table of swaps: every method, all pairs, both shots, one budget; see docs/benchmark_swap.md.

python runs/bench_swap.py FOOTAGE OUT [--images 12000] [--comb COMB] ...

Anything after the two folders goes to `pecten bench swap` as it is. It may be stopped: the same line goes on.
"""

import sys

from pecten.__main__ import run

JUDGED = ["--preset", "quick", "--size", "256", "--judge", "256"]
"""What the published figures were made with, besides the budget."""


def main(words: list[str]) -> int:
    """Run the benchmark and return its exit code."""
    if len(words) < 2 or words[0].startswith("-") or words[1].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    footage, out, *more = words
    return run(["bench", "swap", "--footage", footage, "--out", out, *JUDGED, *more])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
