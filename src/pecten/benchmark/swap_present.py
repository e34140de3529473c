"""What a benchmark of swaps leaves to look at, made from its record of results alone."""

from collections.abc import Sequence
from pathlib import Path

from pecten.benchmark.swap_page import write_page
from pecten.benchmark.swap_pictures import write_pictures_of
from pecten.benchmark.swap_results import load_results
from pecten.benchmark.swap_table import figures_of, tables_of
from pecten.types import Progress, silent

PAGE = "page.html"


def present(out: Path, consent: Sequence[Path], progress: Progress = silent, videos: bool = True) -> Path:
    """Write sheets, videos and the page of a benchmark.

    Args:
        out: Folder that `measure_swap` wrote.
        consent: Folders of consent records; the pictures' credentials name those of source and target.
        progress: Told on the way.
        videos: Whether to write videos.
    Returns:
        The page.
    Raises:
        UsageError: if results or pictures are missing.
        ConsentError: if a source's record is missing or forbids this.
    """
    results = load_results(out)
    files = write_pictures_of(results, out, consent, progress, videos)
    return write_page(out / PAGE, results, out, tables_of(results), figures_of(results), files, progress=progress)
