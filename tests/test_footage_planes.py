"""Y'CbCr conversion against a slow reference written from the standards."""

import av
import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from pecten.footage.clip import ColourTags
from pecten.footage.planes import (
    LUMA_WEIGHTS,
    Layout,
    covered,
    layout_of,
    planes_from_rgb,
    planes_of,
    quantise,
    resample,
    rgb_from_planes,
)

LAYOUTS = [Layout(8, 1, 1), Layout(8, 2, 2), Layout(10, 2, 1), Layout(10, 2, 2), Layout(12, 1, 1)]


def reference_rgb(planes: list[np.ndarray], layout: Layout, tags: ColourTags) -> np.ndarray:
    """H.273 word for word, chroma by cubic splines at its sited place."""
    y, x = np.mgrid[: planes[0].shape[0], : planes[0].shape[1]].astype(float)
    places = [(y - 0.5) / 2 if layout.step_y == 2 else y, x / layout.step_x]
    luma, cb, cr = (
        planes[0].astype(float),
        *(map_coordinates(plane.astype(float), places, order=3, mode="nearest") for plane in planes[1:]),
    )
    unit, peak = 2 ** (layout.bits - 8), 2**layout.bits - 1
    if tags.full_range:
        luma, cb, cr = luma / peak, (cb - 128 * unit) / peak, (cr - 128 * unit) / peak
    else:
        luma, cb, cr = (luma - 16 * unit) / (219 * unit), (cb / unit - 128) / 224, (cr / unit - 128) / 224
    kr, kb = LUMA_WEIGHTS[tags.matrix]
    red, blue = luma + 2 * (1 - kr) * cr, luma + 2 * (1 - kb) * cb
    green = (luma - kr * red - kb * blue) / (1 - kr - kb)
    return np.clip(np.stack([red, green, blue], axis=-1), 0, 1)


def smooth_planes(layout: Layout, seed: int, height: int = 48, width: int = 64) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    planes = []
    for step_x, step_y in ((1, 1), (layout.step_x, layout.step_y), (layout.step_x, layout.step_y)):
        y, x = np.mgrid[: height // step_y, : width // step_x]
        wave = 128 + rng.uniform(10, 50) * np.sin(x / rng.uniform(6, 12) + y / rng.uniform(6, 12))
        planes.append(quantise((wave * 2 ** (layout.bits - 8)).astype(np.float32), layout))
    return planes


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("matrix", sorted(LUMA_WEIGHTS))
@pytest.mark.parametrize("full_range", [False, True])
def test_decoding_matches_the_standard(layout: Layout, matrix: int, full_range: bool) -> None:
    tags = ColourTags(matrix=matrix, full_range=full_range)
    planes = smooth_planes(layout, seed=matrix)
    found = rgb_from_planes(planes, layout, tags)
    expected = reference_rgb(planes, layout, tags)
    # Splines and Catmull-Rom differ by what chroma interpolation may differ, most at the edges of the picture.
    inner = np.s_[4:-4, 4:-4]
    tolerance = 1e-5 if layout.step_x == 1 else 0.5 / 255
    assert np.abs(found - expected)[inner].max() < tolerance


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("full_range", [False, True])
def test_encoding_undoes_decoding(layout: Layout, full_range: bool) -> None:
    tags = ColourTags(full_range=full_range)
    planes = smooth_planes(layout, seed=5)
    back = planes_from_rgb(rgb_from_planes(planes, layout, tags), layout, tags)
    assert np.abs(back[0] - planes[0].astype(float)).max() < 0.02 * 2 ** (layout.bits - 8)
    for found, expected in zip(back[1:], planes[1:], strict=True):
        assert found.shape == expected.shape
        # (1 2 1)/4 after interpolation costs a little contrast of the finest chroma.
        assert np.abs(found - expected.astype(float))[2:-2, 2:-2].max() < 1.0 * 2 ** (layout.bits - 8)


def test_swscale_agrees_where_chroma_is_not_resampled() -> None:
    layout = Layout(8, 1, 1)
    for matrix, name in ((1, 1), (6, 5), (9, 9)):
        planes = smooth_planes(layout, seed=matrix)
        frame = av.VideoFrame(64, 48, "yuv444p")
        for source, target in zip(planes, planes_of(frame), strict=True):
            target[:] = source
        theirs = frame.reformat(
            format="rgb24",
            src_colorspace=name,
            dst_colorspace=name,
            src_color_range=1,
            dst_color_range=2,
            interpolation=av.video.reformatter.Interpolation.ACCURATE_RND,
        ).to_ndarray()
        ours = 255 * rgb_from_planes(planes, layout, ColourTags(matrix=matrix))
        assert np.abs(ours - theirs).max() < 0.6


def test_known_colours() -> None:
    layout, tags = Layout(8, 2, 2), ColourTags()
    for rgb, codes in (((1, 1, 1), (235, 128, 128)), ((0, 0, 0), (16, 128, 128)), ((1, 0, 0), (63, 102, 240))):
        image = np.broadcast_to(np.array(rgb, np.float32), (4, 6, 3)).copy()
        planes = [quantise(plane, layout) for plane in planes_from_rgb(image, layout, tags)]
        assert [int(plane[0, 0]) for plane in planes] == list(codes)


def test_layouts_by_name() -> None:
    assert layout_of("yuv420p") == Layout(8, 2, 2)
    assert layout_of("yuvj444p") == Layout(8, 1, 1)
    assert layout_of("yuva422p10le") == Layout(10, 2, 1)
    assert layout_of("rgb24") is None
    assert layout_of("gbrp") is None


def test_covered_wants_every_pixel_of_a_block() -> None:
    inside = np.zeros((5, 6), bool)
    inside[0:3, 1:5] = True
    np.testing.assert_array_equal(covered(inside, Layout(8, 2, 2)), [[0, 1, 0], [0, 0, 0], [0, 0, 0]])
    inside[4, 4:6] = True
    assert covered(inside, Layout(8, 2, 2))[2, 2]


def test_resampling_keeps_luma_and_agrees_with_the_way_through_rgb() -> None:
    source, wanted, tags = Layout(8, 2, 2), Layout(10, 2, 1), ColourTags()
    planes = smooth_planes(source, seed=8)
    found = resample(planes, source, wanted, full_range=False)
    np.testing.assert_array_equal(found[0], planes[0] * np.float32(4))
    through = planes_from_rgb(rgb_from_planes(planes, source, tags), wanted, tags)
    for direct, detour in zip(found, through, strict=True):
        assert direct.shape == detour.shape
        assert np.abs(direct - detour)[4:-4, 4:-4].max() < 2.5
    back = resample([quantise(plane, wanted) for plane in found], wanted, source, full_range=False)
    for again, first in zip(back, planes, strict=True):
        assert np.abs(again - first.astype(float))[2:-2, 2:-2].max() < 1
