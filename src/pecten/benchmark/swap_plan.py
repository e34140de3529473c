"""What a benchmark of swaps does: which methods are taught whom, for which pairs and shots, and what it will cost."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, permutations

from pecten.baselines.model import Budget
from pecten.benchmark.footage import Take, TruthFootage
from pecten.benchmark.swap_methods import Method, Setting
from pecten.errors import FootageError, UsageError

RUN = 8
"""Neighbouring frames that are judged together: flicker has no meaning without."""

_FIND_S, _DECODE_S, _FINISH_S, _JUDGE_S = 0.13, 0.05, 0.8, 0.35
"""Rough CPU time of a frame, one core, in s: to find a face, decode it, put it into the plate, judge a picture."""

Pairing = tuple[str, str]
"""Source and target."""


@dataclass(frozen=True)
class Spend:
    """What each method may spend: images or time, one of both.

    Attributes:
        images: Of each performer, seen by one network. A decoder has then seen as much of its performer whatever the
            method is; a method that needs a network a pair sees each performer again in each of them.
        seconds: Of teaching, by `pecten.baselines.model.clock_of`, shared evenly by all the networks that a method
            needs for the pairs asked for.
    Raises:
        UsageError: unless exactly one is given, above 0.
    """

    images: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        Budget(self.images, self.seconds)

    def of(self, people: int, trainings: int) -> Budget:
        """Return the budget of one of a method's trainings.

        Args:
            people: Performers that it is of.
            trainings: How many the method needs.
        """
        if self.images is not None:
            return Budget(images=self.images * people)
        return Budget(seconds=(self.seconds or 0.0) / trainings)

    def words(self) -> str:
        """Say it in words."""
        if self.images is not None:
            return f"{self.images} images of each performer for every network"
        return f"{self.seconds:g} s of teaching for all networks of a method together"


@dataclass(frozen=True)
class Scene:
    """A pair in a shot.

    Attributes:
        plate: The target's performance.
        answer: The source's own, alike.
        swap: The true swap in the plate; None where there is none.
    """

    plate: Take
    answer: Take
    swap: Take | None

    @property
    def pair(self) -> Pairing:
        """Source and target."""
        return self.answer.source, self.plate.source

    @property
    def name(self) -> str:
        """What it shows."""
        return f"{self.answer.source} on {self.plate.source}, {self.plate.shot}"


@dataclass(frozen=True)
class Training:
    """One network to be taught.

    Attributes:
        method: What is taught.
        people: Whom; the first is the one to be put on where a network serves one direction.
        budget: How long.
    """

    method: Method
    people: tuple[str, ...]
    budget: Budget

    def serves(self, pair: Pairing) -> bool:
        """Say whether it is the one for a pair."""
        if self.method.scope == "direction":
            return pair == self.people
        return set(pair) <= set(self.people)


@dataclass(frozen=True)
class Plan:
    """All of a benchmark.

    Attributes:
        footage: What is taught and judged on.
        methods: The first is the one that others are compared with.
        scenes: Pairs and shots.
        spend: The budget of each method.
        setting: What methods are made with.
        size: Side of the crops that are judged, in px.
        every: Of so many runs of neighbouring frames one is judged.
        own: The user's clips, judged without a truth.
    """

    footage: TruthFootage
    methods: tuple[Method, ...]
    scenes: tuple[Scene, ...]
    spend: Spend
    setting: Setting
    size: int = 256
    every: int = 1
    own: tuple[str, ...] = ()

    @property
    def largest(self) -> int:
        """Side of the largest crops that a method is taught by, in px."""
        return max((m.size(self.setting) for m in self.methods if m.learns), default=self.setting.size)

    @property
    def pairs(self) -> tuple[Pairing, ...]:
        """The pairs, in the scenes' order."""
        return tuple(dict.fromkeys(scene.pair for scene in self.scenes))

    @property
    def people(self) -> tuple[str, ...]:
        """The performers, by name."""
        return tuple(sorted({person for pair in self.pairs for person in pair}))

    def trainings(self, method: Method) -> tuple[Training, ...]:
        """Return the networks that a method needs."""
        groups: list[tuple[str, ...]]
        if method.scope == "all":
            groups = [self.people]
        elif method.scope == "pair":
            groups = list(dict.fromkeys(tuple(sorted(pair)) for pair in self.pairs))
        else:
            groups = list(self.pairs)
        return tuple(Training(method, people, self.spend.of(len(people), len(groups))) for people in groups)

    def chosen(self, count: int) -> tuple[int, ...]:
        """Return the frames of a shot that are judged."""
        return tuple(i for i in range(count) if (i // RUN) % self.every == 0)

    def clips_of(self, person: str) -> tuple[Take, ...]:
        """Return what a performer is taught by."""
        return tuple(take for take in self.footage.performers if take.source == person)

    def lines(self, counts: Sequence[int]) -> list[str]:
        """Say what would be done, and about how long it takes.

        Args:
            counts: Frames of each of the clips that faces are found in.
        """
        told = [
            f"would find faces in {len(counts)} clips ({sum(counts)} frames), and teach {', '.join(self.people)}",
            f"budget: {self.spend.words()}",
        ]
        seconds, known = _FIND_S * sum(counts), True
        for method in self.methods:
            trainings = self.trainings(method)
            told.append(f"would teach {method.key}: {_networks(trainings)}")
            for training in trainings if method.budgeted else ():
                seconds += training.budget.seconds or (training.budget.images or 0) * method.cost_s
            known &= not method.budgeted or self.spend.seconds is not None or method.cost_s > 0
        inside = sum(scene.swap is not None for scene in self.scenes)
        told.append(f"would judge {len(self.scenes)} scenes in the crop and {inside} in the plate by each method")
        shown = 60 / self.every * len(self.methods)
        if self.own:
            told.append(f"would put every source into {', '.join(self.own)}, by the methods that know all performers")
        seconds += shown * (len(self.scenes) * (_DECODE_S + _JUDGE_S) + 2 * inside * (_FINISH_S + _JUDGE_S))
        told.append(f"about {_clock(seconds)} of one core's time{'' if known else ' and more'}; a GPU teaches faster")
        return told


def together(frames: Sequence[int], span: int = RUN) -> list[slice]:
    """Return which rows are judged together: neighbouring frames of one run.

    Args:
        frames: Ascending indices in the clip.
        span: Frames of a run; runs are counted from the clip's start, as in `Plan.chosen`.
    """
    ends = [
        row
        for row in range(1, len(frames))
        if frames[row] != frames[row - 1] + 1 or frames[row] // span != frames[row - 1] // span
    ]
    return [slice(start, stop) for start, stop in pairwise([0, *ends, len(frames)])] if frames else []


def scenes_of(footage: TruthFootage, pairs: Sequence[str] = (), shots: Sequence[str] = ()) -> tuple[Scene, ...]:
    """List the pairs and shots to be judged.

    Args:
        footage: The folder's takes.
        pairs: "SOURCE:TARGET" each; none takes every pair that can be judged.
        shots: Names; none takes all.
    Raises:
        UsageError: if a pair or shot is not there, or names one performer twice.
        FootageError: if nothing can be judged, or a performer has no clip to be taught by.
    """
    alone = {(take.source, take.shot): take for take in footage.truth}
    known = sorted({shot for _, shot in alone})
    for shot in shots:
        if shot not in known:
            raise UsageError(f"shot {shot}: not in truth/; choose among {', '.join(known) or 'none'}")
    people = sorted({source for source, _ in alone})
    wanted = [_pair(text, people) for text in pairs] or list(permutations(people, 2))
    swaps = {(take.source, take.target, take.shot): take for take in footage.swaps}
    scenes = tuple(
        Scene(alone[target, shot], alone[source, shot], swaps.get((source, target, shot)))
        for shot in (shots or known)
        for source, target in dict.fromkeys(wanted)
        if (source, shot) in alone and (target, shot) in alone
    )
    if not scenes:
        raise FootageError("no shot in truth/ that both performers of a pair play: give another folder or other pairs")
    for person in sorted({person for scene in scenes for person in scene.pair}):
        if all(take.source != person for take in footage.performers):
            raise FootageError(f"no performers/{person}_SHOT.mp4 to teach {person} by: add one, or choose other pairs")
    return scenes


def lessened(footage: TruthFootage) -> TruthFootage:
    """Keep one clip of each performer to teach by: an interview, where there is one."""
    first: dict[str, Take] = {}
    for take in sorted(footage.performers, key=lambda take: (not take.shot.startswith("interview"), take.shot)):
        first.setdefault(take.source, take)
    return replace(footage, performers=tuple(first.values()))


def smallest(footage: TruthFootage) -> tuple[list[str], list[str]]:
    """Return a pair and a shot to try the benchmark on: a true swap that can be judged; without one none of either."""
    alone = {(take.source, take.shot) for take in footage.truth}
    taught = {take.source for take in footage.performers}
    for swap in footage.swaps:
        people = {swap.source, swap.target}
        if not people <= taught or any((person, swap.shot) not in alone for person in people):
            continue
        return [f"{swap.source}:{swap.target}"], [swap.shot]
    return [], []


def _pair(text: str, people: Sequence[str]) -> Pairing:
    source, colon, target = text.partition(":")
    if not colon or source == target or source not in people or target not in people:
        raise UsageError(f"pair {text}: write SOURCE:TARGET, two of {', '.join(people) or 'nobody'}")
    return source, target


def _networks(trainings: Sequence[Training]) -> str:
    if not trainings or not trainings[0].method.budgeted:
        return "nothing to be taught"
    budget = trainings[0].budget
    each = f"{budget.images} images" if budget.images is not None else f"{budget.seconds:.0f} s"
    return f"{len(trainings)} of {len(trainings[0].people)} performers, {each} each"


def _clock(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes / 60:.1f} h"
