"""What several verbs set up before they work."""

import sys

import pytest

from pecten.cli.options import keep_memory


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc is told")
def test_glibc_can_be_told_to_keep_memory() -> None:
    assert keep_memory()
