"""`pecten enhance` from the command line: datasets and deliveries, and what is refused in one line."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from cli_support import COUNT, FACE_BOX, Studio, copy, pecten, tree
from faces_support import Pictures
from pecten.deliver.credentials import read
from pecten.enhance.config import EnhanceConfig
from pecten.enhance.network import Enhancer
from pecten.enhance.weights import save_enhancer
from pecten.faces.records import load_dataset, save_dataset
from pecten.footage.clip import Frame, open_clip
from pecten.footage.enlarge import Enlarged

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An enhancer of ada at 64 px that brightens everything by a tenth."""
    enhancer = Enhancer(EnhanceConfig("ada", 64, (8, 8, 8), (1, 1, 1), patch=32, bfloat16=False))
    assert enhancer.leave.bias is not None
    torch.nn.init.constant_(enhancer.leave.bias, 0.1)
    folder = tmp_path_factory.mktemp("enhance") / "ada"
    save_enhancer(folder / "enhancer.safetensors", enhancer, {"looks": [0.0] * 128})
    return folder


def test_train_writes_a_model_and_goes_on_with_it(studio: Studio, tmp_path: Path, capfd: Capture) -> None:
    words = ("enhance", "train", studio.ada, "-o", tmp_path / "model", "--images", 8, "--threads", 1)
    done = pecten(capfd, *words)
    assert done.code == 0, done.err
    assert done.out == f"wrote {tmp_path / 'model' / 'enhancer.safetensors'}: ada's face at 64 px, from {COUNT} crops\n"
    before = (tmp_path / "model" / "enhancer.safetensors").read_bytes()
    assert pecten(capfd, *words).code == 0
    assert (tmp_path / "model" / "enhancer.safetensors").read_bytes() == before
    told = pecten(capfd, "info", tmp_path / "model")
    assert told.out.startswith(f"{tmp_path / 'model'}: enhancer of ada, 64 px")
    larger = pecten(capfd, *words, "--size", 128, "--dry-run")
    assert (larger.code, "crops in" in larger.complaint, "have 64 px" in larger.complaint) == (1, True, True)
    asked = pecten(capfd, *words[:-4], "--images", 9)
    assert "images was 8, now 9" in asked.complaint


def test_a_dataset_is_enhanced_and_gone_on_with(studio: Studio, model: Path, tmp_path: Path, capfd: Capture) -> None:
    soft = copy(studio.ada, tmp_path / "soft")
    record = load_dataset(soft)
    shot = record.shots[0]
    blurred = tuple(replace(f, left_out="blurred (over 0.72)") if f.index < 2 else f for f in shot.faces)
    gone = tuple(replace(f, left_out="turned more than 75 degrees") if f.index == 2 else f for f in blurred)
    save_dataset(soft, replace(record, shots=(replace(shot, faces=gone),)))
    out = tmp_path / "sharp"
    done = pecten(capfd, "enhance", "faces", soft, "--model", model, "-o", out)
    assert done.code == 0, done.err
    assert done.out == f"{out}: {COUNT} crops of 64 px, {COUNT - 1} to train on ({COUNT - 3} before)\n"
    crops = sorted((out / "crops").rglob("*.png"))
    assert len(crops) == COUNT
    before, after = (cv2.imread(str(p)).astype(int) for p in (soft / crops[0].relative_to(out), crops[0]))
    assert np.abs(after - np.minimum(before + 25.5, 255)).max() <= 1
    crops[1].write_bytes(b"cut short")
    kept = crops[0].stat().st_mtime_ns
    assert pecten(capfd, "enhance", "faces", soft, "--model", model, "-o", out).code == 0
    assert cv2.imread(str(crops[1])).shape == (64, 64, 3)
    assert crops[0].stat().st_mtime_ns == kept


@pytest.mark.parametrize("larger", [1, 2])
def test_a_clip_is_delivered_signed_and_changed_in_the_face_alone(
    studio: Studio, model: Path, tmp_path: Path, capfd: Capture, larger: int
) -> None:
    out = tmp_path / "out.mkv"
    words = ("enhance", "clip", studio.plate, "--model", model, "-o", out, "--larger", larger, "--frames", "0-2")
    done = pecten(capfd, *words)
    assert done.code == 0, done.err
    said = done.out.splitlines()
    assert said[0] == f"{out}: 3 frames, 3 with ada's face enhanced"
    assert said[1].startswith("  WARNING: the face of track 0 does not look like ada (")
    manifest = read(out)
    assert manifest is not None
    assert manifest.valid
    assert manifest.statement["edit"] == "enhanced"
    assert manifest.statement["source_record"] == manifest.statement["target_record"]
    plate = Enlarged(open_clip(studio.plate), larger)
    made = open_clip(out)
    assert (made.info.width, made.info.height) == (plate.info.width, plate.info.height)
    assert made.info.timecode == "01:00:00:00"
    assert made.info.has_audio
    before, after = (next(iter(clip.frames())).image for clip in (plate, made))
    top, bottom, left, right = (larger * edge for edge in (FACE_BOX[0] - 8, FACE_BOX[1] + 8, FACE_BOX[2] - 8, 320))
    inside = (slice(top, bottom), slice(left, right))
    middle = (slice(larger * 85, larger * 110), slice(larger * 205, larger * 230))
    change = (after - before).mean(axis=2)
    assert np.median(change[middle]) == pytest.approx(0.1, abs=0.01)
    change[inside] = 0
    assert np.abs(change).max() < (1e-6 if larger == 1 else 0.01)


def test_dry_runs_write_nothing(studio: Studio, model: Path, tmp_path: Path, capfd: Capture) -> None:
    before = tree(tmp_path)
    train = ("enhance", "train", studio.ada, "-o", tmp_path / "m", "-n")
    faces = ("enhance", "faces", studio.ada, "--model", model, "-o", tmp_path / "f", "-n")
    clip = ("enhance", "clip", studio.plate, "--model", model, "-o", tmp_path / "o.mov", "-n")
    for words in (train, faces, clip):
        done = pecten(capfd, *words)
        assert done.code == 0, done.err
        assert done.out.startswith("would ")
    assert tree(tmp_path) == before


def test_mistakes_are_one_line(studio: Studio, model: Path, tmp_path: Path, capfd: Capture) -> None:
    def complaint(*words: object) -> str:
        return pecten(capfd, "enhance", *words).complaint

    o = tmp_path / "o"
    assert "faces of chidi, but the enhancer has learnt ada" in complaint("faces", studio.chidi, "-m", model, "-o", o)
    assert "no such enhancer" in complaint("faces", studio.ada, "-m", tmp_path / "none", "-o", o)
    assert "not an enhancer of version 1" in complaint(
        "faces", studio.ada, "-m", studio.comb / "comb.safetensors", "-o", o
    )
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("mine")
    assert "holds something else" in complaint("faces", studio.ada, "-m", model, "-o", tmp_path / "taken")
    assert "multiple of 16" in complaint("train", studio.ada, "-o", o, "--size", "72")
    assert "that is the plate itself" in complaint("clip", studio.plate, "-m", model, "-o", studio.plate)
    assert "no track 7" in complaint("clip", studio.plate, "-m", model, "-o", tmp_path / "o.mkv", "--track", "7")
    stranger = tmp_path / "dana"
    save_enhancer(stranger / "enhancer.safetensors", Enhancer(EnhanceConfig("dana", 64, patch=32)), {})
    assert "pecten consent new dana" in complaint("clip", studio.plate, "-m", stranger, "-o", tmp_path / "o.mkv")
    assert not (tmp_path / "o.mkv").exists()
    assert not o.exists()


def test_an_interrupted_sequence_is_gone_on_with(studio: Studio, model: Path, tmp_path: Path, capfd: Capture) -> None:
    out = tmp_path / "out" / "a.####.png"
    words = ("enhance", "clip", studio.plate, "--model", model, "-o", out)
    assert pecten(capfd, *words, "--frames", "0-1").code == 0
    note = json.loads((tmp_path / "out" / "a.faces" / "a.####.png.enhanced.json").read_text())
    assert note["options"] == [1, 1.0, []]
    done = pecten(capfd, *words, "--frames", "0-2")
    assert done.out.splitlines()[0].endswith("3 frames, 1 with ada's face enhanced, 2 kept from an earlier run")
    again = pecten(capfd, *words, "--amount", 0.5)
    assert "exists already" in again.complaint


def test_a_plate_shown_larger_keeps_its_alpha() -> None:
    alpha = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    clip = Enlarged(Pictures([np.zeros((8, 8, 3), np.uint8)]), 2)
    shown = clip.of(Frame(0, 0, np.zeros((8, 8, 3), np.float32), alpha=alpha)).alpha
    assert shown is not None
    assert shown.shape == (16, 16)
    np.testing.assert_allclose(shown.reshape(8, 2, 8, 2).mean(axis=(1, 3)), alpha, atol=0.04)
