"""Standard error is kept clean, and given back."""

import os
import subprocess
import sys

import pytest

from pecten.quiet import hushed


def test_native_words_are_kept_away(capfd: pytest.CaptureFixture[str]) -> None:
    with hushed():
        os.write(2, b"libpng warning\n")
    os.write(2, b"ours\n")
    assert capfd.readouterr().err == "ours\n"


def test_two_threads_that_overlap_give_standard_error_back(capfd: pytest.CaptureFixture[str]) -> None:
    one, other = hushed(), hushed()
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    os.write(2, b"still hushed\n")
    other.__exit__(None, None, None)
    os.write(2, b"heard\n")
    assert capfd.readouterr().err == "heard\n"


def test_an_error_inside_gives_standard_error_back(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="inside"), hushed():
        raise ValueError("inside")
    os.write(2, b"heard\n")
    assert capfd.readouterr().err == "heard\n"


def test_progress_is_heard_while_native_words_are_not() -> None:
    code = (
        "import os\n"
        "from pecten.cli.screen import Screen\n"
        "from pecten.quiet import hushed\n"
        "with Screen() as screen, hushed():\n"
        "    os.write(2, b'libpng warning\\n')\n"
        "    screen('swap', 1, 2)\n"
        "    screen.say('half done')\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stderr == "swap: 1/2, 0:00\nhalf done\n"
