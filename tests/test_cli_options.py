"""What several verbs set up before they work."""

import sys
from dataclasses import dataclass

import pytest

from pecten.cli.options import DryRun, Threads, expanded, keep_memory


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc is told")
def test_glibc_can_be_told_to_keep_memory() -> None:
    assert keep_memory()


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
