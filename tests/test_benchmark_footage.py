"""Truth that is damaged, or knows too little, is one line that names the file, before anything is measured."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cli_support import pecten
from pecten.benchmark import composite
from pecten.benchmark.composite import compare
from pecten.benchmark.faces import measure_faces
from pecten.benchmark.footage import Take, TruthFootage, check_swap, read_footage
from pecten.benchmark.swap import measure_swap
from pecten.errors import FootageError
from sample_clips import write_video
from swap_fakes import fake, plan_of

FRAMES = 5
Spoil = Callable[[Path], object]


def _fill(folder: Path) -> TruthFootage:
    """Write takes of smooth pictures without a face: they are to be refused before one is looked for."""
    for part in ("performers", "truth"):
        (folder / part).mkdir(parents=True)
    for name in ("ada", "chidi"):
        write_video(folder / "performers" / f"{name}_talk1.mp4", count=2)
    for name in ("ada", "chidi", "ada_on_chidi"):
        path = write_video(folder / "truth" / f"{name}_s9.mp4", count=FRAMES)
        _known(path.with_suffix(".npz"))
        write_video(path.with_name(f"{path.stem}_face.mp4"), count=FRAMES)
    return read_footage(folder)


def _known(path: Path, frames: int = FRAMES, **arrays: np.ndarray) -> None:
    landmarks = np.random.default_rng(0).uniform(0, 60, (frames, 68, 2))
    np.savez_compressed(path, **{"landmarks_68_px": landmarks, "pose_rad_cm": np.zeros((frames, 6)), **arrays})


def _flipped(path: Path) -> None:
    held = bytearray(path.read_bytes())
    held[200:260] = bytes(60)
    path.write_bytes(held)


DAMAGES: tuple[tuple[Spoil, str], ...] = (
    (lambda path: path.write_text("hello"), "no .npz file of NumPy, or one cut short"),
    (lambda path: path.write_bytes(b""), "no .npz file of NumPy, or one cut short"),
    (lambda path: path.write_bytes(path.read_bytes()[:300]), "no .npz file of NumPy, or one cut short"),
    (_flipped, "damaged: copy it again"),
    (lambda path: _known(path, landmarks_68_px=np.array([{}] * FRAMES)), "damaged: copy it again"),
    (lambda path: np.savez(path, other=np.zeros(3)), "no landmarks_68_px in it: copy it again"),
    (
        lambda path: _known(path, landmarks_68_px=np.zeros((FRAMES, 5))),
        "landmarks_68_px has not 68 x 2 numbers a frame",
    ),
    (lambda path: _known(path, landmarks_68_px=np.array(3.0)), "landmarks_68_px has not 68 x 2 numbers a frame"),
    (lambda path: _known(path, pose_rad_cm=np.array(["x"] * FRAMES)), "pose_rad_cm has not 3 numbers a frame"),
    (lambda path: _known(path, FRAMES - 1), f"knows {FRAMES - 1} frames, and ada_on_chidi_s9.mp4 has {FRAMES}"),
    (
        lambda path: _known(path, expression=np.zeros((2, 1)), expression_names=np.array(["jaw"])),
        f"knows 2 frames, and ada_on_chidi_s9.mp4 has {FRAMES}: copy both again",
    ),
)


@pytest.mark.parametrize(("spoil", "said"), DAMAGES)
def test_spoilt_truth_is_one_line_before_anything_is_done(spoil: Spoil, said: str, tmp_path: Path) -> None:
    footage, out = _fill(tmp_path / "footage"), tmp_path / "out"
    truth = footage.swaps[0].truth
    assert truth is not None
    spoil(truth)
    for measure in (
        lambda: measure_swap(plan_of(footage, fake("one", "all", [])), out, []),
        lambda: compare(footage),
        lambda: measure_faces(footage, out),
    ):
        with pytest.raises(FootageError) as error:
            measure()
        assert str(error.value).startswith(f"{truth}: {said}")
        assert "pickle" not in str(error.value)
    assert not out.exists()


def test_clips_shorter_than_the_performance_are_named(tmp_path: Path) -> None:
    footage, out = _fill(tmp_path / "footage"), tmp_path / "out"
    (swap,) = footage.swaps
    ada, chidi = footage.truth
    assert swap.region is not None

    def refused() -> str:
        said = []
        for measure in (
            lambda: measure_swap(plan_of(footage, fake("one", "all", [])), out, []),
            lambda: compare(footage),
        ):
            with pytest.raises(FootageError) as error:
                measure()
            said.append(str(error.value))
        assert said[0] == said[1]
        return said[0]

    write_video(swap.region, count=FRAMES - 2)
    assert refused() == f"{swap.region}: 3 frames, and ada_on_chidi_s9.mp4 has 5: copy both again"
    write_video(swap.clip, count=FRAMES - 1)
    assert refused() == f"{swap.clip}: 4 frames, and chidi_s9.mp4 and ada_s9.mp4 have 5: copy it again"
    # What the two do not both play is not asked of the true swap.
    write_video(ada.clip, count=FRAMES - 1)
    check_swap(swap, chidi, ada)
    assert not out.exists()


def test_truth_of_another_size_is_named(tmp_path: Path) -> None:
    (swap,) = _fill(tmp_path).swaps
    ada, chidi = read_footage(tmp_path).truth
    assert swap.region is not None
    write_video(swap.region, count=FRAMES, size=(32, 24))
    with pytest.raises(FootageError, match=r"_face\.mp4: 32x24, and ada_on_chidi_s9\.mp4 is 64x48: render it in"):
        swap.check_region()
    write_video(swap.clip, count=FRAMES, size=(32, 24))
    with pytest.raises(FootageError, match=r"ada_on_chidi_s9\.mp4: 32x24, and chidi_s9\.mp4 is 64x48"):
        check_swap(swap, chidi, ada)


def test_composites_need_all_truth_before_faces_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composite, "_find", lambda *_: pytest.fail("looked for faces first"))
    footage = _fill(tmp_path)
    (tmp_path / "truth" / "ada_s9.npz").unlink()
    with pytest.raises(FootageError, match=r"ada_s9.mp4: no \.npz with true landmarks"):
        compare(read_footage(tmp_path))
    assert footage.swaps[0].region is not None
    footage.swaps[0].region.unlink()
    with pytest.raises(FootageError, match=r"ada_on_chidi_s9.mp4: no _face\.mp4"):
        compare(read_footage(tmp_path))


@pytest.mark.parametrize("name", ["swap", "composite", "faces"])
def test_a_dry_run_sees_the_truth(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    truth = _fill(tmp_path / "footage").swaps[0].truth
    assert truth is not None
    words = ("bench", name, "--footage", tmp_path / "footage", "-o", tmp_path / "out", "--dry-run")
    assert pecten(capfd, *words).code == 0
    truth.write_text("hello")
    told = pecten(capfd, *words)
    assert (told.code, told.complaint) == (1, f"{truth}: no .npz file of NumPy, or one cut short: copy it again")


def test_a_take_without_truth_has_nothing_to_check(tmp_path: Path) -> None:
    take = Take(write_video(tmp_path / "ada_s.mp4", count=2), "ada", "ada", "s", None, None)
    take.check_truth()
    take.check_region()
    assert take.turns() is None
    assert take.animation() is None
