"""The loop: steps, statistics, previews, checkpoints, and what happens when something goes wrong."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from pecten import sheet
from pecten.comb.config import CombConfig
from pecten.comb.model import Comb
from pecten.comb.schedule import seconds_left
from pecten.comb.weights import FILE_NAME, read_header, save_comb
from pecten.dataset.crops import CropSet
from pecten.errors import CombError, TrainingError
from pecten.files import alone_in, write_json, write_text
from pecten.interrupt import Interrupt, held_back
from pecten.training.board import Board
from pecten.training.config import TrainConfig
from pecten.training.preview import preview
from pecten.training.ranks import ALONE, Ranks
from pecten.training.run import Run
from pecten.training.sharpen import sharpen
from pecten.training.step import Outcome
from pecten.types import Progress, silent

GIVE_UP_AFTER = 3
"""Roll-backs."""

PREVIEW_ROWS = 2
"""Crops of each identity in a preview."""

_CONFIG = "config.json"
_FREE_TO_CHANGE = {
    "accumulate",
    "cache",
    "checkpoint_images",
    "compile",
    "device",
    "preview_images",
    "sharpen",
    "stats_images",
    "tensorboard",
}

OnStats = Callable[[dict[str, Any]], None]


def train(
    datasets: Sequence[CropSet],
    shape: CombConfig,
    config: TrainConfig,
    out: Path,
    progress: Progress = silent,
    on_stats: OnStats | None = None,
    should_stop: Callable[[], bool] | None = None,
    base: Comb | None = None,
    ranks: Ranks = ALONE,
    seen: Mapping[str, object] | None = None,
) -> Path:
    """Teach a comb, or go on where an earlier call with the same configuration stopped.

    Args:
        datasets: One an identity of `shape`, crops at least `shape.size` px; with a frozen encoder, identities of
            `base` need none and stay as they are.
        shape: Of the comb.
        config: Of the training.
        out: Folder for `config.json`, `stats.jsonl`, `comb.safetensors` (averaged weights, for use), `checkpoints/`
            (the last three), `previews/` and, if asked for, `tensorboard/`.
        progress: Told the images seen.
        on_stats: Given each row of `stats.jsonl`.
        base: The comb that `config.base_sha256` names; new identities begin as the mean of its decoders.
        ranks: Processes that share each step, all with the same folder; the first writes.
        seen: What the base's header says of performers' training; kept of those who are not taught here.
        should_stop: Asked after each step; when true the state is saved and the call returns.
    Returns:
        The comb's path.
    Raises:
        TrainingError: if the folder belongs to another configuration, another training is at work there, an identity
            has no crops, or the loss stays without a number.
        KeyboardInterrupt: on SIGINT or SIGTERM, after the step is done and the state saved.
    """
    datasets = _in_order(datasets, shape, base.config.identities if base and config.freeze_encoder else ())
    kept = {name: value for name, value in (seen or {}).items() if name in shape.identities}
    with alone_in(out) if ranks.leads else nullcontext(True) as is_ours:
        if not is_ours:
            raise TrainingError(f"{out}: another training is at work there: wait for it, or choose another folder")
        if ranks.leads:
            _claim(out, shape, config)
        ranks.wait()
        return _Loop(Run(datasets, shape, config, base, ranks), out, progress, on_stats, should_stop, kept).go()


class _Loop:
    """One call of `train`."""

    def __init__(
        self,
        run: Run,
        out: Path,
        progress: Progress,
        on_stats: OnStats | None,
        should_stop: Callable[[], bool] | None,
        seen: Mapping[str, object],
    ) -> None:
        self.run, self.out, self.progress, self.seen = run, out, progress, seen
        self.on_stats, self.should_stop = on_stats, should_stop
        self.recent: list[Outcome] = []
        self.since: tuple[float, int] = (0.0, 0)
        self.seconds_an_image: dict[int, float] = {}
        self.board: Board | None = None

    def go(self) -> Path:
        """Run to the end, to a stop or to an interrupt; in each case the state is saved."""
        total = self.run.config.images
        with held_back() as interrupt:
            self._resume()
            # An earlier call did all there is to do.
            ready = self.run.clock.images_seen >= total and self._is_sharpened()
            try:
                while self.run.clock.images_seen < total and not self._is_stopped():
                    before = self.run.clock.images_seen
                    outcome = self.run.advance()
                    if outcome.finite:
                        self._after(outcome, before)
                    else:
                        self._roll_back(outcome)
                    # Never back to false: one may come while the processes are asked.
                    if self.run.ranks.agree(interrupt.came):
                        interrupt.came = True
                    interrupt.raise_if_came()
            finally:
                if not ready:
                    self._save()
                if self.board:
                    self.board.close()
            if not ready and self.run.clock.images_seen >= total:
                self._sharpen(interrupt)
        # One that came with the last step or during the saving counts too.
        interrupt.raise_if_came()
        return self.out / FILE_NAME

    def _is_sharpened(self) -> bool:
        try:
            header = read_header(self.out)
        except CombError:
            return False
        return bool(header.get("sharpened")) and header["images_seen"] == self.run.clock.images_seen

    def _sharpen(self, interrupt: Interrupt) -> None:
        """Fit the finished comb's fine detail once more; an interrupt leaves the comb as it was saved."""
        run = self.run
        if not (run.config.sharpen and run.comb.config.texture and run.ranks.leads):
            return
        for crops in run.datasets.values():
            if not sharpen(run.ema, crops, self.progress, lambda: interrupt.came):
                return
        self._write_comb(sharpened=True)

    def _is_stopped(self) -> bool:
        return self.run.ranks.agree(bool(self.should_stop and self.should_stop()))

    def _resume(self) -> None:
        found, reasons = self.run.restore(self._checkpoints)
        # Nobody writes before all have read.
        self.run.ranks.wait()
        seen = self.run.clock.images_seen
        if not self.run.ranks.leads:
            return
        self._forget_after(seen)
        if found or reasons:
            self._note({"event": "resumed", "images_seen": seen, "passed_over": list(reasons)})
        self.since = (time.monotonic(), seen)

    def _after(self, outcome: Outcome, before: int) -> None:
        config, seen = self.run.config, self.run.clock.images_seen
        if not self.run.ranks.leads:
            return
        self.recent.append(outcome)
        self.progress("train", min(seen, config.images), config.images)
        last = seen >= config.images
        if last or _passed(before, seen, config.stats_images):
            self._report()
        if config.preview_images and (last or _passed(before, seen, config.preview_images)):
            self._preview()
        if not last and _passed(before, seen, config.checkpoint_images):
            self._save()

    def _report(self) -> None:
        run, now = self.run, time.monotonic()
        level, fade = run.state
        rate = (run.clock.images_seen - self.since[1]) / max(now - self.since[0], 1e-9)
        self.seconds_an_image[level] = 1 / max(rate, 1e-9)
        losses = {
            identity: sum(values) / len(values)
            for identity in run.datasets
            if (values := [row.losses[identity] for row in self.recent if identity in row.losses])
        }
        self._note(
            {
                "images_seen": run.clock.images_seen,
                "level": level,
                "px": 2**level,
                "fade": round(fade, 4),
                "loss": {identity: round(value, 6) for identity, value in losses.items()},
                "gradient_norm": round(self.recent[-1].gradient_norm, 5),
                "images_per_s": round(rate, 2),
                "lr": run.rate,
                "eta_s": round(seconds_left(run.phases, run.clock.images_seen, self.seconds_an_image), 1),
            }
        )
        self.recent, self.since = [], (now, run.clock.images_seen)

    def _roll_back(self, outcome: Outcome) -> None:
        run, clock = self.run, self.run.clock
        if clock.rollbacks >= GIVE_UP_AFTER:
            raise TrainingError(
                f"{self.out}: loss without a number at image {clock.images_seen}, rolled back {GIVE_UP_AFTER} times in "
                "vain: lower the learning rate or look for damaged crops"
            )
        run.restart(self._checkpoints, replace(clock, rate_scale=clock.rate_scale / 2, rollbacks=clock.rollbacks + 1))
        self.recent, self.since = [], (time.monotonic(), run.clock.images_seen)
        if not run.ranks.leads:
            return
        self._forget_after(run.clock.images_seen)
        self._note(
            {
                "event": "rolled back",
                "from_images": clock.images_seen,
                "images_seen": run.clock.images_seen,
                "identities": [name for name, value in outcome.losses.items() if not abs(value) < float("inf")],
                "rate_scale": run.clock.rate_scale,
            }
        )

    def _save(self) -> None:
        # A state that no step has changed is not worth a file.
        # One that an exception left half changed must never become a checkpoint.
        if self.run.clock.images_seen == 0 or self.run.half_done or not self.run.ranks.leads:
            return
        self.run.save(self._checkpoints)
        self._write_comb()

    def _write_comb(self, sharpened: bool = False) -> None:
        seen = {**self.seen, **{identity: reach.to_dict() for identity, reach in self.run.reaches.items()}}
        extra = {"images_seen": self.run.clock.images_seen, "level": self.run.state[0], "seen": seen}
        save_comb(self.out / FILE_NAME, self.run.ema, {**extra, "sharpened": True} if sharpened else extra)

    def _preview(self) -> None:
        level, fade = self.run.state
        crops = self.run.feed.at(level)
        inputs = {
            identity: _spread(images).to(self.run.device).float() / 255 for identity, (images, _, _) in crops.items()
        }
        shown = preview(self.run.ema, inputs, level, fade)
        sheet.save(self.out / "previews" / f"{self.run.clock.images_seen:08d}.png", shown)
        if self.board:
            self.board.picture(shown, self.run.clock.images_seen)

    def _note(self, row: dict[str, Any]) -> None:
        with (self.out / "stats.jsonl").open("a", encoding="utf-8") as handle:
            handle.write(json.dumps(row) + "\n")
        if self.board:
            self.board.note(row)
        if self.on_stats:
            self.on_stats(row)

    def _forget_after(self, images_seen: int) -> None:
        """Drop what was told of steps that will be made again."""
        _forget_after(self.out / "stats.jsonl", images_seen)
        if self.board:
            self.board.close()
        if self.run.config.tensorboard:
            self.board = Board(self.out / "tensorboard", images_seen)

    @property
    def _checkpoints(self) -> Path:
        return self.out / "checkpoints"


def _in_order(datasets: Sequence[CropSet], shape: CombConfig, settled: Sequence[str]) -> list[CropSet]:
    held = {crops.identity: crops for crops in datasets}
    taught = [identity for identity in shape.identities if identity in held or identity not in settled]
    for identity in taught:
        if identity not in held or not len(held[identity].images):
            raise TrainingError(f"no usable crops of {identity}: give a dataset for each identity of the comb")
    if extra := sorted(set(held) - set(shape.identities)):
        raise TrainingError(f"crops of {', '.join(extra)}, whom the comb does not know: name them or leave them out")
    return [held[identity].at_size(shape.size) for identity in taught]


def _claim(out: Path, shape: CombConfig, config: TrainConfig) -> None:
    """Write the configuration into the folder, or see that the one there is the same."""
    check_folder(out, shape, config)
    write_json(out / _CONFIG, {"comb": shape.to_dict(), "training": config.to_dict()})


def check_folder(out: Path, shape: CombConfig, config: TrainConfig) -> None:
    """See that a folder is free for a training, or belongs to one of the same configuration.

    Args:
        out, shape, config: As for `train`.
    Raises:
        TrainingError: naming the setting that differs.
    """
    path = out / _CONFIG
    if (out / FILE_NAME).exists() and not path.exists():
        raise TrainingError(f"{out}: holds a comb that no training here has made: choose another folder")
    default = json.loads(json.dumps({**CombConfig(shape.identities).to_dict(), **TrainConfig().to_dict()}))
    record = json.loads(json.dumps({"comb": shape.to_dict(), "training": config.to_dict()}))
    if path.exists():
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
            # Settings that an older Pecten did not know had their default.
            pairs = {**default, **held["comb"], **held["training"]}
            pairs["jitter"] = {**default["jitter"], **pairs["jitter"]}
        except (ValueError, KeyError, TypeError) as error:
            raise TrainingError(f"{path}: cannot be read ({error}): choose another folder") from error
        wanted = {**record["comb"], **record["training"]}
        for key in sorted(set(pairs) | set(wanted)):
            if key not in _FREE_TO_CHANGE and pairs.get(key) != wanted.get(key):
                raise TrainingError(
                    f"{path}: {key} was {pairs.get(key)}, now {wanted.get(key)}: use the same value or another folder"
                )


def _passed(before: int, now: int, every: int) -> bool:
    return now // every > before // every


def _forget_after(path: Path, images_seen: int) -> None:
    """Drop rows of steps that will be made again."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue  # the last row may be cut short
        if row.get("images_seen", 0) <= images_seen:
            kept.append(line)
    write_text(path, "".join(line + "\n" for line in kept))


def _spread(images: torch.Tensor) -> torch.Tensor:
    places = torch.linspace(0, len(images) - 1, PREVIEW_ROWS + 2)[1:-1].round().long()
    return images[places]
