"""Several people in one clip: who is there, and a dataset for each."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from cli_support import pecten, write_clip
from crossing import scene
from faces_support import Pictures, still
from pecten.errors import FacesError, UsageError
from pecten.faces.casting import extract_performers, find_tracks, read_cast
from pecten.faces.corrections import CORRECTIONS, save_entries
from pecten.faces.follow import FaceOptions
from pecten.faces.people import group_people
from pecten.faces.records import ShotFaces, load_dataset
from pecten.geometry import similarity as sim

QUICK = FaceOptions(perturbations=0, threads=1)
BOTH = scene([("ada", 150, 135), ("chidi", 450, 135)])
ADA = scene([("ada", 150, 135)])


def _clips() -> list[Pictures]:
    return [Pictures([BOTH, BOTH, ADA], "x/day1.mp4"), Pictures([ADA, ADA], "x/day2.mp4")]


def test_each_performer_gets_a_dataset_and_faces_are_found_once(tmp_path: Path) -> None:
    clips = _clips()
    found, picture = find_tracks(clips, tmp_path, QUICK)
    assert [shot.track_ids() for shot in found] == [(0, 1), (0,)]
    assert cv2.imread(str(picture)).std() > 10
    assert sorted(p.name for p in tmp_path.iterdir()) == ["found", "tracks.jpg"]
    people = group_people(found)
    assert [len(person.tracks) for person in people] == [2, 1]
    (chidi,) = people[1].tracks
    reads = [clip.reads for clip in clips]
    wishes = {"ada": ["p0"], "chidi": [f"day1:{chidi[1]}"]}
    records = extract_performers(clips, wishes, tmp_path, 64, QUICK)
    # The second reading is for the crops alone.
    assert [clip.reads - before for clip, before in zip(clips, reads, strict=True)] == [2, 1]
    assert [record.folders for record in records] == [("day1", "day2"), ("day1",)]
    for record, x in zip(records, (150, 450), strict=True):
        assert load_dataset(tmp_path / record.identity).identity == record.identity
        assert all(abs((face.box[0] + face.box[2]) / 2 - x) < 40 for shot in record.shots for face in shot.faces)


def test_corrections_in_a_performers_folder_are_followed_for_that_performer(tmp_path: Path) -> None:
    clips = _clips()[:1]
    wishes = {"ada": ["1"], "chidi": ["0"]}

    def made() -> list[ShotFaces]:
        return [record.shots[0] for record in extract_performers(clips, wishes, tmp_path, 64, QUICK)]

    def shifts(after: ShotFaces, before: ShotFaces) -> list[float]:
        places = [[sim.invert(face.crop_from_plate)[0, 2] for face in shot.faces] for shot in (after, before)]
        return [round(float(there - here), 6) for there, here in zip(*places, strict=True)]

    plain = made()
    crop = tmp_path / "chidi" / "crops" / "day1" / "000000.png"
    written = crop.stat().st_mtime_ns
    save_entries(tmp_path / "ada" / CORRECTIONS, [{"frame": 1, "track": 1, "shift_px": [50, 0]}])
    save_entries(tmp_path / CORRECTIONS, [{"frame": 2, "track": 1, "shift_px": [20, 0]}])
    ada, chidi = made()
    assert shifts(ada, plain[0]) == [0, 50, 20]
    assert ada.corrected == (1, 2)
    assert shifts(chidi, plain[1]) == [0, 0]
    assert chidi.corrected == ()
    assert crop.stat().st_mtime_ns == written
    save_entries(tmp_path / CORRECTIONS, [{"frame": 1, "track": 1, "shift_px": [20, 0]}])
    said = rf"ada/{CORRECTIONS}: correction 1 \(frame 1\): corrected in {tmp_path / CORRECTIONS} too"
    with pytest.raises(FacesError, match=said):
        made()


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({"ada": ["0"]}, "--identity ada=0: which clip? write day1:0"),
        ({"ada": ["day3:0"]}, "no clip day3: choose one of day1, day2"),
        ({"ada": ["day2:7"]}, "no such track; day2 has 0: see tracks.jpg"),
        ({"ada": ["p9"]}, "no such person; found was p0 to p1"),
        ({"ada": ["both"]}, "write a track as 3, of several clips as CLIP:3, or p0"),
        ({"ada": ["day1:0"], "chidi": ["day1:0"]}, "track day1:0 is given to ada and to chidi: choose one"),
        ({"ada": ["day1:0", "day1:1"]}, "tracks day1:0 and day1:1 are both seen in frame 0, so they are two people"),
    ],
)
def test_wishes_that_cannot_be_followed(wishes: dict[str, list[str]], said: str, found: list) -> None:
    with pytest.raises(UsageError) as caught:
        read_cast(wishes, ["day1", "day2"], found, group_people(found))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list:
    return find_tracks(_clips(), tmp_path_factory.mktemp("found"), QUICK)[0]


def test_the_command_shows_who_is_there_and_makes_a_folder_each(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = write_clip(tmp_path / "crowd.mp4", [np.ascontiguousarray(BOTH)] * 3)
    quick = ("--perturbations", 1, "-o", tmp_path / "faces")
    shown = pecten(capfd, "faces", clip, "--tracks", *quick)
    assert shown.code == 0, shown.err
    assert shown.out.count("3 frames, tracks ") == 2
    assert "tracks.jpg, then name them: --identity NAME=TRACKS" in shown.out
    made = pecten(capfd, "faces", clip, "-i", "ada=0", "-i", "chidi=1", "--size", 64, *quick)
    assert made.code == 0, made.err
    assert "faces of ada: 3 crops" in made.out
    assert (tmp_path / "faces" / "chidi" / "record.json").is_file()
    for words, said in (
        (("-i", "ada=0", "-i", "ada=1"), "--identity ada is given twice: write all tracks at once: ada=0,3"),
        (("-i", "ada", "-i", "chidi=1"), "--identity ada: with several performers say which tracks are whose"),
        (("-i", "ada=0,1"), "tracks 0 and 1 are both seen in frame 0"),
        ((), "whose faces are they? give --identity NAME, or --tracks"),
        (("--tracks", "-i", "ada"), "--tracks only shows who is there"),
        (("-i", "ada=1", "--track", 1), "say the same thing: leave out --track"),
    ):
        refused = pecten(capfd, "faces", clip, *words, *quick)
        assert refused.code == 1
        assert said in refused.complaint


def test_one_name_for_two_faces_is_taken_with_a_warning(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ada, chidi = still(), still("chidi")
    day1 = write_clip(tmp_path / "day1.mp4", [ada, np.full_like(ada, 60), chidi])
    day2 = write_clip(tmp_path / "day2.mp4", [ada] * 2)

    def warnings(tracks: str) -> list[str]:
        words = ("-i", f"ada={tracks}", "-o", tmp_path / "ada", "--perturbations", 1, "--size", 64)
        made = pecten(capfd, "faces", day1, day2, *words)
        assert made.code == 0, made.err
        return [line for line in made.out.splitlines() if line.startswith("warning: ")]

    assert warnings("day1:0,day2:0") == []
    (line,) = warnings("day1:1,day2:0")
    assert line.startswith("warning: track day1:1 does not look like track day2:0: 0.")
    assert line.endswith("look at tracks.jpg whether both are ada")
    assert line in pecten(capfd, "info", tmp_path / "ada").out
