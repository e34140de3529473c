"""`pecten bench swap`: swap methods under one budget, against known truth."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pecten.cli.options import Consent, DryRun, Threads, check_place, consent_folders, permitted, use_threads
from pecten.cli.screen import Screen
from pecten.errors import UsageError

if TYPE_CHECKING:
    from pecten.benchmark.swap_methods import Method
    from pecten.benchmark.swap_plan import Plan
    from pecten.consent import Use

EXAMPLES = """
\b
Examples:
  pecten bench swap --footage footage --quick
  pecten bench swap --footage footage -o figures --images 12000      # again: goes on
  pecten bench swap --footage footage --methods comb,dfl-df-128 --pairs ada:bruno --seconds 900
  pecten bench swap --footage footage --comb comb/ --plate shot.mov --plate other.mov
"""

QUICK_IMAGES, QUICK_SIZE, QUICK_EVERY = 400, 64, 3
IMAGES = 12_000


def swap(
    footage: Annotated[Path, typer.Option("--footage", help="Folder with performers/ and truth/.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write; an earlier run's is gone on with.")] = Path(
        "bench-swap"
    ),
    methods: Annotated[
        list[str] | None,
        typer.Option(
            help="Keys, joined by commas or again for more; the others are compared with the first: comb, comb-studio, "
            "comb-two-way, comb-single-stage, comb-paper-like, deepfakes-64, deepfakes-128, dfl-df-128, dfl-liae-128, "
            "nirkin, nirkin-source-shape. [default: all]"
        ),
    ] = None,
    pairs: Annotated[
        list[str] | None, typer.Option(help="SOURCE:TARGET, joined by commas or again for more. [default: all]")
    ] = None,
    shots: Annotated[
        list[str] | None, typer.Option(help="Shots of truth/, joined by commas or again for more. [default: all]")
    ] = None,
    images: Annotated[
        int | None, typer.Option(min=1, help="Budget: images of each performer for every network. [default: 12000]")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=1, help="Budget instead: seconds of teaching, of all a method's networks.")
    ] = None,
    comb: Annotated[
        Path | None, typer.Option("--comb", help="A trained comb, to take part outside the budget, as `given`.")
    ] = None,
    plate: Annotated[
        list[str] | None, typer.Option("--plate", help="Your own clip, judged without a truth (again for more).")
    ] = None,
    preset: Annotated[str, typer.Option(help="Whose settings our combs have: quick or studio.")] = "quick",
    size: Annotated[int | None, typer.Option(help="Side of our combs' faces in px. [default: 256]")] = None,
    judge: Annotated[int, typer.Option("--judge", min=64, help="Side of the crops that are judged, in px.")] = 256,
    every: Annotated[
        int | None, typer.Option("--frames", min=1, help="Judge one in so many runs of eight frames. [default: all]")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of weights and draws.")] = 0,
    quick: Annotated[bool, typer.Option("--quick", help="One pair, few images and frames, small faces.")] = False,
    threads: Threads = 0,
    consent: Consent = None,
    dry_run: DryRun = False,
) -> None:
    """Compare swap methods, each taught under one budget, with the true answer."""
    from pecten.benchmark.footage import read_footage
    from pecten.benchmark.swap_methods import Setting
    from pecten.benchmark.swap_plan import Plan, Spend, lessened, scenes_of, smallest

    takes = read_footage(footage)
    if quick:
        takes, (pair, shot) = lessened(takes), smallest(takes)
        pairs, shots = pairs or pair, shots or shot
        images = images or (QUICK_IMAGES if seconds is None else None)
        size, every = size or QUICK_SIZE, every or QUICK_EVERY
    if images is not None and seconds is not None:
        raise UsageError(f"--images {images} and --seconds {seconds:g}: give one budget")
    spend = Spend(images if images or seconds else IMAGES, seconds)
    scenes = scenes_of(takes, _listed(pairs), _listed(shots))
    people = {person for scene in scenes for person in scene.pair}
    chosen = _methods(_listed(methods), preset, quick, comb, sorted(people))
    plan = Plan(takes, chosen, scenes, spend, Setting(size or 256, preset, seed), judge, every or 1, tuple(plate or ()))
    _ask(plan, consent)
    check_place(out)
    if dry_run:
        for line in _planned(plan):
            typer.echo(line)
        typer.echo(f"would write to {out}")
        return
    use_threads(threads)
    from pecten.benchmark.swap import PAGE, measure_swap

    with Screen() as screen:
        report = measure_swap(plan, out, consent_folders(consent), screen)
    typer.echo(report.read_text(encoding="utf-8"))
    typer.echo(f"sheets, videos and {PAGE}: {out}")


def _listed(values: list[str] | None) -> list[str]:
    return [part.strip() for value in values or [] for part in value.split(",") if part.strip()]


def _methods(keys: list[str], preset: str, quick: bool, comb: Path | None, people: list[str]) -> "tuple[Method, ...]":
    from pecten.benchmark.swap_methods import GIVEN, METHODS, QUICK, choose, given

    # With the preset studio all round, `comb` and `comb-studio` are one method.
    wanted = keys or (list(QUICK) if quick else [key for key in METHODS if key != f"comb-{preset}"])
    if comb is None:
        return choose(wanted)
    # A given comb comes last, unless it is named in its place.
    wanted += [] if GIVEN in wanted else [GIVEN]
    return choose(wanted, {GIVEN: given(comb, people)})


def _ask(plan: "Plan", consent: list[Path] | None) -> None:
    """Ask every performer's record, before anybody is learnt or shown."""
    from pecten.consent import check_footage
    from pecten.footage.clip import open_clip, shot_name
    from pecten.footage.digest import digests_of

    for person in plan.people:
        performer = permitted(person, "train", consent)
        check_footage(performer, digests_of(take.clip for take in plan.clips_of(person)))
    shown: list[tuple[str, Use, str]] = []
    for scene in plan.scenes:
        (source, target), shot = scene.pair, scene.plate.clip.stem
        shown += [(source, "appearance", shot), (target, "performance", shot)]
    plates = [shot_name(open_clip(path).info.path) for path in plan.own]
    shown += [(source, "appearance", shot) for source, _ in plan.pairs for shot in plates]
    for person, use, shot in dict.fromkeys(shown):
        permitted(person, use, consent, shot)


def _planned(plan: "Plan") -> list[str]:
    from pecten.benchmark.swap_scene import check_scenes
    from pecten.footage.clip import open_clip

    check_scenes(plan.scenes)
    clips = {take.clip for person in plan.people for take in plan.clips_of(person)}
    clips |= {take.clip for scene in plan.scenes for take in (scene.plate, scene.answer)}
    return plan.lines([open_clip(path).info.frame_count for path in sorted(clips)])
