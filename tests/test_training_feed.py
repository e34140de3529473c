"""Crops sent ahead of a step are those of the step."""

from pathlib import Path

import numpy as np
import torch

from comb_helpers import config, crops, shape
from pecten.comb.weights import load_comb
from pecten.training.feed import Feed
from pecten.training.loop import train
from pecten.training.run import Run

TWO = (crops("one"), crops("two"))
CPU = torch.device("cpu")


def feeds() -> tuple[Feed, Feed]:
    people = {one.identity: one for one in TWO}
    return Feed(people, CPU, on_host=False), Feed(people, CPU, on_host=True)


def test_both_ways_give_the_same_crops_whether_sent_for_or_not() -> None:
    device, host = feeds()
    rows = np.array([4, 0, 4])
    for level, identity, seen in ((4, "one", 0), (4, "two", 0), (3, "one", 12)):
        host.at(level)
        if identity == "one":
            host.send_for((level, identity, seen), rows)
        pairs = zip(device.take((level, identity, seen), rows), host.take((level, identity, seen), rows), strict=True)
        for ours, theirs in pairs:
            assert torch.equal(ours, theirs)
            assert (ours.shape[0], ours.shape[2]) == (3, 2**level)


def test_what_was_sent_for_serves_its_own_step_alone() -> None:
    _, host = feeds()
    host.at(4)
    host.send_for((4, "one", 8), np.array([1, 1]))
    # After a roll-back the same step may draw anew, and an earlier one other pictures.
    early = host.take((4, "one", 4), np.array([2, 3]))[0]
    assert torch.equal(early, host.at(4)["one"][0][[2, 3]])
    assert torch.equal(host.take((4, "one", 8), np.array([1, 1]))[0], host.at(4)["one"][0][[1, 1]])
    host.send_for((4, "one", 8), np.array([5, 5]))
    assert torch.equal(host.take((4, "one", 20), np.array([0, 2]))[0], host.at(4)["one"][0][[0, 2]])
    assert not host._ahead


def test_nothing_is_sent_for_at_a_level_that_is_not_there() -> None:
    _, host = feeds()
    host.at(4)
    host.send_for((3, "one", 8), np.array([1]))
    assert not host._ahead


def test_the_next_step_is_ready_when_it_comes() -> None:
    run = Run(TWO, shape(), config(cache="host", start_px=16))
    run.advance()
    assert {key[1:] for key in run.feed._ahead} == {("one", 4), ("two", 4)}


def test_where_crops_lie_changes_no_bit_of_the_comb(tmp_path: Path) -> None:
    there, here = (train(TWO, shape(), config(cache=cache), tmp_path / cache) for cache in ("device", "host"))
    pairs = zip(load_comb(there).parameters(), load_comb(here).parameters(), strict=True)
    assert all(torch.equal(ours, theirs) for ours, theirs in pairs)
