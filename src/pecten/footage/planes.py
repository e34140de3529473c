"""Between the Y'CbCr planes that video stores and R'G'B' pixels.

swscale places chroma midway between pixels whatever the stream says, which shifts colour by a quarter of a chroma
sample against the left siting of MPEG-2, H.264, HEVC and ProRes. These few lines site it right, round nothing on the
way, and run in about the same time. tests/test_footage_planes.py holds them against a slow reference.
"""

import re
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float32, UInt8, UInt16

from pecten.footage.clip import ColourTags
from pecten.types import Image

Codes = UInt8[np.ndarray, "_rows _columns"] | UInt16[np.ndarray, "_rows _columns"]
Plane = Float32[np.ndarray, "_rows _columns"]

# Kr and Kb by H.273 matrix code (table 4).
LUMA_WEIGHTS = {
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
    10: (0.2627, 0.0593),
}

# Catmull-Rom weights a quarter and a half sample along.
_QUARTER = (-9 / 128, 111 / 128, 29 / 128, -3 / 128)
_HALF = (-1 / 16, 9 / 16, 9 / 16, -1 / 16)


@dataclass(frozen=True)
class Layout:
    """How a planar Y'CbCr pixel format is laid out.

    Attributes:
        bits: Bits a sample.
        step_x: Pixels a chroma sample spans across: 1, 2 or 4.
        step_y: Likewise down.
    """

    bits: int
    step_x: int
    step_y: int


_STEPS = {"444": (1, 1), "422": (2, 1), "420": (2, 2), "440": (1, 2)}


def layout_of(pixel_format: str) -> Layout | None:
    """Return the layout of a planar Y'CbCr format by its FFmpeg name, or None for any other format."""
    match = re.fullmatch(r"yuv[ja]?(444|422|420|440)p(\d+)?(?:le)?", pixel_format)
    if not match:
        return None
    step_x, step_y = _STEPS[match[1]]
    return Layout(int(match[2] or 8), step_x, step_y)


def planes_of(frame: Any) -> list[Codes]:
    """Return a planar frame's samples as arrays that share its memory.

    Args:
        frame: An `av.VideoFrame` in a planar format.
    """
    deep = any(component.bits > 8 for component in frame.format.components)
    dtype = np.dtype("<u2") if deep else np.dtype(np.uint8)
    return [
        np.frombuffer(plane, dtype).reshape(-1, plane.line_size // dtype.itemsize)[: plane.height, : plane.width]
        for plane in frame.planes
    ]


def rgb_from_planes(planes: list[Codes], layout: Layout, tags: ColourTags) -> Image:
    """Turn Y'CbCr codes into R'G'B', chroma interpolated with cubics and sited left.

    Args:
        planes: Luma, Cb, Cr; further planes are ignored.
        layout: Of the planes.
        tags: Matrix and range are used.
    Returns:
        RGB, clipped to 0..1.
    Reference:
        ITU-T H.273 section 8.3, equations 38 to 43 and 52 to 57; Keys 1981, equation 4 with a = -1/2.
    """
    luma = planes[0].astype(np.float32)
    height, width = luma.shape
    chroma = [_enlarge(plane.astype(np.float32), layout)[:height, :width] for plane in planes[1:3]]
    matrix, offset = _to_rgb(layout.bits, tags)
    image = cv2.transform(cv2.merge([luma, *chroma]), np.column_stack([matrix, matrix @ offset]))
    return np.clip(image, 0, 1, out=image)


def planes_from_rgb(image: Image, layout: Layout, tags: ColourTags) -> list[Plane]:
    """Turn R'G'B' into Y'CbCr codes, unrounded and unclipped, chroma averaged over its footprint and sited left.

    Args:
        image: RGB, 0..1. Edges are repeated where a chroma sample reaches beyond them.
        layout: Of the planes wanted.
        tags: Matrix and range are used.
    Returns:
        Luma, Cb, Cr; chroma sizes are rounded up.
    Reference:
        ITU-T H.273 section 8.3.
    """
    matrix, offset = _to_rgb(layout.bits, tags)
    back = np.linalg.inv(matrix)
    coded = cv2.transform(image, np.column_stack([back, -offset]))
    luma, *chroma = cv2.split(coded)
    return [np.asarray(luma), *(_shrink(np.asarray(plane), layout) for plane in chroma)]


def resample(planes: list[Codes], layout: Layout, wanted: Layout, full_range: bool) -> list[Plane]:
    """Bring codes to another depth and chroma grid without a detour through RGB.

    Args:
        planes: Luma, Cb, Cr.
        layout: Of the planes.
        wanted: The layout to give them.
        full_range: Whether codes use the whole range, which scales by its peak and not by a power of two.
    Returns:
        Luma, Cb, Cr, unrounded.
    """
    scale = 2.0 ** (wanted.bits - layout.bits)
    if full_range:
        scale = (2.0**wanted.bits - 1) / (2.0**layout.bits - 1)
    luma, *chroma = [plane.astype(np.float32) * np.float32(scale) for plane in planes[:3]]
    height, width = luma.shape
    finer = Layout(layout.bits, 2 if layout.step_x > wanted.step_x else 1, 2 if layout.step_y > wanted.step_y else 1)
    coarser = Layout(layout.bits, 2 if layout.step_x < wanted.step_x else 1, 2 if layout.step_y < wanted.step_y else 1)
    rows, columns = -(-height // min(layout.step_y, wanted.step_y)), -(-width // min(layout.step_x, wanted.step_x))
    return [luma, *(_shrink(_enlarge(plane, finer)[:rows, :columns], coarser) for plane in chroma)]


def quantise(plane: Plane, layout: Layout) -> Codes:
    """Round codes to the nearest that the format can hold."""
    dtype = np.uint8 if layout.bits == 8 else np.uint16
    codes: Codes = np.clip(np.rint(plane), 0, 2**layout.bits - 1).astype(dtype)
    return codes


def covered(inside: np.ndarray, layout: Layout) -> np.ndarray:
    """Say which chroma samples lie wholly inside a region: those whose every pixel does."""
    height, width = inside.shape
    pad = ((0, -height % layout.step_y), (0, -width % layout.step_x))
    whole = np.pad(inside, pad, mode="edge")
    rows, columns = whole.shape[0] // layout.step_y, whole.shape[1] // layout.step_x
    blocks = whole.reshape(rows, layout.step_y, columns, layout.step_x)
    return np.asarray(blocks.all(axis=(1, 3)))


def _to_rgb(bits: int, tags: ColourTags) -> tuple[np.ndarray, np.ndarray]:
    """Return M and o with rgb = M (codes + o)."""
    kr, kb = LUMA_WEIGHTS[tags.matrix]
    kg = 1 - kr - kb
    unit = 2.0 ** (bits - 8)
    peak = 2.0**bits - 1
    luma, chroma, black = (1 / peak, 1 / peak, 0.0) if tags.full_range else (1 / (219 * unit), 1 / (224 * unit), 16.0)
    mix = np.array(
        [[1, 0, 2 * (1 - kr)], [1, -2 * kb * (1 - kb) / kg, -2 * kr * (1 - kr) / kg], [1, 2 * (1 - kb), 0]], np.float64
    )
    return mix * [luma, chroma, chroma], np.array([-black * unit, -128 * unit, -128 * unit])


def _enlarge(plane: Plane, layout: Layout) -> Plane:
    """Interpolate chroma to the luma grid: co-sited across, midway down."""
    rows, columns = plane.shape
    if layout.step_y == 2:
        tall = np.empty((2 * rows, columns), np.float32)
        tall[0::2] = _filter(plane, _QUARTER[::-1], vertical=True, anchor=2)
        tall[1::2] = _filter(plane, _QUARTER, vertical=True, anchor=1)
        plane, rows = tall, 2 * rows
    if layout.step_x == 2:
        wide = np.empty((rows, 2 * columns), np.float32)
        wide[:, 0::2] = plane
        wide[:, 1::2] = _filter(plane, _HALF, vertical=False, anchor=1)
        plane = wide
    return plane


def _shrink(plane: Plane, layout: Layout) -> Plane:
    """Average chroma onto its own grid: (1 2 1)/4 across, (1 1)/2 down."""
    height = len(plane)
    if layout.step_x == 2:
        plane = _filter(plane, (0.25, 0.5, 0.25), vertical=False, anchor=1)[:, 0::2]
    if layout.step_y == 2:
        tall = np.pad(plane, ((0, height % 2), (0, 0)), mode="edge")
        plane = (tall[0::2] + tall[1::2]) / 2
    return np.ascontiguousarray(plane)


def _filter(plane: Plane, weights: tuple[float, ...], *, vertical: bool, anchor: int) -> Plane:
    kernel = np.array(weights, np.float32).reshape((-1, 1) if vertical else (1, -1))
    place = (0, anchor) if vertical else (anchor, 0)
    filtered: Plane = cv2.filter2D(plane, cv2.CV_32F, kernel, anchor=place, borderType=cv2.BORDER_REPLICATE)
    return filtered
