"""Combs as swap methods: taught once, gone on with, shown, and paid in images or seconds."""

from itertools import count
from pathlib import Path

import numpy as np
import pytest

from comb_helpers import config, crops, shape, untaught
from pecten.baselines.model import Budget, SwapModel
from pecten.benchmark import swap_combs
from pecten.benchmark.swap_combs import CombModel, all_together, paper_like, seconds_an_image, single_stage, two_way
from pecten.benchmark.swap_methods import GivenComb
from pecten.benchmark.swap_teach import Watched
from pecten.comb.weights import read_header, save_comb
from pecten.errors import ShapeError, TrainingError, UsageError
from pecten.swap.infer import OfComb
from swap_fakes import Fake

FIELDS = {"channels": "tiny", "latent_size": 8}
PEOPLE = {name: crops(name) for name in ("one", "two", "three")}
PLATES = PEOPLE["two"].images[:2].astype(np.float32) / 255


def small(folder: Path) -> CombModel:
    return CombModel("small comb", 16, FIELDS, config(), folder, "cpu")


def test_a_comb_is_taught_all_and_shows_each(tmp_path: Path) -> None:
    model: SwapModel = small(tmp_path)
    told: list[tuple[str, int, int]] = []
    # Three times two pictures a step: the step that passes the budget is whole.
    assert model.teach(PEOPLE, Budget(images=50), lambda *row: told.append(row)) == 54
    assert told[-1] == ("small comb", 50, 50)
    shown = [model.show(PLATES, name) for name in PEOPLE]
    assert shown[0].shape == PLATES.shape
    assert not np.array_equal(shown[0], shown[1])
    with pytest.raises(ShapeError, match="crop the plate at 16 px"):
        model.show(np.zeros((1, 8, 8, 3), np.float32), "one")
    with pytest.raises(UsageError, match="not taught four: it knows one, two, three"):
        model.show(PLATES, "four")


def test_what_was_taught_is_not_taught_again(tmp_path: Path) -> None:
    first, other, again = small(tmp_path / "a"), small(tmp_path / "b"), small(tmp_path / "a")
    first.teach(PEOPLE, Budget(images=24))
    other.teach(PEOPLE, Budget(images=24))
    steps: list[int] = []
    assert again.teach(PEOPLE, Budget(images=24), lambda _, done, __: steps.append(done)) == 24
    assert steps == []
    for model in (other, again):
        np.testing.assert_array_equal(first.show(PLATES, "one"), model.show(PLATES, "one"))
    with pytest.raises(TrainingError, match="images was 24, now 30"):
        small(tmp_path / "a").teach(PEOPLE, Budget(images=30))


def test_nobody_is_shown_before_being_taught(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="it knows nobody yet"):
        small(tmp_path).show(PLATES, "one")


def test_seconds_buy_the_images_that_they_allow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swap_combs, "seconds_an_image", lambda *_: 0.5)
    assert small(tmp_path).teach(PEOPLE, Budget(seconds=15.2)) == 30
    assert read_header(tmp_path)["images_seen"] == 30
    # Gone on with on a machine that is slower by now: the schedule stays.
    monkeypatch.setattr(swap_combs, "seconds_an_image", lambda *_: 5.0)
    assert small(tmp_path).teach(PEOPLE, Budget(seconds=15.2)) == 30
    with pytest.raises(TrainingError, match=r"was for 15.2 s, now 20 s: use the same"):
        small(tmp_path).teach(PEOPLE, Budget(seconds=20.0))
    (tmp_path / "budget.json").write_text("{")
    with pytest.raises(TrainingError, match=r"budget.json: cannot be read"):
        small(tmp_path).teach(PEOPLE, Budget(seconds=15.2))


def test_seconds_that_buy_no_step_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swap_combs, "seconds_an_image", lambda *_: 1.0)
    with pytest.raises(TrainingError, match="allow 5 images, less than one step of 6: give more"):
        small(tmp_path).teach(PEOPLE, Budget(seconds=5.2))
    assert not list(tmp_path.iterdir())


def test_the_price_of_an_image_is_that_of_a_step_shared() -> None:
    people = [crops("one"), crops("two")]
    ticks = count()
    assert seconds_an_image(people, shape(), config(), lambda: float(next(ticks))) == pytest.approx(1 / 4)


def test_the_price_weighs_levels_by_their_images() -> None:
    people = [crops("one"), crops("two")]
    level = config().phases(shape())
    # Every step of the first level takes 1 s, of the others 3 s.
    times = iter([t for k in range(len(level)) for _ in range(4) for t in (0.0, 1.0 if k == 0 else 3.0)])
    first = level[0].images / config().images
    price = seconds_an_image(people, shape(), config(), lambda: next(times))
    assert price == pytest.approx((first + 3 * (1 - first)) / 4, rel=0.03)


def test_kinds_differ_in_what_they_are_named_for(tmp_path: Path) -> None:
    models = [make(64, tmp_path) for make in (all_together, two_way, single_stage, paper_like)]
    assert len({model.name for model in models}) == 4
    whole, pair, flat, paper = (model._training.phases(shape(size=64)) for model in models)
    assert whole == pair
    assert {phase.level for phase in flat} == {6}
    assert min(phase.level for phase in paper) == 2
    assert sum(phase.images for phase in whole) == sum(phase.images for phase in flat)
    with pytest.raises(TrainingError, match="no training preset 'grand'"):
        all_together(64, tmp_path, "grand")


def test_a_watched_comb_gives_its_irises_away(tmp_path: Path) -> None:
    """What a swap draws on eyes must not depend on who is watching."""
    given_comb = untaught()
    save_comb(tmp_path / "comb.safetensors", given_comb)
    watched = Watched(GivenComb(tmp_path, "cpu"), tmp_path)
    assert isinstance(watched, OfComb)
    assert watched.comb is not None
    assert watched.comb.config == given_comb.config
    assert Watched(Fake([]), tmp_path).comb is None
