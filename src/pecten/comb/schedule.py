"""Which level is trained when: a pure function of the images seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pecten.errors import CombError

LEVEL_COST = 2.0
"""A level's cost in terms of the one below, before it is measured: 1.5 to 2 for small combs, up to 4 for wide ones."""


@dataclass(frozen=True)
class Phase:
    """A stretch of training.

    Args:
        level: log2 of the pictures' side in px.
        fade: True while the level fades in, False when it stands alone.
        images: Length of the stretch, in images of all identities together.
    """

    level: int
    fade: bool
    images: int


def share_images(total: int, count: int, growth: float) -> tuple[int, ...]:
    """Split `total` images over `count` levels, each with `growth` times the images of the one below."""
    shares = [growth**k for k in range(count)]
    edges = [round(total * sum(shares[:k]) / sum(shares)) for k in range(count + 1)]
    return tuple(b - a for a, b in pairwise(edges))


def plan(start_level: int, images_per_level: Sequence[int], fade_share: float = 0.5) -> tuple[Phase, ...]:
    """Lay out the phases: every level above the first fades in, then stands.

    Args:
        start_level: The first level; the others follow one by one.
        images_per_level: Images for each level, fading included.
        fade_share: Part of a level's images spent fading it in, 0..1.
    Raises:
        CombError: if there is no level, or a length or share is out of range.
    """
    if not images_per_level or min(images_per_level) < 0 or not 0 <= fade_share <= 1:
        raise CombError(
            f"schedule of {list(images_per_level)} images, fade share {fade_share}: give counts >= 0, share 0..1"
        )
    phases: list[Phase] = []
    for k, images in enumerate(images_per_level):
        fading = round(images * fade_share) if k else 0
        phases += [Phase(start_level + k, True, fading), Phase(start_level + k, False, images - fading)]
    return tuple(phase for phase in phases if phase.images) or (Phase(start_level, False, 0),)


def state_at(phases: Sequence[Phase], images_seen: int) -> tuple[int, float]:
    """Return the level and its fade (0..1] for the next image.

    Args:
        phases: From `plan`.
        images_seen: Images of all identities so far; beyond the end the last phase's end holds.
    """
    left = images_seen
    for phase in phases:
        if left < phase.images:
            # Half an image ahead: a level that fades in is never quite without weight, so its gradients are never zero.
            return phase.level, (left + 0.5) / phase.images if phase.fade else 1.0
        left -= phase.images
    return phases[-1].level, 1.0


def seconds_left(phases: Sequence[Phase], images_seen: int, seconds_an_image: Mapping[int, float]) -> float:
    """Estimate how long the rest of the phases takes.

    Args:
        phases: From `plan`.
        images_seen: Images of all identities so far.
        seconds_an_image: Measured, by level. Of levels not reached yet each is taken for `LEVEL_COST` times as dear
            as the one below.
    Returns:
        s; 0 when nothing was measured yet.
    """
    if not seconds_an_image:
        return 0.0
    known = max(seconds_an_image)
    total, begin = 0.0, 0
    for phase in phases:
        end = begin + phase.images
        images = max(0, end - max(begin, images_seen))
        cost = seconds_an_image.get(phase.level, seconds_an_image[known] * LEVEL_COST ** max(0, phase.level - known))
        total += images * cost
        begin = end
    return total
