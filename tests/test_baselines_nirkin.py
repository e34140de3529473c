"""Skin drawn by a morphable model: onto its own face, onto another's, and what must stay."""

from itertools import pairwise, product

import numpy as np
import pytest

from faces_support import EYES, still
from pecten.baselines import nirkin
from pecten.baselines.model import Budget, SwapModel
from pecten.baselines.morphable import Fit, load
from pecten.baselines.nirkin import Nirkin
from pecten.baselines.render import rasterise
from pecten.baselines.skin import drawn, skin_of
from pecten.dataset.crops import CropSet
from pecten.errors import ShapeError, UsageError
from pecten.faces.landmarks import FaceMesh
from pecten.faces.normalise import crop, crop_from_plate
from pecten.faces.region import face_matte
from pecten.faces.stabilise import perturbed, roi_of_detection, roi_of_normalisation, trimmed_mean
from pecten.geometry import similarity as sim
from pecten.metrics.image import psnr, ssim

SIZE = 128
ALL = np.ones((SIZE, SIZE), np.float32)
MODEL = load()


def person(name: str) -> CropSet:
    """A still as a dataset of one frame."""
    image = still(name)
    mesh = FaceMesh(1)
    first, _ = mesh.locate(image, [roi_of_detection((130.0, 20.0, 300.0, 230.0), EYES)])
    landmarks = trimmed_mean(mesh.locate(image, perturbed(roi_of_normalisation(crop_from_plate(first[0])), 4))[0])
    to_crop = crop_from_plate(landmarks)
    points = sim.apply(sim.at_size(to_crop, SIZE), landmarks)
    matte = np.rint(face_matte(points, SIZE) * 255).astype(np.uint8)
    cut = crop(image, to_crop, SIZE)
    return CropSet(name, cut[None], matte[None], matte[None], points[None].astype(np.float32), (f"{name}/000000",))


@pytest.fixture(scope="module")
def people() -> dict[str, CropSet]:
    return {name: person(name) for name in ("ada", "chidi")}


@pytest.fixture(scope="module")
def taught(people: dict[str, CropSet]) -> Nirkin:
    model = Nirkin(SIZE)
    assert model.teach(people, Budget(images=1)) == 2
    return model


def as_crops(people: dict[str, CropSet], name: str) -> np.ndarray:
    return people[name].images.astype(np.float32) / np.float32(255)


def posed(turn: float) -> np.ndarray:
    """The mean face turned, in the middle of the picture."""
    c, s = np.cos(turn), np.sin(turn)
    rotation = np.array([[[c, 0, s], [0, 1, 0], [-s, 0, c]]])
    none = np.zeros((1, len(MODEL.expression)))
    fit = Fit(np.zeros(len(MODEL.identity)), none, rotation, np.array([5.0]), np.array([[64.0, 64.0]]))
    return MODEL.in_px(fit)[0]


def test_a_face_drawn_on_itself_is_itself(people: dict[str, CropSet], taught: Nirkin) -> None:
    for name in people:
        plates = as_crops(people, name)
        model: SwapModel = taught
        shown = model.show(plates, name)
        matte = people[name].mattes[0].astype(np.float32) / 255
        assert psnr(shown[0], plates[0], matte) > 34
        assert ssim(shown[0], plates[0], matte) > 0.96
        assert np.abs(shown - plates).max() > 0


def test_another_face_wears_the_source_s_skin(people: dict[str, CropSet], taught: Nirkin) -> None:
    ada, chidi = as_crops(people, "ada"), as_crops(people, "chidi")
    inside = (people["ada"].mattes[0] > 200) & (people["chidi"].mattes[0] > 200)
    shown = taught.show(chidi, "ada")
    tone = [picture[0][inside].mean(axis=0) for picture in (shown, ada, chidi)]
    assert np.abs(tone[0] - tone[1]).max() < 0.1 * np.abs(tone[2] - tone[1]).max()
    # Features too, not the tone alone.
    grey = [picture[0].mean(axis=2)[inside] for picture in (shown, ada, chidi)]
    alike = np.corrcoef(np.stack(grey))
    assert alike[0, 1] > alike[1, 2] + 0.1
    np.testing.assert_array_equal(shown[0][:4], chidi[0][:4])
    np.testing.assert_array_equal(shown, taught.show(chidi, "ada"))


def test_the_shape_is_the_target_s_unless_the_source_s_is_asked_for(people: dict[str, CropSet], taught: Nirkin) -> None:
    chidi = as_crops(people, "chidi")
    other = Nirkin(SIZE, "source")
    other.teach({"ada": people["ada"]}, Budget(images=1))
    assert other.name != taught.name
    assert np.abs(other.show(chidi, "ada") - taught.show(chidi, "ada")).max() > 0.1


def test_what_covers_the_face_stays() -> None:
    draws = np.random.default_rng(0)
    source, target = (draws.uniform(0, 1, (SIZE, SIZE, 3)).astype(np.float32) for _ in range(2))
    skin = skin_of(source, ALL, posed(0.0), MODEL)
    covered = ALL.copy()
    covered[:60] = 0
    shown = drawn(target, covered, posed(0.1), MODEL, [(skin, 1.0)])
    np.testing.assert_array_equal(shown[:60], target[:60])
    assert np.abs(shown[64, 64] - target[64, 64]).max() > 0.01


def test_nothing_behind_a_turned_source_is_taken_for_skin() -> None:
    turned = posed(0.6)
    # A fit that is a pixel off, and a background of another colour.
    face = rasterise(turned + np.array([1.0, 0.0, 0.0]), MODEL.triangles, SIZE).covered
    picture = np.where(face[..., None], [0.8, 0.2, 0.2], [0.0, 1.0, 0.0]).astype(np.float32)
    shown = drawn(
        np.zeros((SIZE, SIZE, 3), np.float32), ALL, posed(0.0), MODEL, [(skin_of(picture, ALL, turned, MODEL), 1.0)]
    )
    whole = rasterise(posed(0.0), MODEL.triangles, SIZE).covered
    assert shown[..., 1].max() < 0.25
    assert shown[whole][:, 0].mean() > 0.7


def test_a_mouth_that_the_source_never_opens_stays_the_target_s() -> None:
    jaw = np.zeros(len(MODEL.expression))
    # The shape that parts the lips furthest.
    upper, lower = MODEL.landmarks_68[62], MODEL.landmarks_68[66]
    jaw[np.argmax(MODEL.expression[:, upper, 1] - MODEL.expression[:, lower, 1])] = 1.0
    opened = Fit(np.zeros(len(MODEL.identity)), jaw[None], np.eye(3)[None], np.array([5.0]), np.array([[64.0, 64.0]]))
    shape = MODEL.in_px(opened)[0]
    middle = np.rint(shape[[upper, lower], :2].mean(axis=0)).astype(int)
    red, blue = (np.broadcast_to(np.array(c, np.float32), (SIZE, SIZE, 3)).copy() for c in ([1, 0, 0], [0, 0, 1]))
    shown = drawn(blue, ALL, shape, MODEL, [(skin_of(red, ALL, posed(0.0), MODEL), 1.0)])
    assert shown[middle[1], middle[0], 2] > 0.5
    assert shown[40, 64, 0] > 0.99
    same = drawn(blue, ALL, shape, MODEL, [(skin_of(red, ALL, shape, MODEL), 1.0)])
    assert same[middle[1], middle[0], 0] > 0.99


def test_frames_are_chosen_as_by_trying_all() -> None:
    draws = np.random.default_rng(3)
    apart, tones = draws.uniform(0, 0.1, (4, 3)), draws.uniform(0, 0.1, (3, 12))
    odd = nirkin._UNUSUAL_CM2 * ((tones - np.median(tones, axis=0)) ** 2).sum(axis=1)

    def cost(path: tuple[int, ...]) -> float:
        steps = sum(
            nirkin._SWITCH_CM2 * (a != b) + nirkin._TONE_CM2 * float(((tones[a] - tones[b]) ** 2).sum())
            for a, b in pairwise(path)
        )
        return float(sum(apart[t, i] + odd[i] for t, i in enumerate(path)) + steps)

    best = min(product(range(3), repeat=4), key=cost)
    assert tuple(nirkin._chosen(apart, tones)) == best
    shares = nirkin._faded(np.array(best), 3)
    np.testing.assert_allclose(shares.sum(axis=1), 1)


def test_bad_input_is_refused(people: dict[str, CropSet], taught: Nirkin) -> None:
    with pytest.raises(UsageError, match="choose target or source"):
        Nirkin(SIZE, "mean")
    with pytest.raises(ShapeError, match="cut them at that size"):
        taught.show(np.zeros((1, 64, 64, 3), np.float32), "ada")
    with pytest.raises(UsageError, match="not taught bruno: it knows ada, chidi"):
        taught.show(as_crops(people, "ada"), "bruno")
    assert taught.show(np.zeros((0, SIZE, SIZE, 3), np.float32), "ada").shape == (0, SIZE, SIZE, 3)
