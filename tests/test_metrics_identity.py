"""The chip is dlib's own, and the embedding is a fixed function of it."""

import numpy as np
import pytest

from pecten.errors import FacesError, ShapeError
from pecten.metrics import identity

FIVE = np.array([[400.0, 298], [462, 303], [560, 302], [620, 300], [512, 410]])


def turned(points: np.ndarray, angle: float, scale: float) -> np.ndarray:
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.rint((points - points.mean(axis=0)) @ turn.T + [600, 400])


@pytest.mark.parametrize(("angle", "scale"), [(0.0, 1.0), (0.5, 1.3), (-0.9, 0.6)])
def test_the_chip_lies_where_dlib_puts_it(angle: float, scale: float) -> None:
    import dlib

    points = turned(FIVE, angle, scale)
    # dlib's order: left eye outer, inner, right eye outer, inner, nose; the detection is ours, no predictor is loaded.
    parts = [dlib.point(int(x), int(y)) for x, y in points[[3, 2, 0, 1, 4]]]
    details = dlib.get_face_chip_details(
        dlib.full_object_detection(dlib.rectangle(0, 0, 9, 9), parts), identity.CHIP_SIZE, identity.CHIP_PADDING
    )
    ours = np.linalg.inv(np.vstack([identity.chip_from_image(points), [0, 0, 1]]))
    rect = details.rect
    assert np.hypot(ours[0, 0], ours[1, 0]) == pytest.approx(rect.width() / 150, rel=0.01)
    assert np.arctan2(ours[1, 0], ours[0, 0]) == pytest.approx(details.angle, abs=1e-3)
    # dlib counts the chip's corner as 0; a chip pixel is several of the picture's.
    centre = (ours @ [75.0, 75.0, 1])[:2]
    chip_px = rect.width() / 150
    np.testing.assert_allclose(
        centre, [(rect.left() + rect.right()) / 2, (rect.top() + rect.bottom()) / 2], atol=0.5 * chip_px
    )


def test_the_chip_shows_what_dlib_shows() -> None:
    import dlib

    rng = np.random.default_rng(0)
    smooth = np.kron(rng.integers(0, 255, (18, 32, 3)), np.ones((40, 40, 1))).astype(np.uint8)
    parts = [dlib.point(int(x), int(y)) for x, y in FIVE[[3, 2, 0, 1, 4]]]
    theirs = dlib.get_face_chip(smooth, dlib.full_object_detection(dlib.rectangle(0, 0, 9, 9), parts), 150, 0.25)
    difference = np.abs(identity.chip(smooth, FIVE).astype(int) - theirs)
    assert difference.mean() < 6


def test_embeddings_ignore_where_the_face_stands() -> None:
    embedder = identity.Embedder()
    rng = np.random.default_rng(1)
    image = np.kron(rng.integers(0, 255, (24, 40, 3)), np.ones((30, 30, 1))).astype(np.uint8)
    one = embedder.embed(image, FIVE)
    shifted = embedder.embed(np.roll(image, (20, 30), axis=(0, 1)), FIVE + np.array([30.0, 20.0]))
    other = embedder.embed(255 - image, FIVE)
    assert one.shape == (128,)
    assert identity.distance(one, one) == 0
    assert identity.distance(one, shifted) < 0.05
    assert identity.distance(one, other) > 0.1
    np.testing.assert_allclose(identity.mean_embedding(np.stack([one, shifted])), (one + shifted) / 2)


def test_preference_of_known_faces() -> None:
    rng = np.random.default_rng(2)
    source, target = rng.normal(size=(2, 128))
    apart = identity.distance(source, target)
    assert identity.preference(source, source, target) == pytest.approx(apart)
    assert identity.preference(target, source, target) == pytest.approx(-apart)
    assert identity.preference((source + target) / 2, source, target) == pytest.approx(0)
    assert identity.preference(0.7 * source + 0.3 * target, source, target) == pytest.approx(0.4 * apart)


def test_mistakes_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ShapeError, match="give 5"):
        identity.chip_from_image(FIVE[:4])
    monkeypatch.setattr(identity, "find_spec", lambda name: None)
    with pytest.raises(FacesError, match="install"):
        identity.Embedder()
