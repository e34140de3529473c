"""From pictures to faces and datasets, with people who come, go and share the picture."""

import hashlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from faces_support import EYES, Pictures, still
from pecten.errors import FacesError, UsageError
from pecten.faces import records
from pecten.faces.crops import crop_folders
from pecten.faces.extract import extract_dataset, find_faces
from pecten.faces.follow import FaceOptions
from pecten.faces.mesh import LEFT_EYE, RIGHT_EYE
from pecten.faces.quality import Gates, blur, outside
from pecten.footage.clip import ClipInfo, open_clip
from pecten.geometry import similarity as sim
from pecten.geometry.warp import warp
from pecten.shot import plate_faces
from pecten.types import Affine, ByteImage, Progress
from sample_clips import write_video

QUICK = FaceOptions(perturbations=2, threads=1)


def _moved(transform: Affine, width: int = 480, height: int = 270) -> ByteImage:
    return warp(still(), transform, width, height, "cubic", "replicate")


def _walk(count: int, step: float = 1.5) -> list[Affine]:
    return [sim.similarity(1.0 + 0.002 * i, 0.004 * i, (step * i, 0.5 * i)) for i in range(count)]


def _blank() -> ByteImage:
    return np.full((270, 480, 3), 60, dtype=np.uint8)


def test_follows_a_known_motion_to_a_fraction_of_a_pixel() -> None:
    walk = _walk(10)
    options = FaceOptions(perturbations=9, threads=1, detect_every=4)
    told: list[tuple[str, int, int]] = []
    clip = Pictures([_moved(t) for t in walk])
    shot = find_faces(clip, options, lambda stage, done, total: told.append((stage, done, total)))
    assert told[-1] == ("faces", 10, 10)
    assert shot.track_ids() == (0,)
    assert shot.missing == ()
    for face, transform in zip(shot.faces, walk, strict=True):
        for group, eye in ((RIGHT_EYE, EYES[0]), (LEFT_EYE, EYES[1])):
            expected = sim.apply(transform, eye[None])[0]
            assert np.linalg.norm(face.landmarks[list(group)].mean(axis=0) - expected) < 3.5
    # What the normalisation does to one spot of the face must stay: 1024 px of crop are about 280 px here.
    spot = np.array([[205.0, 130.0]])
    places = np.array(
        [sim.apply(face.crop_from_plate, sim.apply(t, spot))[0] for face, t in zip(shot.faces, walk, strict=True)]
    )
    assert places.std(axis=0).max() < 3.0


def test_two_people_one_of_whom_leaves_and_comes_back() -> None:
    both = np.hstack([still(), still()])
    left_only = np.hstack([still(), _blank()])
    shot = find_faces(Pictures([both, both, left_only, left_only, both, both]), QUICK)
    assert shot.track_ids() == (0, 1)
    by_track = {track: [f.index for f in shot.of_track(track)] for track in (0, 1)}
    assert sorted(map(len, by_track.values())) == [4, 6]
    assert sorted(by_track.values(), key=len)[0] == [0, 1, 4, 5]
    assert shot.missing == ()


def test_frames_without_a_face_are_told_and_not_an_error() -> None:
    shot = find_faces(Pictures([_blank(), still(), still(), _blank(), still()]), QUICK)
    assert [face.index for face in shot.faces] == [1, 2, 4]
    assert dict(shot.missing)[0] == "no face found"
    assert {index for index, _ in shot.missing} == {0, 3}


def test_a_clip_without_any_face_is_an_error_that_names_it() -> None:
    with pytest.raises(FacesError, match=r"^pictures\.mp4: no face in any of 2 frames; check"):
        find_faces(Pictures([_blank(), _blank()]), QUICK)


def test_a_cut_begins_another_track() -> None:
    mirrored_scene = 255 - _moved(sim.similarity(0.9, 0.0, (150.0, 10.0)))[:, :, ::-1]
    mirrored_scene[60:230, 250:420] = still()[60:230, 120:290]
    shot = find_faces(Pictures([still(), still(), mirrored_scene, mirrored_scene]), QUICK)
    assert [(f.index, f.track) for f in shot.faces] == [(0, 0), (1, 0), (2, 1), (3, 1)]


def test_options_that_cannot_be_followed_are_refused() -> None:
    with pytest.raises(FacesError):
        FaceOptions(detect_every=0)


def test_a_dataset_is_written_and_gone_on_with(tmp_path: Path) -> None:
    clips = [Pictures([_moved(t) for t in _walk(3)], "a/take.mp4"), Pictures([still(), _blank()], "b/take.mp4", 10)]
    record = extract_dataset(clips, "ada", tmp_path, 64, QUICK)
    assert record.folders == ("take", "take-2")
    for place, shot in enumerate(record.shots):
        for face in shot.faces:
            crop = cv2.imread(str(tmp_path / record.crop_name(place, face)), cv2.IMREAD_UNCHANGED)
            assert crop.shape == (64, 64, 3)
            assert crop.dtype == (np.uint16 if place else np.uint8)
    again = [Pictures([still()] * 3, "a/take.mp4"), Pictures([still(), _blank()], "b/take.mp4", 10)]
    extract_dataset(again, "ada", tmp_path, 64, QUICK)
    assert [clip.reads for clip in again] == [0, 0]
    extract_dataset(again, "ada", tmp_path, 32, QUICK)
    # Another size needs new crops, but nothing is found anew.
    assert [clip.reads for clip in again] == [1, 1]


def test_a_dataset_says_which_footage_it_is_of(tmp_path: Path) -> None:
    path = write_video(tmp_path / "take.mp4", count=2, size=(480, 270), pictures=[still(), still()])
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    record = extract_dataset([open_clip(path)], "ada", tmp_path / "ada", 64, QUICK)
    assert record.footage() == [(str(path), digest)]
    # One that was made before records said so is told by running it again; its crops stay.
    shot_file, (crop, *_) = tmp_path / "ada" / "shots" / "take.json", sorted((tmp_path / "ada").rglob("0*.png"))
    records.save_shot(shot_file, replace(record.shots[0], sha256=""), records.shot_note(shot_file))
    made = crop.stat().st_mtime_ns
    again = extract_dataset([open_clip(path)], "ada", tmp_path / "ada", 64, QUICK)
    assert again.footage() == records.load_dataset(tmp_path / "ada").footage() == [(str(path), digest)]
    assert records.load_shot(shot_file).sha256 == digest
    assert crop.stat().st_mtime_ns == made


def test_an_interrupted_dataset_keeps_its_finished_shots(tmp_path: Path) -> None:
    first = Pictures([still()], "one.mp4")
    with pytest.raises(FacesError, match="no face"):
        extract_dataset([first, Pictures([_blank()], "two.mp4")], "ada", tmp_path, 64, QUICK)
    with pytest.raises(FacesError, match=r"record\.json: its crops are not all made yet: run the same `pecten faces`"):
        records.load_dataset(tmp_path)
    with pytest.raises(FacesError, match="holds the faces of ada; choose another folder for chidi"):
        extract_dataset([first], "chidi", tmp_path, 64, QUICK)
    with pytest.raises(UsageError, match="a dataset, which would be lost"):
        plate_faces(first, tmp_path, QUICK)
    reads = first.reads
    extract_dataset([first], "ada", tmp_path, 64, QUICK)
    assert first.reads == reads
    assert records.load_dataset(tmp_path).identity == "ada"


def test_sequences_are_named_without_their_numbers() -> None:
    names = ["x/sh010.####.exr", "x/sh020.%04d.exr", "x/take 3.mov", "x/###.exr"]
    assert crop_folders([Pictures([_blank()], name).info for name in names]) == ["sh010", "sh020", "take_3", "clip"]


def test_small_blurred_and_cut_off_faces_are_left_out_with_their_reason() -> None:
    small = _moved(sim.similarity(0.3, 0.0, (100.0, 60.0)))
    blurred = np.asarray(cv2.GaussianBlur(still(), (0, 0), 6.0))
    cut_off = _moved(sim.similarity(1.0, 0.0, (-170.0, 0.0)))
    reasons = [find_faces(Pictures([p]), QUICK).faces[0].left_out for p in (still(), small, blurred, cut_off)]
    assert reasons == [None, "face narrower than 64 px", "blurred (over 0.72)", "cut off by the edge of the frame"]


def test_a_frame_that_mixes_two_shots_is_left_out() -> None:
    far = np.ascontiguousarray(np.roll(still("chidi"), 60, axis=1)[:, ::-1]) // 2
    mixed = ((still().astype(np.float32) + far) / 2).astype(np.uint8)
    shot = find_faces(Pictures([still(), still(), mixed, far, far]), QUICK)
    seen = {index: {face.track for face in shot.faces if face.index == index} for index in (1, 3)}
    assert len(seen[1]) == len(seen[3]) == 1
    assert seen[1] != seen[3]
    between = [face.left_out for face in shot.faces if face.index == 2]
    assert between
    assert set(between) == {"mixed with another shot"}
    assert {face.left_out for face in shot.faces if face.index != 2} == {None}


def test_a_face_behind_a_board_is_left_out() -> None:
    held = still()
    held[150:215, 165:285] = (40, 90, 60)
    free, covered = (find_faces(Pictures([picture]), QUICK).faces[0] for picture in (still(), held))
    assert free.covered < 0.05
    assert covered.left_out == "covered by more than 25 %", covered.covered


def test_gates_name_the_first_reason() -> None:
    gates = Gates()
    assert gates.why_not(200.0, 0.1, 0.2, 1.0, 0.0) is None
    assert gates.why_not(200.0, -1.4, 0.2, 1.0, 0.0) == "turned more than 75 degrees"
    assert gates.why_not(200.0, 0.1, 0.2, 99.0, 0.0) == "landmarks uncertain by more than 12 px"
    assert gates.why_not(200.0, 0.1, 0.2, 1.0, 0.0, 0.3) == "covered by more than 25 %"
    assert blur(np.full((256, 256, 3), 7, dtype=np.uint8)) == 1.0
    assert outside(np.full((478, 2), -9.0), 10, 10) == 1.0


def test_a_clip_of_somebody_else_is_not_given_the_same_name(tmp_path: Path) -> None:
    clips = [Pictures([still()] * 2, "ada.mp4"), Pictures([still("chidi")] * 2, "chidi.mp4")]
    with pytest.raises(FacesError, match=r"^chidi\.mp4: nobody in it looks like ada in ada\.mp4 \(nearest is track 0"):
        extract_dataset(clips, "ada", tmp_path, 64, QUICK)
    # Said in so many words, it is done.
    record = extract_dataset(clips, "ada", tmp_path, 64, QUICK, tracks={0: [0], 1: [0]})
    assert [len(shot.faces) for shot in record.shots] == [2, 2]


def test_who_is_taken_follows_the_clips_that_are_named_now(tmp_path: Path) -> None:
    small = _moved(sim.similarity(0.7, 0.0, (40.0, 40.0)))
    both = Pictures([np.hstack([still("chidi"), small])] * 2, "both.mp4")
    alone = extract_dataset([both], "ada", tmp_path, 64, QUICK).shots[0]
    assert all(face.box[2] < 480 for face in alone.faces)  # Nothing else is known: who is larger.
    ada = Pictures([still()] * 2, "ada.mp4")
    after = extract_dataset([ada, both], "ada", tmp_path, 64, QUICK).shots[1]
    assert all(face.box[0] > 480 for face in after.faces)
    fresh = extract_dataset([ada, both], "ada", tmp_path / "fresh", 64, QUICK).shots[1]
    assert after.track_ids() == fresh.track_ids()
    for crop in (tmp_path / "fresh" / "crops").rglob("*.png"):
        assert (tmp_path / crop.relative_to(tmp_path / "fresh")).read_bytes() == crop.read_bytes()


def test_crops_stay_where_another_clip_before_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digested: list[str] = []

    def digest(info: ClipInfo, _: Progress) -> str:
        digested.append(info.path)
        return "digest"

    monkeypatch.setattr("pecten.faces.extract.digest_of", digest)
    one, other = Pictures([still()] * 2, "one.mp4"), Pictures([_moved(t) for t in _walk(2)], "other.mp4")
    extract_dataset([one], "ada", tmp_path, 64, QUICK)
    reads = one.reads
    extract_dataset([other, one], "ada", tmp_path, 64, QUICK)
    assert one.reads == reads
    assert digested == ["one.mp4", "other.mp4"]


@pytest.mark.parametrize("harm", ["missing", "empty", "cut", "of another size"])
def test_a_crop_that_is_missing_or_cut_is_written_again(harm: str, tmp_path: Path) -> None:
    clip = Pictures([still()] * 2, "take.mp4")
    extract_dataset([clip], "ada", tmp_path, 64, QUICK)
    crop = tmp_path / "crops" / "take" / "000001.png"
    whole, reads = crop.read_bytes(), clip.reads
    crop.unlink()
    if harm == "of another size":
        cv2.imwrite(str(crop), np.zeros((32, 32, 3), np.uint8))
    elif harm != "missing":
        crop.write_bytes(whole[: {"empty": 0, "cut": -9}[harm]])
    extract_dataset([clip], "ada", tmp_path, 64, QUICK)
    assert (crop.read_bytes(), clip.reads) == (whole, reads + 1)
    extract_dataset([clip], "ada", tmp_path, 64, QUICK)
    assert clip.reads == reads + 1


def test_overlapped_and_serial_give_the_same_record(tmp_path: Path) -> None:
    pictures = [*(_moved(t) for t in _walk(7)), _blank(), still("chidi"), still("chidi")]
    for overlap in (True, False):
        shot = find_faces(Pictures(pictures), replace(QUICK, overlap=overlap))
        records.save_shot(tmp_path / f"{overlap}.json", shot)
    for suffix in ("json", "safetensors"):
        assert (tmp_path / f"True.{suffix}").read_bytes() == (tmp_path / f"False.{suffix}").read_bytes()
