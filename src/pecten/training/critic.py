"""A small critic that tells decoded faces from true ones, patch by patch, for the last part of a run."""

from collections.abc import Sequence

import torch.nn.functional as functional
from jaxtyping import Float
from torch import Tensor, nn

from pecten.comb.blocks import Convolution, Maps, rectify
from pecten.dataset.augment import Batch
from pecten.training.loss import Pictures, weighted_mean

WIDTH = 16
"""Channels of the first layer."""

BETAS = (0.0, 0.99)
"""Of the critic's Adam."""


class Critic(nn.Module):
    """Three convolutions that see patches of 15 px, shared by all identities, and a direction for each.

    Args:
        identities: Keys of the directions; a name that torch would refuse as a module's is none of a comb's.
    Reference:
        Isola et al. 2017 (patches), section 3.2.2; Miyato and Koyama 2018 (projection on the class).
    """

    def __init__(self, identities: Sequence[str]) -> None:
        super().__init__()
        self.first = Convolution(3, WIDTH, 3, padding=1, stride=2)
        self.second = Convolution(WIDTH, 2 * WIDTH, 3, padding=1, stride=2)
        self.third = Convolution(2 * WIDTH, 2 * WIDTH, 3, padding=1)
        self.verdict = Convolution(2 * WIDTH, 1, 1)
        self.own = nn.ModuleDict({identity: Convolution(2 * WIDTH, 1, 1) for identity in identities})

    def forward(self, pictures: Pictures, identity: str) -> Maps:
        """Judge patches.

        Args:
            pictures: Around [0, 1].
            identity: Whose face it should be.
        Returns:
            About 1 where a patch looks true and 0 where it looks made, at a quarter of the side.
        """
        h = rectify(self.third(rectify(self.second(rectify(self.first(2 * pictures - 1))))))
        found: Tensor = self.verdict(h) + self.own[identity](h)
        return found


def fooling(critic: Critic, decoded: Pictures, batch: Batch, identity: str) -> Float[Tensor, " _batch"]:
    """Judge decoded pictures by how made they look to the critic, inside the matte.

    Args:
        critic: Gathers no gradient.
        decoded: Around [0, 1].
        batch: Targets and mattes.
        identity: Whose they are.
    Returns:
        One loss a picture, 0 where it takes each patch for true.
    """
    critic.requires_grad_(False)
    found = critic(_inside(decoded, batch), identity)
    critic.requires_grad_(True)
    return weighted_mean((found - 1).square(), _at(batch.mattes, found))


def telling_apart(critic: Critic, decoded: Pictures, batch: Batch, identity: str) -> Float[Tensor, " _batch"]:
    """Judge the critic by how well it tells decoded pictures from their targets.

    Args:
        critic: Gathers gradients; the pictures gather none.
        decoded: Around [0, 1].
        batch: Targets and mattes.
        identity: Whose they are.
    Returns:
        One loss a picture, 0 where it errs nowhere.
    Reference:
        Mao et al. 2017 (least squares), equation 2, with a = 0 and b = c = 1.
    """
    made, true = critic(_inside(decoded.detach(), batch), identity), critic(batch.targets, identity)
    weights = _at(batch.mattes, made)
    return 0.5 * (weighted_mean((true - 1).square(), weights) + weighted_mean(made.square(), weights))


def _inside(decoded: Pictures, batch: Batch) -> Pictures:
    # Both pictures are the target outside the matte: nothing there can be told apart, and no edge gives one away.
    return batch.targets + batch.mattes * (decoded.float() - batch.targets)


def _at(mattes: Tensor, found: Tensor) -> Tensor:
    return functional.adaptive_avg_pool2d(mattes, found.shape[-1])
