"""Faces moved by hand are read as what was moved, and errors are what they are."""

import numpy as np
import pytest

from pecten.errors import ShapeError
from pecten.faces.mean import MEAN_MESH
from pecten.geometry import similarity
from pecten.metrics.blendshapes import (
    GAZE,
    NAMES,
    Blendshapes,
    from_animation,
    weight_correlation,
    weight_errors,
)

NEUTRAL = MEAN_MESH[:, :2].copy()
RIGHT_LIDS = ((159, 145), (158, 153), (160, 144), (161, 163), (157, 154), (173, 155), (246, 7))
LOWER_LIP = (14, 87, 88, 178, 95, 317, 318, 402, 324, 17, 84, 181, 91, 146, 314, 405, 321, 375)


@pytest.fixture(scope="module")
def reader() -> Blendshapes:
    return Blendshapes()


def blinking() -> np.ndarray:
    face = NEUTRAL.copy()
    for upper, lower in RIGHT_LIDS:
        face[upper] = face[lower]
    return face


def speaking() -> np.ndarray:
    face = NEUTRAL.copy()
    chin = NEUTRAL[:, 1] > NEUTRAL[17, 1] + 5
    face[chin] += [0.0, 80.0]
    face[list(LOWER_LIP)] += [0.0, 80.0]
    return face


def test_what_moves_is_read(reader: Blendshapes) -> None:
    neutral, blink, speech = reader.read(np.stack([NEUTRAL, blinking(), speaking()]))
    change = {name: (blink[i] - neutral[i], speech[i] - neutral[i]) for i, name in enumerate(NAMES)}
    assert max(change, key=lambda name: change[name][0]) == "eyeBlinkRight"
    assert change["eyeBlinkRight"][0] > 0.2
    assert change["eyeBlinkRight"][0] > 3 * abs(change["eyeBlinkLeft"][0])
    assert max(change, key=lambda name: change[name][1]) == "jawOpen"
    assert change["jawOpen"][1] > 0.2


def test_place_size_and_tilt_do_not_count(reader: Blendshapes) -> None:
    move = similarity.similarity(0.31, 0.6, (500.0, -80.0))
    moved = similarity.apply(move, speaking())
    np.testing.assert_allclose(reader.read(moved[None]), reader.read(speaking()[None]), atol=1e-4)


def test_errors_of_known_size() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random((6, 52))
    found = truth.copy()
    found[3, [1, 2]] += [0.3, -0.1]
    found[:, list(GAZE)] = 0.5
    counted = 52 - 1 - len(GAZE)
    np.testing.assert_allclose(weight_errors(found, truth), [0, 0, 0, 0.4 / counted, 0, 0], atol=1e-12)
    unknown = truth.copy()
    unknown[:, 1] = np.nan
    assert weight_errors(found, unknown)[3] == pytest.approx(0.1 / (counted - 1))
    assert np.isnan(weight_errors(found, np.full((6, 52), np.nan))).all()


def test_correlation_weighs_what_moves() -> None:
    truth = np.zeros((40, 52))
    truth[:, 25] = 0.3 * np.sin(np.arange(40) / 3)
    truth[:, 30] = 0.1 * np.cos(np.arange(40) / 3)
    truth[:, 40] = 0.001 * np.cos(np.arange(40))
    assert weight_correlation(0.5 * truth + 0.1, truth) == pytest.approx(1)
    still = truth.copy()
    still[:, 30] = 0.2
    assert weight_correlation(still, truth) == pytest.approx(0.75, abs=0.03)
    assert np.isnan(weight_correlation(truth, 0 * truth))


def test_an_animation_is_put_in_order() -> None:
    names = ["browInnerUp_L", "browInnerUp_R", "eyeBlink_L", "jawOpen", "unheardOf"]
    table = from_animation(np.array([[0.2, 0.4, 0.7, 0.9, 5.0]]), names)
    known = {NAMES[i]: table[0, i] for i in range(52) if not np.isnan(table[0, i])}
    assert known == pytest.approx({"browInnerUp": 0.3, "eyeBlinkLeft": 0.7, "jawOpen": 0.9})


def test_mistakes_are_named(reader: Blendshapes) -> None:
    with pytest.raises(ShapeError, match="478"):
        reader.read(np.zeros((1, 68, 2)))
    with pytest.raises(ShapeError, match="as many"):
        weight_errors(np.zeros((2, 52)), np.zeros((3, 52)))
    with pytest.raises(ShapeError, match="give one a weight"):
        from_animation(np.zeros((2, 3)), ["jawOpen"])
