"""What networks see of a clip is bounded, alike for all codings of one scene, and goes back exactly."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pecten.colour.display import light_from_display
from pecten.colour.ocio import BUILTIN, Config, Space
from pecten.colour.transfer import Encoding, to_linear
from pecten.colour.view import View
from pecten.errors import UsageError

LINEAR = ["ACEScg", "ACES2065-1", "Linear Rec.709 (sRGB)", "Linear Rec.2020", "Linear ARRI Wide Gamut 4"]
LOG = [
    "ARRI LogC3 (EI800)",
    "ARRI LogC4",
    "S-Log3 S-Gamut3.Cine",
    "V-Log V-Gamut",
    "Log3G10 REDWideGamutRGB",
    "ACEScct",
]
SHOWN = ["sRGB - Display", "Rec.2100-PQ - Display", "Rec.2100-HLG - Display"]

MINIMAL = """
ocio_profile_version: 2
roles:
  {role}: lin
file_rules:
  - !<Rule> {{name: Default, colorspace: lin}}
displays:
  sRGB:
    - !<View> {{name: Raw, colorspace: lin}}
active_displays: [sRGB]
active_views: [Raw]
colorspaces:
  - !<ColorSpace>
    name: lin
    aliases: [studio_linear]
  - !<ColorSpace>
    name: camera
    from_scene_reference: !<LogTransform> {{base: 10}}
  - !<ColorSpace>
    name: depth
    isdata: true
"""


@pytest.fixture(scope="module")
def views() -> dict[str, View]:
    named = {name: View(name, BUILTIN) for name in LINEAR + LOG + SHOWN}
    return named | {str(encoding): View(encoding) for encoding in Encoding}


def minimal(folder: Path, role: str = "scene_linear") -> str:
    path = folder / "config.ocio"
    path.write_text(MINIMAL.format(role=role))
    return str(path)


def check(view: View, image: np.ndarray) -> None:
    """Light goes to display and back, exact to the precision of the pixel's brightest channel: matrices mix them."""
    back = view.from_display(view.to_display(image))
    assert back.dtype == np.float32
    light = view.to_linear(image)
    scale = np.abs(light).max(axis=2, keepdims=True)
    assert (np.abs(view.to_linear(back) - light) <= 1e-5 * scale + 1e-6).all()


@pytest.mark.parametrize("name", ["linear", *LINEAR])
@given(image=hnp.arrays(np.float32, (3, 4, 3), elements=st.floats(-4, 1000, width=32)))
@settings(deadline=None, max_examples=40)
def test_light_goes_to_display_and_back(name: str, image: np.ndarray, views: dict[str, View]) -> None:
    check(views[name], image)
    assert views[name].is_linear


@pytest.mark.parametrize("name", ["pq", "hlg", "cineon", "rec709", "srgb", *LOG, *SHOWN])
@given(image=hnp.arrays(np.float32, (3, 4, 3), elements=st.floats(0, 1, width=32)))
@settings(deadline=None, max_examples=40)
def test_codes_go_to_display_and_back(name: str, image: np.ndarray, views: dict[str, View]) -> None:
    check(views[name], image)
    assert not views[name].is_linear
    grey = image[..., :1].repeat(3, axis=2)
    # A twentieth of a code of 16 bits; LogC4 subtracts numbers of 64 from each other near black.
    back = views[name].from_display(views[name].to_display(grey))
    np.testing.assert_allclose(back, grey, rtol=0, atol=5e-6 if name == "ARRI LogC4" else 1e-6)


@pytest.mark.parametrize("name", ["rec709", "pq", "ACEScg", "ARRI LogC3 (EI800)"])
@pytest.mark.parametrize("stops", [-3.0, 2.5])
def test_exposure_is_undone(name: str, stops: float) -> None:
    image = np.random.default_rng(4).uniform(0, 1, (5, 6, 3)).astype(np.float32)
    config = BUILTIN if name not in list(Encoding) else ""
    view, plain = View(name, config, stops), View(name, config)
    check(view, image)
    seen = light_from_display(view.to_display(image))
    np.testing.assert_allclose(seen, plain.to_linear(image) * 2.0**stops, rtol=1e-4, atol=1e-6)


def test_display_codings_pass_unchanged() -> None:
    image = np.random.default_rng(1).normal(0.5, 1, (4, 5, 3)).astype(np.float32)
    rec709, srgb, linear = View("rec709"), View("srgb"), View("linear")
    assert rec709.to_display(image) is image
    assert srgb.from_display(image) is image
    assert rec709.recoded(image, srgb) is image
    light = srgb.recoded(image, linear)
    np.testing.assert_allclose(linear.recoded(light, srgb), image, rtol=2e-5, atol=2e-6)
    assert linear.recoded(image, View("linear")) is image


def test_one_scene_looks_alike_however_it_is_coded(views: dict[str, View]) -> None:
    """Skin and grey as video shows them, coded anew by way of the configuration alone."""
    display = np.random.default_rng(2).uniform(0.05, 0.98, (8, 9, 3)).astype(np.float32)
    light = to_linear(display, Encoding.SRGB)
    for name in LINEAR + LOG:
        coded = Space(Config(), name).from_linear(light)
        np.testing.assert_allclose(views[name].to_display(coded), display, atol=2e-5, err_msg=name)
    for name in ("pq", "hlg", "cineon"):
        coded = views[name].from_linear(light)
        np.testing.assert_allclose(views[name].to_display(coded), display, atol=2e-5, err_msg=name)


def test_our_pq_is_the_configurations_but_for_the_level_of_white(views: dict[str, View]) -> None:
    codes = np.random.default_rng(3).uniform(0.1, 0.7, (8, 9, 3)).astype(np.float32)
    theirs = Space(Config(), "Rec.2100-PQ - Display").to_linear(codes)
    np.testing.assert_allclose(views["pq"].to_linear(codes) * np.float32(2.03), theirs, rtol=2e-3, atol=2e-3)


def test_known_numbers_of_camera_logs() -> None:
    """18 % grey: 391, 285 and 420 of 1023 by ARRI's and Sony's papers."""
    for name, code in (("ARRI LogC3 (EI800)", 0.391), ("ARRI LogC4", 0.2784), ("S-Log3 S-Gamut3.Cine", 420 / 1023)):
        grey = Space(Config(), name).to_linear(np.full((1, 1, 3), code, np.float32))
        np.testing.assert_allclose(grey, 0.18, rtol=5e-3)


def test_names_are_found_by_alias_case_role_and_part() -> None:
    config = Config()
    assert config.find("lin_ap1") == config.find("acescg") == config.find("scene_linear") == "ACEScg"
    assert config.find("LogC4") == "ARRI LogC4"
    assert config.find("S-Log3 S-Gamut3") == "S-Log3 S-Gamut3"


@pytest.mark.parametrize(
    ("wanted", "near"),
    [
        ("ACEScgg", "near it: ACEScg"),
        ("slog3", "near it: S-Log3 S-Gamut3"),
        ("S-Log3", "near it: S-Log3 S-Gamut3, S-Log3 S-Gamut3.Cine, "),
        ("wholly unknown", "it has "),
    ],
)
def test_an_unknown_name_is_refused_with_what_is_near_it(wanted: str, near: str) -> None:
    with pytest.raises(UsageError, match=f"^{wanted}: no such colour space in ocio://studio.*; {near}") as caught:
        Config().find(wanted)
    assert "\n" not in str(caught.value)


def test_data_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^Raw: holds data, not a picture"):
        Config().find("data")


def test_a_broken_configuration_is_refused(tmp_path: Path) -> None:
    for content in ("", "ocio_profile_version: 2\ncolorspaces: [", "not\na config\n"):
        path = tmp_path / "broken.ocio"
        path.write_text(content)
        with pytest.raises(UsageError, match="not an OpenColorIO configuration that can be read") as caught:
            Config(str(path))
        assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match=r"missing\.ocio: not an OpenColorIO configuration"):
        Config(str(tmp_path / "missing.ocio"))


def test_a_studios_own_configuration_is_used_and_inverts(tmp_path: Path) -> None:
    config = minimal(tmp_path)
    assert Config(config).scene_linear() == Config(config).find("studio_linear") == "lin"
    image = np.random.default_rng(5).uniform(-1.5, 0.5, (4, 5, 3)).astype(np.float32)
    view = View("camera", config)
    check(view, image)
    np.testing.assert_allclose(view.to_linear(image), 10.0**image, rtol=1e-5)
    assert view.linear().name == "lin"
    with pytest.raises(UsageError, match=r"^depth: holds data"):
        View("depth", config)


def test_a_configuration_without_scene_linear_is_refused_in_a_line(tmp_path: Path) -> None:
    config = minimal(tmp_path, role="default")
    with pytest.raises(UsageError, match=r"config\.ocio: has no role scene_linear; add it") as caught:
        View("camera", config)
    assert "\n" not in str(caught.value)


def test_exposure_beyond_reason_is_refused() -> None:
    for stops in (21.0, float("nan"), float("inf")):
        with pytest.raises(UsageError, match=r"give stops between -20 and 20"):
            View("linear", "", stops)


def test_bytes_are_what_is_shown(views: dict[str, View]) -> None:
    grey = np.full((2, 2, 3), 0.18, np.float32)
    assert views["linear"].display_bytes(grey)[0, 0].tolist() == [118, 118, 118]
    assert views["rec709"].display_bytes(np.full((2, 2, 3), 7, np.float32)).max() == 255
