"""Every verb, in the order of the work: faces, train, swap, info."""

from pathlib import Path

import av
import numpy as np
import pytest

from cli_support import COUNT, FACE_BOX, FIRST, RATE, Studio, pecten, swap, tree, write_sequence
from pecten.footage.clip import open_clip
from sample_clips import read_pixels

Capture = pytest.CaptureFixture[str]
UNASKED = "  consent of whom the plate shows: not asked, and not named in the credentials; give --target\n"
QUICK = ("--preset", "quick", "--size", "32", "--images", "32", "--batch", "2", "--threads", "1")


def outside_face(pixels: np.ndarray) -> np.ndarray:
    """Return the samples beyond the box around the face."""
    top, bottom, left, right = FACE_BOX
    kept = np.ones(pixels.shape[:2], bool)
    kept[top:bottom, left:right] = False
    return pixels[kept]


def test_from_footage_to_a_signed_delivery(studio: Studio, tmp_path: Path, capfd: Capture) -> None:
    combs, out = tmp_path / "comb", tmp_path / "out.mov"
    faces = [tmp_path / "faces" / name for name in ("ada", "chidi")]
    for folder, clip in zip(faces, (studio.plate, studio.folder / "chidi.mp4"), strict=True):
        words = ("faces", clip, "-i", folder.name, "-o", folder, "--size", 64, "--perturbations", 1)
        done = pecten(capfd, *words)
        assert done.code == 0, done.err
        assert f"faces of {folder.name}: {open_clip(clip).info.frame_count} crops of 64 px" in done.out
        assert "note:" not in done.out
        assert (folder / "overview.jpg").is_file()

    trained = pecten(capfd, "train", *faces, "-o", combs, *QUICK)
    assert trained.code == 0
    forecast, written = trained.out.splitlines()
    assert "weights" in forecast
    assert written == f"comb written to {combs / 'comb.safetensors'}"
    assert (combs / "comb.latent.safetensors").is_file()
    told = pecten(capfd, "info", combs).out
    assert "comb of ada, chidi" in told
    assert "32 images seen" in told

    swapped = pecten(capfd, "swap", studio.plate, "--comb", combs, "--source", "chidi", "--target", "ada", "-o", out)
    assert swapped.code == 0, swapped.err
    said = swapped.out.splitlines()
    assert said[0] == f"{out}: {COUNT} frames, {COUNT} with chidi's face"
    # Chidi's clip is one still, hardly turned; ada's looks the other way.
    assert said[1].endswith("than chidi was trained on: look at them")
    delivered, plate = open_clip(out).info, open_clip(studio.plate).info
    assert (delivered.frame_count, delivered.rate, delivered.timecode) == (COUNT, RATE, "01:00:00:00")
    assert (delivered.width, delivered.height, delivered.colour) == (plate.width, plate.height, plate.colour)
    assert sound(out) == sound(studio.plate)
    lines = pecten(capfd, "info", out).out
    assert "content credentials: valid" in lines
    assert "compositeWithTrainedAlgorithmicMedia" in lines
    assert "01:00:00:00" in lines


def sound(path: Path) -> list[bytes]:
    """Return the packets of the sound."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def test_an_exr_sequence_keeps_everything_but_the_face(studio: Studio, tmp_path: Path, capfd: Capture) -> None:
    out = tmp_path / "out" / "sh010.####.exr"
    done = swap(capfd, studio, out, plate=studio.sequence)
    assert (done.code, done.out) == (0, f"{out}: {COUNT} frames, {COUNT} with chidi's face\n{UNASKED}")
    for number in range(FIRST, FIRST + COUNT):
        before, after = (read_pixels(p.parent / f"sh010.{number}.exr") for p in (studio.sequence, out))
        assert after.dtype == np.float16
        assert np.array_equal(outside_face(before), outside_face(after))
        assert np.array_equal(before[..., 3], after[..., 3])
        assert not np.array_equal(before, after)
        assert (out.parent / f"sh010.{number}.c2pa").is_file()
    info = open_clip(out).info
    assert (info.rate, info.timecode, info.first_number, info.frame_count) == (RATE, "01:00:00:00", FIRST, COUNT)
    assert "content credentials: valid" in pecten(capfd, "info", out).out
    assert sorted(p.name for p in out.parent.iterdir() if p.is_dir()) == ["sh010.faces"]


def test_a_lossless_video_keeps_every_code_but_the_face(studio: Studio, tmp_path: Path, capfd: Capture) -> None:
    out = tmp_path / "out.mkv"
    assert swap(capfd, studio, out).code == 0
    for before, after in zip(open_clip(studio.plate).frames(), open_clip(out).frames(), strict=True):
        assert np.array_equal(outside_face(before.image), outside_face(after.image))
        assert not np.array_equal(before.image, after.image)
    assert "content credentials: valid" in pecten(capfd, "info", out).out


def test_a_range_is_the_same_part_of_the_whole(studio: Studio, tmp_path: Path, capfd: Capture) -> None:
    found = tmp_path / "found"
    whole, part = tmp_path / "whole.####.exr", tmp_path / "part.####.exr"
    assert swap(capfd, studio, whole, "--faces", found, plate=studio.sequence).code == 0
    done = swap(capfd, studio, part, "--faces", found, "--frames", "1003-1004", plate=studio.sequence)
    assert done.out.startswith(f"{part}: 2 frames, 2 with chidi's face\n")
    assert sorted(p.name for p in tmp_path.glob("part.*.exr")) == ["part.1003.exr", "part.1004.exr"]
    for number in (1003, 1004):
        a, b = (read_pixels(tmp_path / f"{name}.{number}.exr") for name in ("whole", "part"))
        # Batches of another length may round otherwise: half a step of the half floats.
        np.testing.assert_allclose(a.astype(np.float32), b.astype(np.float32), rtol=2e-3, atol=1e-4)


def test_video_frames_count_from_nought_and_become_numbers_from_1001(
    studio: Studio, tmp_path: Path, capfd: Capture
) -> None:
    out = tmp_path / "still.####.png"
    assert swap(capfd, studio, out, "--frames", "2").code == 0
    assert [p.name for p in tmp_path.glob("*.png")] == ["still.1003.png"]
    assert "content credentials: valid" in pecten(capfd, "info", tmp_path / "still.1003.png").out


@pytest.mark.parametrize("verb", ["faces", "train", "swap", "demo", "consent new"])
def test_a_dry_run_writes_nothing(
    verb: str, studio: Studio, tmp_path: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = {
        "faces": ("faces", studio.plate, "-i", "ada", "-o", "new"),
        "train": ("train", studio.ada, studio.chidi, "-o", "new", *QUICK),
        "swap": ("swap", studio.plate, "--comb", studio.comb, "-s", "chidi", "-o", "new/out.mov"),
        "demo": ("demo",),
        "consent new": ("consent", "new", "mia"),
    }[verb]
    before = tree(studio.folder)
    done = pecten(capfd, *words, "--dry-run")
    assert done.code == 0
    assert done.out.startswith("would ")
    assert done.err == ""
    assert list(tmp_path.iterdir()) == []
    assert tree(studio.folder) == before


def test_info_knows_every_kind(studio: Studio, capfd: Capture) -> None:
    consent = Path(__file__).parents[1] / "src/pecten/assets/consent/ada.consent.json"
    done = pecten(capfd, "info", studio.plate, studio.sequence.parent, studio.ada, studio.comb, consent)
    assert done.code == 0
    for words in (
        "plate.mp4: video, h264",
        "sh010.####.exr: image sequence, exr half",
        "6 frames (1001-1006)",
        "faces of ada: 6 crops of 64 px",
        "comb of ada, chidi",
        "consent of ada",
        "content credentials: none",
    ):
        assert words in done.out


def test_a_delivery_changed_after_signing_is_told(studio: Studio, tmp_path: Path, capfd: Capture) -> None:
    out = tmp_path / "a.####.png"
    assert swap(capfd, studio, out, "--frames", "0-0").code == 0
    path = tmp_path / "a.1001.png"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    told = pecten(capfd, "info", path)
    assert (told.code, "content credentials: NOT VALID, changed after signing" in told.out) == (1, True)


def test_every_frame_of_a_delivery_is_checked(studio: Studio, tmp_path: Path, capfd: Capture) -> None:
    """And one that has lost its credentials is not kept as finished."""
    out, plates = tmp_path / "o.####.exr", write_sequence(tmp_path / "plates", pictures_of(studio))
    assert swap(capfd, studio, out, plate=plates).code == 0
    told = pecten(capfd, "info", out)
    assert (told.code, "content credentials: valid on 4 of 4 frames" in told.out) == (0, True)
    (tmp_path / "o.1002.c2pa").unlink()
    with (tmp_path / "o.1003.exr").open("r+b") as frame:
        frame.seek(-9, 2)
        frame.write(b"altered")
    told = pecten(capfd, "info", out)
    assert told.code == 1
    assert "content credentials: NOT VALID on 1003: changed after signing" in told.out
    assert "content credentials: NOT VALID on 1002: none there" in told.out
    assert "content credentials: valid on 2 of 4 frames" in told.out
    assert "content credentials: valid" in pecten(capfd, "info", tmp_path / "o.1001.exr").out
    assert "content credentials: none" in pecten(capfd, "info", tmp_path / "o.1002.exr").out
    assert pecten(capfd, "info", tmp_path / "o.1003.exr").code == 1
    again = swap(capfd, studio, out, plate=plates)
    assert again.code == 1
    assert "o.1002.exr: its credentials, o.1002.c2pa, are missing (1 of 4 frames)" in again.complaint
    (tmp_path / "o.1002.exr").unlink()
    assert "3 kept from an earlier run" in swap(capfd, studio, out, plate=plates).out
    assert pecten(capfd, "info", tmp_path / "o.1002.exr").code == 0


def test_consent_is_drafted_filled_in_and_revoked(
    tmp_path: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "permits nothing" in pecten(capfd, "consent", "new", "mia").out
    taken = pecten(capfd, "consent", "new", "mia")
    assert taken.code == 1
    assert "exists already" in taken.complaint
    signed = ("--name", "M", "--producer", "P", "--production", "F", "--use", "U", "--signed-by", "ink", "--training")
    assert pecten(capfd, "consent", "new", "mia", *signed, "--signed-on", "2026-01-05", "--overwrite").code == 0
    assert "training permitted" in pecten(capfd, "info", "consent/mia.consent.json").out
    # A look is covered by its performer's record, which is taken back as a whole.
    path = Path("consent/mia.consent.json")
    path.write_text(path.read_text().replace('"looks": []', '"looks": ["mia_old"]'))
    assert "trained on mia, mia_old stay" in pecten(capfd, "consent", "revoke", "mia_old", "--by", "M").out
    assert sorted(path.name for path in Path("consent").iterdir()) == ["mia.consent.json"]
    assert "REVOKED" in pecten(capfd, "info", "consent/mia.consent.json").out


def test_a_second_run_goes_on_and_another_job_is_refused(studio: Studio, tmp_path: Path, capfd: Capture) -> None:
    out, plates = tmp_path / "o.####.exr", write_sequence(tmp_path / "plates", pictures_of(studio))
    assert swap(capfd, studio, out, "--frames", "1001-1002", plate=plates).code == 0
    kept = {p.name: p.stat().st_mtime_ns for p in tmp_path.glob("o.*.exr")}
    again = swap(capfd, studio, out, plate=plates)
    assert again.out == f"{out}: 4 frames, 2 with chidi's face, 2 kept from an earlier run\n{UNASKED}"
    assert {p.name: p.stat().st_mtime_ns for p in tmp_path.glob("o.*.exr") if p.name in kept} == kept
    other = swap(capfd, studio, out, "--region", "lips", plate=plates)
    assert other.code == 1
    assert "exists already (4 frames); choose another name, or give --overwrite" in other.complaint


def test_writing_over_another_jobs_frames_goes_on_where_it_stopped(
    studio: Studio, tmp_path: Path, capfd: Capture
) -> None:
    out, plates = tmp_path / "o.####.exr", write_sequence(tmp_path / "plates", pictures_of(studio))
    lips = ("--region", "lips")
    assert swap(capfd, studio, out, plate=plates).code == 0
    assert "2 frames" in swap(capfd, studio, out, *lips, "--overwrite", "--frames", "1002-1003", plate=plates).out
    # Both jobs' frames are mixed now, and neither takes the other's for its own.
    for words in ((), lips):
        assert "exists already (4 frames)" in swap(capfd, studio, out, *words, plate=plates).complaint
    done = swap(capfd, studio, out, *lips, "--overwrite", plate=plates)
    assert done.out == f"{out}: 4 frames, 2 with chidi's face, 2 kept from an earlier run\n{UNASKED}"
    assert "4 kept from an earlier run" in swap(capfd, studio, out, *lips, plate=plates).out
    # One frame again is still this job's.
    assert "kept" not in swap(capfd, studio, out, *lips, "--overwrite", "--frames", "1003", plate=plates).out
    assert "4 kept from an earlier run" in swap(capfd, studio, out, *lips, plate=plates).out


def pictures_of(studio: Studio) -> list[np.ndarray]:
    """Return the first frames of the plate in 8 bits."""
    frames = open_clip(studio.plate).frames(0, 4)
    return [np.rint(frame.image * 255).astype(np.uint8) for frame in frames]
