"""Resampling puts things where the transform says, neither shifts nor aliases, and keeps what it can."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pecten.errors import ShapeError
from pecten.geometry import similarity as sim
from pecten.geometry.warp import Border, Kernel, warp
from pecten.types import Affine


def _wave(width: int, height: int, step: float = 0.15) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    return _value(x, y, step).astype(np.float32)


def _value(x: np.ndarray, y: np.ndarray, step: float = 0.15) -> np.ndarray:
    return np.stack([np.sin(step * x + 1), np.cos(step * y), np.sin(step * (x - y))], axis=-1)


def _seen(transform: Affine, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    places = sim.apply(sim.invert(transform), np.column_stack([x.ravel(), y.ravel()]))
    return places[:, 0].reshape(height, width), places[:, 1].reshape(height, width)


@given(
    scale=st.floats(0.12, 4),
    angle=st.floats(-3, 3),
    x=st.floats(-1, 1),
    y=st.floats(-1, 1),
    kernel=st.sampled_from(["linear", "cubic"]),
)
@settings(deadline=None, max_examples=60)
def test_every_pixel_shows_the_place_that_the_transform_names(
    scale: float, angle: float, x: float, y: float, kernel: Kernel
) -> None:
    step = 0.15 * min(1.0, scale)
    picture = _wave(400, 360, step)
    about = sim.similarity(scale, angle, (0.0, 0.0))
    about[:, 2] = np.array([20 + x, 20 + y]) - about[:, :2] @ np.array([200.0, 180.0])
    result = warp(picture, about, 40, 40, kernel)
    seen = _seen(about, 40, 40)
    reach = max(8.0, 2.5 / scale)
    inside = (seen[0] > reach) & (seen[0] < 399 - reach) & (seen[1] > reach) & (seen[1] < 359 - reach)
    error = np.abs(result - _value(*seen, step))[inside]
    # Bilinear and averaged sampling lower a wave's height a little; a shift of 0.05 px would cost 0.0075 on average.
    assert error.max() < (0.012 if kernel == "linear" else 0.007)


def test_cubic_matches_a_plain_catmull_rom() -> None:
    picture = np.random.default_rng(1).uniform(0, 1, (30, 34)).astype(np.float32)
    transform = sim.similarity(1.37, 0.3, (-3.2, -6.1))
    result = warp(picture, transform, 30, 30, "cubic")
    xs, ys = _seen(transform, 30, 30)
    for row, column in ((5, 6), (12, 20), (17, 9), (22, 15)):
        x, y = xs[row, column], ys[row, column]
        total = 0.0
        for j in range(int(np.floor(y)) - 1, int(np.floor(y)) + 3):
            for i in range(int(np.floor(x)) - 1, int(np.floor(x)) + 3):
                total += picture[j, i] * _keys(x - i) * _keys(y - j)
        assert result[row, column] == pytest.approx(total, abs=1e-5)


def _keys(t: float) -> float:
    t = abs(t)
    if t < 1:
        return 1.5 * t**3 - 2.5 * t**2 + 1
    return -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2 if t < 2 else 0.0


@pytest.mark.parametrize("scale", [0.97, 0.8, 0.6, 0.51])
def test_shrinking_matches_a_plain_widened_catmull_rom(scale: float) -> None:
    picture = np.random.default_rng(6).uniform(0, 1, (60, 64)).astype(np.float32)
    transform = sim.similarity(scale, 0.0, (0.3, -0.4))
    result = warp(picture, transform, int(64 * scale), int(60 * scale), "cubic")
    xs, ys = _seen(transform, result.shape[1], result.shape[0])
    across, down = (
        np.array([[_keys((i - place) * scale) for i in range(count)] for place in places])
        for places, count in ((xs[0], 64), (ys[:, 0], 60))
    )
    across, down = (taps / taps.sum(axis=1, keepdims=True) for taps in (across, down))
    plain = down @ picture @ across.T
    off = (result - plain)[8:-8, 8:-8]
    # Noise is the hardest picture; half a pixel's shift would be off by 0.1 to 0.2.
    assert off.std() < 0.03


def test_a_wave_of_16_px_keeps_its_place_and_height() -> None:
    picture = _wave(540, 540, 2 * np.pi / 16)
    transform = sim.similarity(1.03, 0.1, (-20.3, -61.7))
    off = warp(picture, transform, 400, 400) - _value(*_seen(transform, 400, 400), 2 * np.pi / 16)
    # The waves go from -1 to 1, and the third channel's, a diagonal one, is shorter.
    assert np.sqrt((off[..., :2] ** 2).mean()) / 2 < 0.0005


@pytest.mark.parametrize("border", ["reflect", "replicate", "zero"])
@pytest.mark.parametrize("scale", [1.7, 0.8, 0.3])
def test_tiles_leave_no_trace(monkeypatch: pytest.MonkeyPatch, border: Border, scale: float) -> None:
    picture = np.random.default_rng(7).uniform(0, 1, (150, 190, 3)).astype(np.float32)
    transform = sim.similarity(scale, 0.4, (31.3, -17.9))
    in_tiles = warp(picture, transform, 300, 270, "cubic", border)
    monkeypatch.setattr("pecten.geometry.warp._TILE_PX", 1000)
    np.testing.assert_allclose(in_tiles, warp(picture, transform, 300, 270, "cubic", border), atol=1e-4)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_channels_do_not_touch_each_other(channels: int) -> None:
    picture = np.random.default_rng(8).uniform(0, 1, (50, 60, channels)).astype(np.float32)
    transform = sim.similarity(1.3, 0.2, (3.0, -4.0))
    together = warp(picture, transform, 60, 60).reshape(60, 60, channels)
    for channel in range(channels):
        alone = warp(np.ascontiguousarray(picture[..., channel]), transform, 60, 60)
        np.testing.assert_allclose(together[..., channel], alone, atol=1e-5)


@pytest.mark.parametrize("kernel", ["linear", "cubic"])
def test_identity_and_whole_shifts_are_exact(kernel: Kernel) -> None:
    picture = np.random.default_rng(2).uniform(-1, 9, (50, 60, 3)).astype(np.float32)
    np.testing.assert_allclose(warp(picture, sim.similarity(1.0, 0.0, (0.0, 0.0)), 60, 50, kernel), picture, atol=1e-5)
    moved = warp(picture, sim.similarity(1.0, 0.0, (-7.0, -11.0)), 40, 30, kernel)
    np.testing.assert_allclose(moved, picture[11:41, 7:47], atol=1e-5)


@pytest.mark.parametrize("kernel", ["linear", "cubic"])
@pytest.mark.parametrize("size", [100, 75, 60, 33, 20, 9])
def test_shrinking_does_not_alias_and_keeps_the_mean(kernel: Kernel, size: int) -> None:
    stripes = np.tile(np.array([[0.0, 1.0], [1.0, 0.0]], dtype=np.float32), (120, 120))
    small = warp(stripes, sim.resize(240, size), size, size, kernel, "replicate")
    assert small.shape == (size, size)
    assert small.mean() == pytest.approx(0.5, abs=0.01)
    assert np.abs(small - 0.5)[2:-2, 2:-2].max() < 0.12


@pytest.mark.parametrize("factor", [2, 3, 4, 5, 12])
def test_shrinking_by_a_whole_factor_is_the_area_average_for_linear(factor: int) -> None:
    picture = np.random.default_rng(4).uniform(0, 1, (12 * factor, 12 * factor)).astype(np.float32)
    small = warp(picture, sim.resize(12 * factor, 12), 12, 12, "linear")
    area = picture.reshape(12, factor, 12, factor).mean(axis=(1, 3))
    # Supersampled places fall between pixels where the factor asks for more samples than pixels; the mean stays.
    assert np.corrcoef(small.ravel(), area.ravel())[0, 1] > 0.98
    assert np.abs(small - area).mean() < 0.02


def test_sharpness_does_not_jump_where_enlarging_turns_into_shrinking() -> None:
    picture = _wave(200, 200, 0.8)
    above, below = (warp(picture, sim.similarity(s, 0.1, (0.0, 0.0)), 180, 180, "cubic") for s in (1.0005, 0.9995))
    assert below[20:150, 40:150].std() == pytest.approx(above[20:150, 40:150].std(), rel=0.03)


def test_cost_follows_the_crop_and_the_result_does_not_depend_on_the_cut() -> None:
    picture = np.random.default_rng(5).uniform(0, 1, (700, 900)).astype(np.float32)
    transform = sim.similarity(0.4, 0.7, (20.3, -160.7))
    whole = warp(picture, transform, 64, 64, "cubic")
    part = picture[100:640, 64:850]
    shifted = sim.compose(transform, sim.similarity(1.0, 0.0, (64.0, 100.0)))
    np.testing.assert_allclose(warp(part, shifted, 64, 64, "cubic"), whole, atol=1e-4)


def test_borders() -> None:
    picture = np.full((20, 20, 3), 0.5, dtype=np.float32)
    away = sim.similarity(1.0, 0.0, (100.0, 0.0))
    assert warp(picture, away, 8, 8, "linear", "zero").max() == 0
    np.testing.assert_allclose(warp(picture, away, 8, 8, "cubic", "replicate"), 0.5)
    np.testing.assert_allclose(warp(picture, sim.similarity(1.0, 0.0, (5.0, 5.0)), 30, 30, "cubic", "reflect"), 0.5)


def test_bytes_stay_bytes_and_do_not_wrap() -> None:
    picture = np.zeros((40, 40, 3), dtype=np.uint8)
    picture[10:30, 10:30] = 255
    result = warp(picture, sim.similarity(2.3, 0.2, (0.0, 0.0)), 90, 90, "cubic")
    assert result.dtype == np.uint8
    assert result[46, 40].tolist() == [255, 255, 255]
    floats = warp(picture.astype(np.float32), sim.similarity(2.3, 0.2, (0.0, 0.0)), 90, 90, "cubic")
    assert np.abs(result - np.clip(floats, 0, 255)).max() <= 0.51


def test_refuses_a_transform_that_flattens() -> None:
    with pytest.raises(ShapeError, match="check the transform"):
        warp(np.zeros((4, 4), dtype=np.float32), np.zeros((2, 3)), 4, 4)
