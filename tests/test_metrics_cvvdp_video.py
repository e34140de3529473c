"""ColorVideoVDP says of clips what its authors' own package says, and sees what no still shows."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from pecten.errors import ShapeError
from pecten.metrics.cvvdp import STANDARD_4K, STANDARD_FHD, ColorVideoVDP, delay

PAL, NTSC = Fraction(25), Fraction(30000, 1001)
Clip = list[np.ndarray]


def texture() -> np.ndarray:
    blocks = np.random.default_rng(0).random((8, 8, 3))
    return (0.1 + 0.7 * np.kron(blocks, np.ones((8, 8, 1)))).astype(np.float32)


def still(count: int) -> Clip:
    return [texture()] * count


def moving(count: int, late: int = 0) -> Clip:
    return [np.roll(texture(), 2 * max(row - late, 0), axis=1) for row in range(count)]


def shone(gains: list[float], colour: tuple[float, float, float] = (1, 1, 1)) -> Clip:
    """Change the light of a still clip."""
    return [np.clip(texture() * (1 + gain * np.array(colour)), 0, 1).astype(np.float32) for gain in gains]


def noisy(clip: Clip, anew: bool = False) -> Clip:
    noises = np.random.default_rng(1).normal(size=(len(clip), *clip[0].shape))
    return [np.clip(p + 0.05 * noises[row if anew else 0], 0, 1).astype(np.float32) for row, p in enumerate(clip)]


def alternating(gain: float, count: int) -> list[float]:
    return [gain * (-1) ** row for row in range(count)]


CASES: dict[str, Callable[[int], tuple[Clip, Clip]]] = {
    "noise held": lambda count: (noisy(still(count)), still(count)),
    "noise anew": lambda count: (noisy(still(count), anew=True), still(count)),
    "flicker": lambda count: (shone(alternating(0.06, count)), still(count)),
    "tint flickers": lambda count: (shone(alternating(0.08, count), (1, 0, -1)), still(count)),
    "light waves": lambda count: (shone([0.1 * np.sin(row * np.pi / 3) for row in range(count)]), still(count)),
    "motion late": lambda count: (moving(count, late=1), moving(count)),
    "motion stands": lambda count: (still(count), moving(count)),
    "noise moves along": lambda count: (noisy(moving(count)), moving(count)),
}

# In the order of CASES: by cvvdp 0.5.7, `predict(images, truths, dim_order="FHWC", frames_per_second=rate)`.
THEIRS = {
    ("fhd", PAL, 8): (8.95038, 9.24260, 6.66600, 9.20590, 5.17557, 8.05015, 5.78675, 8.88520),
    ("4k", PAL, 8): (9.74476, 9.77247, 6.66600, 9.20590, 5.17557, 8.11663, 5.86582, 9.63837),
    ("fhd", Fraction(24), 8): (8.95038, 9.30414, 5.97539, 9.13154, 3.80789, 7.77357, 4.84139, 8.87365),
    ("fhd", NTSC, 8): (8.95038, 9.27065, 7.09789, 9.27243, 5.07505, 8.10217, 5.72944, 8.87733),
    ("fhd", Fraction(60), 12): (8.95038, 9.26180, 7.88580, 9.34033, 7.08517, 8.81597, 6.23864, 8.86434),
    ("fhd", Fraction(120), 8): (8.95038, 9.04163, 8.91911, 9.26590, 9.50128, 9.92486, 9.60069, 8.93963),
    ("fhd", PAL, 2): (8.95038, 8.97991, 9.11185, 9.25661, 9.23577, 9.92978, 9.92978, 8.94741),
    ("fhd", PAL, 12): (8.95038, 9.31933, 6.63236, 9.25035, 3.05262, 7.72280, 3.68259, 8.86135),
}

# Likewise, of eight frames with the last one four times more.
THEIRS_HELD = (8.95038, 9.31065, 6.25214, 9.18548, 3.41228, 7.64264, 3.76258, 8.87147)


@pytest.fixture(scope="module")
def observer() -> ColorVideoVDP:
    return ColorVideoVDP(STANDARD_FHD)


@pytest.mark.parametrize("way", THEIRS, ids=lambda way: f"{way[0]} {float(way[1]):g} {way[2]}")
def test_it_agrees_with_the_authors(way: tuple[str, Fraction, int]) -> None:
    screen, rate, count = way
    judge = ColorVideoVDP({"fhd": STANDARD_FHD, "4k": STANDARD_4K}[screen])
    for (name, case), theirs in zip(CASES.items(), THEIRS[way], strict=True):
        assert judge.jod_video(*case(count), rate) == pytest.approx(theirs, abs=3e-3), name


def test_a_held_clip_is_a_longer_one(observer: ColorVideoVDP) -> None:
    for (name, case), theirs in zip(CASES.items(), THEIRS_HELD, strict=True):
        assert observer.jod_video(*case(8), PAL, hold=True) == pytest.approx(theirs, abs=3e-3), name


def test_flicker_is_seen_that_no_still_shows(observer: ColorVideoVDP) -> None:
    """Frames with one light and with the other, each as far from the truth: what counts is their order."""
    halves = shone([0.06] * 4 + [-0.06] * 4)
    mixed = shone(alternating(0.06, 8))
    stills = [[observer.jod(one, texture()) for one in clip] for clip in (halves, mixed)]
    assert min(map(min, stills)) > 9.99
    assert sorted(stills[0]) == pytest.approx(sorted(stills[1]))
    steady = observer.jod_video(shone([0.06] * 8), still(8), PAL)
    faint, strong = (observer.jod_video(shone(alternating(gain, 8)), still(8), PAL) for gain in (0.02, 0.06))
    assert steady > 9.9
    assert steady - 0.5 > faint > strong + 0.5
    # Faster than the eye can follow.
    assert observer.jod_video(mixed, still(8), Fraction(120)) > strong + 1


def test_equal_clips_are_equal(observer: ColorVideoVDP) -> None:
    for rate in (PAL, Fraction(60)):
        assert observer.jod_video(moving(4), moving(4), rate) == 10
        assert observer.jod_video(moving(4), moving(4), rate, hold=True) == 10


def test_the_end_is_seen_if_it_is_held(observer: ColorVideoVDP) -> None:
    early, late = (shone([0.15 * (row == at) for row in range(8)]) for at in (3, 6))
    seen, missed = (observer.jod_video(clip, still(8), PAL) for clip in (early, late))
    assert missed > seen + 3
    held, too = (observer.jod_video(clip, still(8), PAL, hold=True) for clip in (early, late))
    assert held == pytest.approx(too, abs=0.2)
    assert (delay(PAL), delay(Fraction(24)), delay(NTSC), delay(Fraction(60))) == (4, 3, 4, 8)


def test_only_the_region_counts(observer: ColorVideoVDP) -> None:
    mask = np.zeros((64, 64), np.float32)
    mask[20:40, 15:45] = 1
    flicker = shone(alternating(0.06, 6))
    beyond = [np.where(mask[..., None] > 0, one, 1 - one).astype(np.float32) for one in flicker]
    inside = observer.jod_video(flicker, still(6), PAL, [mask] * 6)
    assert observer.jod_video(beyond, still(6), PAL, [mask] * 6) == inside < 9.5
    whole = [np.ones((64, 64), np.float32)] * 6
    assert observer.jod_video(flicker, still(6), PAL, whole) == observer.jod_video(flicker, still(6), PAL)


def test_a_mask_weighs_what_is_seen_of_its_own_frame(observer: ColorVideoVDP) -> None:
    """A flash in the half that only the mask of its own frame lets in."""
    sides = np.ones((2, 64, 64), np.float32)
    sides[0, :, :32], sides[1, :, 32:] = 1e-3, 1e-3
    masks = [sides[int(row == 4)] for row in range(10)]
    flash = np.where(np.arange(64)[:, None] < 32, 0.15, 0.0)
    found = []
    for mask in (masks, [sides[0]] * 10):
        clip = [np.clip(texture() * (1 + flash * (row == 4)), 0, 1).astype(np.float32) for row in range(10)]
        found.append(observer.jod_video(clip, still(10), PAL, mask, hold=True))
    assert found[0] < found[1] - 0.5


def test_mistakes_are_named(observer: ColorVideoVDP) -> None:
    with pytest.raises(ShapeError, match="two or more"):
        observer.jod_video(still(1), still(1), PAL)
    with pytest.raises(ShapeError, match="rate above 0"):
        observer.jod_video(still(2), still(2), Fraction(0))
    with pytest.raises(ShapeError, match="as many of each"):
        observer.jod_video(still(3), still(2), PAL)
    with pytest.raises(ShapeError, match="equal sizes"):
        observer.jod_video([texture(), texture()[1:]], [texture(), texture()[1:]], PAL)
    with pytest.raises(ShapeError, match="empty"):
        observer.jod_video(still(2), still(2), PAL, [np.zeros((64, 64), np.float32)] * 2)
