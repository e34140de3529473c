"""What a comb becomes when training goes on with it."""

from dataclasses import replace
from pathlib import Path

import pytest

from cli_support import Studio, pecten
from pecten.cli.train import begun_with, changed, grown
from pecten.comb.config import CombConfig
from pecten.comb.weights import load_comb, read_header
from pecten.errors import CombError, UsageError
from pecten.files import sha256_of
from pecten.training.config import preset

HELD = CombConfig(("ada", "bruno"), 64, "tiny")
BASE = Path("old")


def test_what_is_not_asked_for_stays_and_performers_are_added() -> None:
    assert grown(HELD, ("bruno",), None, None, None, None, BASE) == HELD
    dana = grown(HELD, ("dana", "ada"), 64, 2, True, "shared", BASE)
    assert dana == replace(HELD, identities=("ada", "bruno", "dana"), texture=2, irises=True, trunk="shared")
    assert grown(dana, ("dana",), None, 2, None, "shared", BASE) == dana


@pytest.mark.parametrize(
    ("held", "asked", "told"),
    [
        (HELD, (128, None, None, None), "--size 128"),
        (replace(HELD, texture=2), (None, 3, None, None), "--texture 3"),
        (replace(HELD, trunk="shared"), (None, None, None, "own"), "--trunk own"),
        (replace(HELD, texture=2, irises=True), (None, None, False, None), "--no-irises"),
    ],
)
def test_what_cannot_be_changed_is_refused(
    held: CombConfig, asked: tuple[int | None, int | None, bool | None, str | None], told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        grown(held, ("ada",), *asked, BASE)


def test_a_presets_shape_is_changed() -> None:
    shape, _ = preset("quick", ("ada", "chidi"), 32)
    assert changed(shape, None, None, None) == shape
    assert changed(shape, 0, None, "own") == replace(shape, texture=0, irises=False, trunk="own")
    assert changed(shape, 3, False, None) == replace(shape, texture=3, irises=False)
    with pytest.raises(CombError, match="irises without a texture"):
        changed(shape, 0, True, None)


def test_training_goes_on_from_a_comb(studio: Studio, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = ("train", studio.chidi, "-o", tmp_path / "new", "--preset", "quick", "--images", 4, "--batch", 2)
    done = pecten(capfd, *words, "--from", studio.comb, "--freeze-encoder")
    assert done.code == 0, done.err
    made, base = load_comb(tmp_path / "new"), load_comb(studio.comb)
    assert made.config == base.config
    for name, weight in base.encoder.state_dict().items():
        assert (made.encoder.state_dict()[name] == weight).all(), name
    # What was known of the others is kept.
    assert set(read_header(tmp_path / "new")["seen"]) == {"chidi", *read_header(studio.comb).get("seen", {})}
    refused = pecten(capfd, *words, "--freeze-encoder")
    assert "chidi: one performer only" in refused.complaint
    itself = pecten(capfd, "train", studio.chidi, "-o", studio.comb, "--from", studio.comb, "--freeze-encoder")
    assert "--from is the comb in it" in itself.complaint
    base_before = (studio.comb / "comb.safetensors").read_bytes()
    copied = tmp_path / "kept"
    copied.mkdir()
    (copied / "comb.safetensors").write_bytes(base_before)
    foreign = pecten(capfd, "train", studio.ada, studio.chidi, "-o", copied, "--preset", "quick", "--size", 32)
    assert "holds a comb that no training here has made" in foreign.complaint
    assert (copied / "comb.safetensors").read_bytes() == base_before


def test_a_training_knows_what_it_began_with(studio: Studio) -> None:
    shape, config = preset("quick", ("ada", "chidi"), 32, 100)
    begun = begun_with(studio.comb, shape, config)
    assert begun.start_px == shape.size
    assert begun.base_sha256 == sha256_of(studio.comb / "comb.safetensors")


def test_a_trained_comb_is_sharpened(studio: Studio, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = ("train", studio.ada, studio.chidi, "-o", tmp_path / "soft", "--preset", "quick", "--size", 32)
    done = pecten(capfd, *words, "--images", 16, "--batch", 2, "--no-sharpen")
    assert done.code == 0, done.err
    refused = pecten(capfd, "comb", "sharpen", studio.comb, studio.ada, "-o", tmp_path / "sharp")
    assert "has no texture to sharpen" in refused.complaint
    dry = pecten(capfd, "comb", "sharpen", tmp_path / "soft", studio.ada, "-o", tmp_path / "sharp", "-n")
    assert dry.code == 0, dry.err
    assert not (tmp_path / "sharp").exists()
    one = pecten(capfd, "comb", "sharpen", tmp_path / "soft", studio.ada, "-o", tmp_path / "sharp")
    assert one.code == 0, one.err
    soft, sharp = load_comb(tmp_path / "soft").state_dict(), load_comb(tmp_path / "sharp").state_dict()
    assert [name for name in soft if not (soft[name] == sharp[name]).all()] == ["decoders.ada.own.texture_pictures"]
    assert "sharpened" not in read_header(tmp_path / "sharp")
    both = pecten(capfd, "comb", "sharpen", tmp_path / "soft", studio.ada, studio.chidi, "-o", tmp_path / "both")
    assert both.code == 0, both.err
    assert read_header(tmp_path / "both")["sharpened"] is True
