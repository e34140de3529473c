"""Two processes teach as one with twice the batch, and stop together."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from comb_helpers import config, crops, shape
from pecten.comb.weights import load_comb
from pecten.errors import TrainingError
from pecten.training.loop import train
from pecten.training.ranks import Ranks, joined

WORKER = """
import json, sys, torch
torch.set_num_threads(1)
from pathlib import Path
from comb_helpers import config, crops, shape
from pecten.training.loop import train
from pecten.training.ranks import joined
out, stop, settings = Path(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
people = [crops("one"), crops("two")]
with joined() as ranks:
    # Only the last process asks to stop; all must.
    steps = iter(range(1000))
    wants = lambda: ranks.rank == ranks.count - 1 and next(steps) >= stop
    train(people, shape(2), config(batch=1, **settings), out, should_stop=wants, ranks=ranks)
"""


# Alone, a process with one picture of each would have no latents to compare.
SETTINGS = {"bfloat16": False, "overlap_weight": 0.5}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def start_two(out: Path, stop: int = 1000) -> None:
    port = str(free_port())
    here = str(Path(__file__).parent)
    running = []
    for rank in range(2):
        said = {"WORLD_SIZE": "2", "RANK": str(rank), "LOCAL_RANK": str(rank), "MASTER_ADDR": "127.0.0.1"}
        path = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
        around = {**os.environ, **said, "MASTER_PORT": port, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
        running.append(
            subprocess.Popen([sys.executable, "-c", WORKER, str(out), str(stop), json.dumps(SETTINGS)], env=around)
        )
    assert [process.wait(timeout=240) for process in running] == [0, 0]


def test_two_ranks_are_one_with_twice_the_batch(tmp_path: Path) -> None:
    start_two(tmp_path / "two", stop=7)
    start_two(tmp_path / "two")
    alone = train([crops("one"), crops("two")], shape(2), config(batch=2, **SETTINGS), tmp_path / "one")
    pairs = zip(load_comb(alone).parameters(), load_comb(tmp_path / "two").parameters(), strict=True)
    for ours, theirs in pairs:
        torch.testing.assert_close(theirs, ours, rtol=1e-3, atol=1e-4)
    rows = [json.loads(line) for line in (tmp_path / "two" / "stats.jsonl").read_text(encoding="utf-8").splitlines()]
    seen = [row["images_seen"] for row in rows if "loss" in row]
    assert seen == sorted(set(seen))
    assert seen[-1] == 80
    assert [row["images_seen"] for row in rows if row.get("event") == "resumed"] == [28]


def test_shares_cover_a_step_once() -> None:
    whole = [list(range(12))[Ranks(rank, 3).share(4)] for rank in range(3)]
    assert [one for part in whole for one in part] == list(range(12))


def test_alone_needs_nobody() -> None:
    with joined() as ranks:
        assert (ranks.rank, ranks.count, ranks.leads) == (0, 1, True)
        assert ranks.agree(True)
        assert not ranks.agree(False)


def test_processes_that_cannot_be_reached_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(TrainingError, match="start with torchrun"), joined():
        pass
