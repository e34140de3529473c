"""`pecten correct` writes keys into the file that the next run follows, and takes them back."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli_support import Answer, pecten, write_clip
from faces_support import Pictures, still
from pecten.faces.casting import extract_performers
from pecten.faces.corrections import CORRECTIONS, read_corrections, save_entries
from pecten.faces.extract import extract_dataset
from pecten.faces.follow import FaceOptions

QUICK = FaceOptions(perturbations=0, threads=1)


def test_the_command_writes_keys_and_info_tells_of_them(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    clip = write_clip(tmp_path / "take.mp4", [still()] * 3)
    made = ("faces", clip, "-i", "ada", "-o", tmp_path / "ada", "--size", 64, "--perturbations", 1)
    assert pecten(capfd, *made).code == 0
    words = ("correct", tmp_path / "ada", "--frame", 1, "--shift=3,-2", "--rotate", 1.5)
    dry = pecten(capfd, *words, "--dry-run")
    assert (dry.code, (tmp_path / "ada" / CORRECTIONS).exists()) == (0, False)
    done = pecten(capfd, *words)
    assert done.code == 0, done.err
    assert dry.out == f"would write to {done.out}"
    assert "corrections.json: frame 1, track 0: shift_px [3.0, -2.0], rotate_deg 1.5" in done.out
    assert pecten(capfd, *words, "--scale", 1.1).code == 0  # the same frame again takes its place
    assert len(json.loads((tmp_path / "ada" / CORRECTIONS).read_text())["corrections"]) == 1
    assert pecten(capfd, *made).code == 0
    assert "corrected by hand: frames 1 (corrections.json)" in pecten(capfd, "info", tmp_path / "ada").out
    for more, said in (
        (("--frame", 7, "--drop"), "take has frames 0-2: use these"),
        (("--frame", 1), "says nothing to do"),
        (("--frame", 1, "--shift", "3"), "'shift_px' is [3.0]: give x and y in px"),
        (("--frame", 1, "--box", "1,2,x,4"), "--box 1,2,x,4: write numbers with commas between them"),
    ):
        refused = pecten(capfd, "correct", tmp_path / "ada", *more)
        assert refused.code == 1
        assert said in refused.complaint
    assert "no such record" in pecten(capfd, "correct", tmp_path, "--frame", 1, "--drop").complaint


@pytest.fixture(scope="module")
def one_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("ada")
    extract_dataset([Pictures([still()] * 4, "take.mp4")], "ada", out, 64, QUICK)
    return out


@pytest.fixture
def corrected(one_clip: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    (one_clip / CORRECTIONS).unlink(missing_ok=True)
    return lambda *words: pecten(capfd, "correct", one_clip, "--frame", 2, *words)


def _written(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / CORRECTIONS).read_text())["corrections"]


def test_a_key_takes_the_place_of_those_of_its_kind_alone(corrected: Callable[..., Answer], one_clip: Path) -> None:
    box = ("--box", "110,40,320,240", "--then", "hold")
    for words in (("--shift=30,0",), box, ("--drop",), ("--rotate", 2), ("--shift=1,2",)):
        assert corrected(*words).code == 0
    assert "rotate_deg 3.0" in corrected("--rotate", 3).out
    where = {"clip": "take", "frame": 2, "track": 0}
    assert _written(one_clip) == [
        where | {"box": [110, 40, 320, 240], "then": "hold"},
        where | {"drop": True},
        where | {"shift_px": [1, 2], "rotate_deg": 3},
    ]


def test_an_entry_of_two_kinds_loses_only_the_one_that_is_given_anew(
    corrected: Callable[..., Answer], one_clip: Path
) -> None:
    assert corrected("--box", "110,40,320,240", "--shift=1,2", "--then", "hold").code == 0
    assert corrected("--box", "100,40,320,240").code == 0
    where = {"clip": "take", "frame": 2, "track": 0}
    assert _written(one_clip) == [
        where | {"shift_px": [1, 2], "then": "hold"},
        where | {"box": [100, 40, 320, 240]},
    ]


def test_what_holds_after_a_frame_is_taken_over(corrected: Callable[..., Answer], one_clip: Path) -> None:
    assert "rotate_deg 5.0, and on" in corrected("--rotate", 5, "--then", "hold").out
    assert "scale 1.01, rotate_deg 5.0, and on" in corrected("--scale", 1.01).out
    assert corrected("--box", "110,40,320,240").code == 0
    assert [entry.get("then") for entry in _written(one_clip)] == ["hold", None]
    assert corrected("--scale", 1.02, "--then", "only").code == 0
    assert "hold" not in [entry.get("then") for entry in _written(one_clip)]


def test_a_face_is_not_moved_out_of_the_picture(corrected: Callable[..., Answer]) -> None:
    assert "--shift 3000,0: moves the face out of the picture (" in corrected("--shift=3000,0").complaint
    assert (
        "--box 2000,2000,2100,2200: lies outside the picture (" in corrected("--box", "2000,2000,2100,2200").complaint
    )


def test_a_drop_ends_and_is_taken_back(corrected: Callable[..., Answer], one_clip: Path) -> None:
    assert corrected("--drop", "--then", "hold").code == 0
    assert "drop False" in corrected("--frame", 3, "--no-drop").out
    keys = read_corrections([one_clip / CORRECTIONS], "take", 0, 4)
    dropped = [bool(found and found.drop) for found in (keys.at(0, index) for index in range(4))]
    assert dropped == [False, False, True, False]
    before = _written(one_clip)
    assert "would take back 1 correction of frame 2, track 0" in corrected("--remove", "--dry-run").out
    assert _written(one_clip) == before
    assert "took back 1 correction of frame 2, track 0" in corrected("--remove").out
    assert [entry["frame"] for entry in _written(one_clip)] == [3]
    assert "corrects nothing on frame 2, track 0" in corrected("--remove").complaint
    assert "--remove: takes back what is there: leave --shift out" in corrected("--remove", "--shift=1,2").complaint
    assert [entry["frame"] for entry in _written(one_clip)] == [3]


def test_the_only_clip_may_be_named_or_not(corrected: Callable[..., Answer], one_clip: Path) -> None:
    assert corrected("--shift=3,0").code == corrected("--clip", "take", "--shift=4,0").code == 0
    assert [entry["shift_px"] for entry in _written(one_clip)] == [[4, 0]]
    assert corrected("--shift=5,0").code == 0
    assert [entry["shift_px"] for entry in _written(one_clip)] == [[5, 0]]
    save_entries(one_clip / CORRECTIONS, [{"frame": 2, "shift_px": [1, 0]}])
    assert corrected("--shift=6,0").code == 0
    assert _written(one_clip) == [{"clip": "take", "frame": 2, "track": 0, "shift_px": [6, 0]}]


def test_a_performer_of_one_of_several_clips_is_corrected_there(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clips = [Pictures([still("chidi")] * 2, "a/take.mp4"), Pictures([still()] * 4, "b/take.mp4")]
    wishes = {"chidi": ["take:0"], "ada": ["take-2:0"]}
    extract_performers(clips, wishes, tmp_path, 64, QUICK)
    assert pecten(capfd, "correct", tmp_path / "ada", "--frame", 3, "--shift=5,0").code == 0
    assert _written(tmp_path / "ada")[0]["clip"] == "take-2"
    chidi, ada = extract_performers(clips, wishes, tmp_path, 64, QUICK)
    assert [record.shots[0].corrected for record in (chidi, ada)] == [(), (3,)]


def test_a_track_that_is_not_there_is_refused_but_for_a_box(corrected: Callable[..., Answer], one_clip: Path) -> None:
    assert "--track 7: no such track: choose one of 0, or give a --box" in corrected("--track", 7, "--drop").complaint
    assert "'track' is -1: tracks count from 0" in corrected("--track", -1, "--drop").complaint
    assert not (one_clip / CORRECTIONS).exists()
    assert corrected("--track", 7, "--box", "110,40,320,240").code == 0
    assert corrected("--track", 7, "--shift=1,0").code == 0


def test_nothing_is_added_to_a_file_that_cannot_be_followed(corrected: Callable[..., Answer], one_clip: Path) -> None:
    save_entries(one_clip / CORRECTIONS, [{"frame": 9, "drop": True}])
    assert "correction 1 (frame 9): take has frames 0-3: use these" in corrected("--drop").complaint
    assert len(_written(one_clip)) == 1
