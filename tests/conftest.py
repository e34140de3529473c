"""What several files of tests share."""

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

# A check of a commit must give the same answer twice; by hand new examples are drawn every time.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")

if TYPE_CHECKING:
    from cli_support import Studio


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep certificates and records of tests out of the user's own folder, and the user's settings out of the tests."""
    monkeypatch.delenv("OCIO", raising=False)
    monkeypatch.setenv("PECTEN_HOME", str(tmp_path_factory.getbasetemp() / "pecten_home"))


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> "Studio":
    """Clips, datasets and a tiny comb of two performers who do not exist; not to be written to."""
    # Imported here: jaxtyping's checks must be in place before any of the package is.
    from cli_support import build_studio

    return build_studio(tmp_path_factory.mktemp("studio"))


def pytest_configure() -> None:
    """Take interrupts even where the tests were started in the background, whose shell has them ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
