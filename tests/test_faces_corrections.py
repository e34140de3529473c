"""Corrections by hand do what they say, blend between keys, survive a new extraction, and name what is wrong."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces_support import Pictures, still
from pecten.errors import FacesError
from pecten.faces.casting import find_tracks
from pecten.faces.corrections import CORRECTIONS, GROUPS, moved, read_corrections, save_entries
from pecten.faces.extract import extract_dataset, find_faces
from pecten.faces.follow import FaceOptions
from pecten.faces.normalise import FACE_CENTRE
from pecten.faces.records import ShotFaces
from pecten.geometry import similarity as sim
from pecten.shot import plate_faces

QUICK = FaceOptions(perturbations=0, threads=1)


def _read(folder: Path, *entries: dict[str, Any], first: int = 1001, count: int = 20) -> Any:
    save_entries(folder / CORRECTIONS, entries)
    return read_corrections([folder / CORRECTIONS], "take", first, count)


def test_a_key_works_on_its_frame_holds_or_blends(tmp_path: Path) -> None:
    keys = _read(
        tmp_path,
        {"frame": 1001, "shift_px": [2, -4]},
        {"frame": 1003, "shift_px": [0, 0], "then": "linear"},
        {"frame": 1007, "shift_px": [8, 4], "rotate_deg": 2, "scale": 4, "then": "hold"},
        {"frame": 1010, "drop": True},
    )
    shifts = [keys.at(0, index) for index in range(12)]
    assert shifts[0].delta == (2.0, -4.0, 0.0, 1.0)
    assert shifts[1] is None
    assert shifts[4].delta == pytest.approx((4.0, 2.0, 1.0, 2.0))  # scale blends as its logarithm
    assert shifts[8].delta == pytest.approx((8.0, 4.0, 2.0, 4.0))
    assert (shifts[8].drop, shifts[9].drop, shifts[10].drop) == (False, True, False)
    assert keys.at(1, 0) is None
    assert not read_corrections([tmp_path / "none.json"], "take", 0, 5)


@given(x=st.floats(-50, 50), y=st.floats(-50, 50), turn=st.floats(-40, 40), scale=st.floats(0.5, 2))
def test_a_moved_crop_moves_the_face_by_just_that(x: float, y: float, turn: float, scale: float) -> None:
    found = sim.similarity(2.0, 0.3, (40.0, -70.0))
    there = sim.invert(moved(found, (x, y, turn, scale)))
    centre = np.array([FACE_CENTRE])
    before, after = sim.apply(sim.invert(found), centre)[0], sim.apply(there, centre)[0]
    np.testing.assert_allclose(after - before, [x, y], atol=1e-9)
    assert sim.scale_of(there) == pytest.approx(scale / 2.0)
    # Counter-clockwise in the picture, where y points down.
    turned = math.atan2(there[1, 0], there[0, 0]) - math.atan2(*sim.invert(found)[[1, 0], [0, 0]])
    assert math.degrees(turned) == pytest.approx(-turn, abs=1e-6)


@given(scale=st.floats(0.5, 4), turn=st.floats(-90, 90), x=st.floats(-500, 500), y=st.floats(-500, 500))
def test_an_absolute_transform_comes_back(scale: float, turn: float, x: float, y: float) -> None:
    from pecten.faces.corrections import _absolute, _transform

    given = {"scale": scale, "rotation_deg": turn, "shift_px": [x, y]}
    np.testing.assert_allclose(
        _transform(_absolute(given, "here")), sim.similarity(scale, math.radians(turn), (x, y)), atol=1e-8
    )


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"frame": 990, "drop": True}, "(frame 990): take has frames 1001-1020: use these"),
        ({"frame": "x", "drop": True}, "'frame' is 'x': give a whole number"),
        ({"frame": 1001, "track": 1.5, "drop": True}, "'track' is 1.5: give a whole number"),
        ({"frame": 1001, "track": -1, "drop": True}, "'track' is -1: tracks count from 0"),
        ({"frame": 1001}, "says nothing to do: give one of box, landmarks"),
        ({"frame": 1001, "shfit_px": [1, 2]}, "no such field: shfit_px: use box"),
        ({"frame": 1001, "shift_px": [3]}, "'shift_px' is [3]: give x and y in px"),
        ({"frame": 1001, "shift_px": [math.nan, 0]}, "give x and y in px"),
        ({"frame": 1001, "scale": 0}, "'scale' is 0: give a number from 0.1 to 10"),
        ({"frame": 1001, "scale": -2}, "'scale' is -2: give a number from 0.1 to 10"),
        ({"frame": 1001, "scale": 1e30}, "'scale' is 1e+30: give a number from 0.1 to 10"),
        ({"frame": 1001, "scale": math.inf}, "'scale' is [inf]: give a number from 0.1 to 10"),
        ({"frame": 1001, "scale": 10**400}, "give a number from 0.1 to 10"),
        ({"frame": 1001, "box": [1, 2, 3]}, "give x0, y0, x1, y1 in px"),
        ({"frame": 1001, "box": [9, 2, 3, 8]}, "the box has no area"),
        ({"frame": 1001, "landmarks": {"chin": [1, 1]}}, "'landmarks' moves groups, each by [x, y] px: right_eye"),
        ({"frame": 1001, "points": [[1, 2]]}, "give 478 pairs of px"),
        ({"frame": 1001, "crop_from_plate": {"scale": 1}}, "needs scale, rotation_deg, shift_px: give all three"),
        (
            {"frame": 1001, "crop_from_plate": {"scale": 1e30, "rotation_deg": 0, "shift_px": [0, 0]}},
            "'scale' is 1e+30: give a number from 0.01 to 100",
        ),
        ({"frame": 1001, "drop": "yes"}, "'drop' is 'yes': write true or false"),
        ({"frame": 1001, "drop": True, "then": "linear"}, "a face cannot be dropped by degrees"),
        ({"frame": 1001, "drop": True, "then": "ease"}, "'then' is 'ease': choose one of only, linear, hold"),
    ],
)
def test_what_cannot_be_followed_is_one_line_with_file_and_frame(
    entry: dict[str, Any], said: str, tmp_path: Path
) -> None:
    path = tmp_path / CORRECTIONS
    path.write_text(json.dumps({"version": 1, "corrections": [entry]}))
    with pytest.raises(FacesError) as caught:
        read_corrections([path], "take", 1001, 20)
    assert str(caught.value).startswith(f"{path}: correction 1 (frame {entry['frame']})")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not a file of corrections"),
        ("[1]", "not a file of corrections"),
        ('{"version": 9, "corrections": []}', "version 9, but this Pecten reads up to 1"),
        ('{"version": 1, "corrections": [3]}', "correction 1 is no object"),
    ],
)
def test_a_damaged_file_is_one_line(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / CORRECTIONS
    path.write_text(text)
    with pytest.raises(FacesError, match="corrections") as caught:
        read_corrections([path], "take", 0, 5)
    assert said in str(caught.value)


def test_a_frame_corrected_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        FacesError, match=r"correction 2 \(frame 1002\): corrected twice in shift_px, rotate_deg or scale: d"
    ):
        _read(tmp_path, {"frame": 1002, "shift_px": [1, 1]}, {"frame": 1002, "scale": 2})


def _clip(count: int = 9) -> Pictures:
    return Pictures([still()] * count, "take.mp4")


def _found(folder: Path, *entries: dict[str, Any]) -> ShotFaces:
    keys = _read(folder, *entries, first=0, count=9)
    return find_faces(_clip(), QUICK, kept=folder / "kept.json", corrections=keys)


def test_corrections_are_applied_where_they_belong(tmp_path: Path) -> None:
    plain = {face.index: face for face in find_faces(_clip(), QUICK, kept=tmp_path / "kept.json").faces}
    others = (
        {"frame": 1, "drop": True},
        {"frame": 3, "landmarks": {"mouth": [0, 6]}},
        {"frame": 7, "box": [110, 40, 320, 240]},
    )
    shot = _found(tmp_path, *others, {"frame": 5, "shift_px": [3, -2]})
    smooth = {face.index: face.crop_from_plate for face in _found(tmp_path, *others).faces}
    faces = {face.index: face for face in shot.faces}
    assert shot.corrected == (1, 3, 5, 7)
    assert dict(shot.missing) == {1: "dropped by hand"}
    mouth, eye = list(GROUPS["mouth"]), list(GROUPS["left_eye"])
    np.testing.assert_allclose(
        faces[3].landmarks[mouth] - plain[3].landmarks[mouth], [[0.0, 6.0]] * len(mouth), atol=1e-3
    )
    np.testing.assert_allclose(faces[3].landmarks[eye], plain[3].landmarks[eye], atol=1e-3)
    # The key on the transform is exact, and only there.
    np.testing.assert_allclose(
        sim.invert(faces[5].crop_from_plate)[:, 2] - sim.invert(smooth[5])[:, 2], [3, -2], atol=1e-9
    )
    assert np.abs(faces[7].landmarks - plain[7].landmarks).max() < 8
    np.testing.assert_array_equal(faces[8].landmarks, plain[8].landmarks)
    np.testing.assert_array_equal(faces[8].crop_from_plate, smooth[8])


def test_a_key_moves_no_crop_far_from_its_frame(tmp_path: Path) -> None:
    pictures = [np.roll(still(), (i, 2 * i), axis=(0, 1)) for i in range(12)]
    plain = find_faces(Pictures(pictures), QUICK, kept=tmp_path / "kept.json")
    keys = _read(tmp_path, {"frame": 2, "landmarks": {"mouth": [0, 3]}}, first=0, count=12)
    after = find_faces(Pictures(pictures), QUICK, kept=tmp_path / "kept.json", corrections=keys)
    moved = [
        bool((a.crop_from_plate != b.crop_from_plate).any()) for a, b in zip(plain.faces, after.faces, strict=True)
    ]
    assert moved == [True] * 6 + [False] * 6


def test_a_box_finds_a_face_that_was_dropped_or_never_found(tmp_path: Path) -> None:
    pictures = [still(), np.full_like(still(), 60), still()]
    keys = _read(tmp_path, {"frame": 1, "box": [110, 40, 320, 240], "track": 0}, first=0, count=3)
    shot = find_faces(Pictures(pictures), QUICK, corrections=keys)
    assert dict(shot.missing) == {1: "no face in the box given by hand"}
    keys = _read(tmp_path, {"frame": 2, "box": [110, 40, 320, 240], "track": 4}, first=0, count=3)
    shot = find_faces(Pictures(pictures), QUICK, corrections=keys)
    assert [face.track for face in shot.faces if face.index == 2] == [1, 4]


def test_a_key_on_a_face_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(FacesError, match=r"frame 2: no face of track 3 to correct \(there are tracks 0\): give a box"):
        _found(tmp_path, {"frame": 2, "track": 3, "shift_px": [1, 1]})


def test_corrections_survive_a_new_extraction(tmp_path: Path) -> None:
    clip = _clip()
    before = plate_faces(clip, tmp_path, QUICK)
    reads = clip.reads
    save_entries(tmp_path / CORRECTIONS, [{"frame": 4, "shift_px": [5, 0], "then": "hold"}])
    after = plate_faces(clip, tmp_path, QUICK)
    assert clip.reads == reads  # nothing is found anew for a key on a transform
    assert after.corrected == (4, 5, 6, 7, 8)
    new = plate_faces(clip, tmp_path, replace(QUICK, detect_every=2))
    assert clip.reads > reads
    assert new.corrected == after.corrected
    for shot in (after, new):
        moved_by = [
            (sim.invert(face.crop_from_plate) - sim.invert(old.crop_from_plate))[0, 2]
            for face, old in zip(shot.faces, before.faces, strict=True)
        ]
        np.testing.assert_allclose(moved_by, [0, 0, 0, 0, 5, 5, 5, 5, 5], atol=0.3)


def test_a_dataset_is_made_again_when_its_corrections_change(tmp_path: Path) -> None:
    def build() -> int:
        return len(extract_dataset([_clip(4)], "ada", tmp_path, 64, QUICK).shots[0].faces)

    assert build() == 4
    save_entries(tmp_path / CORRECTIONS, [{"clip": "other", "frame": 90, "drop": True}, {"frame": 2, "drop": True}])
    assert build() == 3
    # Nor does the crop of a frame that has no face any more stay behind.
    assert [path.name for path in sorted(tmp_path.rglob("crops/*/*.png"))] == ["000000.png", "000001.png", "000003.png"]
    (tmp_path / CORRECTIONS).unlink()
    assert build() == 4


def test_a_clip_whose_faces_are_all_dropped_costs_nothing(tmp_path: Path) -> None:
    def kept() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.name != CORRECTIONS}

    clips = [_clip(2), Pictures([still()] * 2, "two.mp4")]
    extract_dataset(clips, "ada", tmp_path, 64, QUICK)
    for name in ("take", "two"):
        save_entries(tmp_path / CORRECTIONS, [{"clip": name, "frame": 0, "drop": True, "then": "hold"}])
        before = kept()
        with pytest.raises(FacesError, match=rf"^{name}\.mp4: all faces are dropped by hand: leave the clip out, or"):
            extract_dataset(clips, "ada", tmp_path, 64, QUICK)
        assert kept() == before
    with pytest.raises(FacesError, match=r"^two\.mp4: all faces are dropped by hand"):
        find_tracks(clips, tmp_path, QUICK)


@pytest.mark.parametrize("verb", ["swap", "enhance"])
def test_finished_frames_are_not_kept_when_corrections_change(verb: str, tmp_path: Path) -> None:
    from pecten.deliver.credentials import Statement
    from pecten.enhance import clip as enhance
    from pecten.shot import SwapOptions, claim_of

    statement = Statement("", "r1", "f1", None, "c1", "0-8", "0.1")
    out = tmp_path / "out.####.exr"

    def claim() -> Any:
        if verb == "enhance":
            return enhance.claim_of(_clip(), enhance.EnhanceOptions(), out, statement, tmp_path)
        return claim_of(_clip(), SwapOptions("ada"), out, statement, tmp_path)

    claim().begin(overwrite=False)
    assert claim().holds()
    save_entries(tmp_path / CORRECTIONS, [{"frame": 4, "drop": True}])
    assert not claim().holds()
