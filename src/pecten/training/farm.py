"""A training as a job of a farm (SLURM), through submitit; a job that must make room goes on later where it stopped."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pecten.errors import TrainingError

RUNS = 100
"""How often a job may run out of its time and be queued again."""

WARNING_S = 120
"""Between the farm's signal and the end of a job's time: for the step, the checkpoint and torchrun's own end."""

FIRST_PORT = 29500


@dataclass(frozen=True)
class Wishes:
    """What a job asks the farm for.

    Attributes:
        nodes: Machines.
        gpus: On each machine, a process for each; 0 trains on CPUs.
        hours: Until the farm ends the job; it is queued again then.
        cpus: Cores on each machine.
        memory_gb: On each machine; None leaves it to the farm, as in all below.
        partition: The queue.
        account: Who pays.
        constraint: Kind of machine.
    """

    nodes: int = 1
    gpus: int = 1
    hours: float = 24.0
    cpus: int = 8
    memory_gb: int | None = None
    partition: str | None = None
    account: str | None = None
    constraint: str | None = None

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of `sbatch`, named as submitit has them."""
        said: dict[str, Any] = {
            "job_name": "pecten",
            "nodes": self.nodes,
            # One starter a machine; torchrun starts the processes.
            "ntasks_per_node": 1,
            "gpus_per_node": self.gpus or None,
            "cpus_per_task": self.cpus,
            "mem": f"{self.memory_gb}GB" if self.memory_gb else None,
            "time": max(1, round(self.hours * 60)),
            "signal_delay_s": WARNING_S,
            "partition": self.partition,
            "account": self.account,
            "constraint": self.constraint,
        }
        return {key: value for key, value in said.items() if value is not None}


@dataclass
class TrainJob:
    """What a farm's machine is to do: a command line of Pecten, in a process of its own.

    submitit carries this object from the process that submits to the one on the machine, and back into the queue, by
    cloudpickle: the queue's own transport between processes of one user. It holds words and numbers only; no comb and
    no dataset is ever pickled.

    Args:
        words: Of the command line after `pecten`.
        folder: Where it is given, for relative paths in it.
        nodes: Machines of the job.
        gpus: Processes on each, or 0 for one on the CPU.
    """

    words: tuple[str, ...]
    folder: str
    nodes: int = 1
    gpus: int = 1
    _child: "subprocess.Popen[bytes] | None" = field(default=None, init=False, repr=False, compare=False)

    def __call__(self) -> None:
        """Run to the end.

        Raises:
            TrainingError: if the command fails.
        """
        # In a session of its own: the farm's signals go to the starter's group, and would end it without a checkpoint.
        self._child = subprocess.Popen(self.command(), cwd=self.folder, start_new_session=True)
        code = self._child.wait()
        if code:
            raise TrainingError(f"pecten {self.words[0]} ended with code {code}: see its own message in the job's log")

    def command(self) -> list[str]:
        """Return the whole command line; of several machines, as the farm's own variables say in a job."""
        processes = max(1, self.gpus)
        if self.nodes * processes == 1:
            return [sys.executable, "-m", "pecten", *self.words]
        meeting = ["--standalone"]
        if self.nodes > 1:
            host, number = _meeting_place()
            meeting = ["--nnodes", str(self.nodes), "--rdzv-backend", "c10d", "--rdzv-id", f"pecten{number}"]
            # Jobs that share a machine must not meet.
            meeting += ["--rdzv-endpoint", f"{host}:{FIRST_PORT + number % 1000}"]
        torchrun = [sys.executable, "-m", "torch.distributed.run", *meeting, "--nproc-per-node", str(processes)]
        return [*torchrun, "-m", "pecten", *self.words]

    def checkpoint(self) -> Any:
        """Interrupt the command, wait until it has saved, and return what submitit puts into the queue again.

        submitit calls this on the first machine, in the main thread, where `__call__` waits for the same process.
        """
        from submitit.helpers import DelayedSubmission

        if self._child is not None and self._child.returncode is None:
            os.kill(self._child.pid, signal.SIGTERM)
            # Not by Popen.wait: the interrupted one holds its lock. Left unreaped for that one.
            os.waitid(os.P_PID, self._child.pid, os.WEXITED | os.WNOWAIT)
        return DelayedSubmission(replace(self))


def submit(job: TrainJob, executor: Any) -> str:
    """Give a job to the farm.

    Args:
        job: What to do.
        executor: submitit's, with its parameters set.
    Returns:
        The job's number.
    Raises:
        TrainingError: if the farm refuses it.
    """
    from submitit.core.utils import FailedJobError, FailedSubmissionError

    try:
        return str(executor.submit(job).job_id)
    except (FailedJobError, FailedSubmissionError, OSError) as error:
        raise TrainingError(f"the farm refuses the job ({' '.join(str(error).split())}): change the wishes") from error


def executor_of(wishes: Wishes, logs: Path) -> Any:
    """Return submitit's executor for SLURM.

    Args:
        wishes: Of the job.
        logs: Folder that all machines see; submitit keeps its logs and small files there.
    Raises:
        TrainingError: if submitit is not installed, or there is no SLURM on this machine.
    """
    if find_spec("submitit") is None:
        raise TrainingError("submitit is not installed: pip install 'pecten[slurm]'")
    from submitit import SlurmExecutor

    if SlurmExecutor.affinity() < 0:
        raise TrainingError("no SLURM on this machine (srun is not found): submit from a login node of the farm")
    executor = SlurmExecutor(folder=logs, max_num_timeout=RUNS)
    executor.update_parameters(**wishes.parameters())
    return executor


def _meeting_place() -> tuple[str, int]:
    """Return the first machine's name and the job's number."""
    from submitit import JobEnvironment

    here = JobEnvironment()
    return str(here.hostnames[0]), int(here.raw_job_id)
