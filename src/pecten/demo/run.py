"""The main job from raw footage to report, in three steps that each go on where they stopped."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from pecten.comb.weights import load_comb
from pecten.consent import default_folders, require
from pecten.dataset.crops import load_crops
from pecten.deliver.credentials import Statement
from pecten.demo import footage
from pecten.demo.gather import Gathered, Gatherer
from pecten.demo.report import write_report
from pecten.faces.extract import extract_dataset
from pecten.faces.follow import FaceOptions
from pecten.faces.records import DatasetRecord
from pecten.footage.clip import open_clip
from pecten.shot import SwapOptions, render, statement_of
from pecten.training.config import preset
from pecten.training.loop import OnStats, train
from pecten.types import Progress

PRESET = "quick"
VIDEO = "ada_on_bruno.mp4"
Say = Callable[[str], None]


def plan(out: Path, images: int | None) -> list[str]:
    """Say what `run` would do."""
    shape, config = preset(PRESET, tuple(footage.SHOTS), images=images)
    clips = sum(len(footage.training_clips(identity)) for identity in footage.SHOTS)
    return [
        f"would find the faces of {', '.join(footage.SHOTS)} in {clips} clips: {out / 'faces'}",
        f"would train a comb of {shape.size} px on {config.images} images: {out / 'comb'}",
        f"would put {footage.SOURCE} into {footage.plate().name}, sign and measure it: {out / VIDEO}",
    ]


def run(out: Path, images: int | None, progress: Progress, say: Say, on_stats: OnStats | None = None) -> Path:
    """Swap ada onto bruno's shot and measure it against the truth.

    Args:
        out: Folder to write; what an earlier, interrupted run left there is used.
        images: Images the comb sees; None for the preset's.
        progress: Told how far each stage is.
        say: Told in words what begins.
        on_stats: Given each row of the training's statistics.
    Returns:
        The report.
    """
    for identity in footage.SHOTS:
        require(identity, "train", default_folders(), date.today())
    shape, config = preset(PRESET, tuple(footage.SHOTS), images=images)
    say(f"1/3 faces: finding and normalising {', '.join(footage.SHOTS)}")
    datasets = {identity: _faces(identity, out, shape.size, progress) for identity in footage.SHOTS}
    say(f"2/3 comb: training at {shape.size} px on this machine, {config.images} images")
    crops = [load_crops(out / "faces" / identity, shape.size) for identity in footage.SHOTS]
    train(crops, shape, config, out / "comb", progress, on_stats)
    say(f"3/3 swap: {footage.SOURCE} onto {footage.TARGET}'s shot, and the truth beside it")
    gathered, statement = _swap(datasets[footage.TARGET], out, progress)
    return write_report(gathered, out, f"preset {PRESET}, {config.images} images seen", statement, progress)


def _faces(identity: str, out: Path, size: int, progress: Progress) -> DatasetRecord:
    clips = [open_clip(path) for path in footage.training_clips(identity)]

    def named(stage: str, done: int, total: int) -> None:
        progress(f"{identity} {stage}", done, total)

    return extract_dataset(clips, identity, out / "faces" / identity, size, FaceOptions(), named)


def _swap(target: DatasetRecord, out: Path, progress: Progress) -> tuple[Gathered, Statement]:
    comb_path, video = out / "comb", out / VIDEO
    clip = open_clip(footage.plate())
    found = next(shot for shot in target.shots if Path(shot.clip).name == footage.plate().name)
    giver = require(footage.SOURCE, "appearance", default_folders(), date.today())
    performer = require(footage.TARGET, "performance", default_folders(), date.today())
    statement = statement_of(comb_path, [giver], performer, f"0-{clip.info.frame_count - 1}")
    gatherer = Gatherer(clip)
    options = SwapOptions(footage.SOURCE)
    render(clip, found, load_comb(comb_path), options, video, statement, progress, overwrite=True, observe=gatherer)
    return gatherer.gathered(video), statement
