"""The benchmark of swaps plans what was asked for, and no more."""

from dataclasses import replace
from pathlib import Path

import pytest

from pecten.benchmark.footage import Take, TruthFootage
from pecten.benchmark.swap_methods import METHODS, QUICK, Setting, choose
from pecten.benchmark.swap_plan import Plan, Spend, lessened, scenes_of, smallest
from pecten.errors import FootageError, UsageError
from swap_fakes import fake


def take(source: str, shot: str, target: str | None = None) -> Take:
    return Take(Path(f"{source}_{shot}.mp4"), source, target or source, shot, None, None)


def footage(people: tuple[str, ...] = ("ada", "bruno", "chidi")) -> TruthFootage:
    return TruthFootage(
        tuple(take(person, shot) for person in people for shot in ("drama3", "interview1")),
        tuple(take(person, shot) for person in people for shot in ("interview9", "turns9")),
        (take("bruno", "turns9", "ada"),),
    )


def plan(scope: str, pairs: tuple[str, ...] = (), seconds: float | None = None) -> Plan:
    held, spend = footage(), Spend(None if seconds else 100, seconds)
    return Plan(held, (fake("one", scope, []),), scenes_of(held, pairs), spend, Setting())


def test_every_pair_and_shot_is_judged_and_the_true_swap_found() -> None:
    scenes = scenes_of(footage())
    assert len(scenes) == 12
    assert [scene.name for scene in scenes if scene.swap] == ["bruno on ada, turns9"]
    assert [s.name for s in scenes_of(footage(), ["ada:chidi"], ["turns9"])] == ["ada on chidi, turns9"]


@pytest.mark.parametrize(("scope", "networks", "images"), [("all", 1, 300), ("pair", 3, 200), ("direction", 6, 200)])
def test_a_decoder_sees_as_much_whatever_the_method(scope: str, networks: int, images: int) -> None:
    made = plan(scope)
    trainings = made.trainings(made.methods[0])
    assert len(trainings) == networks
    assert {training.budget.images for training in trainings} == {images}
    for pair in made.pairs:
        assert sum(training.serves(pair) for training in trainings) == 1


def test_seconds_are_shared_by_a_methods_networks() -> None:
    for scope, each in (("all", 60.0), ("pair", 20.0), ("direction", 10.0)):
        made = plan(scope, seconds=60.0)
        assert {training.budget.seconds for training in made.trainings(made.methods[0])} == {each}


def test_one_pair_needs_one_network() -> None:
    for scope in ("all", "pair", "direction"):
        made = plan(scope, ("bruno:ada",))
        (training,) = made.trainings(made.methods[0])
        assert set(training.people) == {"ada", "bruno"}
    assert training.people == ("bruno", "ada")


def test_frames_are_judged_in_runs() -> None:
    held = footage()
    made = Plan(held, (), scenes_of(held), Spend(1), Setting(), every=3)
    assert made.chosen(30) == (*range(8), *range(24, 30))


def test_a_plan_says_what_it_costs() -> None:
    text = "\n".join(plan("pair").lines([40, 60]))
    for part in ("2 clips (100 frames)", "100 images of each performer", "3 of 2 performers, 200 images each", "core"):
        assert part in text


@pytest.mark.parametrize("text", ["ada", "ada:ada", "ada:zoe", ":ada", "zoe:ada"])
def test_a_pair_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="write SOURCE:TARGET, two of ada, bruno, chidi"):
        scenes_of(footage(), [text])


def test_what_cannot_be_judged_is_refused() -> None:
    with pytest.raises(UsageError, match="choose among interview9, turns9"):
        scenes_of(footage(), [], ["drama3"])
    with pytest.raises(FootageError, match="both performers of a pair play"):
        scenes_of(TruthFootage((), (take("ada", "s"), take("bruno", "t")), ()))
    with pytest.raises(FootageError, match="no performers/ada_SHOT"):
        scenes_of(TruthFootage((), (take("ada", "s"), take("bruno", "s")), ()))


def test_a_quick_run_takes_an_interview_and_a_true_swap() -> None:
    assert [take.shot for take in lessened(footage()).performers] == ["interview1"] * 3
    assert smallest(footage()) == (["bruno:ada"], ["turns9"])
    assert smallest(TruthFootage((), (), ())) == ([], [])


def test_a_quick_run_passes_over_true_swaps_that_cannot_be_judged() -> None:
    held = footage()
    good, unplayed, untaught = held.swaps[0], take("ada", "drama1", "bruno"), take("ada", "turns9", "dana")
    assert smallest(replace(held, swaps=(unplayed, good))) == (["bruno:ada"], ["turns9"])
    with_dana = replace(held, truth=(*held.truth, take("dana", "turns9")))
    assert smallest(replace(with_dana, swaps=(untaught, good))) == (["bruno:ada"], ["turns9"])
    assert smallest(replace(held, swaps=(unplayed,))) == ([], [])


def test_methods_are_chosen_by_key() -> None:
    assert [method.key for method in choose(["dfl-df-128", "comb"])] == ["dfl-df-128", "comb"]
    assert set(QUICK) <= set(METHODS)
    assert all(key == method.key for key, method in METHODS.items())
    mine = fake("given", "all", [])
    assert choose(["given", "comb"], {"given": mine})[0] is mine
    with pytest.raises(UsageError, match="give its comb with --comb"):
        choose(["given"])
    with pytest.raises(UsageError, match="choose among comb, "):
        choose(["faceshop"])
    with pytest.raises(UsageError, match="named twice"):
        choose(["comb", "comb"])
