"""A swap in log, light and HDR: what is not changed is the plate's own to the bit, and all codings look alike."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cli_support import pictures
from pecten.colour.ocio import BUILTIN
from pecten.colour.transfer import Encoding, to_linear
from pecten.colour.view import View
from pecten.comb.config import CombConfig
from pecten.comb.model import Comb
from pecten.deliver.writer import open_writer
from pecten.faces.extract import extract_dataset, find_faces
from pecten.faces.follow import FaceOptions
from pecten.faces.shown import part_around
from pecten.footage.clip import Clip, open_clip
from pecten.footage.colour import ColourChoice
from pecten.footage.planes import covered, layout_of, planes_of
from pecten.geometry import similarity
from pecten.shot import SwapOptions, Swapped, swap_shot
from pecten.shot.swap import _returned
from sample_clips import read_pixels, write_still, write_video

QUICK = FaceOptions(perturbations=1)
COUNT = 2
BRIGHT = (slice(0, 12), slice(0, 40))
"""Rows and columns beyond the face that get a light of 40, and a negative channel."""
HOT = (slice(150, 156), slice(196, 204))
"""A glint on the cheek."""


def light_of(picture: np.ndarray) -> np.ndarray:
    """Return a still as linear light of Rec. 709 primaries, with a lamp, and colours out of gamut."""
    light = to_linear(picture.astype(np.float32) / np.float32(255), Encoding.SRGB)
    light[BRIGHT] = [40.0, -9.0, 2.0]
    light[HOT] = 6.0
    return light


def aces(folder: Path) -> Clip:
    view = View("ACEScg", BUILTIN)
    for k, picture in enumerate(pictures(count=COUNT)):
        pixels = view.from_linear(light_of(picture)).astype(np.float16)
        write_still(folder / f"a.{k + 1}.exr", pixels, **{"oiio:ColorSpace": "ACEScg"})
    return open_clip(folder / "a.#.exr")


def log(folder: Path) -> Clip:
    view = View("ARRI LogC3 (EI800)", BUILTIN)
    for k, picture in enumerate(pictures(count=COUNT)):
        codes = np.rint(np.clip(view.from_linear(light_of(picture)), 0, 1) * np.float32(1023))
        words = np.rint(codes * (65535 / 1023)).astype(np.uint16)
        write_still(folder / f"a.{k + 1}.dpx", words, **{"oiio:BitsPerSample": 10, "dpx:Transfer": "Logarithmic"})
    return open_clip(folder / "a.#.dpx", colour=ColourChoice("LogC3"))


def tiff(folder: Path) -> Clip:
    for k, picture in enumerate(pictures(count=COUNT)):
        codes = np.clip(View("cineon").from_linear(light_of(picture)), 0, 1)
        write_still(folder / f"a.{k + 1}.tif", np.rint(codes * np.float32(65535)).astype(np.uint16))
    return open_clip(folder / "a.#.tif", colour=ColourChoice("cineon"))


def wide(name: str, transfer: int) -> Callable[[Path], Clip]:
    def made(folder: Path) -> Clip:
        coded = [np.clip(View(name).from_linear(light_of(p)), 0, 1) for p in pictures(count=COUNT)]
        shown = [np.rint(image * np.float32(255)).astype(np.uint8) for image in coded]
        high, across = shown[0].shape[:2]
        tags = (9, transfer, 9, 1)
        path = folder / "a.mkv"
        write_video(path, "ffv1", "yuv420p10le", count=COUNT, size=(across, high), tags=tags, pictures=shown)
        return open_clip(path)

    return made


PLATES = {"aces": aces, "log": log, "cineon": tiff, "pq": wide("pq", 16), "hlg": wide("hlg", 18)}


@pytest.fixture(scope="module")
def comb() -> Comb:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return Comb(CombConfig(("ada", "chidi"), 32, "tiny", latent_size=8)).eval().requires_grad_(False)


def samples(path: Path, number: int) -> list[np.ndarray]:
    """Return a delivered frame's own numbers: pixels of a file, or the planes of a video's frame."""
    if path.suffix != ".mkv":
        return [read_pixels(Path(str(path).replace("#", str(number + 1))))]
    frame = list(open_clip(path).frames())[number]
    return [np.array(plane) for plane in planes_of(frame.native)]


@pytest.mark.parametrize("kind", list(PLATES))
def test_what_is_not_changed_is_the_plates_to_the_bit(kind: str, comb: Comb, tmp_path: Path) -> None:
    plate = PLATES[kind](tmp_path)
    path = Path(plate.info.path)
    out = path.with_name(f"out{path.name[1:]}")
    done: list[Swapped] = []
    with open_writer(out, plate) as writer:
        swap_shot(plate, find_faces(plate, QUICK), comb, SwapOptions("chidi"), writer, observe=done.append)
    for number, one in enumerate(done):
        kept = one.support == 0
        assert 0.5 < kept.mean() < 0.98
        layout = layout_of(plate.info.pixel_format)
        for channel, (before, after) in enumerate(zip(samples(path, number), samples(out, number), strict=True)):
            same = before == after
            if layout and channel:
                np.testing.assert_array_equal(same | covered(~kept, layout), True)
            else:
                np.testing.assert_array_equal(same[kept], True)
                assert not same[~kept].all(), "the face was changed"
        assert np.isfinite(one.result).all()
        if kind == "aces":
            np.testing.assert_array_equal(one.result[BRIGHT], one.frame.image[BRIGHT])
            assert one.frame.image[BRIGHT].max() > 10
            assert one.frame.image[BRIGHT].min() < 0


@given(
    plate=hnp.arrays(np.float32, (70, 80, 3), elements=st.floats(-8, 2000, width=16), fill=st.floats(0, 1, width=16))
)
@settings(deadline=None, max_examples=20)
def test_what_comes_back_unchanged_keeps_its_own_numbers(plate: np.ndarray) -> None:
    view = View("ACEScg", BUILTIN)
    part = part_around(plate, similarity.similarity(20.0, 0.0, (-200.0, -200.0)), view)
    inside = np.ones(part.image.shape[:2], np.float32)
    result, support = _returned(plate, part, part.image.copy(), inside, view)
    np.testing.assert_array_equal(result, plate)
    assert support[part.place].all()
    moved = part.image.copy()
    moved[3, 5] += 0.01
    result, _ = _returned(plate, part, moved, inside, view)
    changed = np.argwhere((result != plate).any(axis=2))
    np.testing.assert_array_equal(changed, [[3 + part.place[0].start, 5 + part.place[1].start]])


def test_every_coding_of_a_scene_gives_the_same_picture(comb: Comb, tmp_path: Path) -> None:
    faces = None
    seen: dict[str, np.ndarray] = {}
    for kind in ("log", "cineon", "aces"):
        (tmp_path / kind).mkdir()
        plate = PLATES[kind](tmp_path / kind)
        faces = faces or find_faces(plate, QUICK)
        done: list[Swapped] = []
        with open_writer(tmp_path / kind / "out.#.tif", plate) as writer:
            swap_shot(plate, faces, comb, SwapOptions("chidi"), writer, observe=done.append)
        changed = done[0].support > 0
        changed[HOT] = False
        seen[kind] = np.clip(plate.info.view().to_display(done[0].result), 0, 1)[changed]
    for kind in ("cineon", "aces"):
        # 10 bits of log hold a shadow of skin to 0.2 %.
        assert np.sqrt(np.mean((seen[kind] - seen["log"]) ** 2)) < 0.004, kind


def test_exposure_brings_bright_light_into_the_crops_to_train_on(tmp_path: Path) -> None:
    plate = open_clip(Path(aces(tmp_path).info.path), colour=ColourChoice(exposure=-3.0))
    extract_dataset([plate], "ada", tmp_path / "faces", 128, QUICK)
    crops = sorted((tmp_path / "faces" / "crops").rglob("*.png"))
    assert len(crops) == COUNT
    pixels = read_pixels(crops[0])
    assert pixels.dtype == np.uint16
    # A glint of 6 times white, three stops down, and some overshoot of the resampling.
    brightest = to_linear(np.full((1, 1, 3), pixels.max() / 65535, np.float32), Encoding.SRGB)[0, 0, 0]
    assert brightest == pytest.approx(6 / 8, rel=0.2)
