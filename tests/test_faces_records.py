"""Records come back as they were written, and damage is one line, not a crash."""

import json
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces_support import DATA, mean_landmarks
from pecten.colour.transfer import Encoding
from pecten.errors import FacesError
from pecten.faces import records
from pecten.faces.records import DatasetRecord, FaceFrame, Portrait, ShotFaces
from pecten.geometry import similarity as sim


def _face(index: int, track: int = 0, left_out: str | None = None, side: float = 100.0) -> FaceFrame:
    return FaceFrame(
        index=index,
        number=1001 + index,
        track=track,
        box=(10.0, 20.0, 10.0 + side, 20.0 + side),
        score=0.97,
        landmarks=mean_landmarks(0.3, index, 2.0 * index),
        spread_px=1.5,
        crop_from_plate=sim.similarity(3.3, 0.01 * index, (-3.0 * index, 4.0)),
        yaw_rad=0.1,
        pitch_rad=-0.2,
        roll_rad=0.03,
        left_out=left_out,
        covered=0.1 * index,
    )


def _shot() -> ShotFaces:
    faces = (_face(0), _face(0, 1, side=20.0), _face(1), _face(2, left_out="blurred (over 0.7)"), _face(5))
    return ShotFaces(
        clip="plates/sh010.####.exr",
        width=1920,
        height=1080,
        rate=Fraction(24000, 1001),
        frame_count=7,
        first_number=1001,
        encoding=Encoding.LINEAR,
        faces=faces,
        missing=((3, "face lost"), (4, "no face found"), (6, "no face found")),
        portraits=(_portrait(0), _portrait(1)),
        corrected=(1, 2, 5),
        sha256="ab" * 32,
    )


def _portrait(track: int) -> Portrait:
    picture = np.full((records.PORTRAIT_SIZE, records.PORTRAIT_SIZE, 3), 40 + track, np.uint8)
    return Portrait(track, track, np.linspace(0.0, 1.0, 128) + track, picture)


def _same(a: ShotFaces, b: ShotFaces) -> None:
    names = ("clip", "width", "height", "rate", "frame_count", "first_number", "encoding", "missing", "corrected")
    for name in (*names, "sha256"):
        assert getattr(a, name) == getattr(b, name)
    assert len(a.faces) == len(b.faces)
    for x, y in zip(a.faces, b.faces, strict=True):
        for entry in fields(FaceFrame):
            ours, theirs = getattr(x, entry.name), getattr(y, entry.name)
            if entry.name == "landmarks":
                np.testing.assert_allclose(ours, theirs, atol=1e-4)
            else:
                np.testing.assert_array_equal(ours, theirs)
    assert [(p.track, p.index) for p in a.portraits] == [(p.track, p.index) for p in b.portraits]
    for p, q in zip(a.portraits, b.portraits, strict=True):
        np.testing.assert_array_equal(p.embedding, q.embedding)
        np.testing.assert_array_equal(p.picture, q.picture)


def test_a_shot_comes_back(tmp_path: Path) -> None:
    records.save_shot(tmp_path / "a" / "shot.json", _shot(), {"size": 256})
    _same(records.load_shot(tmp_path / "a" / "shot.json"), _shot())
    assert records.shot_note(tmp_path / "a" / "shot.json") == {"size": 256}


def test_a_shot_without_faces_comes_back(tmp_path: Path) -> None:
    empty = ShotFaces("x.mp4", 8, 8, Fraction(25), 1, 0, Encoding.REC709, (), ((0, "no face found"),))
    records.save_shot(tmp_path / "shot.json", empty)
    _same(records.load_shot(tmp_path / "shot.json"), empty)
    assert empty.main_track() is None


def test_a_dataset_comes_back_and_names_its_crops(tmp_path: Path) -> None:
    record = DatasetRecord("ada", 512, (_shot(), _shot()), ("sh010", "sh010-2"))
    records.save_dataset(tmp_path, record)
    loaded = records.load_dataset(tmp_path)
    assert (loaded.version, loaded.identity, loaded.size, loaded.folders) == (3, "ada", 512, record.folders)
    for a, b in zip(loaded.shots, record.shots, strict=True):
        _same(a, b)
    assert loaded.crop_name(1, loaded.shots[1].faces[2]) == "crops/sh010-2/000001.png"


def test_a_record_of_version_1_is_read() -> None:
    assert json.loads((DATA / "record_v1" / "record.json").read_text())["version"] == 1
    (shot,) = records.load_dataset(DATA / "record_v1").shots
    bare = tuple(replace(face, covered=0.0) for face in _shot().faces)
    _same(shot, replace(_shot(), faces=bare, portraits=(), corrected=(), sha256=""))


def test_a_record_of_version_2_is_read() -> None:
    assert json.loads((DATA / "record_v2" / "record.json").read_text())["version"] == 2
    dataset = records.load_dataset(DATA / "record_v2")
    _same(dataset.shots[0], replace(_shot(), sha256=""))
    assert dataset.footage() == [("plates/sh010.####.exr", "")]


def test_the_record_can_be_read_by_people(tmp_path: Path) -> None:
    records.save_shot(tmp_path / "shot.json", _shot())
    shown = json.loads((tmp_path / "shot.json").read_text())["shots"][0]
    assert shown["tracks"] == {"0": "0-2 5", "1": "0"}
    assert shown["frames_missing"] == {"face lost": "3", "no face found": "4 6"}
    assert shown["rows_left_out"] == {"blurred (over 0.7)": "3"}


def test_tracks() -> None:
    shot = _shot()
    assert shot.track_ids() == (0, 1)
    assert shot.main_track() == 0
    alone = shot.only_tracks([1])
    assert [f.index for f in alone.faces] == [0]
    assert alone.missing[:3] == ((1, "only other faces found"), (2, "only other faces found"), (3, "face lost"))
    with pytest.raises(FacesError, match="no track 7; the tracks found are 0, 1"):
        shot.only_tracks([7])


@pytest.mark.parametrize("damage", ["cut json", "not json", "cut numbers", "no numbers", "later", "other kind", "hole"])
def test_damage_is_one_line(tmp_path: Path, damage: str) -> None:
    records.save_dataset(tmp_path, DatasetRecord("ada", 64, (_shot(),), ("sh010",)))
    path, numbers = tmp_path / records.RECORD, tmp_path / "record.safetensors"
    text = path.read_text()
    if damage == "cut json":
        path.write_text(text[: len(text) // 2])
    elif damage == "not json":
        path.write_bytes(b"\xff\xfe\x00")
    elif damage == "cut numbers":
        numbers.write_bytes(numbers.read_bytes()[:-100])
    elif damage == "no numbers":
        numbers.unlink()
    elif damage == "later":
        path.write_text(text.replace('"version": 3', '"version": 99'))
    elif damage == "other kind":
        path.write_text(text.replace('"dataset"', '"shot"'))
    else:
        path.write_text(text.replace('"rate"', '"rote"'))
    with pytest.raises(FacesError) as caught:
        records.load_dataset(tmp_path)
    assert "\n" not in str(caught.value)
    assert "record.json" in str(caught.value)


def test_a_missing_record_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(FacesError, match="pecten faces"):
        records.load_dataset(tmp_path)


@given(places=st.lists(st.integers(0, 60), unique=True).map(sorted))
def test_spans_come_back(places: list[int]) -> None:
    assert records.unspan(records.spans(places)) == places
