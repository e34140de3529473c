"""A decoded face's eyes: held still against the plate's, and given its catch lights in a whole swap."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from cli_support import pictures
from faces_support import Pictures
from pecten.comb.config import CombConfig
from pecten.comb.model import Comb
from pecten.composite.recipe import Recipe
from pecten.faces.extract import find_faces
from pecten.faces.eyes import EYES, eyes_of
from pecten.faces.follow import FaceOptions
from pecten.faces.mean import MEAN_MESH
from pecten.faces.records import FaceFrame, ShotFaces
from pecten.shot import SwapOptions, Swapped, swap_shot
from pecten.shot.eyes import KeptEyes, steady_irises
from pecten.swap.infer import Crops
from pecten.types import Points
from shot_support import Kept

MEAN = MEAN_MESH[:, :2].astype(np.float64)


def looking(by: tuple[float, float]) -> Points:
    mesh = MEAN.copy()
    for _, iris in EYES:
        mesh[list(iris)] += by
    return mesh


def middles(mesh: Points) -> np.ndarray:
    return np.stack([eye.middle for eye in eyes_of(mesh)])


def test_eyes_are_read_off_the_mesh() -> None:
    right, left = eyes_of(looking((3, -2)))
    np.testing.assert_allclose(right.middle, (371, 412), atol=1)
    np.testing.assert_allclose(left.middle, (659, 412), atol=1)
    for eye in (right, left):
        assert (eye.radii > 20).all()
        assert (eye.radii < 30).all()
        assert eye.lids[:, 0].min() < eye.middle[0] < eye.lids[:, 0].max()


def test_tremor_is_taken_out_and_a_leap_of_the_gaze_is_not() -> None:
    rng = np.random.default_rng(1)
    gazes = [(0.0, 0.0)] * 6 + [(25.0, 4.0)] * 6
    plate = [looking(gaze) for gaze in gazes]
    offset = np.array((4.0, 1.0))
    tremors = rng.normal(scale=1.5, size=(12, 2))
    decoded: list[Points | None] = [
        looking((gaze[0] + offset[0] + shake[0], gaze[1] + offset[1] + shake[1]))
        for gaze, shake in zip(gazes, tremors, strict=True)
    ]
    found = [steady_irises(decoded, plate, k) for k in range(12)]
    assert all(one is not None for one in found)
    steady = np.array([middles(one) for one in found if one is not None])
    off = steady - np.array([middles(below) for below in plate]) - offset
    assert np.abs(np.diff(off, axis=0)).mean() < 0.3 * np.abs(np.diff(tremors, axis=0)).mean()
    assert np.abs(off).max() < 1.5
    assert found[0] is not None
    assert decoded[0] is not None
    skin = slice(0, 468)
    np.testing.assert_array_equal(found[0][skin], decoded[0][skin])


def test_frames_without_a_face_tell_nothing() -> None:
    assert steady_irises([None, MEAN], [MEAN, None], 0) is None
    assert steady_irises([None, MEAN], [MEAN, None], 1) is None
    one = steady_irises([None, MEAN, None], [MEAN, MEAN, None], 1)
    assert one is not None
    np.testing.assert_allclose(one, MEAN)


class Dull:
    """A decoder that shows the plate's own face without anything small and bright."""

    size = 256

    def show(self, crops: Crops, source: str) -> Crops:
        """Take small bright spots off."""
        element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
        return np.stack([cv2.morphologyEx(crop, cv2.MORPH_OPEN, element) for crop in crops])


def with_spots(shown: list[np.ndarray], faces: ShotFaces) -> list[np.ndarray]:
    """Paint a lamp onto each iris, up and aside."""
    made = [picture.copy() for picture in shown]
    for face in faces.faces:
        for _, iris in EYES:
            points = face.landmarks[list(iris)]
            radius = float(np.linalg.norm(points[1] - points[3])) / 2
            x, y = points[0] + (0.35 * radius, -0.25 * radius)
            place, size = (round(x * 16), round(y * 16)), round(radius * 4)
            cv2.circle(made[face.index], place, size, (255,) * 3, -1, cv2.LINE_AA, 4)
    return made


@pytest.fixture(scope="module")
def lit() -> tuple[Pictures, ShotFaces]:
    shown = pictures(count=3)
    options = FaceOptions(perturbations=1)
    clip = Pictures(with_spots(shown, find_faces(Pictures(shown), options)))
    return clip, find_faces(clip, options)


def swapped(lit: tuple[Pictures, ShotFaces], options: SwapOptions) -> tuple[Kept, list[Swapped]]:
    writer, seen = Kept(), list[Swapped]()
    swap_shot(*lit[:1], lit[1], Dull(), options, writer, observe=seen.append)
    return writer, seen


def around_irises(face: FaceFrame, shape: tuple[int, ...], radii: float) -> list[np.ndarray]:
    """Return where each iris and what is around it lies in a plate."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    found = []
    for _, iris in EYES:
        middle, right, _, left, _ = face.landmarks[list(iris)]
        found.append(np.hypot(x - middle[0], y - middle[1]) < radii * np.linalg.norm(right - left) / 2)
    return found


def test_a_swap_brings_the_plate_s_catch_lights_back(lit: tuple[Pictures, ShotFaces]) -> None:
    options = SwapOptions("ada", recipe=Recipe(grain=0.0))
    bare, _ = swapped(lit, replace(options, recipe=Recipe(grain=0.0, catch_lights=False)))
    done, seen = swapped(lit, options)
    for step in seen:
        assert step.face is not None
        result, without = (one.images[step.frame.number][1] for one in (done, bare))
        brighter = (result - without).max(axis=2)
        # Putting back a crop rings a little around what is sharp.
        assert brighter.min() > -0.05
        right, left = around_irises(step.face, brighter.shape, 1.6)
        assert min(brighter[right].max(), brighter[left].max()) > 0.2
        near = right | left
        np.testing.assert_allclose(result[~near], without[~near], atol=1e-4)


def test_a_swap_of_lips_leaves_the_eyes(lit: tuple[Pictures, ShotFaces]) -> None:
    options = SwapOptions("ada", "lips", Recipe(grain=0.0))
    bare, _ = swapped(lit, replace(options, recipe=Recipe(grain=0.0, catch_lights=False)))
    done, _ = swapped(lit, options)
    for number, (_, result, _) in done.images.items():
        np.testing.assert_array_equal(result, bare.images[number][1])


class Blank(Dull):
    """The same, of a comb that has kept irises of one green, and none of somebody else."""

    def __init__(self) -> None:
        self.comb = Comb(CombConfig(("ada", "bruno", "chidi"), 32, "tiny", latent_size=8, texture=1, irises=True))
        with torch.no_grad():
            for identity, green in (("ada", 0.9), ("bruno", 0.5)):
                self.comb.seen_irises(identity)[:, 1] = green


def test_kept_eyes_are_mixed_as_looks_are() -> None:
    kept = KeptEyes(Blank().comb)
    half = kept.of({"ada": 0.5, "bruno": 0.5}).irises
    assert half is not None
    np.testing.assert_allclose(half[..., 1], 0.7, atol=1e-6)
    assert not half[..., 0].any()
    nothing = (None, None)
    assert kept.of({"chidi": 1.0}) == nothing
    assert kept.of({"ada": 0.5, "chidi": 0.5}) == nothing
    assert KeptEyes(Dull()).of({"ada": 1.0}) == nothing
    assert KeptEyes(Comb(CombConfig(("ada",), 32, "tiny", latent_size=8))).of({"ada": 1.0}) == nothing


def test_each_kind_is_kept_and_asked_for_by_itself() -> None:
    comb = Blank().comb
    with torch.no_grad():
        comb.seen_lashes("chidi").fill_(1.5)
    both, irises, lashes = (KeptEyes(comb, *asked) for asked in ((True, True), (True, False), (False, True)))
    assert both.of({"chidi": 1.0}).irises is None
    assert both.of({"ada": 1.0}).lashes is None
    shown = both.of({"chidi": 1.0}).lashes
    assert shown is not None
    assert shown.shape == (2, 4, 6, 3)
    assert (shown == 1.5).all()
    assert irises.of({"chidi": 1.0}) == (None, None)
    assert irises.of({"ada": 1.0}).irises is not None
    assert lashes.of({"ada": 1.0}) == (None, None)
    assert lashes.of({"chidi": 1.0}).lashes is not None


def test_a_swap_draws_the_irises_that_a_comb_has_kept(lit: tuple[Pictures, ShotFaces]) -> None:
    recipe = Recipe(grain=0.0, catch_lights=False)
    results = []
    for irises, source in ((True, "ada"), (False, "ada"), (True, "chidi")):
        writer, seen = Kept(), list[Swapped]()
        options = SwapOptions(source, recipe=replace(recipe, irises=irises))
        swap_shot(lit[0], lit[1], Blank(), options, writer, observe=seen.append)
        results.append((writer, seen))
    (drawn, seen), (bare, _), (unknown, _) = results
    for step in seen:
        assert step.face is not None
        result, without, other = (one.images[step.frame.number][1] for one in (drawn, bare, unknown))
        np.testing.assert_array_equal(other, without)
        greener = (result - without)[..., 1] - (result - without)[..., ::2].mean(axis=2)
        right, left = around_irises(step.face, greener.shape, 2.0)
        assert min(greener[right].max(), greener[left].max()) > 0.03
        near = right | left
        # Light, blend and sharpness carry a trace of it further.
        np.testing.assert_allclose(result[~near], without[~near], atol=0.01)
