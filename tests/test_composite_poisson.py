"""Poisson blends solve what they say, in floats."""

import numpy as np
import pytest

from pecten.composite.poisson import blend_poisson, blend_seamless, solve_poisson
from pecten.errors import ShapeError
from pecten.types import Image, Mask


def disc(size: int, radius: float) -> Mask:
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return np.clip(radius - np.hypot(x, y) + 0.5, 0, 1).astype(np.float32)


def noise(size: int, seed: int, scale: float = 1.0) -> Image:
    return (scale * np.random.default_rng(seed).normal(size=(size, size, 3))).astype(np.float32)


def dense(plate: Image, face: Image, matte: Mask, mixed: bool) -> Image:
    """Solve Perez' equations by elimination, pixel by pixel."""
    covered = np.pad(matte > 0, 1)
    inner = [
        (y, x)
        for y, x in np.argwhere(matte > 0)
        if all(covered[y + 1 + dy, x + 1 + dx] for dy in (-1, 0, 1) for dx in (-1, 0, 1))
    ]
    number = {place: i for i, place in enumerate(inner)}
    matrix, right = np.zeros((len(inner), len(inner))), np.zeros((len(inner), 3))
    for (y, x), i in number.items():
        for other in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
            wanted, own = face[y, x] - face[other], plate[y, x] - plate[other]
            right[i] += np.where(np.abs(own) > np.abs(wanted), own, wanted) if mixed else wanted
            matrix[i, i] += 1
            if other in number:
                matrix[i, number[other]] -= 1
            else:
                right[i] += plate[other]
    result = plate.copy()
    solved = np.linalg.solve(matrix, right)
    for (y, x), i in number.items():
        result[y, x] = solved[i]
    return result


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("shape", ["disc", "holes"])
def test_matches_elimination(mixed: bool, shape: str) -> None:
    plate, face = noise(24, 0, 5.0), noise(24, 1, 5.0)
    matte = (disc(24, 10) > 0.5).astype(np.float32)
    if shape == "holes":
        matte = np.ones((24, 24), np.float32)
        matte[5, 7] = matte[15:18, 14:20] = 0
    result = blend_poisson(plate, face, matte, mixed=mixed)
    np.testing.assert_allclose(result, dense(plate, face, matte, mixed), atol=2e-4)


@pytest.mark.parametrize("size", [67, 200])
def test_a_harmonic_offset_is_undone(size: int) -> None:
    y, x = np.mgrid[:size, :size] / size - 0.5
    offset = np.stack([0.5 + x * y, 40 * (x * x - y * y), 3 * x - y], axis=-1).astype(np.float32)
    plate = noise(size, 2)
    result = blend_poisson(plate, plate + offset, disc(size, 0.4 * size))
    np.testing.assert_allclose(result, plate, atol=2e-4)


def test_the_faces_gradient_is_kept_well_inside() -> None:
    plate, face = noise(96, 3, 0.1), noise(96, 4, 0.1) + np.float32(8)
    result = blend_poisson(plate, face, disc(96, 40))
    middle = np.s_[40:56, 40:56]
    np.testing.assert_allclose(np.diff(result[middle], axis=0), np.diff(face[middle], axis=0), atol=0.02)
    assert abs(float(result[middle].mean())) < 0.3


def test_mixed_keeps_a_line_of_the_plate_under_a_plain_face() -> None:
    plate, face = np.zeros((64, 64, 3), np.float32), np.full((64, 64, 3), 0.5, np.float32)
    plate[:, 31:33] = 1
    kept = blend_poisson(plate, face, disc(64, 25), mixed=True)
    lost = blend_poisson(plate, face, disc(64, 25))
    np.testing.assert_allclose(kept, plate, atol=1e-4)
    assert np.ptp(lost[28:36, 28:36]) < 0.2


def test_a_soft_matte_dissolves_towards_the_plate() -> None:
    plate, face = noise(64, 5), noise(64, 6)
    matte = disc(64, 25)
    half = blend_poisson(plate, face, matte * np.float32(0.5))
    np.testing.assert_allclose(half, (plate + blend_poisson(plate, face, matte)) / 2, atol=1e-4)


def test_pixels_that_are_not_numbers_stay_where_they_are() -> None:
    plate, face = noise(64, 7), noise(64, 8)
    plate[0, 0] = plate[32, 32] = np.nan
    result = blend_poisson(plate, face, disc(64, 25))
    assert np.isnan(result[0, 0]).all()
    assert np.isfinite(result.reshape(-1, 3)[1:]).all()


def test_nothing_to_solve_gives_the_start() -> None:
    start = noise(16, 9)
    assert solve_poisson(start, np.zeros_like(start), np.zeros((16, 16), np.float32)).tobytes() == start.tobytes()


def test_seamless_lies_where_the_face_lies() -> None:
    y, x = np.mgrid[:90, :81].astype(np.float32)
    plate = np.stack([0.5 + 0.3 * np.sin(x / 5), 0.5 + 0.3 * np.cos(y / 6), (x + y) / 200], axis=-1)
    for left, bottom in ((20, 70), (21, 71), (1, 90)):
        matte = np.zeros((90, 81), np.float32)
        matte[20:bottom, left:60] = 1
        np.testing.assert_allclose(blend_seamless(plate, plate + np.float32(0.05), matte), plate, atol=0.02)


def test_seamless_refuses_what_8_bits_cannot_hold() -> None:
    plate = np.full((32, 32, 3), 0.5, np.float32)
    with pytest.raises(ShapeError, match=r"face from 0.5 to 4: .* blend by poisson"):
        blend_seamless(plate, np.where(disc(32, 3)[..., None] > 0, np.float32(4), plate), disc(32, 10))
    np.testing.assert_array_equal(blend_seamless(plate, plate, np.zeros((32, 32), np.float32)), plate)


def test_pictures_of_different_size_are_a_mistake() -> None:
    plate = noise(32, 0)
    for laid in (blend_poisson, blend_seamless):
        with pytest.raises(ShapeError, match="equal sizes"):
            laid(plate, plate[1:], disc(32, 10))
