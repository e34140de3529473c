"""Nothing of a step is left behind on the CPU; a device that computes nothing stands in for a GPU."""

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from pecten.comb.model import Comb
from pecten.dataset.augment import Batch, augment
from pecten.training.config import preset
from pecten.training.critic import Critic
from pecten.training.step import gather

PEOPLE = ("ada", "bruno", "chidi")
SIZE = 64
ELSEWHERE = torch.device("meta")


class Apart(TorchDispatchMode):
    """Refuses what a GPU would: tensors of two devices in one operation, but for single values and for copies."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        tensors = [one for one in tree_leaves((args, kwargs)) if isinstance(one, torch.Tensor) and one.dim()]
        if len({one.device for one in tensors}) > 1 and func.overloadpacket is not torch.ops.aten.copy_:
            raise RuntimeError(f"{func}: tensors of two devices")
        return func(*args, **(kwargs or {}))


def batch(with_points: bool) -> Batch:
    images, mattes = (torch.rand(3, planes, SIZE, SIZE, device=ELSEWHERE) for planes in (3, 1))
    points = torch.rand(3, 478, 2, device=ELSEWHERE) if with_points else None
    jitter = replace(preset("quick", PEOPLE)[1].jitter, warp_px=4.0, shading_on="both")
    return augment(images, mattes, mattes, jitter, (1, 2), points=points)


@pytest.mark.parametrize("name", ["paper", "studio", "quick"])
@pytest.mark.parametrize("fade", [0.5, 1.0])
def test_a_step_stays_on_its_device(name: str, fade: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
    shape, config = preset(name, PEOPLE, SIZE)
    shape = replace(shape, matte=True, gated=True)
    config = replace(config, batch=3, detail_px=SIZE, overlap_weight=0.1, frequency_weight=1.0, critic_weight=0.1)
    with ELSEWHERE:
        comb, critic = Comb(shape), Critic(PEOPLE)
    with Apart():
        batches = {identity: batch(bool(shape.texture)) for identity in PEOPLE}
        losses = gather(comb, batches, 1 / 3, SIZE.bit_length() - 1, fade, config, critic=critic)
    assert {loss.device for loss in losses.values()} == {ELSEWHERE}
    taught = [parameter.grad for parameter in comb.decoders.parameters() if parameter.grad is not None]
    assert taught
    assert {gradient.device for gradient in taught} == {ELSEWHERE}


def test_company_from_another_device_is_refused() -> None:
    with pytest.raises(RuntimeError, match="two devices"), Apart():
        torch.zeros(2, 2) @ torch.zeros(2, 2, device=ELSEWHERE)
