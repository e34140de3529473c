"""What a comb becomes when training goes on with it."""

from dataclasses import replace
from pathlib import Path

import pytest

from pecten.cli.train import grown
from pecten.comb.config import CombConfig
from pecten.errors import UsageError

HELD = CombConfig(("ada", "bruno"), 64, "tiny")
BASE = Path("old")


def test_what_is_not_asked_for_stays_and_performers_are_added() -> None:
    assert grown(HELD, ("bruno",), None, None, None, BASE) == HELD
    dana = grown(HELD, ("dana", "ada"), 64, 2, "shared", BASE)
    assert dana == replace(HELD, identities=("ada", "bruno", "dana"), texture=2, trunk="shared")
    assert grown(dana, ("dana",), None, 2, "shared", BASE) == dana


@pytest.mark.parametrize(
    ("held", "asked", "told"),
    [
        (HELD, (128, None, None), "--size 128"),
        (replace(HELD, texture=2), (None, 3, None), "--texture 3"),
        (replace(HELD, trunk="shared"), (None, None, "own"), "--trunk own"),
    ],
)
def test_what_cannot_be_changed_is_refused(
    held: CombConfig, asked: tuple[int | None, int | None, str | None], told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        grown(held, ("ada",), *asked, BASE)
