"""A training as a job of a farm: what is asked for, what is run, and going on after an interruption."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
import submitit
from submitit.helpers import DelayedSubmission

import pecten
from pecten.__main__ import run
from pecten.errors import TrainingError
from pecten.training import farm
from pecten.training.farm import TrainJob, Wishes, executor_of, submit

WORDS = ("train", "faces/ada", "faces/bruno", "-o", "comb")

# A trainer as the job sees one: it begins, and on SIGTERM saves and ends as an interrupted command does.
TRAINER = """
import signal, sys, time
from pathlib import Path
def save(number, frame):
    time.sleep(0.2)
    Path("checkpoint").touch()
    sys.exit(130)
signal.signal(signal.SIGTERM, save)
Path("begun").touch()
time.sleep(60)
"""


def program(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A SLURM that takes every job for number 4711."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program(folder, "srun", "exit 1")
    program(folder, "sbatch", "echo Submitted batch job 4711")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def test_one_process_needs_no_starter_and_more_have_torchrun() -> None:
    alone = [sys.executable, "-m", "pecten", *WORDS]
    assert TrainJob(WORDS, "/project").command() == alone
    assert TrainJob(WORDS, "/project", gpus=0).command() == alone
    four = TrainJob(WORDS, "/project", gpus=4).command()
    assert four[1:] == ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "4", "-m", "pecten", *WORDS]


def test_machines_meet_at_the_first_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in {
        "SUBMITIT_EXECUTOR": "slurm",
        "SLURM_JOB_ID": "4711",
        "SLURM_JOB_NODELIST": "gpu[07-08],big1",
    }.items():
        monkeypatch.setenv(key, value)
    line = " ".join(TrainJob(WORDS, "/project", nodes=3, gpus=0).command()[1:])
    assert "--nnodes 3 --rdzv-backend c10d --rdzv-id pecten4711 --rdzv-endpoint gpu07:30211" in line
    assert line.endswith("--nproc-per-node 1 -m pecten train faces/ada faces/bruno -o comb")


def test_slurm_is_asked_for_what_is_wished(slurm: Path, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    wishes = Wishes(nodes=2, gpus=4, hours=1.5, memory_gb=64, partition="film")
    assert submit(TrainJob(WORDS, "/project", 2, 4), executor_of(wishes, logs)) == "4711"
    sent = (logs / "4711_submission.sh").read_text(encoding="utf-8")
    for said in ("nodes=2", "ntasks-per-node=1", "gpus-per-node=4", "time=90", "mem=64GB", "partition=film"):
        assert f"#SBATCH --{said}\n" in sent
    assert f"@{farm.WARNING_S}\n" in sent
    assert "account" not in sent
    assert (logs / "4711_submitted.pkl").stat().st_size < 2000, "a job is a few words"


def test_a_refusal_is_one_line(slurm: Path, tmp_path: Path) -> None:
    program(slurm, "sbatch", "echo invalid partition specified: moon >&2; exit 1")
    with pytest.raises(TrainingError, match=r"refuses the job .*moon"):
        submit(TrainJob(WORDS, "/project"), executor_of(Wishes(partition="moon"), tmp_path / "logs"))


def test_an_interrupted_job_saves_and_is_queued_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job, again = TrainJob(WORDS, str(tmp_path), gpus=4), []
    monkeypatch.setattr(TrainJob, "command", lambda self: [sys.executable, "-S", "-c", TRAINER])

    def preempt() -> None:
        while not (tmp_path / "begun").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGUSR2)

    def checkpoint(number: int, frame: object) -> None:
        again.append(job.checkpoint())
        assert (tmp_path / "checkpoint").exists()

    # As in a job: the main thread waits for the trainer, the signal's handler asks for the checkpoint.
    before = signal.signal(signal.SIGUSR2, checkpoint)
    sender = threading.Thread(target=preempt)
    sender.start()
    try:
        with pytest.raises(TrainingError, match="ended with code 130"):
            job()
    finally:
        sender.join()
        signal.signal(signal.SIGUSR2, before)
    again[0].set_timeout(5, 1)
    again[0].dump(tmp_path / "again.pkl")
    assert DelayedSubmission.load(tmp_path / "again.pkl").function == TrainJob(WORDS, str(tmp_path), gpus=4)


def test_a_job_that_has_not_begun_or_is_done_is_queued_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TrainJob, "command", lambda self: [sys.executable, "-S", "-c", ""])
    job = TrainJob(WORDS, str(tmp_path))
    assert job.checkpoint().function == job
    job()
    assert job.checkpoint().function == job


def test_submitit_carries_a_job_to_another_process_and_brings_its_end_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The job's process works elsewhere.
    monkeypatch.setenv("PYTHONPATH", str(Path(pecten.__file__).parents[1]))
    executor = submitit.LocalExecutor(tmp_path / "logs")
    executor.update_parameters(timeout_min=5)
    job = executor.submit(TrainJob(("train", "nobody", "-o", "comb"), str(tmp_path)))
    error = job.exception()
    assert "pecten train ended with code 1" in str(error)
    assert "nobody" in job.stderr()


def test_the_command_line_is_told_and_refused(
    slurm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ["submit", "--nodes", "2", "--gpus", "4", "--partition", "film"]
    assert run([*asked, "--dry-run", *WORDS, "--size", "512"]) == 0
    out = capfd.readouterr().out
    assert "nodes=2" in out
    assert "partition=film" in out
    assert "would run pecten train faces/ada faces/bruno -o comb --size 512, 8 processes on 2 machines" in out
    assert not (tmp_path / "slurm").exists()
    assert run([*asked, *WORDS]) == 0
    assert "job 4711 submitted" in capfd.readouterr().out
    assert run([*asked, "swap", "a", "b"]) == 1
    assert "submit swap: only a training" in capfd.readouterr().err
    assert run(["submit", "--hours", "nan", *WORDS]) == 1
    assert "--hours nan" in capfd.readouterr().err
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run(["submit", *WORDS]) == 1
    assert "no SLURM on this machine" in capfd.readouterr().err
    monkeypatch.setattr(farm, "find_spec", lambda name: None)
    assert run(["submit", *WORDS]) == 1
    assert capfd.readouterr().err == "pecten: submitit is not installed: pip install 'pecten[slurm]'\n"
