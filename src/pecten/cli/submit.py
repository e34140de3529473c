"""`pecten submit`: a training as a job on a farm."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from pecten.cli.options import DryRun, check_place
from pecten.errors import UsageError

EXAMPLES = """
\b
Examples:
  pecten submit --gpus 4 train faces/ada faces/bruno -o comb/
  pecten submit --nodes 2 --gpus 8 --partition gpu --hours 12 train faces/ada faces/bruno -o comb/
  pecten submit --dry-run train faces/ada faces/bruno -o comb/
"""


def submit(
    words: Annotated[
        list[str], typer.Argument(metavar="train", help="The command line, as it would be given without a farm.")
    ],
    nodes: Annotated[int, typer.Option(min=1, help="Machines.")] = 1,
    gpus: Annotated[int, typer.Option(min=0, help="GPUs on each machine; 0 trains on the CPU.")] = 1,
    hours: Annotated[float, typer.Option(help="Time of the job; it is queued again when this is over.")] = 24.0,
    cpus: Annotated[int, typer.Option(min=1, help="Cores on each machine.")] = 8,
    memory: Annotated[int | None, typer.Option(min=1, help="GB on each machine. [default: the farm's]")] = None,
    partition: Annotated[str | None, typer.Option(help="The queue. [default: the farm's]")] = None,
    account: Annotated[str | None, typer.Option(help="Who pays. [default: yours]")] = None,
    constraint: Annotated[str | None, typer.Option(help="Kind of machine. [default: any]")] = None,
    logs: Annotated[Path, typer.Option(help="Folder for the job's logs, seen by all machines.")] = Path("slurm"),
    dry_run: DryRun = False,
) -> None:
    """Give a training to a farm with SLURM; needs 'pecten[slurm]'.

    A job that is preempted or out of time saves a checkpoint, is queued again and goes on there.
    """
    from pecten.training.farm import TrainJob, Wishes, executor_of
    from pecten.training.farm import submit as give

    if words[0] != "train":
        raise UsageError(f"submit {words[0]}: only a training goes on by itself on a farm: pecten submit train ...")
    if not 0 < hours <= 24 * 365:
        raise UsageError(f"--hours {hours:g}: no time for a job: give hours, such as 24")
    wishes = Wishes(nodes, gpus, hours, cpus, memory, partition, account, constraint)
    check_place(logs)
    if dry_run:
        said = " ".join(f"{key}={value}" for key, value in wishes.parameters().items())
        typer.echo(f"would submit with {said}")
        typer.echo(f"would run pecten {shlex.join(words)}, {nodes * max(1, gpus)} processes on {nodes} machines")
        return
    # The job's folder is this one, on whatever machine it runs.
    job = TrainJob(tuple(words), str(Path.cwd()), nodes, gpus)
    number = give(job, executor_of(wishes, logs))
    typer.echo(f"job {number} submitted; its logs come to {logs}")
