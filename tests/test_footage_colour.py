"""How a clip is coded: what the user says, else the file, else what is usual, and always why."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from cli_support import pecten
from pecten.colour.ocio import BUILTIN
from pecten.colour.transfer import Encoding
from pecten.deliver.writer import open_writer
from pecten.errors import UsageError
from pecten.footage.clip import ClipInfo, open_clip
from pecten.footage.colour import ColourChoice, Guess, by_chromaticities, settled
from sample_clips import write_still, write_video
from test_colour_view import minimal

Capture = pytest.CaptureFixture[str]
AP1 = (0.713, 0.293, 0.165, 0.830, 0.128, 0.044, 0.32168, 0.33767)
UNSAID = Guess(Encoding.LINEAR, "nobody says", working=True)


def exr(path: Path, **attributes: object) -> ClipInfo:
    write_still(path, np.full((16, 24, 3), 0.5, np.float16), **attributes)
    return open_clip(path).info


def dpx(path: Path, **attributes: object) -> ClipInfo:
    write_still(path, np.full((16, 24, 3), 30000, np.uint16), **{"oiio:BitsPerSample": 10, **attributes})
    return open_clip(path).info


def test_an_exr_is_what_its_header_says(tmp_path: Path) -> None:
    stated = exr(tmp_path / "a.exr", **{"oiio:ColorSpace": "ACEScg"})
    assert (stated.encoding, stated.coding.config) == ("ACEScg", BUILTIN)
    assert stated.coding.why.startswith("the header says ")
    log = exr(tmp_path / "b.exr", colorSpace="ARRI LogC4")
    assert log.encoding == "ARRI LogC4"
    plain = exr(tmp_path / "c.exr")
    assert (plain.encoding, plain.coding.config, plain.coding.sure) == (Encoding.LINEAR, "", True)
    assert plain.coding.why == "the header names no primaries"


def test_primaries_are_known_by_their_places() -> None:
    assert by_chromaticities(AP1) == "ACEScg"
    assert by_chromaticities(tuple(value + 0.001 for value in AP1)) == "ACEScg"
    assert by_chromaticities((0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329)) == Encoding.LINEAR
    assert by_chromaticities(tuple(value + 0.01 for value in AP1)) is None
    assert by_chromaticities(()) is None
    guess = Guess("ACEScg", "the header's chromaticities")
    assert settled(ColourChoice(), guess)[0] == "ACEScg"


def test_an_exr_that_says_nothing_is_what_the_studios_configuration_works_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = minimal(tmp_path)
    given, coding = settled(ColourChoice(config=config, exposure=1.5), UNSAID)
    assert (given, coding.config, coding.exposure) == ("lin", config, 1.5)
    assert coding.why == "the role scene_linear; nobody says"
    monkeypatch.setenv("OCIO", config)
    assert settled(ColourChoice(), UNSAID)[0] == "lin"
    assert settled(ColourChoice(config=BUILTIN), UNSAID)[0] == "ACEScg"
    # What a header names and the studio does not know is still known by the built-in configuration.
    name, coding = settled(ColourChoice(), Guess("ACEScg", "the header's chromaticities"))
    assert (name, coding.config) == ("ACEScg", BUILTIN)
    assert settled(ColourChoice("srgb"), UNSAID)[0] is Encoding.SRGB
    assert settled(ColourChoice("camera"), UNSAID)[0] == "camera"


def test_a_dpx_is_what_its_header_says_or_asks(tmp_path: Path) -> None:
    for transfer, encoding in (
        ("Printing density", Encoding.CINEON),
        ("Logarithmic", Encoding.CINEON),
        ("ITU-R 709-4", Encoding.REC709),
        ("Linear", Encoding.LINEAR),
    ):
        info = dpx(tmp_path / "a.dpx", **{"dpx:Transfer": transfer})
        assert (info.encoding, info.coding.sure) == (encoding, True)
        assert info.coding.why == f"the header says {transfer}"
    info = dpx(tmp_path / "b.dpx")
    assert (info.encoding, info.coding.sure) == (Encoding.REC709, False)


@pytest.mark.parametrize(
    ("transfer", "encoding"),
    [(1, Encoding.REC709), (6, Encoding.REC709), (13, Encoding.SRGB), (16, Encoding.PQ), (18, Encoding.HLG)],
)
def test_a_video_is_what_its_tags_say(transfer: int, encoding: Encoding, tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", "ffv1", "yuv420p10le", count=2, tags=(9, transfer, 9, 1))
    info = open_clip(path).info
    assert info.encoding is encoding
    assert info.coding.why == f"the stream's transfer is {transfer}"


def test_a_sequence_of_another_kind_keeps_its_coding_and_says_so(tmp_path: Path) -> None:
    """From log to video and back to files: whole numbers stay log, floats are linear light of the configuration."""
    codes = np.random.default_rng(8).integers(6000, 50000, (16, 24, 3)).astype(np.uint16)
    write_still(tmp_path / "a.dpx", codes, **{"oiio:BitsPerSample": 16})
    log = open_clip(tmp_path / "a.dpx", colour=ColourChoice("LogC3"))
    for name in ("b.tif", "b.exr", "b.mkv"):
        with open_writer(tmp_path / name, log) as writer:
            for frame in log.frames():
                writer.write(frame, frame.image, np.zeros((16, 24), np.float32))
    same = open_clip(tmp_path / "b.tif", colour=ColourChoice("LogC3"))
    np.testing.assert_array_equal(next(same.frames()).image, next(log.frames()).image)
    video = open_clip(tmp_path / "b.mkv", colour=ColourChoice("LogC3"))
    np.testing.assert_array_equal(next(video.frames()).image, next(log.frames()).image)
    light = open_clip(tmp_path / "b.exr")
    assert light.info.encoding == "ACEScg"
    expected = log.info.view().to_linear(next(log.frames()).image)
    np.testing.assert_allclose(light.info.view().to_linear(next(light.frames()).image), expected, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize(("name", "transfer"), [("pq", 16), ("hlg", 18)])
def test_a_wide_sequence_becomes_a_tagged_video(name: str, transfer: int, tmp_path: Path) -> None:
    for number in (1, 2):
        write_still(tmp_path / f"a.{number}.tif", np.full((16, 24, 3), 20000, np.uint16))
    wide = open_clip(tmp_path / "a.#.tif", Fraction(25), ColourChoice(name))
    with open_writer(tmp_path / "b.mkv", wide) as writer:
        for frame in wide.frames():
            writer.write(frame, frame.image, np.zeros((16, 24), np.float32))
    info = open_clip(tmp_path / "b.mkv").info
    assert (info.colour.primaries, info.colour.transfer, info.encoding) == (9, transfer, name)


def test_delivered_dpx_says_what_it_is(tmp_path: Path) -> None:
    plate = open_clip(write_video(tmp_path / "a.mkv", "ffv1", "yuv420p", count=1))
    with open_writer(tmp_path / "b.dpx", plate) as writer:
        for frame in plate.frames():
            writer.write(frame, frame.image, np.zeros((48, 64), np.float32))
    info = open_clip(tmp_path / "b.dpx").info
    assert (info.encoding, info.coding.why) == (Encoding.REC709, "the header says ITU-R 709-4")


def test_info_says_the_colour_and_why(tmp_path: Path, capfd: Capture) -> None:
    exr(tmp_path / "a.exr")
    dpx(tmp_path / "b.dpx")
    told = pecten(capfd, "info", tmp_path / "a.exr", tmp_path / "b.dpx").out
    assert "  colour linear: the header names no primaries\n" in told
    assert "  colour rec709: the header's transfer is Undefined, so video is assumed; give --colorspace\n" in told
    told = pecten(capfd, "info", tmp_path / "b.dpx", "--colorspace", "LogC4").out
    assert f"  colour ARRI LogC4 of {BUILTIN}: as given\n" in told


def test_a_configuration_counts_by_its_content(tmp_path: Path) -> None:
    config = minimal(tmp_path)
    write_still(tmp_path / "a.exr", np.zeros((4, 5, 3), np.float16))
    before = open_clip(tmp_path / "a.exr", colour=ColourChoice(config=config)).info.colour_note()
    assert open_clip(tmp_path / "a.exr", colour=ColourChoice(config=config)).info.colour_note() == before
    Path(config).write_text(Path(config).read_text() + "\n# edited\n")
    assert open_clip(tmp_path / "a.exr", colour=ColourChoice(config=config)).info.colour_note() != before


def test_mistakes_of_colour_are_one_line(tmp_path: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exr(Path("a.exr"))
    dpx(Path("b.dpx"))
    Path("broken.ocio").write_text("colorspaces: [")
    (tmp_path / "bare").mkdir()
    bare = minimal(tmp_path / "bare", role="default")
    for words, said in (
        (("info", "a.exr", "--colorspace", "ACESgc"), "ACESgc: no such colour space in ocio://"),
        (("info", "a.exr", "--colorspace", "ACESgc"), "near it: ACEScg"),
        (("info", "a.exr", "--colorspace", "Raw"), "Raw: holds data"),
        (("info", "a.exr", "--colorconfig", "broken.ocio"), "broken.ocio: not an OpenColorIO configuration"),
        (("info", "b.dpx", "--colorconfig", "gone.ocio"), "gone.ocio: not an OpenColorIO configuration"),
        (("info", "a.exr", "--colorconfig", bare), "has no role scene_linear; add it, or name the space"),
        (("faces", "b.dpx", "-i", "ada", "-o", "f"), "b.dpx: the header's transfer is Undefined"),
        (("faces", "b.dpx", "-i", "ada", "-o", "f"), "give --colorspace"),
        (("faces", "a.exr", "-i", "ada", "-o", "f", "--exposure", "50"), "--exposure 50: give stops between -20 and"),
        (("faces", "a.exr", "-i", "ada", "-o", "f", "--exposure", "nan"), "--exposure nan: give stops between"),
    ):
        answer = pecten(capfd, *words)
        assert answer.code == 1
        assert said in answer.complaint
    assert not Path("f").exists()
    monkeypatch.setenv("OCIO", str(tmp_path / "broken.ocio"))
    assert "broken.ocio: not an OpenColorIO configuration" in pecten(capfd, "info", "a.exr").complaint
    assert pecten(capfd, "info", "b.dpx").code == 0
    planned = pecten(
        capfd, "faces", "b.dpx", "-i", "ada", "-o", "f", "--colorspace", "cineon", "--exposure", "-1", "-n"
    )
    assert "  colour cineon, seen -1 stops: as given\n" in planned.out


def test_a_space_of_data_is_refused_from_a_library_too(tmp_path: Path) -> None:
    exr(tmp_path / "a.exr")
    with pytest.raises(UsageError, match="holds data"):
        open_clip(tmp_path / "a.exr", colour=ColourChoice("Raw"))
