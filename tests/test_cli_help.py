"""The command's help, word for word, and what it costs to ask for it.

Write the golden files anew with: python tests/test_cli_help.py
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
VERBS = (
    "",
    "faces",
    "correct",
    "train",
    "submit",
    "swap",
    "info",
    "demo",
    "consent",
    "consent new",
    "consent digest",
    "consent revoke",
    "comb",
    "comb keep",
    "comb drop",
    "comb mix",
    "comb sharpen",
    "comb export",
    "comb latent",
    "enhance",
    "enhance train",
    "enhance faces",
    "enhance clip",
    "bench",
    "bench faces",
    "bench composite",
    "bench swap",
    "bench train",
)
HEAVY = ("torch", "numpy", "cv2", "av", "OpenImageIO", "c2pa")


def golden_of(verb: str) -> Path:
    return GOLDEN / f"help{'_' if verb else ''}{verb.replace(' ', '_')}.txt"


def help_of(verb: str) -> str:
    """Ask in a process of its own, a hundred columns wide and without colour."""
    plain = {**os.environ, "COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1"}
    words = [sys.executable, "-m", "pecten", *verb.split(), "--help"]
    done = subprocess.run(words, env=plain, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_help_is_as_it_was_agreed(verb: str) -> None:
    assert help_of(verb) == golden_of(verb).read_text(encoding="utf-8")


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in ("", "bench", "comb", "consent", "enhance")])
def test_every_verb_shows_examples_one_a_line(verb: str) -> None:
    lines = golden_of(verb).read_text(encoding="utf-8").splitlines()
    examples = lines[lines.index("  Examples:") + 1 :]
    assert examples
    begun = [line for line in examples if line.startswith(f"    pecten {verb}")]
    carried_on = [line for line in examples if line.startswith("        ")]
    assert len(begun) + len(carried_on) == len(examples)
    assert all(len(line) <= 100 for line in examples)


def test_defaults_in_words_are_not_lost() -> None:
    text = " ".join(golden_of("swap").read_text(encoding="utf-8").split())
    assert "[default: the one seen most]" in text
    assert "[default: global with --light bands, else none]" in text


def test_every_swap_method_is_named() -> None:
    from pecten.benchmark.swap_methods import METHODS

    # A terminal breaks names at their hyphens, too.
    told = re.sub(r"-\n\s+", "-", golden_of("bench swap").read_text(encoding="utf-8"))
    words = re.split(r"[\s,.]+", told)
    assert set(METHODS) <= set(words)


def test_the_command_starts_without_the_heavy_libraries() -> None:
    code = f"import sys, pecten.cli.app, pecten.__main__; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_words_of_nothing_are_help_and_the_version_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    from pecten import __version__
    from pecten.__main__ import run

    assert run([]) == 0
    assert capfd.readouterr().out.startswith("Usage: pecten ")
    assert run(["--version"]) == 0
    assert capfd.readouterr().out == f"pecten {__version__}\n"


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for one in VERBS:
        golden_of(one).write_text(help_of(one), encoding="utf-8")
