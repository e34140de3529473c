"""Methods that know two performers: taught in turns, shown by the source's decoder."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn

from pecten.baselines.adabelief import AdaBelief
from pecten.baselines.deepfacelab import Saehd, SaehdWidths, blurred_mask
from pecten.baselines.deepfakes import Deepfakes
from pecten.baselines.keeping import keep, restore
from pecten.baselines.losses import deepfakes_loss, saehd_loss
from pecten.baselines.model import Budget, Crops, clock_of
from pecten.baselines.warp import DEEPFAKES, SAEHD, Changes, changed
from pecten.dataset.crops import CropSet
from pecten.devices import choose_device, gains_by_bfloat16
from pecten.errors import ShapeError, TrainingError, UsageError
from pecten.interrupt import held_back
from pecten.types import Progress, silent

_ROLES = ("source", "target")

_KEEP_EVERY_S = 300.0
"""Of training, between two times that it is kept."""

Judge = Callable[[nn.Module, str, Tensor, Tensor, Tensor], Tensor]
"""Takes network, role, warped inputs, answers and masks to a loss."""


@final
class PairModel:
    """A network of two roles under the rules of `SwapModel`.

    Args:
        name: In tables.
        size: Side of the crops in px.
        network: Called as `network(pictures, role)`.
        optimiser: Of its parameters.
        judge: The loss.
        changes: How training pictures are changed.
        batch: Pictures of each performer in one step.
        seed: Of the draws.
        device: "auto", "cpu", or a GPU as torch names it.
        folder: Keeps the training, so that the same call goes on where an earlier one stopped; None keeps nothing.
    """

    def __init__(
        self,
        name: str,
        size: int,
        network: nn.Module,
        optimiser: Callable[[nn.Module], torch.optim.Optimizer],
        judge: Judge,
        changes: Changes,
        batch: int = 8,
        seed: int = 0,
        device: str = "auto",
        folder: Path | None = None,
    ) -> None:
        self.name, self.size, self._folder = name, size, folder
        self.device = torch.device(choose_device(device))
        self.network = network.to(self.device)
        self._bfloat16 = gains_by_bfloat16(self.device.type)
        self._optimiser, self._judge, self._changes = optimiser(self.network), judge, changes
        self._batch, self._seed = batch, seed
        self._roles: dict[str, str] = {}

    def teach(self, people: Mapping[str, CropSet], budget: Budget, progress: Progress = silent) -> int:
        """Teach both performers in turns; see `SwapModel.teach`."""
        if len(people) != len(_ROLES):
            raise UsageError(f"{self.name} learns from two performers, not {len(people)}: give source and target")
        self._roles = dict(zip(people, _ROLES, strict=True))
        taught = {self._roles[name]: crops.at_size(self.size) for name, crops in people.items()}
        about = {"people": list(people), "images": budget.images, "seconds": budget.seconds, "seed": self._seed}
        seen, before, done = self._restored(about)
        self.network.train()
        clock = clock_of(self.device.type)
        start, kept = clock(), time.monotonic()
        with held_back() as interrupt:
            while not (done or budget.is_spent(seen, before + clock() - start)):
                for place, (role, crops) in enumerate(taught.items()):
                    self._step(role, crops, np.random.default_rng([self._seed, place, seen]))
                    seen += self._batch
                progress(self.name, seen, budget.images or seen)
                if interrupt.came or time.monotonic() - kept > _KEEP_EVERY_S:
                    self._keep(about, seen, before + clock() - start, done=False)
                    kept = time.monotonic()
                    interrupt.raise_if_came()
            if not done:
                self._keep(about, seen, before + clock() - start, done=True)
        interrupt.raise_if_came()
        return seen

    def _step(self, role: str, crops: CropSet, draws: np.random.Generator) -> None:
        chosen = draws.integers(0, len(crops.images), self._batch)
        inputs, answers, masks = (self._tensor(a) for a in changed(crops, chosen, self._changes, draws))
        self._optimiser.zero_grad(set_to_none=True)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._bfloat16):
            loss = self._judge(self.network, role, inputs, answers, masks)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()

    def _keep(self, about: dict[str, Any], seen: int, seconds: float, done: bool) -> None:
        if self._folder is not None:
            note = {**about, "seen": seen, "spent_s": seconds, "done": done}
            keep(self._folder, self.network, None if done else self._optimiser, note)

    def _restored(self, about: dict[str, Any]) -> tuple[int, float, bool]:
        """Return images seen, seconds spent, and whether the training was done, of what is kept."""
        note = None if self._folder is None else restore(self._folder, self.network, self._optimiser)
        if note is None:
            return 0, 0.0, False
        if any(note.get(key) != value for key, value in about.items()):
            raise TrainingError(f"{self._folder}: holds another training of {self.name}: choose another folder")
        return int(note["seen"]), float(note["spent_s"]), bool(note["done"])

    @torch.inference_mode()
    def show(self, crops: Crops, source: str) -> Crops:
        """Show a target's crops as either performer; see `SwapModel.show`.

        LIAE is made to show the first performer it was taught: the other one is shown with a middle that never saw
        the first.
        """
        if source not in self._roles:
            known = " and ".join(self._roles) or "nobody yet"
            raise UsageError(f"{self.name} was not taught {source}: it knows {known}")
        if crops.shape[1] != self.size:
            raise ShapeError(f"crops of {crops.shape[1]} px for {self.name} of {self.size} px: cut them at that size")
        self.network.eval()
        parts = []
        for first in range(0, len(crops), self._batch):
            made = self.network(self._tensor(crops[first : first + self._batch]).clamp(0, 1), self._roles[source])
            parts.append((made[0] if isinstance(made, tuple) else made).float())
        return torch.cat(parts).permute(0, 2, 3, 1).cpu().numpy()

    def _tensor(self, pictures: np.ndarray) -> Tensor:
        planar = torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)))
        return planar.to(self.device, memory_format=torch.channels_last)


def deepfakes(size: int = 64, seed: int = 0, device: str = "auto", folder: Path | None = None) -> PairModel:
    """Make the original deepfakes method at 64 or 128 px: mean absolute error, Adam 5e-5 (0.5, 0.999)."""

    def judge(network: nn.Module, role: str, inputs: Tensor, answers: Tensor, masks: Tensor) -> Tensor:
        return deepfakes_loss(network(inputs, role).float(), answers)

    with _seeded(seed):
        network = Deepfakes(size)
    return PairModel(
        f"deepfakes {size}",
        size,
        network,
        lambda made: torch.optim.Adam(made.parameters(), 5e-5, (0.5, 0.999)),
        judge,
        DEEPFAKES,
        seed=seed,
        device=device,
        folder=folder,
    )


def deepfacelab(
    kind: str,
    size: int = 128,
    seed: int = 0,
    device: str = "auto",
    widths: SaehdWidths | None = None,
    folder: Path | None = None,
) -> PairModel:
    """Make DeepFaceLab's SAEHD, "df" or "liae": DSSIM and square errors inside the mask, AdaBelief 5e-5."""

    def judge(network: nn.Module, role: str, inputs: Tensor, answers: Tensor, masks: Tensor) -> Tensor:
        shown, mask = network(inputs, role)
        return saehd_loss(shown.float(), mask.float(), answers, blurred_mask(masks, size), masks)

    with _seeded(seed):
        network = Saehd(kind, size, widths)
    return PairModel(
        f"deepfacelab {kind} {size}",
        size,
        network,
        lambda made: AdaBelief(made.parameters()),
        judge,
        SAEHD,
        seed=seed,
        device=device,
        folder=folder,
    )


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Draw weights from a seed and leave torch's own randomness as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
