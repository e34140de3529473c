"""A run to the end, cut off, damaged, and gone on with."""

import json
import signal
from pathlib import Path
from typing import Any

import cv2
import pytest
import torch

from comb_helpers import config, crops, shape
from pecten.comb.weights import load_comb, read_header, read_tensors
from pecten.dataset.augment import Batch
from pecten.errors import PectenError, TrainingError
from pecten.training import run as run_module
from pecten.training.loop import train
from pecten.training.run import Run
from pecten.training.step import Outcome

TWO = (crops("one"), crops("two"))


def state(out: Path) -> dict[str, torch.Tensor]:
    return read_tensors(sorted((out / "checkpoints").iterdir())[-1])[0]


def rows(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "stats.jsonl").read_text().splitlines()]


def stop_after(steps: int) -> Any:
    left = iter(range(steps + 1))
    return lambda: next(left) == steps


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run") / "whole"
    train(TWO, shape(), config(), out)
    return out


def test_a_run_leaves_what_it_promises(whole: Path) -> None:
    assert sorted(path.name for path in whole.iterdir()) == [
        "checkpoints",
        "comb.safetensors",
        "config.json",
        "previews",
        "stats.jsonl",
    ]
    assert [path.name for path in sorted((whole / "checkpoints").iterdir())] == [
        "00000040.safetensors",
        "00000080.safetensors",
    ]
    assert read_header(whole)["images_seen"] == 80
    found = rows(whole)
    assert [row["images_seen"] for row in found] == list(range(4, 84, 4))
    assert {row["px"] for row in found} == {8, 16}
    assert set(found[0]) == {
        "images_seen",
        "level",
        "px",
        "fade",
        "loss",
        "gradient_norm",
        "images_per_s",
        "lr",
        "eta_s",
    }
    assert set(found[0]["loss"]) == {"one", "two"}
    assert found[-1]["eta_s"] == 0
    # Two rows of crops an identity; the crop itself, then both decoders.
    assert cv2.imread(str(whole / "previews/00000080.png")).shape == (4 * 16, 3 * 16, 3)


def test_twenty_steps_are_ten_and_ten_more_to_the_bit(whole: Path, tmp_path: Path) -> None:
    train(TWO, shape(), config(), tmp_path, should_stop=stop_after(10))
    assert read_header(tmp_path)["images_seen"] == 40
    train(TWO, shape(), config(), tmp_path)
    assert same(state(whole), state(tmp_path))
    assert same(load_comb(whole).state_dict(), load_comb(tmp_path).state_dict())


def test_a_cut_between_checkpoints_is_no_different(whole: Path, tmp_path: Path) -> None:
    for steps in (3, 4):
        train(TWO, shape(), config(), tmp_path, should_stop=stop_after(steps))
    train(TWO, shape(), config(), tmp_path)
    assert same(state(whole), state(tmp_path))
    assert [row["images_seen"] for row in rows(tmp_path) if "event" not in row] == list(range(4, 84, 4))
    assert len([row for row in rows(tmp_path) if row.get("event") == "resumed"]) == 2


def test_a_damaged_checkpoint_is_passed_over_with_its_reason(whole: Path, tmp_path: Path) -> None:
    train(TWO, shape(), config(checkpoint_images=16), tmp_path, should_stop=stop_after(10))
    newest, older, oldest = sorted((tmp_path / "checkpoints").iterdir(), reverse=True)
    newest.write_bytes(newest.read_bytes()[:-100])
    content = bytearray(older.read_bytes())
    content[-1] ^= 255
    older.write_bytes(content)
    train(TWO, shape(), config(), tmp_path)
    assert same(state(whole), state(tmp_path))
    (event,) = [row for row in rows(tmp_path) if "event" in row]
    assert event["images_seen"] == int(oldest.stem) == 16
    first, second = event["passed_over"]
    assert newest.name in first
    assert "cut short" in first
    assert older.name in second
    assert "hash" in second


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_a_checkpoint_and_goes_through(number: int, whole: Path, tmp_path: Path) -> None:
    before = signal.getsignal(number)

    def press(row: dict[str, Any]) -> None:
        if row["images_seen"] == 12:
            signal.raise_signal(number)

    with pytest.raises(KeyboardInterrupt):
        train(TWO, shape(), config(), tmp_path, on_stats=press)
    assert signal.getsignal(number) is before
    assert read_header(tmp_path)["images_seen"] == 12
    train(TWO, shape(), config(), tmp_path)
    assert same(state(whole), state(tmp_path))


def test_an_exception_of_the_caller_leaves_a_checkpoint_too(tmp_path: Path) -> None:
    def fail(stage: str, done: int, total: int) -> None:
        assert (stage, total) == ("train", 80)
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(TWO, shape(), config(), tmp_path, progress=fail)
    assert read_header(tmp_path)["images_seen"] == 20


def test_two_trainings_do_not_share_a_folder(tmp_path: Path) -> None:
    """The second is refused; a folder that its training has left is free."""

    def begin_another(stage: str, done: int, total: int) -> None:
        with pytest.raises(TrainingError, match="another training is at work there: wait for it, or choose another"):
            train(TWO, shape(), config(images=4), tmp_path)

    train(TWO, shape(), config(images=4), tmp_path, progress=begin_another)
    train(TWO, shape(), config(images=4), tmp_path)


def falter(monkeypatch: pytest.MonkeyPatch, at: int, times: int) -> None:
    """Make the step at an image count fail a few times."""
    real, left = run_module.step, [times]

    def broken(comb: Any, optimiser: Any, identities: Any, draw: Any, *rest: Any) -> Outcome:
        held = optimiser.state.get(comb.encoder.base.weight, {})
        spoilt = left[0] > 0 and int(held.get("step", 0)) == at
        left[0] -= spoilt

        def spoil(identity: str) -> Batch:
            batch = draw(identity)
            if spoilt and identity == "one":
                batch.inputs.fill_(float("nan"))
            return batch

        return real(comb, optimiser, identities, spoil, *rest)

    monkeypatch.setattr(run_module, "step", broken)


def test_a_loss_without_a_number_rolls_back_and_slows_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    falter(monkeypatch, at=12, times=2)
    train(TWO, shape(), config(), tmp_path)
    events = [row for row in rows(tmp_path) if "event" in row]
    assert [(row["event"], row["from_images"], row["images_seen"]) for row in events] == [("rolled back", 48, 40)] * 2
    assert [row["rate_scale"] for row in events] == [0.5, 0.25]
    assert events[0]["identities"] == ["one"]
    last = rows(tmp_path)[-1]
    assert last["images_seen"] == 80
    assert last["lr"] == pytest.approx(1e-3 / 4)
    assert all(value.isfinite().all() for value in state(tmp_path).values())


def test_without_a_checkpoint_it_begins_again_and_gives_up_after_three(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    falter(monkeypatch, at=2, times=9)
    with pytest.raises(TrainingError, match="rolled back 3 times") as error:
        train(TWO, shape(), config(), tmp_path)
    assert "\n" not in str(error.value)
    assert [row["images_seen"] for row in rows(tmp_path) if "event" in row] == [0, 0, 0]


def test_a_folder_keeps_to_its_configuration(whole: Path, tmp_path: Path) -> None:
    train(TWO, shape(), config(images=4), tmp_path)
    for other in (config(images=4, learning_rate=2e-3), config(images=8)):
        with pytest.raises(TrainingError, match=r"was .* now .*: use the same value or another folder") as error:
            train(TWO, shape(), other, tmp_path)
        assert "\n" not in str(error.value)
    with pytest.raises(TrainingError, match="identities"):
        train((*TWO, crops("three")), shape(3), config(images=4), tmp_path)
    train(TWO, shape(), config(images=4, stats_images=1), tmp_path)
    record = json.loads((tmp_path / "config.json").read_text())
    # As an older Pecten wrote it, which knew fewer settings.
    del record["training"]["view_weight"], record["training"]["jitter"]["shading"], record["comb"]["gated"]
    (tmp_path / "config.json").write_text(json.dumps(record))
    train(TWO, shape(), config(images=4), tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(TrainingError, match="cannot be read"):
        train(TWO, shape(), config(images=4), tmp_path)


def test_crops_must_be_those_of_the_comb(tmp_path: Path) -> None:
    for datasets, words in (
        ((crops("one"),), "two"),
        ((*TWO, crops("three")), "three"),
        ((crops("one", 8), crops("two", 8)), "8 px"),
    ):
        with pytest.raises(PectenError, match=words):
            train(datasets, shape(), config(), tmp_path)


@pytest.mark.parametrize("people", [1, 2, 3])
def test_any_number_of_people_learn(people: int, tmp_path: Path) -> None:
    datasets = [crops(identity) for identity in shape(people).identities]
    settings = config(images=160 * people, batch=4, start_px=16, learning_rate=1e-2, stats_images=16 * people)
    train(datasets, shape(people), settings, tmp_path)
    found = rows(tmp_path)
    for identity in shape(people).identities:
        assert found[-1]["loss"][identity] < 0.75 * found[0]["loss"][identity]


def test_the_first_decoder_is_trained_alone_and_then_copied() -> None:
    run = Run(TWO, shape(), config(solo_images=8))
    fresh = {key: value.clone() for key, value in run.comb.decoders["two"].state_dict().items()}
    for _ in range(4):
        assert run.active == ("one",)
        run.advance()
    assert same(run.comb.decoders["two"].state_dict(), fresh)
    first = {key: value.clone() for key, value in run.comb.decoders["one"].state_dict().items()}
    run.advance()
    assert run.active == ("one", "two")
    for decoder in run.comb.decoders.values():
        moved = torch.cat([(value - first[key]).abs().flatten() for key, value in decoder.state_dict().items()])
        assert 0 < moved.max() < 0.01


def test_the_same_step_is_drawn_again_and_the_next_is_another() -> None:
    run = Run(TWO, shape(), config())
    assert torch.equal(run.batch("one", 4).inputs, run.batch("one", 4).inputs)
    before = run.batch("one", 4).inputs
    run.advance()
    assert not torch.equal(before, run.batch("one", 4).inputs)
