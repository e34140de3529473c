"""A step made in parts is the step made at once."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from comb_helpers import config, crops, shape
from pecten.comb.weights import read_header
from pecten.training.loop import train
from pecten.training.run import Run
from pecten.training.step import parts

PEOPLE = 3
BATCH = 4


def stepped(accumulate: int, people: int = PEOPLE) -> tuple[Run, list[float], float]:
    settings = config(batch=BATCH, accumulate=accumulate, bfloat16=False, start_px=16)
    run = Run([crops(identity) for identity in shape(people).identities], shape(people), settings)
    outcome = run.advance()
    return run, list(outcome.losses.values()), outcome.gradient_norm


@pytest.mark.parametrize("accumulate", [2, 3, 4, 7, 12, 40])
def test_gradients_losses_and_clock_do_not_depend_on_the_parts(accumulate: int) -> None:
    whole, losses, norm = stepped(1)
    split, other_losses, other_norm = stepped(accumulate)
    assert split.clock == whole.clock
    assert other_losses == pytest.approx(losses, rel=1e-5)
    assert other_norm == pytest.approx(norm, rel=1e-4)
    for ours, theirs in zip(whole.comb.parameters(), split.comb.parameters(), strict=True):
        if ours.grad is not None:
            torch.testing.assert_close(theirs.grad, ours.grad, rtol=1e-3, atol=1e-6)


def test_a_part_left_out_would_be_seen() -> None:
    whole, _, _ = stepped(1)
    pair, _, _ = stepped(1, people=2)
    a, b = (run.comb.encoder.base.weight.grad for run in (whole, pair))
    assert not torch.allclose(a, b, rtol=1e-3, atol=1e-6)


def test_pictures_are_drawn_part_by_part_and_each_identity_once(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run([crops(identity) for identity in shape(3).identities], shape(3), config(batch=2, accumulate=6))
    drawn, real = [], run.batch

    def noted(identity: str, level: int) -> object:
        drawn.append(identity)
        return real(identity, level)

    monkeypatch.setattr(run, "batch", noted)
    run.advance()
    assert drawn == ["one", "two", "three"]


@given(people=st.integers(1, 40), batch=st.integers(1, 9), count=st.integers(1, 500))
def test_parts_cover_every_picture_once_and_are_as_many_as_asked(people: int, batch: int, count: int) -> None:
    names = [str(k) for k in range(people)]
    made = parts(names, batch, count)
    pictures = [(name, k) for group, pieces in made for piece in pieces for name in group for k in range(batch)[piece]]
    assert sorted(pictures) == sorted((name, k) for name in names for k in range(batch))
    largest = max(len(group) * len(range(batch)[piece]) for group, pieces in made for piece in pieces)
    # No part is larger than an even split into whole groups, or whole pictures, needs.
    assert largest <= max(-(-people // count) * batch, -(-batch // max(1, count // people)))
    assert all(pieces for _, pieces in made)


def test_how_a_step_is_split_may_change_between_runs(tmp_path: Path) -> None:
    people, left = (crops("one"), crops("two")), iter(range(99))
    train(people, shape(), config(), tmp_path, should_stop=lambda: next(left) == 2)
    train(people, shape(), config(accumulate=2), tmp_path)
    assert read_header(tmp_path)["images_seen"] == 80
