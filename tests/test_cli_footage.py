"""Footage that cannot be used: one line that says what was found, where and what to do; nothing half-written."""

from fractions import Fraction
from pathlib import Path

import pytest

from cli_support import Studio, copy, cut_short, pecten, pictures, refused, swap, tree, write_clip, write_sequence
from sample_clips import write_video

Capture = pytest.CaptureFixture[str]


def bad_clips(studio: Studio, folder: Path) -> dict[str, tuple[Path, str]]:
    """Make footage that cannot be read, with what should be said of it."""
    text, cut, end = folder / "text.mp4", folder / "cut.mp4", folder / "end.mkv"
    text.write_text("this is no film\n" * 40)
    cut.write_bytes(studio.plate.read_bytes())
    cut_short(cut)
    write_clip(end, pictures(count=12))
    cut_short(end, 0.97)
    (folder / "nothing").mkdir()
    gap = write_sequence(folder / "gap", pictures(count=4))
    (gap.parent / "sh010.1002.exr").unlink()
    half = write_sequence(folder / "half", pictures(count=2))
    cut_short(half.parent / "sh010.1002.exr")
    return {
        "a text file": (text, "text.mp4: a text file, not a video"),
        "cut short": (cut, "cut.mp4: cut short"),
        "cut at the end": (end, "end.mkv: cut short: only"),
        "an empty folder": (folder / "nothing", "nothing: no images in this folder"),
        "missing": (folder / "gone.mp4", "gone.mp4: no such file"),
        "a gap": (gap, "sh010.1002.exr missing"),
        "a frame cut short": (half, "sh010.1002.exr: damaged or cut short"),
    }


@pytest.fixture(scope="module")
def bad(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, str]]:
    """Footage that cannot be read, by what is wrong with it."""
    return bad_clips(studio, tmp_path_factory.mktemp("bad"))


UNREADABLE = ("a text file", "cut short", "cut at the end", "an empty folder", "missing", "a gap")


@pytest.mark.parametrize(
    ("verb", "kind"),
    [
        *((verb, kind) for verb in ("faces", "swap", "info") for kind in UNREADABLE),
        # The description reads no pixels.
        ("faces", "a frame cut short"),
        ("swap", "a frame cut short"),
    ],
)
def test_footage_that_cannot_be_read(
    verb: str, kind: str, bad: dict[str, tuple[Path, str]], studio: Studio, here: Path, capfd: Capture
) -> None:
    path, words = bad[kind]
    answers = {
        "faces": lambda: pecten(capfd, "faces", path, "-i", "ada", "-o", "new"),
        "swap": lambda: swap(capfd, studio, Path("new/out.mov"), plate=path),
        "info": lambda: pecten(capfd, "info", path),
    }
    refused(answers[verb](), words)
    assert not any(p.is_file() for p in here.rglob("*"))


def test_footage_whose_faces_would_be_squeezed_or_combed(here: Path, capfd: Capture) -> None:
    shown = [picture.copy() for picture in pictures(count=2)]
    shown[0][1::2, 12:], high, wide = shown[0][1::2, :-12].copy(), *shown[0].shape[:2]
    about = {"codec": "prores_ks", "pixel_format": "yuv422p10le", "count": 2, "size": (wide, high), "pictures": shown}
    write_video(here / "squeezed.mov", **about, pixel_aspect=Fraction(2))  # type: ignore[arg-type]
    write_video(here / "woven.mov", **about, codec_options={"flags": "+ildct"})  # type: ignore[arg-type]
    for verb in ("faces", "swap"):
        words = ("-i", "ada") if verb == "faces" else ("--comb", "comb", "-s", "ada")
        refused(pecten(capfd, verb, "squeezed.mov", *words, "-o", "new.mov"), "anamorphic, with pixels 2:1")
        refused(pecten(capfd, verb, "woven.mov", *words, "-o", "new.mov"), "woven.mov: interlaced")
    told = pecten(capfd, "info", "squeezed.mov", "woven.mov").out
    assert "pixels 2:1" in told
    assert "interlaced: de-interlace it" in told


def test_a_clip_that_is_given_twice(studio: Studio, here: Path, capfd: Capture) -> None:
    one = studio.sequence.with_name("sh010.1002.exr")
    refused(pecten(capfd, "faces", studio.sequence, one, "-i", "ada", "-o", "new"), "sh010.####.exr: given twice")
    assert not list(here.iterdir())


def test_a_clip_without_any_face(studio: Studio, here: Path, capfd: Capture) -> None:
    refused(pecten(capfd, "faces", studio.empty, "-i", "ada", "-o", "new"), "empty.mp4: no face in any of 3 frames")
    refused(swap(capfd, studio, Path("new/out.mov"), plate=studio.empty), "empty.mp4: no face in any of 3 frames")
    assert not any(p.is_file() for p in here.rglob("*"))


def test_a_clip_without_any_face_leaves_an_older_dataset_whole(studio: Studio, here: Path, capfd: Capture) -> None:
    copy(studio.ada, here / "ada")
    before = tree(here)
    refused(pecten(capfd, "faces", studio.empty, "-i", "ada", "-o", "ada"), "no face")
    assert tree(here) == before


def test_a_dataset_of_another_is_not_written_over(studio: Studio, here: Path, capfd: Capture) -> None:
    copy(studio.ada, here / "ada")
    before = tree(here)
    refused(pecten(capfd, "faces", studio.empty, "-i", "chidi", "-o", "ada"), "holds the faces of ada")
    refused(swap(capfd, studio, Path("a.mov"), "--faces", "ada"), "ada: a dataset, which would be lost")
    assert tree(here) == before


def test_a_track_that_is_not_there(studio: Studio, here: Path, capfd: Capture) -> None:
    words = ("faces", studio.plate, "-i", "ada", "-o", "new", "--track", 7, "--perturbations", 1)
    refused(pecten(capfd, *words), "plate.mp4: no track 7; the tracks found are 0")
    found = here / "found"
    refused(swap(capfd, studio, Path("a.mov"), "--track", 7, "--faces", found), "no track 7")
    # What was found is kept, so that naming another track costs nothing.
    assert sorted(p.name for p in here.iterdir()) == ["found", "new"]
    assert sorted(p.name for p in (here / "new").iterdir()) == ["found"]
