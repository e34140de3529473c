"""The mattes of a shot: the user's own, strength, fades, and what covers the face."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from cli_support import pictures
from comb_helpers import untaught
from faces_support import Pictures
from pecten.comb.latent import LatentRecord
from pecten.comb.model import Comb
from pecten.composite.matte import MatteMode
from pecten.deliver.claim import claim_file
from pecten.deliver.credentials import Statement
from pecten.errors import DeliveryError, FootageError
from pecten.faces.extract import find_faces
from pecten.faces.follow import FaceOptions
from pecten.faces.records import ShotFaces
from pecten.footage.clip import open_clip
from pecten.footage.sequence import image_of, read_still
from pecten.shot import SwapOptions, SwapSummary, claim_of, open_output, swap_shot
from pecten.shot.coverage import firm, still_seen
from pecten.shot.matte import MatteOptions
from pecten.shot.strength import Strength, read_strength
from pecten.shot.wishes import read_edits
from pecten.types import Image, Mask
from sample_clips import write_still
from shot_support import Kept

COUNT = 5
Swap = Callable[..., tuple[Kept, SwapSummary]]


class Hand:
    """Covers the left part of every crop, as the occlusion network would say it of a hand."""

    def visible(self, crops: np.ndarray) -> np.ndarray:
        """Return 0 to the left of a line beside the nose."""
        seen = np.ones(crops.shape[:3], np.float32)
        seen[:, :, : round(0.55 * crops.shape[2])] = 0
        return seen


@pytest.fixture(scope="module")
def clip() -> Pictures:
    return Pictures(pictures(count=COUNT))


@pytest.fixture(scope="module")
def faces(clip: Pictures) -> ShotFaces:
    return find_faces(clip, FaceOptions(perturbations=1))


@pytest.fixture(scope="module")
def comb() -> Comb:
    return untaught()


@pytest.fixture(scope="module")
def swap(clip: Pictures, faces: ShotFaces, comb: Comb) -> Swap:
    def run(**options: object) -> tuple[Kept, SwapSummary]:
        writer = Kept()
        visibility = options.pop("visibility", None)
        found = options.pop("faces", faces)
        region = str(options.pop("region", "full"))
        chosen = SwapOptions("chidi", region, batch=3, matte=MatteOptions(**options))
        return writer, swap_shot(clip, found, comb, chosen, writer, visibility=visibility)

    return run


@pytest.fixture(scope="module")
def plain(swap: Swap) -> Kept:
    return swap()[0]


def read(pattern: Path, index: int) -> Mask:
    """Read a matte that was written."""
    return image_of(read_still(pattern.with_name(pattern.name.replace("####", str(1001 + index)))), [0, 0, 0])[..., 0]


def paint(folder: Path, level: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> str:
    """Write a still matte of the plate's size."""
    y, x = np.mgrid[:270, :480].astype(np.float32)
    return str(write_still(folder / "roto.exr", level(x, y).astype(np.float16)[..., None], channels=("A",)))


def changed(one: tuple[Image, Image, Mask]) -> np.ndarray:
    """Return where a result differs from its plate."""
    plate, result, _ = one
    return (plate != result).any(axis=2)


def test_mattes_that_are_written_and_given_back_make_the_same_frames(swap: Swap, plain: Kept, tmp_path: Path) -> None:
    pattern = tmp_path / "matte.####.exr"
    again, _ = swap(written=str(pattern))
    for number in range(COUNT):
        assert np.array_equal(again.images[number][1], plain.images[number][1])
        matte = read(pattern, number)
        assert (matte.min(), matte.max()) == (0, 1)
        assert np.array_equal(matte > 0, matte * (plain.images[number][2] > 0) > 0)
    returned, _ = swap(given=str(pattern))
    for number in range(COUNT):
        difference = returned.images[number][1] - plain.images[number][1]
        # At single pixels of the edge, where this comb's noise ends.
        assert np.abs(difference).max() < 0.1
        change = plain.images[number][1] - plain.images[number][0]
        assert np.sqrt((difference**2).mean()) < 0.05 * np.sqrt((change**2).mean())


@pytest.mark.parametrize("mode", ["multiply", "holdout"])
def test_a_user_s_matte_cuts_the_one_that_is_found(mode: MatteMode, swap: Swap, plain: Kept, tmp_path: Path) -> None:
    given = paint(tmp_path, lambda x, y: (x < 220) if mode == "multiply" else (x >= 220))
    cut, _ = swap(given=given, mode=MatteMode(mode))
    for number in range(COUNT):
        assert not changed(cut.images[number])[:, 220:].any()
        assert changed(plain.images[number])[:, 220:].any()
        np.testing.assert_allclose(cut.images[number][1][:, :220], plain.images[number][1][:, :220], rtol=0, atol=1e-6)


def test_half_a_matte_is_half_a_swap(swap: Swap, plain: Kept, tmp_path: Path) -> None:
    half, _ = swap(given=paint(tmp_path, lambda x, y: np.full_like(x, 0.5)), mode=MatteMode.MULTIPLY)
    strength, _ = swap(strength=Strength(((0, 0.5),)))
    for number, (plate, result, _) in plain.images.items():
        for one in (half, strength):
            np.testing.assert_allclose(one.images[number][1], (plate + result) / 2, rtol=0, atol=1e-3)


def test_an_added_matte_reaches_beyond_the_face(swap: Swap, plain: Kept, tmp_path: Path) -> None:
    given = paint(tmp_path, lambda x, y: (x > 200) & (x < 230) & (y > 25) & (y < 60))
    added, _ = swap(given=given, mode=MatteMode.ADD)
    replaced, _ = swap(given=given)
    beyond = np.zeros((270, 480), bool)
    beyond[30:55, 205:225] = True
    assert not changed(plain.images[0])[beyond].all()
    assert changed(added.images[0])[beyond].mean() > 0.9
    assert changed(added.images[0])[120:180, 180:240].mean() > 0.9
    assert not changed(replaced.images[0])[70:].any()


def test_no_strength_leaves_the_plate_bit_for_bit(swap: Swap, plain: Kept) -> None:
    keyed, done = swap(strength=read_strength("1:0,3:1,4:0"))
    assert [number for number, (plate, result, _) in keyed.images.items() if np.array_equal(plate, result)] == [0, 1, 4]
    assert all(not keyed.images[number][2].any() for number in (0, 1, 4))
    assert done.untouched == ((0, "strength 0"), (1, "strength 0"), (4, "strength 0"))
    assert done.swapped == 2
    assert np.array_equal(keyed.images[3][1], plain.images[3][1])


def test_what_covers_the_face_keeps_the_plate(swap: Swap, plain: Kept, faces: ShotFaces, tmp_path: Path) -> None:
    pattern = tmp_path / "matte.####.exr"
    covered, _ = swap(visibility=Hand(), written=str(pattern))
    for face in faces.faces:
        # In the normalised crop the hand ends at the middle; a refined edge may lie a little off it.
        back = np.linalg.inv(np.vstack([face.crop_from_plate, [0, 0, 1]]))
        x = int(back[0] @ [560 - 110, 600, 1])
        assert not changed(covered.images[face.index])[:, : x - 4].any()
        assert changed(plain.images[face.index])[:, : x - 4].any()
        assert changed(covered.images[face.index])[100:180, x + 45 : x + 60].all()
        assert read(pattern, face.index)[:, : x - 4].max() == 0


def test_occlusion_is_looked_for_unless_it_is_switched_off(
    swap: Swap, plain: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pecten.shot.swap.Occlusion", Hand)
    covered, _ = swap()
    bare, _ = swap(occlusion=False)
    area = [changed(one.images[2]).sum() for one in (covered, plain, bare)]
    assert area[0] < 0.7 * area[1]
    assert area[1] == pytest.approx(area[2], rel=0.02)


def test_the_light_is_not_read_from_what_covers_the_face(clip: Pictures, faces: ShotFaces, comb: Comb) -> None:
    blank = copy.deepcopy(comb)
    # With an encoder of zeros the decoded face is the same whatever covers the plate.
    for weight in blank.encoder.parameters():
        weight.zero_()
    painted = []
    for frame, face in zip(clip.frames(), faces.faces, strict=True):
        left = np.zeros((1024, 1024), np.float32)
        left[:, :560] = 1
        back = np.linalg.inv(np.vstack([face.crop_from_plate, [0, 0, 1]]))[:2]
        inside = cv2.warpAffine(left, back, (480, 270)) > 0
        painted.append(
            np.where(inside[..., None], np.uint8([200, 20, 20]), np.rint(frame.image * 255).astype(np.uint8))
        )

    def run(shown: Pictures, visibility: Hand | None) -> Image:
        writer = Kept()
        options = SwapOptions("chidi", batch=3, matte=MatteOptions(occlusion=visibility is not None))
        swap_shot(shown, faces, blank, options, writer, visibility=visibility)
        return writer.images[3][1][120:170, 236:246]

    wanted, seen, blind = run(clip, Hand()), run(Pictures(painted), Hand()), run(Pictures(painted), None)
    errors = [float(np.abs(one - wanted).mean()) for one in (seen, blind)]
    assert errors[0] < 0.3 * errors[1]


def test_a_flicker_of_one_frame_is_not_seen() -> None:
    one, none = np.ones((2, 2), np.float32), np.zeros((2, 2), np.float32)
    assert still_seen([one, none, one], 1).min() == 1
    assert still_seen([none, none, one], 1).max() == 0
    assert still_seen([one, none], 1).max() == 0
    assert still_seen([one, none, None], 1).max() == 0
    assert still_seen([None], 0) is None


def test_a_hand_that_moves_is_seen_on_every_frame() -> None:
    frames = [np.ones((64, 64), np.float32) for _ in range(3)]
    for k, frame in enumerate(frames):
        frame[20:40, 10 + 5 * k : 14 + 5 * k] = 0
    moving = [frame.copy() for frame in frames]
    moving[1][50:, 50:] = 0
    assert np.array_equal(still_seen(moving, 1), frames[1])


def test_what_is_hardly_covered_is_seen_and_the_order_stays() -> None:
    doubt = np.linspace(0, 1, 11, dtype=np.float32)[None]
    settled = firm(doubt)[0]
    assert (settled[:4] == 0).all()
    assert settled[7:].min() > 0.9999
    assert settled[5] == pytest.approx(0.5)
    assert (np.diff(settled) >= 0).all()


def test_a_face_that_goes_is_faded_and_said(swap: Swap, plain: Kept, faces: ShotFaces) -> None:
    gone = replace(faces, faces=tuple(f for f in faces.faces if f.index != 4), missing=((4, "face lost"),))
    profile = replace(gone, faces=(*gone.faces[:3], replace(gone.faces[3], yaw_rad=1.5)))
    faded, done = swap(faces=profile, fade=2)
    assert [number for number, _ in done.faded] == [1, 2]
    assert {reason for _, reason in done.faded} == {"turned beyond 53 degrees"}
    assert done.untouched == ((3, "turned beyond 53 degrees"), (4, "face lost"))
    change = [
        float(
            np.abs(faded.images[k][1] - faded.images[k][0]).sum()
            / np.abs(plain.images[k][1] - plain.images[k][0]).sum()
        )
        for k in range(COUNT)
    ]
    assert change[0] == pytest.approx(1, abs=0.05)
    assert 1 > change[1] > change[2] > change[3] == change[4] == 0


def test_parts_leave_the_rest_of_the_face(swap: Swap, plain: Kept) -> None:
    lips, _ = swap(region="lips")
    for number in range(COUNT):
        part, whole = changed(lips.images[number]), changed(plain.images[number])
        assert (part & ~whole).sum() == 0
        assert 0.02 < part.sum() / whole.sum() < 0.3


def test_mattes_that_cannot_be_used_are_refused_before_any_work(clip: Pictures, tmp_path: Path) -> None:
    def opened(**options: str) -> None:
        open_output(clip, tmp_path / "a.mov", mattes=MatteOptions(**options))

    with pytest.raises(FootageError, match="gone"):
        opened(given=str(tmp_path / "gone.####.exr"))
    with pytest.raises(DeliveryError, match=r"m\.mov: mattes are written as an OpenEXR sequence"):
        opened(written=str(tmp_path / "m.mov"))
    (tmp_path / "m.1003.exr").write_bytes(b"painted on for a day")
    with pytest.raises(DeliveryError, match=r"m\.1003\.exr: exists already \(1 frames\)"):
        opened(written=str(tmp_path / "m.####.exr"))
    open_output(clip, tmp_path / "a.mov", overwrite=True, mattes=MatteOptions(written=str(tmp_path / "m.####.exr")))


def test_a_matte_painted_anew_is_another_job(clip: Pictures, tmp_path: Path) -> None:
    def job(given: str | None, written: str | None = None) -> object:
        options = SwapOptions("chidi", matte=MatteOptions(given=given, written=written))
        return claim_of(clip, options, tmp_path / "o.mov", statement, tmp_path).job

    statement = Statement("", "r", "r", None, "c", "0-5", "0")
    first = job(paint(tmp_path, lambda x, y: x * 0))
    assert first == job(str(tmp_path / "roto.exr"))
    # Mattes that lie elsewhere are another job's.
    assert first != job(str(tmp_path / "roto.exr"), "m.####.exr")
    assert first != job(None)
    assert first != job(paint(tmp_path, lambda x, y: np.minimum(x / 480, y / 270)))


def test_outputs_of_several_folders_keep_claims_of_their_own(tmp_path: Path) -> None:
    found = tmp_path / "v1" / "sh.faces"
    assert claim_file(found, tmp_path / "v1" / "sh.####.exr").name == "sh.####.exr.json"
    others = {claim_file(found, tmp_path / folder / "sh.####.exr") for folder in ("v1", "v2", "v3")}
    assert len(others) == 3
    assert all(path.parent == found for path in others)


def test_whose_face_and_consent_belong_to_the_job(clip: Pictures, tmp_path: Path) -> None:
    def job(*records: str | None) -> object:
        source, sha, target = records
        statement = Statement("", source or "", sha or "", target, "c", "0-5")
        return claim_of(clip, SwapOptions("chidi"), tmp_path / "o.mov", statement, tmp_path).job

    assert job("r", "1", None) == job("r", "1", None)
    assert job("r", "1", None) != job("r", "2", None)
    assert job("r", "1", None) != job("r", "1", "t")


def test_what_latents_mean_belongs_to_a_job_with_edits(clip: Pictures, tmp_path: Path) -> None:
    def job(options: SwapOptions, sign: float) -> object:
        record = LatentRecord(np.zeros(4), np.ones(4), sign * np.eye(4, 8), {})
        statement = Statement("", "r", "1", None, "c", "0-5")
        return claim_of(clip, options, tmp_path / "o.mov", statement, tmp_path, record).job

    edited = SwapOptions("chidi", edits=read_edits(["mouth=1"], ease=False))
    assert job(edited, 1) == job(edited, 1)
    assert job(edited, 1) != job(edited, -1)
    assert job(SwapOptions("chidi"), 1) == job(SwapOptions("chidi"), -1)


def test_mattes_are_written_over_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not over the plate by another name for it, the frames, or the matte that is given."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plates").mkdir()
    for number in (1001, 1002):
        write_still(tmp_path / "plates" / f"sh.{number}.exr", np.zeros((24, 32, 3), np.float16))
    plate = open_clip(Path("plates/sh.####.exr"))
    for written in (str(tmp_path / "plates" / "sh.####.exr"), "plates/../plates/sh.####.exr"):
        with pytest.raises(DeliveryError, match="that is the plate itself"):
            open_output(plate, Path("a.mov"), overwrite=True, mattes=MatteOptions(written=written))
    with pytest.raises(DeliveryError, match="that is where the frames go"):
        open_output(plate, Path("out/o.####.exr"), mattes=MatteOptions(written=str(tmp_path / "out" / "o.####.exr")))
    for number in (1001, 1002):
        write_still(tmp_path / f"roto.{number}.exr", np.zeros((24, 32, 1), np.float16))
    for name in ("roto.####.exr", "roto.1002.exr"):
        given = MatteOptions(given=name, written=str(tmp_path / "roto.####.exr"))
        with pytest.raises(DeliveryError, match="that is the matte that is given; name the mattes otherwise"):
            open_output(plate, Path("a.mov"), overwrite=True, mattes=given)
        with pytest.raises(
            DeliveryError, match=r"roto\.####\.exr: that is the matte that is given; choose another name"
        ):
            open_output(plate, tmp_path / "roto.####.exr", overwrite=True, mattes=MatteOptions(given=name))
