"""AdaBelief, the optimiser that DeepFaceLab uses."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn


class AdaBelief(torch.optim.Optimizer):
    """Adam whose second moment is of the gradient's departure from its running mean.

    Args:
        parameters: To be changed.
        rate: Learning rate.
        betas: Of the running means.
        epsilon: Added to the second moment.
    Reference:
        Zhuang et al. 2020, algorithm 2.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        rate: float = 5e-5,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-16,
    ) -> None:
        super().__init__(parameters, {"lr": rate, "betas": betas, "eps": epsilon})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> Any:
        """Take one step.

        Args:
            closure: Called first, when given, to compute the loss again.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._change(parameter, group)
        return loss

    def _change(self, parameter: nn.Parameter, group: dict[str, Any]) -> None:
        first, second = group["betas"]
        state = self.state[parameter]
        if not state:
            state["step"], state["mean"], state["belief"] = 0, *(torch.zeros_like(parameter) for _ in range(2))
        state["step"] += 1
        mean, belief, gradient = state["mean"], state["belief"], parameter.grad
        mean.lerp_(gradient, 1 - first)
        departure = gradient - mean
        belief.mul_(second).addcmul_(departure, departure, value=1 - second).add_(group["eps"])
        root = (belief / (1 - second ** state["step"])).sqrt_().add_(group["eps"])
        parameter.addcdiv_(mean, root, value=-group["lr"] / (1 - first ** state["step"]))
