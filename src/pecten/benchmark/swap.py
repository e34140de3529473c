"""The benchmark of swaps: methods taught under one budget, judged against two truths, and written down."""

import gc
from collections.abc import Callable, Mapping, Sequence
from functools import cache as once
from functools import partial
from pathlib import Path

from pecten.benchmark.report import write_report
from pecten.benchmark.swap_cache import Cache
from pecten.benchmark.swap_look import Looker
from pecten.benchmark.swap_measure import MEASURES
from pecten.benchmark.swap_methods import Method
from pecten.benchmark.swap_page import write_page
from pecten.benchmark.swap_pictures import write_pictures_of
from pecten.benchmark.swap_plan import RUN, Plan, Training
from pecten.benchmark.swap_real import OwnPlate, own_units, ready_plates
from pecten.benchmark.swap_results import PLATE, TRUTH, MethodNote, SwapResults, save_results
from pecten.benchmark.swap_scene import Ready, check_scenes, datasets, ready
from pecten.benchmark.swap_table import figures_of, tables_of
from pecten.benchmark.swap_teach import spent, teach, training_key
from pecten.benchmark.swap_units import Unit, references_of, units_of
from pecten.dataset.crops import CropSet
from pecten.types import Progress, silent

Crops = Callable[[], Mapping[str, CropSet]]

PAGE = "page.html"


def measure_swap(plan: Plan, out: Path, consent: Sequence[Path], progress: Progress = silent) -> Path:
    """Teach, show, judge and write down; what an earlier run made is used.

    Args:
        plan: What.
        out: Folder to write: `report.md`, `report.json`, `figures.csv`, `results.json`, `page.html`, `sheets/`,
            `videos/` and `cache/`.
        consent: Folders of consent records, which signed pictures name.
        progress: Told on the way.
    Returns:
        The Markdown report.
    Raises:
        FootageError, FacesError: if footage or its truth is missing, damaged or cannot be read.
        ConsentError: if a source's record forbids pictures.
        KeyboardInterrupt: as it comes; what was made stays, and the same call goes on.
    """
    check_scenes(plan.scenes)
    cache = Cache(out)
    own = ready_plates(plan, cache, progress)
    scenes = [ready(plan, scene, cache, progress) for scene in plan.scenes]
    crops: Crops = once(lambda: datasets(plan, cache, plan.largest, progress))
    units, notes = list[Unit](), list[MethodNote]()
    for method in plan.methods:
        units += _shown_by(plan, method, scenes, own, cache, crops, progress)
        notes.append(_note(plan, method, cache))
    units += [unit for scene in scenes for unit in references_of(scene, plan.size)]
    notes += [MethodNote(PLATE, "plate, unchanged", reference=True), MethodNote(TRUTH, "the truth", reference=True)]
    taken, looker = [], Looker(cache)
    for done, one in enumerate(units, start=1):
        taken.append(one.judge(cache, looker))
        progress("judge", done, len(units))
    results = SwapResults("Swaps", _words(plan), MEASURES, tuple(notes), tuple(taken))
    save_results(out, results)
    figures, tables = figures_of(results), tables_of(results)
    report = write_report(out, results.title, figures, tables, results.notes)
    files = write_pictures_of(results, out, consent, progress)
    write_page(out / PAGE, results, out, tables, figures, files, progress=progress)
    return report


def _shown_by(
    plan: Plan,
    method: Method,
    scenes: Sequence[Ready],
    own: Sequence[OwnPlate],
    cache: Cache,
    crops: Crops,
    progress: Progress,
) -> list[Unit]:
    """Have one method taught and show all its scenes, as far as that is still to be done."""
    units = list[Unit]()
    for training in plan.trainings(method):
        key = training_key(plan, training)
        mine = _served(plan, training, key, scenes, own)
        pending = [one for one in mine if not cache.place("shown", one.key).is_dir()]
        if pending or not spent(cache.place("taught", key)).done:
            model = teach(plan, training, cache, crops, progress)
            for done, one in enumerate(pending, start=1):
                cache.made("shown", one.key, partial(one.show, model))
                progress(f"show {method.key.replace('-', ' ')}", done, len(pending))
            # A method's memory may be large, a GPU's above all.
            del model
            gc.collect()
        units += mine
    return units


def _served(plan: Plan, training: Training, key: str, scenes: Sequence[Ready], own: Sequence[OwnPlate]) -> list[Unit]:
    method, units = training.method, list[Unit]()
    for scene in scenes:
        if training.serves(scene.scene.pair):
            units += units_of(method, key, scene, plan.size)
    if method.scope == "all":
        units += own_units(method, key, own, scenes, plan)
    return units


def _note(plan: Plan, method: Method, cache: Cache) -> MethodNote:
    trainings = plan.trainings(method)
    costs = [spent(cache.place("taught", training_key(plan, training))) for training in trainings]
    each = [cost.images / len(training.people) for cost, training in zip(costs, trainings, strict=True)]
    return MethodNote(
        method.key,
        method.name,
        ours=method.ours,
        size_px=method.size(plan.setting),
        trainings=len(trainings),
        images=sum(cost.images for cost in costs),
        images_each=max(each, default=0.0),
        seconds=sum(cost.seconds for cost in costs),
    )


def _words(plan: Plan) -> tuple[str, ...]:
    return (
        "Footage: synthetic performers with known truth. They share their expression shapes, hair is rigid, and "
        "nothing covers a face: a benchmark with truth, not proof of quality on real footage.",
        f"Budget: {plan.spend.words()}. Equal images mean that every decoder has seen as much of its performer; a "
        "method that needs a network for each pair or direction then sees more in all, which favours it. Seconds are "
        "of the wall's clock on a GPU, and on the CPU of the process, all threads together. All are "
        f"taught by the clips of performers/ alone ({', '.join(plan.people)}); nothing of truth/ is ever taught, not "
        "even the target's plate.",
        "In the crop: the decoder's answer to the target's plate, enlarged or reduced to "
        f"{plan.size} px, against the source's own clip of the same performance in its own normalisation, inside the "
        "true face. In the plate: the finished frame against the true swap, cut by the target's normalisation, inside "
        "the true inner face; once with each method's customary blend (OpenCV's seamless clone for the others), once "
        "with ours.",
        "Means over frames with 95 % intervals by block bootstrap; differences are paired by frame. ColorVideoVDP over "
        f"time has one value a run of up to {RUN} neighbouring frames: its means, differences and intervals are over "
        "runs. One training of each method: how much another seed would change is not in the intervals. The references "
        "show what the measures say of the unchanged plate and of the truth itself.",
    )
