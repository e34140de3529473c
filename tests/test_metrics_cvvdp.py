"""ColorVideoVDP says what its authors' own package says."""

import numpy as np
import pytest

from pecten.errors import ShapeError
from pecten.metrics.cvvdp import STANDARD_4K, STANDARD_FHD, ColorVideoVDP, Screen

THEIRS = {
    "noise": (9.841209411621094, 9.42793083190918),
    "shift": (8.114850997924805, 7.845606803894043),
    "tint": (9.418998718261719, 9.419060707092285),
    "dark": (9.993602752685547, 9.991748809814453),
}
"""By cvvdp 0.5.7, `predict(image, truth, dim_order="HWC")`, on standard_4k and standard_fhd."""


def pictures() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    rng = np.random.default_rng(0)
    truth = np.kron(rng.random((16, 16, 3)), np.ones((12, 12, 1))).astype(np.float32)
    return truth, {
        "noise": np.clip(truth + 0.05 * rng.normal(size=truth.shape), 0, 1).astype(np.float32),
        "shift": np.roll(truth, 2, axis=1),
        "tint": np.clip(truth * np.array([1.1, 1, 0.9]), 0, 1).astype(np.float32),
        "dark": (0.7 * truth).astype(np.float32),
    }


@pytest.fixture(scope="module")
def observer() -> ColorVideoVDP:
    return ColorVideoVDP()


@pytest.mark.parametrize("place", [0, 1])
def test_it_agrees_with_the_authors(place: int) -> None:
    truth, images = pictures()
    judge = ColorVideoVDP((STANDARD_4K, STANDARD_FHD)[place])
    for name, image in images.items():
        assert judge.jod(image, truth) == pytest.approx(THEIRS[name][place], abs=5e-4), name


def test_the_screens_are_the_authors() -> None:
    assert STANDARD_4K.pixels_per_degree == pytest.approx(75.40244934516303)
    assert STANDARD_FHD.pixels_per_degree == pytest.approx(37.842503853602885)


def test_known_orders(observer: ColorVideoVDP) -> None:
    truth, images = pictures()
    assert observer.jod(truth, truth) == 10
    noises = [np.clip(truth + k * (images["noise"] - truth), 0, 1).astype(np.float32) for k in (0.25, 0.5, 1.0)]
    worse = [observer.jod(noise, truth) for noise in noises]
    assert 10 > worse[0] > worse[1] > worse[2]
    afar = ColorVideoVDP(Screen(200.0))
    assert afar.jod(images["noise"], truth) > observer.jod(images["noise"], truth)


def test_only_the_region_counts(observer: ColorVideoVDP) -> None:
    truth, images = pictures()
    mask = np.zeros(truth.shape[:2], np.float32)
    mask[60:120, 50:130] = 1
    beyond = np.where(mask[..., None] > 0, images["shift"], 1 - truth).astype(np.float32)
    assert observer.jod(beyond, truth, mask) == observer.jod(images["shift"], truth, mask) < 10
    whole = np.ones(truth.shape[:2], np.float32)
    assert observer.jod(images["shift"], truth, whole) == observer.jod(images["shift"], truth)


def test_mistakes_are_named(observer: ColorVideoVDP) -> None:
    truth, _ = pictures()
    with pytest.raises(ShapeError, match="equal sizes"):
        observer.jod(truth[1:], truth)
    with pytest.raises(ShapeError, match="empty"):
        observer.jod(truth, truth, np.zeros(truth.shape[:2], np.float32))
    with pytest.raises(ShapeError, match="16 px"):
        observer.jod(truth[:8, :8], truth[:8, :8])
