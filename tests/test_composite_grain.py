"""Grain: a known level, size, colour and curve come back; the same frame always has the same grain."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pecten.composite import grain as grains
from pecten.composite.grain_stock import GrainStock, add_grain, grain_stock, make_grain
from pecten.errors import ShapeError
from pecten.geometry import similarity
from pecten.types import Affine, Image, Mask, Points

STILL: Affine = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
SIDE = 384


@pytest.fixture(scope="module")
def stock() -> GrainStock:
    return grain_stock(0, 512)


def centres(side: int = SIDE) -> Points:
    lattice = np.arange(32.0, side - 32, 24)
    return np.stack([places.reshape(-1) for places in np.meshgrid(lattice, lattice)], axis=1)


def noise(seed: int, size_px: float = 0.0, sigma: float = 0.02) -> Image:
    white = np.random.default_rng(seed).standard_normal((SIDE, SIDE, 3)).astype(np.float32)
    if size_px:
        white = cv2.GaussianBlur(white, (0, 0), size_px)
    return white * np.float32(sigma / white.std())


def skin(seed: int = 9) -> Image:
    """Return pores and shading, much stronger than grain."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    shade = 0.5 + 0.1 * np.sin(4 * x) * np.cos(3 * y)
    return (shade[..., None] + noise(seed, 2.5, 0.05)).astype(np.float32)


def measured(now: Image, before: Image, moved: Affine = STILL) -> grains.Grain:
    found = grains.measure_grain(now, before, moved, centres())
    assert found is not None
    return found


def bands_of(found: grains.Grain) -> np.ndarray:
    return np.sqrt(np.einsum("bcc->b", found.spectrum) / 3)


@pytest.mark.parametrize("sigma", [0.004, 0.03])
def test_a_known_level_is_recovered_under_texture(sigma: float) -> None:
    found = measured(skin() + noise(1, 0, sigma), skin() + noise(2, 0, sigma))
    assert found.deviation == pytest.approx(sigma, rel=0.05)


def test_texture_that_moves_by_parts_of_a_pixel_is_no_grain() -> None:
    # A large picture is shrunk, so that both positions are sampled alike.
    large = cv2.GaussianBlur(noise(3, 0, 1.0), (0, 0), 2.0)
    large = 0.5 + 0.05 * cv2.resize(large, (SIDE * 3, SIDE * 3), interpolation=cv2.INTER_CUBIC) / large.std()
    at = [large[10 + dy : 10 + dy + 3 * 340 : 3, 10 + dx : 10 + dx + 3 * 340 : 3] for dx, dy in ((0, 0), (7, 4))]
    before, now = (picture + noise(seed)[:340, :340] for seed, picture in zip((4, 5), at, strict=True))
    # What is known of the motion is a pixel off; it was (7, 4) / 3.
    found = grains.measure_grain(now, before, np.array([[1.0, 0, 3.0], [0, 1, 0.6]]), centres(340))
    assert found is not None
    assert found.deviation == pytest.approx(0.02, rel=0.06)


@pytest.mark.parametrize("size_px", [0.0, 0.7, 1.2])
def test_size_comes_back_in_what_is_made(size_px: float, stock: GrainStock) -> None:
    true = measured(skin() + noise(1, size_px), skin() + noise(2, size_px))
    made = [make_grain(stock, true.spectrum, number, SIDE, SIDE) for number in (1, 2)]
    again = measured(made[0] + np.float32(0.5), made[1] + np.float32(0.5))
    assert again.deviation == pytest.approx(true.deviation, rel=0.1)
    np.testing.assert_allclose(bands_of(again), bands_of(true), rtol=0.12, atol=1e-3)


def test_grey_grain_stays_grey_and_a_noisy_blue_stays_noisy(stock: GrainStock) -> None:
    def film(seed: int) -> Image:
        grey = noise(seed)[..., :1] * np.ones(3, np.float32)
        return grey + noise(seed + 50, 1.0) * np.array([0, 0, 1], np.float32)

    true = measured(skin() + film(1), skin() + film(2))
    made = make_grain(stock, true.spectrum, 3, SIDE, SIDE).reshape(-1, 3)
    expected = np.cov(film(7).reshape(-1, 3).T)
    np.testing.assert_allclose(np.cov(made.T), expected, rtol=0.12)


def test_strength_follows_level() -> None:
    ramp = np.broadcast_to(np.linspace(0.05, 0.95, SIDE, dtype=np.float32)[None, :, None], (SIDE, SIDE, 3))
    strength = np.float32(0.4) + ramp
    found = measured(ramp + noise(1) * strength, ramp + noise(2) * strength)
    seen = np.sqrt(found.levels[:, 1] / found.levels[4, 1])
    np.testing.assert_allclose(seen[1:8], (0.4 + grains.LEVELS[1:8]) / 0.9, rtol=0.15)


def test_added_grain_has_the_level_of_its_tone_and_brings_the_plates_back(stock: GrainStock) -> None:
    ramp = np.broadcast_to(np.linspace(0.1, 0.9, SIDE, dtype=np.float32)[None, :, None], (SIDE, SIDE, 3))
    strength = np.float32(1.2) - ramp
    plate = [ramp + noise(seed) * strength for seed in (1, 2)]
    true, full = measured(plate[1], plate[0]), np.ones((SIDE, SIDE), np.float32)
    face = [add_grain(ramp, full, full, STILL, true, stock, number) for number in (1, 2)]
    for part in (np.s_[:, 40:120], np.s_[:, -120:-40]):
        assert (face[1] - ramp)[part].std() == pytest.approx((plate[1] - ramp)[part].std(), rel=0.08)
    assert measured(face[1], face[0]).deviation == pytest.approx(true.deviation, rel=0.08)


def test_a_mixture_of_plate_and_face_has_as_much_grain_as_the_plate(stock: GrainStock) -> None:
    true, full = measured(noise(1) + 0.5, noise(2) + 0.5), np.ones((SIDE, SIDE), np.float32)
    for share in (0.2, 0.5, 0.8):
        mixed = 0.5 + (1 - share) * noise(3)
        grained = add_grain(mixed.astype(np.float32), full, full * np.float32(share), STILL, true, stock, 1)
        assert grained.std() == pytest.approx(0.02, rel=0.05)


def test_a_face_with_grain_of_its_own_gets_only_what_is_missing(stock: GrainStock) -> None:
    true, own = measured(noise(1) + 0.5, noise(2) + 0.5), measured(noise(3, 0, 0.012) + 0.5, noise(4, 0, 0.012) + 0.5)
    full = np.ones((SIDE, SIDE), np.float32)
    face = noise(5, 0, 0.012) + np.float32(0.5)
    assert add_grain(face, full, full, STILL, grains.lacking(true, own.spectrum), stock, 1).std() == pytest.approx(
        0.02, rel=0.04
    )
    assert np.abs(add_grain(face, full, full, STILL, grains.lacking(own, true.spectrum), stock, 1) - face).max() < 1e-6


def test_enlarging_moves_grain_to_coarser_bands() -> None:
    small = [cv2.GaussianBlur(noise(seed), (0, 0), 0.6) + np.float32(0.5) for seed in (1, 2)]
    own = measured(small[1], small[0]).spectrum
    large = [cv2.resize(picture, (768, 768), interpolation=cv2.INTER_CUBIC)[:SIDE, :SIDE] for picture in small]
    true, said = measured(large[1], large[0]).spectrum, grains.enlarged_spectrum(own, 2.0)
    np.testing.assert_allclose(np.trace(said[1]), np.trace(true[1]), rtol=0.3)
    np.testing.assert_allclose(np.trace(said[2]), np.trace(true[2]), rtol=0.3)
    assert not said[0].any()
    np.testing.assert_allclose(grains.enlarged_spectrum(own, 0.5)[0], own[1])


def test_a_frame_has_the_same_grain_whatever_was_made_before(stock: GrainStock) -> None:
    spectrum = measured(noise(1) + 0.5, noise(2) + 0.5).spectrum
    first = make_grain(stock, spectrum, 7, 60, 50)
    other = make_grain(stock, spectrum, 8, 60, 50)
    assert make_grain(grain_stock(0, 512), spectrum, 7, 60, 50).tobytes() == first.tobytes()
    assert abs(np.corrcoef(first.reshape(-1), other.reshape(-1))[0, 1]) < 0.05
    assert make_grain(stock, spectrum, 7, 600, 700).shape == (600, 700, 3)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 99), scale=st.floats(0.4, 1.6), shift=st.floats(-20, 20))
def test_outside_the_support_nothing_changes_and_unbounded_values_survive(
    seed: int, scale: float, shift: float, stock: GrainStock
) -> None:
    rng = np.random.default_rng(seed)
    image = rng.normal(1.0, 5.0, (70, 90, 3)).astype(np.float32)
    image[rng.random((70, 90)) < 0.02] = np.nan
    support: Mask = (rng.random((70, 90)) * (rng.random((70, 90)) < 0.5)).astype(np.float32)
    known = grains.Grain(np.broadcast_to(np.eye(3) * 1e-4, (3, 3, 3)).copy(), np.ones((9, 3)))
    before = image.copy()
    result = add_grain(
        image,
        support,
        rng.random((64, 64), np.float32),
        similarity.similarity(scale, 0.1, (shift, 3.0)),
        known,
        stock,
        1,
    )
    assert image.tobytes() == before.tobytes()
    assert result[support == 0].tobytes() == image[support == 0].tobytes()
    assert np.nanmax(np.abs(result - image)) < 0.2
    assert np.array_equal(np.isnan(result), np.isnan(image))


def test_what_cannot_be_measured_is_none() -> None:
    frame = noise(1) + np.float32(0.5)
    few = centres()[: grains.LEAST_PATCHES - 1]
    assert grains.measure_grain(frame, noise(2), STILL, few) is None
    assert grains.measure_grain(frame, frame, STILL, centres()) is None
    assert grains.measure_grain(np.full_like(frame, np.inf), noise(2), STILL, centres()) is None
    assert grains.measure_grain(frame, noise(2), STILL, np.zeros((0, 2))) is None


def test_smoothing_averages_variance_fills_gaps_and_stops_at_cuts() -> None:
    def grain(variance: float) -> grains.Grain:
        return grains.Grain(np.full((3, 3, 3), variance), np.ones((9, 3)))

    smoothed = grains.smooth_grain([None, grain(1.0), grain(1.0), None, grain(9.0)], window=5, starts=[3])
    values = [float(one.spectrum[0, 0, 0]) for one in smoothed if one is not None]
    np.testing.assert_allclose(values, [1, 1, 1, 9, 9])
    assert grains.smooth_grain([None, None]) == [None, None]


def test_a_head_that_stands_still_is_believed_more() -> None:
    frame, other, there = skin() + noise(1), skin() + noise(2), np.array([[1.0, 0.0, 12.0], [0.0, 1.0, 0.0]])
    still, fast = measured(frame, other), measured(frame, np.roll(other, 12, axis=1), there)
    assert still.trust == 1
    assert fast.trust < 0.02
    both = grains.smooth_grain([still, grains.strengthened(fast, 3.0)], window=3)[0]
    assert both is not None
    assert both.deviation == pytest.approx(still.deviation, rel=0.05)


def test_squares_of_skin_lie_inside_the_matte() -> None:
    matte = np.zeros((200, 200), np.float32)
    matte[40:160, 60:140] = 1
    for scale, margin in ((1.0, 16), (0.5, 8)):
        found = grains.skin_centres(matte, scale)
        assert len(found) > 10
        assert (np.abs(found - (99.5, 99.5)) < np.array([40 - margin, 60 - margin]) + 0.51).all()
    assert len(grains.skin_centres(matte, 4.0)) == 0


def test_bad_sizes_are_named(stock: GrainStock) -> None:
    full = np.ones((64, 64), np.float32)
    with pytest.raises(ShapeError, match="equal sizes"):
        add_grain(noise(1), full, full, STILL, measured(noise(1), noise(2)), stock, 1)
