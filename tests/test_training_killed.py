"""A training that is killed outright at any moment goes on to the same comb."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from comb_helpers import untaught
from pecten.comb.weights import load_comb, read_header

IMAGES = 160
EVERY = 16
KILLS = 3
CHECKPOINTS = "checkpoints/[0-9]*.safetensors"

# Loads the libraries once. Each line on stdin is the moment of death, in seconds after the next checkpoint, and a
# folder; a trainer is forked for it, which kills itself then, as kill -9 would: from outside it would come too late
# on a busy machine. A negative moment is a full life. The exit code is the answer.
NURSERY = f"""
import os, signal, sys, threading, time, torch
torch.set_num_threads(1)
from pathlib import Path
from comb_helpers import config, crops, shape
from pecten.training.loop import train

def die(out, after, held):
    while not set(out.glob({CHECKPOINTS!r})) - held:
        time.sleep(0.001)
    time.sleep(after)
    os.kill(os.getpid(), signal.SIGKILL)

for line in sys.stdin:
    after, folder = line.strip().split(" ", 1)
    out = Path(folder)
    child = os.fork()
    if not child:
        held = set(out.glob({CHECKPOINTS!r}))
        if float(after) >= 0:
            threading.Thread(target=die, args=(out, float(after), held), daemon=True).start()
        wanted = config(images={IMAGES}, checkpoint_images={EVERY}, preview_images=0)
        train([crops("one"), crops("two")], shape(), wanted, out)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""

Nursery = subprocess.Popen[str]


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    around = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-c", NURSERY]
    with subprocess.Popen(words, env=around, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        yield running


def live(nursery: Nursery, folder: Path, dies_after: float = -1) -> int:
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    nursery.stdin.write(f"{dies_after} {folder}\n")
    nursery.stdin.flush()
    return int(nursery.stdout.readline())


def newest(out: Path) -> int:
    return max((int(path.stem) for path in out.glob(CHECKPOINTS)), default=0)


def test_killed_at_random_moments_it_loses_no_more_than_an_interval_and_no_bit(
    nursery: Nursery, tmp_path: Path
) -> None:
    draws, out, whole = random.Random(0), tmp_path / "killed", tmp_path / "whole"
    for kill in range(KILLS):
        before = newest(out)
        assert live(nursery, out, draws.uniform(0, 0.03)) == -signal.SIGKILL
        assert before < newest(out) < IMAGES, f"kill {kill}"
    for folder in (out, whole):
        assert live(nursery, folder) == 0
        assert read_header(folder)["images_seen"] == IMAGES
    ours, theirs = (load_comb(folder).state_dict() for folder in (whole, out))
    assert ours.keys() == theirs.keys()
    assert len(ours) > len(list(untaught().encoder.parameters()))
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)
