"""The count of found faces tells a face from a miss, and composed crossings hold what they say."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cli_support import write_clip
from faces_support import still
from pecten.benchmark.faces_found import _crossing_figures, crossing, measure
from pecten.benchmark.footage import Take, TruthFootage
from pecten.errors import FootageError
from pecten.faces.detect import overlap
from pecten.faces.finding import Finder
from pecten.faces.follow import FaceOptions
from pecten.faces.mesh import MESH_TO_68
from pecten.footage.clip import open_clip


def _take(folder: Path, name: str, moved_px: float = 0.0) -> Take:
    path = write_clip(folder / f"{name}_interview1.mp4", [still(name)] * 3)
    (face,) = Finder(FaceOptions(perturbations=0, threads=1)).find(open_clip(path)).of_track(0)[:1]
    truth = np.stack([face.landmarks[list(MESH_TO_68)]] * 3) + moved_px
    np.savez(path.with_suffix(".npz"), landmarks_68_px=truth)
    return Take(path, name, name, "interview1", path.with_suffix(".npz"), None)


def test_faces_are_counted_where_they_are(tmp_path: Path) -> None:
    right = {f.name: f for f in measure(TruthFootage((_take(tmp_path, "ada"),), (), ()), quick=True)}
    assert [figure.value for figure in right.values()] == [100.0, 0.0, 0.0, 0.0, 0.0]
    assert all(figure.met for figure in right.values())
    wrong = measure(TruthFootage((), (_take(tmp_path, "chidi", moved_px=250.0),), ()), quick=True)
    assert [figure.value for figure in wrong] == [0.0, 3.0, 0.0, 0.0, 0.0]
    assert [figure.met for figure in wrong] == [False, False, True, True, True]


def test_performers_of_one_name_must_look_alike(tmp_path: Path) -> None:
    ada, chidi = _take(tmp_path, "ada"), _take(tmp_path, "chidi")
    footage = TruthFootage((), (ada, replace(chidi, source="ada", target="ada")), ())
    figures = {figure.name: figure.value for figure in measure(footage, quick=True)}
    assert figures["people more than performers"] == 1.0


def test_a_folder_without_truth_is_refused() -> None:
    with pytest.raises(FootageError, match="no clip with true landmarks"):
        measure(TruthFootage((), (), ()))


def test_heads_cross_where_the_boxes_say(tmp_path: Path) -> None:
    clip, boxes = crossing(_take(tmp_path, "ada"), _take(tmp_path, "chidi"), 3)
    assert clip.info.frame_count == len(boxes) == 3
    assert boxes[0][0][0] < boxes[0][1][0]
    assert boxes[2][0][0] > boxes[2][1][0]
    assert overlap(*boxes[1]) > 0.7
    first = next(clip.frames()).image
    # Ada's skin is lighter than chidi's: the front head starts on the left.
    cheeks = [first[int(box[3]) - 80, int((box[0] + box[2]) / 2)].mean() for box in boxes[0]]
    assert cheeks[0] > cheeks[1]


def test_short_clips_are_played_to_and_fro(tmp_path: Path) -> None:
    shown = [np.full_like(still(), 40 * k + 40) for k in range(3)]
    takes = []
    for name in ("ada", "chidi"):
        take = _take(tmp_path, name)
        write_clip(take.clip, shown)
        truth = np.stack([take.landmarks()[0] + 2.0 * k for k in range(3)])
        np.savez(take.clip.with_suffix(".npz"), landmarks_68_px=truth)
        takes.append(take)
    clip, boxes = crossing(takes[0], takes[1], 8)
    assert clip.info.frame_count == len(boxes) == 8
    heads = [
        frame.image[400, round((box[0][0] + box[0][2]) / 2)].mean()
        for frame, box in zip(clip.frames(), boxes, strict=True)
    ]
    levels = [round((255 * level - 40) / 40) for level in heads]
    assert levels == [0, 1, 2, 1, 0, 1, 2, 1]
    still_one = crossing(replace(takes[0], clip=write_clip(tmp_path / "one_interview1.mp4", shown[:1])), takes[1], 4)
    assert still_one[0].info.frame_count == 4


def test_a_crossing_of_short_clips_says_so(tmp_path: Path) -> None:
    takes = (_take(tmp_path, "ada"), _take(tmp_path, "chidi"))
    hasty = Finder(FaceOptions(perturbations=0, register=False, threads=1))
    crossed, people = _crossing_figures(hasty, *takes)
    assert crossed.name == "ada passes before chidi: faces under the other's number"
    assert crossed.note.endswith("; played to and fro, too short to pass once")
    assert people.note.startswith("played to and fro")
