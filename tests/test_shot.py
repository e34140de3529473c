"""A shot from plate to writer: what stays untouched, and that a part equals the same part of the whole."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cli_support import pictures
from comb_helpers import untaught
from faces_support import Pictures
from pecten.comb.model import Comb
from pecten.composite.recipe import Measurement, Recipe
from pecten.deliver.claim import Claim
from pecten.errors import FacesError
from pecten.faces.corrections import CORRECTIONS, save_entries
from pecten.faces.extract import find_faces
from pecten.faces.follow import FaceOptions
from pecten.faces.records import FaceFrame, ShotFaces
from pecten.footage.clip import Frame
from pecten.shot import SwapOptions, Swapped, plate_faces, swap_shot, working_size
from pecten.shot.placement import placed, read_placement
from pecten.shot.swap import _Decoded, _smoothed
from pecten.swap.infer import swap_crops
from shot_support import Kept

QUICK = FaceOptions(perturbations=1)
OPTIONS = SwapOptions("chidi", batch=3)


@pytest.fixture(scope="module")
def clip() -> Pictures:
    shown = pictures(count=14)
    shown[5] = np.full_like(shown[5], 80)
    return Pictures(shown)


@pytest.fixture(scope="module")
def faces(clip: Pictures) -> ShotFaces:
    return find_faces(clip, QUICK)


@pytest.fixture(scope="module")
def comb() -> Comb:
    return untaught()


@pytest.fixture(scope="module")
def whole(clip: Pictures, faces: ShotFaces, comb: Comb) -> Kept:
    writer = Kept()
    swap_shot(clip, faces, comb, OPTIONS, writer)
    return writer


def test_frames_without_a_face_pass_untouched_with_their_reason(
    clip: Pictures, faces: ShotFaces, comb: Comb, whole: Kept
) -> None:
    writer, seen = Kept(), list[Swapped]()
    told: list[tuple[str, int, int]] = []
    done = swap_shot(clip, faces, comb, OPTIONS, writer, lambda *now: told.append(now), observe=seen.append)
    assert (done.frames, done.swapped, done.kept) == (14, 13, 0)
    assert [number for number, _ in done.untouched] == [5]
    plate, result, support = writer.images[5]
    assert result is plate
    assert not support.any()
    assert [one.face is None for one in seen] == [index == 5 for index in range(14)]
    assert told == [("swap", count, 14) for count in range(1, 15)]


def test_only_the_support_changes(whole: Kept) -> None:
    for number, (plate, result, support) in whole.images.items():
        outside = support == 0
        assert np.array_equal(plate[outside], result[outside])
        assert 0.4 < outside.mean() <= 1
        assert (number == 5) == np.array_equal(plate, result)


def test_another_method_takes_the_place_of_a_comb(clip: Pictures, faces: ShotFaces, comb: Comb, whole: Kept) -> None:
    class Other:
        size = comb.config.size

        def show(self, crops: np.ndarray, source: str) -> np.ndarray:
            return swap_crops(comb, source, crops)

    writer = Kept()
    swap_shot(clip, faces, Other(), OPTIONS, writer, frames=(2, 4))
    for number, (_, result, _) in writer.images.items():
        np.testing.assert_array_equal(result, whole.images[number][1])


def test_a_face_is_laid_in_larger_from_the_frame_that_its_key_names(
    clip: Pictures, faces: ShotFaces, comb: Comb, whole: Kept
) -> None:
    wishes = read_placement(["size=2:1,3:1.2"])
    writer, seen = Kept(), list[Swapped]()
    swap_shot(clip, faces, comb, replace(OPTIONS, placement=wishes), writer, frames=(2, 4), observe=seen.append)
    answers = list[Swapped]()
    swap_shot(clip, faces, comb, OPTIONS, Kept(), frames=(2, 4), observe=answers.append)
    for now, plain in zip(seen, answers, strict=True):
        assert now.decoded is not None
        assert plain.decoded is not None
        np.testing.assert_array_equal(now.decoded, placed(plain.decoded, wishes, now.frame.number))
        # The matte is the plate's: it stays where it is.
        np.testing.assert_array_equal(now.support > 0, plain.support > 0)
    assert not np.array_equal(writer.images[3][1], whole.images[3][1])


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (2, 4), (4, 8), (6, 7), (12, 14)])
def test_a_range_is_the_same_part_of_the_whole(
    start: int, stop: int, clip: Pictures, faces: ShotFaces, comb: Comb, whole: Kept
) -> None:
    writer = Kept()
    done = swap_shot(clip, faces, comb, OPTIONS, writer, frames=(start, stop))
    assert done.frames == stop - start
    assert list(writer.images) == list(range(start, stop))
    for number, (_, result, support) in writer.images.items():
        # Batches of another length may round otherwise in the last bits.
        np.testing.assert_allclose(result, whole.images[number][1], rtol=0, atol=1e-5)
        assert np.array_equal(support, whole.images[number][2])


def test_finished_frames_are_kept_and_the_rest_is_as_in_the_whole(
    clip: Pictures, faces: ShotFaces, comb: Comb, whole: Kept
) -> None:
    writer = Kept(done=[*range(8), 10])
    done = swap_shot(clip, faces, comb, OPTIONS, writer)
    assert (done.frames, done.swapped, done.kept) == (14, 5, 9)
    assert list(writer.images) == [8, 9, 11, 12, 13]
    for number, (_, result, _) in writer.images.items():
        np.testing.assert_allclose(result, whole.images[number][1], rtol=0, atol=1e-5)


def test_when_all_is_finished_nothing_is_written(clip: Pictures, faces: ShotFaces, comb: Comb) -> None:
    writer = Kept(done=range(14))
    done = swap_shot(clip, faces, comb, OPTIONS, writer)
    assert (done.frames, done.swapped, done.kept, writer.images) == (14, 0, 14, {})


def test_a_range_without_a_face_passes_untouched(clip: Pictures, faces: ShotFaces, comb: Comb) -> None:
    writer = Kept()
    done = swap_shot(clip, faces, comb, OPTIONS, writer, frames=(5, 6))
    assert (done.frames, done.swapped) == (1, 0)
    [(number, (plate, result, support))] = writer.images.items()
    assert done.untouched[0][0] == number == 5
    np.testing.assert_array_equal(result, plate)
    assert support.max() == 0


def test_a_shot_without_the_chosen_face_is_refused(clip: Pictures, faces: ShotFaces, comb: Comb) -> None:
    with pytest.raises(FacesError, match=r"^pictures\.mp4: no face to replace"):
        swap_shot(clip, replace(faces, faces=()), comb, OPTIONS, Kept())


def steps(tracks: Sequence[int | None], face: FaceFrame) -> list[_Decoded]:
    image = np.zeros((2, 2, 3), np.float32)
    return [
        _Decoded(
            Frame(k, k, image),
            None if track is None else replace(face, track=track),
            None if track is None else image,
            None,
            None,
            None if track is None else Measurement(None, float(k)),
        )
        for k, track in enumerate(tracks)
    ]


def gains(tracks: Sequence[int | None], face: FaceFrame, window: int = 5) -> list[float | None]:
    done = list(_smoothed(steps(tracks, face), window))
    assert [step.frame.index for step in done] == list(range(len(tracks)))
    return [step.measurement and step.measurement.gain for step in done]


def test_smoothing_begins_anew_at_another_track(faces: ShotFaces) -> None:
    face = faces.faces[0]
    alone, after = gains([0] * 7, face), gains([0] * 7 + [1] * 7, face)
    assert after[:7] == alone
    assert after[7:] == [None if gain is None else pytest.approx(gain + 7) for gain in alone]
    assert gains([0] * 7 + [None] + [0] * 7, face)[:8] == [*alone, None]


def test_smoothing_of_a_line_is_the_line(faces: ShotFaces) -> None:
    assert gains([0] * 11, faces.faces[0])[2:-2] == [pytest.approx(k) for k in range(2, 9)]


def test_the_working_size_is_the_power_of_two_next_to_the_face(faces: ShotFaces) -> None:
    assert working_size(faces.faces) == 256
    grown = [replace(face, crop_from_plate=face.crop_from_plate / 4) for face in faces.faces]
    assert working_size(grown) == 1024


def test_what_was_found_in_a_plate_is_read_again_until_something_changes(clip: Pictures, tmp_path: Path) -> None:
    first = plate_faces(clip, tmp_path, QUICK)
    reads = clip.reads
    assert (tmp_path / "tracks.jpg").is_file()
    again = plate_faces(clip, tmp_path, QUICK)
    assert clip.reads == reads
    assert len(again.faces) == len(first.faces)
    plate_faces(clip, tmp_path, replace(QUICK, detect_every=3))
    assert clip.reads == reads + 1
    (tmp_path / "record.safetensors").write_bytes(b"damaged")
    plate_faces(clip, tmp_path, replace(QUICK, detect_every=3))
    assert clip.reads == reads + 1
    (tmp_path / "found" / "pictures.safetensors").write_bytes(b"damaged")
    (tmp_path / "record.safetensors").unlink()
    plate_faces(clip, tmp_path, replace(QUICK, detect_every=3))
    assert clip.reads == reads + 2


def test_a_plate_whose_faces_are_all_dropped_is_refused(clip: Pictures, tmp_path: Path) -> None:
    tracks = plate_faces(clip, tmp_path, QUICK).track_ids()
    drops = [{"frame": clip.info.first_number, "track": track, "drop": True, "then": "hold"} for track in tracks]
    save_entries(tmp_path / CORRECTIONS, drops)
    with pytest.raises(FacesError, match="all faces are dropped by hand: leave the clip out, or take a drop back"):
        plate_faces(clip, tmp_path, QUICK)
    save_entries(tmp_path / CORRECTIONS, [])
    assert plate_faces(clip, tmp_path, QUICK).faces


def test_a_claim_holds_for_its_own_job_alone(tmp_path: Path) -> None:
    job = {"comb": "abc", "tracks": (1, 2), "recipe": {"window": Recipe().window}}
    claim = Claim(tmp_path / "out.####.exr.json", job)
    assert not claim.holds()
    claim.begin(overwrite=False)
    assert claim.holds()
    other = Claim(claim.path, {**job, "comb": "abd"})
    assert not other.holds()
    claim.begin(overwrite=True)
    assert claim.holds()
    other.begin(overwrite=True)
    assert not claim.holds()
    assert not other.holds()
    since = other.since()
    assert (claim.since(), since) == (None, other.since())
    assert since is not None
    other.begin(overwrite=True)
    assert other.since() == since
    other.settle()
    assert other.holds()
    assert other.since() is None
    # A note of frames that are gone is not left for later ones.
    claim.begin(overwrite=True)
    other.begin(overwrite=False)
    assert claim.since() is None
    claim.path.write_text("{")
    assert not claim.holds()
