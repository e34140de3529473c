"""Where skin goes, the normalisation goes: exactly, without delay, whatever the light does."""

import cv2
import numpy as np
import pytest

from faces_support import Pictures, mean_landmarks, still
from pecten.faces import bundle, normalise, points, register
from pecten.faces.extract import find_faces
from pecten.faces.follow import FaceOptions, Sighting
from pecten.faces.points import COUNTERPARTS, load_points
from pecten.geometry import similarity as sim
from pecten.geometry.warp import warp
from pecten.types import Affine, ByteImage, Points

KNOWN = load_points()
IN_STILL = sim.similarity(0.27, 0.05, (90.0, 10.0))
"""About where the mean face lies in the still."""


def _moved(transform: Affine) -> ByteImage:
    return warp(still(), transform, 480, 270, "cubic", "replicate")


def _landmarks(transform: Affine, noise_px: float = 0.0, seed: int = 0) -> Points:
    noise = np.random.default_rng(seed).normal(0, 1, (478, 2)) * noise_px
    return sim.apply(sim.compose(transform, IN_STILL), mean_landmarks()) + noise


def _sighting(landmarks: Points) -> Sighting:
    return Sighting(0, landmarks, 1.0, 0.0, normalise.crop_from_plate(landmarks), normalise.box_of(landmarks))


def _view(image: ByteImage, landmarks: Points) -> register.View:
    return register.view(image, landmarks, normalise.crop_from_plate(landmarks), KNOWN)


@pytest.mark.parametrize("gain", [1.0, 0.6])
def test_a_known_motion_is_measured_through_a_change_of_light(gain: float) -> None:
    known = sim.similarity(1.01, 0.02, (1.37, -2.61))
    before, now = _landmarks(np.eye(3)[:2]), _landmarks(known, noise_px=0.4)
    lit = np.clip(_moved(known) * gain, 0, 255).astype(np.uint8)
    seen = register.step(_view(still(), before), _view(lit, now))
    spots = KNOWN.locate(before)
    expected = sim.apply(known, spots) - spots
    off = np.linalg.norm(seen.motion - expected, axis=1)
    assert np.median(off) < 0.07  # The face is 200 px wide: a crop px is a fifth of one here.
    assert np.median(np.linalg.norm((now - before)[COUNTERPARTS] - expected, axis=1)) > 0.3
    assert (seen.trust > 1).mean() > 0.8


def test_what_cannot_be_seen_is_not_trusted() -> None:
    before = _landmarks(np.eye(3)[:2])
    grey = np.full_like(still(), 90)
    assert register.step(_view(still(), before), _view(grey, before)).trust.max() == 0


def test_settling_is_the_most_probable_path() -> None:
    rng = np.random.default_rng(3)
    places, motions = rng.normal(0, 5, (4, 51, 2)), rng.normal(0, 2, (3, 51, 2))
    trusts = rng.uniform(0, 9, (3, 51))
    spread = rng.normal(0, 1, (3, 102, 102))
    stiff = np.linalg.inv(spread @ spread.transpose(0, 2, 1) + np.eye(102))
    found = bundle.settle(places, motions, trusts, stiff, rounds=1).ravel()
    # The same three kinds of evidence, written out as one dense system over all frames.
    normal, right = np.diag(np.tile(np.repeat(1 / bundle.PLACE_PX**2, 2), 4)), np.zeros(408)
    right += np.diag(normal) * places.ravel()
    for t in range(3):
        difference = np.zeros((102, 408))
        difference[:, 102 * t : 102 * (t + 2)] = np.hstack([-np.eye(102), np.eye(102)])
        seen = np.diag(np.repeat(trusts[t], 2))
        normal += difference.T @ (stiff[t] + seen) @ difference
        right += difference.T @ seen @ motions[t].ravel()
    np.testing.assert_allclose(found, np.linalg.solve(normal, right), atol=1e-6)


def test_what_is_hidden_goes_with_what_is_seen() -> None:
    shift = np.array([7.0, -3.0])
    places = np.repeat(points.PLACES[None], 5, axis=0)
    motions = np.tile(shift, (4, 51, 1))
    trusts = np.full((4, 51), 10.0)
    trusts[:, 5:10] = 0
    turns, rolls = np.repeat(np.eye(3)[None], 5, axis=0), np.repeat(np.eye(2)[None], 5, axis=0)
    found = bundle.settle(places, motions, trusts, bundle.stiffness(KNOWN, places, turns, rolls))
    np.testing.assert_allclose(np.diff(found[:, 5:10], axis=0), np.tile(shift, (4, 5, 1)), atol=0.6)


def test_a_long_shot_is_settled_in_stretches_that_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    landmarks = [_landmarks(np.eye(3)[:2], noise_px=0.5, seed=i) for i in range(24)]
    steps = [register.Step(rng.normal(0, 0.05, (51, 2)), np.full(51, 9.0)) for _ in range(23)]
    whole = register.paths(landmarks, steps, KNOWN)
    monkeypatch.setattr(register, "_STRETCH", 12)
    monkeypatch.setattr(register, "_SHARED", 8)
    parts = register.paths(landmarks, steps, KNOWN)
    assert np.abs(np.diff(parts - whole, axis=0)).max() < 0.1


@pytest.mark.parametrize("count", [1, 2])
def test_short_shots_and_unseen_motion_leave_landmarks_alone(count: int) -> None:
    landmarks = [_landmarks(sim.similarity(1.0, 0.0, (3.0 * i, 0.0))) for i in range(count)]
    found = register.Registrar(KNOWN).normalisation(0, 0, landmarks)
    np.testing.assert_allclose(found, [points.fit(KNOWN.locate(one)) for one in landmarks], atol=1e-9)


def test_a_sudden_move_is_followed_at_once_and_noise_is_not() -> None:
    path = [sim.similarity(1.0, 0.0, (0.0, 0.0))] * 8 + [sim.similarity(1.0, 0.01, (2.3, -1.6))] * 8
    registrar = register.Registrar(KNOWN)
    noisy = [_landmarks(t, noise_px=0.5, seed=i) for i, t in enumerate(path)]
    for i, (t, one) in enumerate(zip(path, noisy, strict=True)):
        registrar.see(i, _moved(t), [_sighting(one)])
    found = registrar.normalisation(0, 0, noisy)
    spot = np.array([[205.0, 130.0]])

    def trembling(transforms: list[Affine]) -> float:
        seen = np.array([sim.apply(f, sim.apply(t, spot))[0] for f, t in zip(transforms, path, strict=True)])
        return float(np.abs(np.diff(seen, axis=0)).max())

    assert trembling([normalise.crop_from_plate(one) for one in noisy]) > 0.5
    assert trembling(found) < 0.12


def test_a_still_face_under_fresh_grain_stands_still() -> None:
    rng = np.random.default_rng(5)
    grains = [np.clip(still() + rng.normal(0, 4, still().shape), 0, 255).astype(np.uint8) for _ in range(8)]
    clip = Pictures([cv2.GaussianBlur(g, (0, 0), 0.5) for g in grains])

    def trembling(register: bool) -> float:
        faces = find_faces(clip, FaceOptions(perturbations=2, threads=1, register=register, smooth=False)).faces
        places = np.array([sim.apply(f.crop_from_plate, np.array([[205.0, 130.0], [230.0, 150.0]])) for f in faces])
        return float(np.sqrt((np.diff(places, axis=0) ** 2).sum(axis=-1).mean()))

    assert trembling(register=True) < 0.75 * trembling(register=False)
