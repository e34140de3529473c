"""The main job from raw footage to report, in steps that each go on where they stopped."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pecten.comb.weights import load_comb, read_header
from pecten.consent import check_footage, default_folders, require
from pecten.dataset.crops import load_crops
from pecten.deliver.credentials import Statement
from pecten.demo import footage
from pecten.demo.gather import Gathered, Gatherer
from pecten.demo.report import write_report
from pecten.faces.extract import extract_dataset
from pecten.faces.follow import FaceOptions
from pecten.faces.records import DatasetRecord, ShotFaces
from pecten.footage.clip import open_clip, shot_name
from pecten.footage.digest import digests_of
from pecten.shot import SwapOptions, plate_faces, render, statement_of
from pecten.training.config import preset
from pecten.training.loop import OnStats, train
from pecten.types import Progress

PRESET = "quick"
VIDEO = "ada_on_bruno.mp4"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Teaching:
    """Train a comb from nothing, instead of taking the one that ships.

    Attributes:
        images: Images the comb sees; None for the preset's.
    """

    images: int | None = None


def plan(out: Path, teaching: Teaching | None) -> list[str]:
    """Say what `run` would do."""
    last = f"would put {footage.SOURCE} into {footage.plate().name}, sign and measure it: {out / VIDEO}"
    if teaching is None:
        return [f"would find {footage.TARGET}'s face in {footage.plate().name}: {out / 'faces' / 'plate'}", last]
    shape, config = preset(PRESET, tuple(footage.SHOTS), images=teaching.images)
    clips = sum(len(footage.training_clips(identity)) for identity in footage.SHOTS)
    return [
        f"would find the faces of {', '.join(footage.SHOTS)} in {clips} clips: {out / 'faces'}",
        f"would train a comb of {shape.size} px on {config.images} images: {out / 'comb'}",
        last,
    ]


def run(out: Path, teaching: Teaching | None, progress: Progress, say: Say, on_stats: OnStats | None = None) -> Path:
    """Swap ada onto bruno's shot and measure it against the truth.

    Args:
        out: Folder to write; what an earlier, interrupted run left there is used.
        teaching: Train a comb first; None swaps with the one that ships.
        progress: Told how far each stage is.
        say: Told in words what begins.
        on_stats: Given each row of the training's statistics.
    Returns:
        The report.
    """
    prepared = _shipped(out, progress, say) if teaching is None else _taught(out, teaching, progress, say, on_stats)
    say(f"{prepared.next_step} swap: {footage.SOURCE} onto {footage.TARGET}'s shot, and the truth beside it")
    gathered, statement = _swap(prepared, out, progress)
    return write_report(gathered, out, prepared.words, prepared.stats, statement, progress)


@dataclass(frozen=True)
class _Prepared:
    """What a swap needs, and how the comb came to be, in words; the training's statistics where it was trained here."""

    comb: Path
    faces: ShotFaces
    words: str
    stats: Path | None
    next_step: str


def _shipped(out: Path, progress: Progress, say: Say) -> _Prepared:
    comb = footage.comb()
    header = read_header(comb)
    say(f"1/2 faces: finding {footage.TARGET} in the shot")
    found = plate_faces(open_clip(footage.plate()), out / "faces" / "plate", FaceOptions(), progress)
    words = (
        f"the comb that ships with Pecten, {header['config']['size']} px, {header.get('images_seen', 0)} images seen"
    )
    return _Prepared(comb, found, words, None, "2/2")


def _taught(out: Path, teaching: Teaching, progress: Progress, say: Say, on_stats: OnStats | None) -> _Prepared:
    for identity in footage.SHOTS:
        performer = require(identity, "train", default_folders(), date.today())
        check_footage(performer, digests_of(footage.training_clips(identity)))
    shape, config = preset(PRESET, tuple(footage.SHOTS), images=teaching.images)
    say(f"1/3 faces: finding and normalising {', '.join(footage.SHOTS)}")
    datasets = {identity: _faces(identity, out, shape.size, progress) for identity in footage.SHOTS}
    say(f"2/3 comb: training at {shape.size} px on this machine, {config.images} images")
    crops = [load_crops(out / "faces" / identity, shape.size) for identity in footage.SHOTS]
    train(crops, shape, config, out / "comb", progress, on_stats)
    shots = datasets[footage.TARGET].shots
    found = next(shot for shot in shots if Path(shot.clip).name == footage.plate().name)
    words = f"trained from nothing on this machine, preset {PRESET}, {config.images} images seen"
    return _Prepared(out / "comb", found, words, out / "comb" / "stats.jsonl", "3/3")


def _faces(identity: str, out: Path, size: int, progress: Progress) -> DatasetRecord:
    clips = [open_clip(path) for path in footage.training_clips(identity)]

    def named(stage: str, done: int, total: int) -> None:
        progress(f"{identity} {stage}", done, total)

    return extract_dataset(clips, identity, out / "faces" / identity, size, FaceOptions(), named)


def _swap(prepared: _Prepared, out: Path, progress: Progress) -> tuple[Gathered, Statement]:
    clip, video = open_clip(footage.plate()), out / VIDEO
    shot = shot_name(clip.info.path)
    giver = require(footage.SOURCE, "appearance", default_folders(), date.today(), shot)
    performer = require(footage.TARGET, "performance", default_folders(), date.today(), shot)
    statement = statement_of(prepared.comb, [giver], performer, f"0-{clip.info.frame_count - 1}", shot)
    gatherer = Gatherer(clip)
    comb, options = load_comb(prepared.comb), SwapOptions(footage.SOURCE)
    render(clip, prepared.faces, comb, options, video, statement, progress, overwrite=True, observe=gatherer)
    return gatherer.gathered(video), statement
