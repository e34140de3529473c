"""A part of a face brings no more skin along than is like the plate's."""

import numpy as np
import pytest

from faces_support import mean_landmarks
from pecten.composite.matte import MatteMode
from pecten.faces.mesh import OUTER_LIPS
from pecten.faces.steady import Steady, steady
from pecten.shot.coverage import Answer, Coverage, cover

SIZE = 256
DOWN = np.array([0.0, 30.0])


def border() -> Steady:
    """Return the border of the mean face's lips."""
    return steady(mean_landmarks()[None], ["lips"])[0]


def covered(answer: Answer | None) -> Coverage:
    """Return the matte of lips over a grey plate."""
    plate = np.full((SIZE, SIZE, 3), 0.5, np.float32)
    return cover(border(), np.eye(2, 3), plate, 1.0, None, None, MatteMode.REPLACE, plate.shape, answer)


def answer(alike: float, moved: np.ndarray | None = None) -> Answer:
    """Return a face that is so like the plate, its own lips moved."""
    outline = None if moved is None else mean_landmarks() + moved
    return Answer(np.full((SIZE, SIZE, 3), 0.5, np.float32), outline, np.full((SIZE, SIZE), alike, np.float32))


def beneath(share: float) -> tuple[int, int]:
    """Return row and column of a place beneath the lips, at a share of the skirt's width."""
    lips = (mean_landmarks()[list(OUTER_LIPS)] + 0.5) * SIZE / 1024 - 0.5
    low = lips[lips[:, 1].argmax()]
    return round(float(low[1]) + share * border().skirts[0] * SIZE / 1024), round(float(low[0]))


def test_skin_beside_the_lips_is_taken_along_where_it_is_like_the_plates() -> None:
    plain, like = covered(None).written, covered(answer(1.0)).written
    np.testing.assert_allclose(like, plain, atol=1e-6)
    assert 0.3 < plain[beneath(0.4)] < 1


def test_in_a_beard_the_lips_come_alone() -> None:
    plain, bearded = covered(None).written, covered(answer(0.0)).written
    assert bearded[beneath(0.6)] == 0
    assert bearded[beneath(-0.5)] == pytest.approx(plain[beneath(-0.5)], abs=1e-3)
    assert (bearded <= plain + 1e-6).all()
    half = covered(answer(0.5)).written[beneath(0.6)]
    assert half == pytest.approx(plain[beneath(0.6)] / 2, abs=1e-3)


def test_lips_that_hang_lower_than_the_plates_are_shown_whole() -> None:
    alone, lower = covered(answer(0.0, np.zeros(2))).written, covered(answer(0.0, DOWN)).written
    assert alone[beneath(0.6)] == 0
    assert lower[beneath(0.6)] == pytest.approx(covered(None).written[beneath(0.6)], abs=1e-3)


def test_the_full_face_is_as_it_was() -> None:
    plate = np.full((SIZE, SIZE, 3), 0.5, np.float32)
    whole = steady(mean_landmarks()[None], ["full"])[0]
    one, other = (
        cover(whole, np.eye(2, 3), plate, 1.0, None, None, MatteMode.REPLACE, plate.shape, a).written
        for a in (None, answer(0.0))
    )
    np.testing.assert_array_equal(one, other)
