"""Several processes that teach one comb: each sees its share of a step's pictures, all take the same step."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from jaxtyping import Float
from torch import Tensor, distributed, nn

from pecten.errors import TrainingError

PATIENCE = timedelta(hours=12)
"""The first sharpens a finished comb alone, which may take hours; of a process that ends torchrun tells at once."""


@dataclass(frozen=True)
class Ranks:
    """Which of how many processes this is.

    Attributes:
        rank: From 0; the first one writes files.
        count: Of processes; 1 is training alone.
    """

    rank: int = 0
    count: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the one that writes."""
        return self.rank == 0

    def share(self, batch: int) -> slice:
        """Return this process's part of a step of `batch` pictures a process."""
        return slice(self.rank * batch, (self.rank + 1) * batch)

    def agree(self, flag: bool) -> bool:
        """Say whether any process raises a flag, so that all stop after the same step."""
        if self.count == 1:
            return flag
        raised = torch.tensor([float(flag)], device=_device())
        distributed.all_reduce(raised, distributed.ReduceOp.MAX)
        return bool(raised.item())

    def average(self, parameters: Sequence[nn.Parameter], losses: Tensor) -> Tensor:
        """Average gradients, in place, and losses over all processes.

        Args:
            parameters: Those with gradients; the same ones in every process.
            losses: A vector.
        Returns:
            The averaged losses.
        """
        if self.count == 1:
            return losses
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([*(g.reshape(-1).float() for g in gradients), losses.detach().float()])
        distributed.all_reduce(flat)
        flat /= self.count
        place = 0
        for gradient in gradients:
            gradient.copy_(flat[place : place + gradient.numel()].view_as(gradient))
            place += gradient.numel()
        return flat[place:]

    def gathered(self, rows: Float[Tensor, "_own _length"]) -> Float[Tensor, "_all _length"]:
        """Return the rows of all processes, in their order; gradient goes to this one's own rows alone.

        Args:
            rows: As many in every process.
        """
        if self.count == 1:
            return rows
        everybody = [torch.empty_like(rows) for _ in range(self.count)]
        distributed.all_gather(everybody, rows.detach().contiguous())
        everybody[self.rank] = rows
        return torch.cat(everybody)

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.count > 1:
            distributed.barrier()


ALONE = Ranks()
"""One process."""


@contextmanager
def joined() -> Iterator[Ranks]:
    """Join the processes that `torchrun` started with this one, or train alone.

    Raises:
        TrainingError: if torchrun's settings are there but the others cannot be reached.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield Ranks()
        return
    cuda = torch.cuda.is_available()
    if cuda:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    try:
        distributed.init_process_group("nccl" if cuda else "gloo", timeout=PATIENCE)
    except (ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise TrainingError(f"other processes cannot be reached ({reason}): start with torchrun") from error
    try:
        ranks = Ranks(distributed.get_rank(), distributed.get_world_size())
        yield ranks
        # Who is done sooner must not leave before the first has written: connections that break then end a process.
        ranks.wait()
    finally:
        distributed.destroy_process_group()


def _device() -> str:
    return "cuda" if distributed.get_backend() == "nccl" else "cpu"
