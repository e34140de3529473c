"""Standard error is kept clean, and given back."""

import os

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
