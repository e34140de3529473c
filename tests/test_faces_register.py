"""Where skin goes, the normalisation goes: exactly, without delay, whatever the light does."""

import cv2
import numpy as np
import pytest

from faces_support import Pictures, mean_landmarks, still
from pecten.faces import normalise, register
from pecten.faces.extract import find_faces
from pecten.faces.follow import FaceOptions, Sighting
from pecten.geometry import similarity as sim
from pecten.geometry.warp import warp
from pecten.types import Affine, ByteImage, Points

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
    return register.view(image, landmarks, normalise.crop_from_plate(landmarks))


@pytest.mark.parametrize("gain", [1.0, 0.6])
def test_a_known_motion_is_measured_through_a_change_of_light(gain: float) -> None:
    known = sim.similarity(1.01, 0.02, (1.37, -2.61))
    before, now = _landmarks(np.eye(3)[:2]), _landmarks(known, noise_px=0.4)
    lit = np.clip(_moved(known) * gain, 0, 255).astype(np.uint8)
    seen = register.step(_view(still(), before), _view(lit, now))
    expected = (sim.apply(known, before) - before)[normalise.FIT_POINTS]
    off = np.linalg.norm(seen.motion - expected, axis=1)
    assert np.median(off) < 0.07  # The face is 200 px wide: a crop px is a fifth of one here.
    assert np.median(np.linalg.norm((now - before)[normalise.FIT_POINTS] - expected, axis=1)) > 0.3
    assert (seen.trust > 1).mean() > 0.8


def test_what_cannot_be_seen_is_not_trusted() -> None:
    before = _landmarks(np.eye(3)[:2])
    grey = np.full_like(still(), 90)
    assert register.step(_view(still(), before), _view(grey, before)).trust.max() == 0


def test_settling_is_the_least_squares_path() -> None:
    rng = np.random.default_rng(3)
    places = rng.normal(0, 5, (6, 2, 2))
    steps = [register.Step(rng.normal(0, 2, (2, 2)), rng.uniform(0, 9, 2)) for _ in range(5)]
    found = register.settle(places, steps)
    for point in range(2):
        rows, right = [np.eye(6) / 6], [places[:, point] / 6]
        for t, one in enumerate(steps):
            row = np.zeros((1, 6))
            row[0, t : t + 2] = np.array([-1.0, 1.0]) * np.sqrt(one.trust[point])
            rows.append(row)
            right.append(one.motion[point][None] * np.sqrt(one.trust[point]))
        slow = np.linalg.lstsq(np.concatenate(rows), np.concatenate(right), rcond=None)[0]
        np.testing.assert_allclose(found[:, point], slow, atol=1e-8)


@pytest.mark.parametrize("count", [1, 2])
def test_short_shots_and_unseen_motion_leave_landmarks_alone(count: int) -> None:
    landmarks = [_landmarks(sim.similarity(1.0, 0.0, (3.0 * i, 0.0))) for i in range(count)]
    found = register.Registrar().normalisation(0, 0, landmarks)
    np.testing.assert_allclose(found, [normalise.crop_from_plate(one) for one in landmarks], atol=1e-9)


def test_a_sudden_move_is_followed_at_once_and_noise_is_not() -> None:
    path = [sim.similarity(1.0, 0.0, (0.0, 0.0))] * 8 + [sim.similarity(1.0, 0.01, (2.3, -1.6))] * 8
    registrar = register.Registrar()
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
