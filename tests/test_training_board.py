"""What TensorBoard would show of a run, read back by its own reader."""

import sys
from pathlib import Path

import pytest

from comb_helpers import config, crops, shape
from pecten.errors import TrainingError
from pecten.training import board
from pecten.training.loop import train

TWO = (crops("one"), crops("two"))


def test_statistics_previews_and_events_are_there_once_even_after_a_kill(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    settings = config(images=24, tensorboard=True, preview_images=12, checkpoint_images=8)
    left = iter(range(99))
    # The last interval is lost: the run goes on from image 8, and what was told of image 12 is taken back.
    train(TWO, shape(), settings, tmp_path, should_stop=lambda: next(left) == 3)
    (tmp_path / "checkpoints" / "00000012.safetensors").unlink()
    train(TWO, shape(), settings, tmp_path)
    found = EventAccumulator(str(tmp_path / "tensorboard"), size_guidance={"scalars": 0, "images": 0})
    found.Reload()
    tags = found.Tags()
    assert {"loss/one", "loss/two", "run/lr", "run/gradient_norm", "run/images_per_s"} <= set(tags["scalars"])
    assert [event.step for event in found.Scalars("loss/one")] == [4, 8, 12, 16, 20, 24]
    assert [event.step for event in found.Images("preview")] == [12, 24]
    assert (found.Images("preview")[0].height, found.Images("preview")[0].width) == (4 * 16, 3 * 16)
    assert "events/text_summary" in tags["tensors"]


def test_without_the_package_it_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "find_spec", lambda name: None)
    with pytest.raises(TrainingError, match=r"pip install 'pecten\[tensorboard\]'") as error:
        train(TWO, shape(), config(images=4, tensorboard=True), tmp_path)
    assert "\n" not in str(error.value)


def test_nobody_who_did_not_ask_for_it_loads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("torch.utils.tensorboard")]:
        monkeypatch.delitem(sys.modules, name)
    train(TWO, shape(), config(images=4), tmp_path)
    assert "torch.utils.tensorboard" not in sys.modules
    assert not (tmp_path / "tensorboard").exists()
