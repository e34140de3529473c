"""FLIP is its authors' own, and its known cases are met."""

import numpy as np
import pytest

from pecten.errors import ShapeError
from pecten.metrics.perceptual import flip, flip_map


def pictures() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = np.kron(rng.random((9, 12, 3)), np.ones((9, 9, 1))).astype(np.float32)
    image = np.clip(truth + 0.1 * rng.normal(size=truth.shape), 0, 1).astype(np.float32)
    image[20:50, 30:60] = np.roll(image[20:50, 30:60], 3, axis=1)
    return image, truth


@pytest.mark.parametrize("pixels_per_degree", [67.0, 30.0])
def test_flip_is_its_authors(pixels_per_degree: float) -> None:
    reference = pytest.importorskip("flip_evaluator")
    image, truth = pictures()
    expected, mean, _ = reference.evaluate(
        truth, image, "LDR", applyMagma=False, parameters={"ppd": float(pixels_per_degree)}
    )
    np.testing.assert_allclose(flip_map(image, truth, pixels_per_degree), np.squeeze(expected), atol=2e-4)
    assert flip(image, truth, pixels_per_degree=pixels_per_degree) == pytest.approx(mean, abs=2e-5)


def test_flip_of_known_cases() -> None:
    image, truth = pictures()
    assert flip(truth, truth) == 0
    plain = {name: np.full((40, 40, 3), colour, np.float32) for name, colour in COLOURS.items()}
    # The greatest colour error there is, by definition, and black on white a little below it.
    assert flip(plain["green"], plain["blue"]) == pytest.approx(1.0, abs=1e-6)
    assert 0.95 < flip(plain["black"], plain["white"]) < 1
    assert flip(image, truth) == pytest.approx(flip(truth, image))
    assert flip(plain["grey"], plain["white"]) < flip(plain["black"], plain["white"])


COLOURS = {"black": (0, 0, 0), "white": (1, 1, 1), "grey": (0.5, 0.5, 0.5), "green": (0, 1, 0), "blue": (0, 0, 1)}


def test_only_the_region_counts() -> None:
    image, truth = pictures()
    mask = np.zeros(truth.shape[:2], np.float32)
    mask[30:60, 30:70] = 1
    beyond = np.where(mask[..., None] > 0, image, 1 - truth).astype(np.float32)
    assert flip(beyond, truth, mask) == flip(image, truth, mask) > 0


def test_who_stands_back_sees_less() -> None:
    _, truth = pictures()
    fine = np.clip(truth + 0.2 * (np.indices(truth.shape).sum(axis=0) % 2 - 0.5), 0, 1).astype(np.float32)
    assert flip(fine, truth, pixels_per_degree=120.0) < 0.5 * flip(fine, truth, pixels_per_degree=15.0)


def test_mistakes_are_named() -> None:
    image, truth = pictures()
    with pytest.raises(ShapeError, match="equal sizes"):
        flip(image[1:], truth)
    with pytest.raises(ShapeError, match="empty"):
        flip(image, truth, np.zeros(truth.shape[:2], np.float32))
