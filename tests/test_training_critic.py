"""The critic learns to tell, teaches only inside the matte, and is part of an exact resume."""

from pathlib import Path

import pytest
import torch

from comb_helpers import config, crops, shape
from pecten.dataset.augment import Batch
from pecten.training.checkpoint import Clock, load_latest, save
from pecten.training.critic import Critic, fooling, telling_apart
from pecten.training.loop import train
from pecten.training.run import Run

PEOPLE = (crops("one"), crops("two"))


def batch(side: int = 32) -> Batch:
    torch.manual_seed(0)
    faces = torch.rand(4, 3, side, side)
    mattes = torch.zeros(4, 1, side, side)
    mattes[:, :, 8:24, 8:24] = 1
    return Batch(faces, faces, mattes, torch.zeros_like(mattes))


def blurred(faces: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.avg_pool2d(faces, 3, 1, 1)


def test_it_learns_to_tell_soft_faces_from_true_ones() -> None:
    torch.manual_seed(1)
    critic, given = Critic(("one", "two")), batch()
    optimiser = torch.optim.Adam(critic.parameters(), 1e-2, (0.0, 0.99))
    before = telling_apart(critic, blurred(given.targets), given, "one").mean().item()
    for _ in range(60):
        optimiser.zero_grad()
        telling_apart(critic, blurred(given.targets), given, "one").mean().backward()
        optimiser.step()
    assert telling_apart(critic, blurred(given.targets), given, "one").mean().item() < min(0.05, 0.3 * before)
    soft, sharp = (fooling(critic, faces, given, "one").mean() for faces in (blurred(given.targets), given.targets))
    assert sharp < 0.2 < 0.6 < soft


def test_each_identity_has_a_direction_of_its_own() -> None:
    critic, given = Critic(("one", "two")), batch()
    assert not torch.equal(critic(given.targets, "one"), critic(given.targets, "two"))
    critic.own["two"].load_state_dict(critic.own["one"].state_dict())
    assert torch.equal(critic(given.targets, "one"), critic(given.targets, "two"))


def test_faces_learn_inside_the_matte_alone_and_the_critic_not_from_fooling() -> None:
    critic, given = Critic(("one",)), batch()
    decoded = blurred(given.targets).requires_grad_()
    fooling(critic, decoded, given, "one").sum().backward()
    assert decoded.grad is not None
    assert (decoded.grad * (1 - given.mattes)).abs().max() == 0
    assert decoded.grad.abs().max() > 0
    assert all(p.grad is None and p.requires_grad for p in critic.parameters())
    before = decoded.grad.clone()
    telling_apart(critic, decoded, given, "one").sum().backward()
    assert torch.equal(decoded.grad, before)
    assert critic.first.weight.grad is not None


def test_a_run_with_a_critic_resumes_to_the_bit(tmp_path: Path) -> None:
    settings = config(images=80, critic_weight=0.1, finish_share=0.6, checkpoint_images=20)
    train(PEOPLE, shape(), settings, tmp_path / "whole")
    left = iter(range(99))
    # In the middle of the critic's part.
    train(PEOPLE, shape(), settings, tmp_path / "cut", should_stop=lambda: next(left) == 13)
    train(PEOPLE, shape(), settings, tmp_path / "cut")
    states = []
    for name in ("whole", "cut"):
        run = Run(PEOPLE, shape(), settings)
        run.restore(tmp_path / name / "checkpoints")
        assert run.critic is not None
        critic, optimiser = run.critic
        moments = [value for p in critic.parameters() for value in optimiser.state[p].values()]
        states.append([*run.comb.parameters(), *critic.parameters(), *moments])
    assert all(torch.equal(a, b) for a, b in zip(*states, strict=True))
    fresh = Run(PEOPLE, shape(), settings)
    assert fresh.critic is not None
    assert not torch.equal(fresh.critic[0].first.weight, run.critic[0].first.weight)


def test_before_its_part_of_the_run_nothing_is_changed_by_it() -> None:
    plain, judged = (Run(PEOPLE, shape(), config(critic_weight=weight, finish_share=0.9)) for weight in (0.0, 1.0))
    for step in range(4):
        plain.advance()
        judged.advance()
        same = [torch.equal(a, b) for a, b in zip(plain.comb.parameters(), judged.comb.parameters(), strict=True)]
        # Eight of eighty images belong to the first tenth.
        assert all(same) == (step < 2)


@pytest.mark.parametrize("with_critic", [False, True])
def test_going_back_to_the_beginning_takes_the_critic_along(with_critic: bool, tmp_path: Path) -> None:
    run = Run(PEOPLE, shape(), config(critic_weight=0.1 * with_critic))
    fresh = run.critic and run.critic[0].first.weight.detach().clone()
    run.advance()
    run.restart(tmp_path, Clock())
    assert (run.critic is not None) == with_critic
    if run.critic is not None:
        assert torch.equal(run.critic[0].first.weight, fresh)
    save(tmp_path, run.comb, run.ema, run.optimiser, Clock(4), run.critic)
    clock, reasons = load_latest(tmp_path, run.comb, run.ema, run.optimiser, run.critic)
    assert (clock, reasons) == (Clock(4), ())
