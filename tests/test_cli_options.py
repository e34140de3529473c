"""What several verbs set up before they work."""

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from pecten.cli.options import DryRun, Threads, expanded, keep_memory
from pecten.cli.plate import folder_of_found


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc is told")
def test_glibc_can_be_told_to_keep_memory() -> None:
    assert keep_memory()


@pytest.mark.parametrize(
    ("out", "kept"),
    [
        ("out/sh010.####.exr", "out/sh010.faces"),
        ("out/sh010_%04d.exr", "out/sh010.faces"),
        ("sh010.left.####.exr", "sh010.left.faces"),
        ("v1.left.mov", "v1.left.faces"),
        ("plate.mov", "plate.faces"),
        ("####.png", "plate.faces"),
    ],
)
def test_what_is_found_in_a_plate_is_kept_under_the_deliverys_whole_name(out: str, kept: str) -> None:
    assert folder_of_found(None, Path(out)) == Path(kept)
    assert folder_of_found(Path("mine"), Path(out)) == Path("mine")


@dataclass(frozen=True)
class Shared:
    threads: Threads = 2
    dry_run: DryRun = False


def test_shared_options_come_back_together() -> None:
    answers = []

    @expanded
    def verb(plate: str, *, shared: Shared) -> None:
        """Do something."""
        answers.append((plate, shared))

    verb(plate="a.mov", threads=3, dry_run=True)
    assert answers == [("a.mov", Shared(3, True))]
    assert (verb.__name__, verb.__doc__, list(verb.__annotations__)) == (
        "verb",
        "Do something.",
        ["plate", "threads", "dry_run"],
    )
