"""Cloth and hair before the face, and shapes of no kind."""

import cv2
import numpy as np

from occluders import paint
from occluders.frame import SPRITE_SIZE, length, wide
from occluders.paint import Rng


def mask(rng: Rng) -> np.ndarray:
    """Draw a scarf, a veil or a mask over the lower (sometimes the upper) face."""
    size = SPRITE_SIZE
    upper = rng.random() < 0.2
    edge_y = rng.uniform(230, 330) if upper else rng.uniform(520, 800)
    x = np.linspace(-250, 1280, 24)
    bow = rng.uniform(-0.0006, 0.0006) * (x - 512) ** 2
    line = edge_y + bow + rng.uniform(0, 40) * paint.noise(rng, 24, 8, 2)[0] + rng.normal(0, 0.12) * (x - 512)
    far = -400 if upper else 1500
    outline = wide(np.column_stack([np.concatenate([x, x[::-1]]), np.concatenate([line, np.full(24, far)])]), size)
    cover = _filled(outline, size)
    if not upper and rng.random() < 0.4:
        # A mask ends at the cheeks.
        half = rng.uniform(240, 330)
        sides = wide(
            np.array([[512 - half, 0], [512 + half, 0], [512 + half * 0.8, 1100], [512 - half * 0.8, 1100]]), size
        )
        cover = cover * _filled(sides, size)
    folds = paint.noise(rng, size, rng.uniform(30, 120), 3)
    stretched = cv2.resize(folds, (size, size * 3))[size : 2 * size] if rng.random() < 0.5 else folds
    rgb = paint.shade(paint.texture(rng, size), stretched * rng.uniform(1, 8), rng, rng.uniform(0, 0.1))
    return paint.layer(rgb, cover)


def _filled(outline: np.ndarray, size: int) -> np.ndarray:
    page = np.zeros((size, size), np.uint8)
    cv2.fillPoly(page, [np.rint(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return page.astype(np.float32) / 255


def hair(rng: Rng) -> np.ndarray:
    """Draw loose strands or locks that fall over the face."""
    big = SPRITE_SIZE * 2
    base = np.array(
        [[0.05, 0.04, 0.03], [0.2, 0.12, 0.07], [0.45, 0.3, 0.16], [0.75, 0.6, 0.4], [0.6, 0.6, 0.6]], np.float32
    )
    tone = base[int(rng.integers(0, 5))] * rng.uniform(0.7, 1.3)
    rgb = np.zeros((big, big, 3), np.float32) + tone
    cover = np.zeros((big, big), np.float32)
    for _ in range(int(rng.integers(1, 5))):
        root = np.array([rng.uniform(150, 880), rng.uniform(-60, 180)])
        tip = root + np.array([rng.normal(0, 220), rng.uniform(250, 850)])
        bend = rng.normal(0, 160, 2)
        width, count = np.exp(rng.uniform(np.log(6), np.log(110))), int(rng.integers(6, 90))
        for _ in range(count):
            _strand(rgb, cover, root, tip, bend, float(width), tone, rng)
    rgb = np.clip(rgb, 0, 1)
    return paint.reduced(paint.layer(rgb, cover), SPRITE_SIZE)


def _strand(
    rgb: np.ndarray,
    cover: np.ndarray,
    root: np.ndarray,
    tip: np.ndarray,
    bend: np.ndarray,
    width: float,
    tone: np.ndarray,
    rng: Rng,
) -> None:
    t = np.linspace(0, 1, 24)[:, None]
    place = rng.normal(0, 0.5)
    line = root + t * (tip - root) + np.sin(np.pi * t) * bend * (1 + 0.1 * rng.standard_normal())
    line = line + place * width * (1 - 0.6 * t) * np.array([1.0, 0.3]) + 6 * rng.standard_normal(2)
    line = line + np.sin(t * rng.uniform(3, 9) + rng.uniform(0, 6)) * rng.uniform(0, 14)
    points = [np.rint(wide(line, len(cover)) * 16).astype(np.int32)]
    gleam = 1 + 0.5 * rng.standard_normal()
    colour = tuple(float(v) for v in np.clip(tone * max(gleam, 0.3), 0, 1))
    thick = int(rng.integers(1, 4))
    cv2.polylines(rgb, points, False, colour, thick, cv2.LINE_8, 4)
    cv2.polylines(cover, points, False, 1.0, thick, cv2.LINE_8, 4)


def blob(rng: Rng) -> np.ndarray:
    """Draw a shape of no kind: a wavy disc, a polygon or torn cloth, in any texture, skin among them."""
    size = SPRITE_SIZE
    centre = wide(np.array([512.0, 600.0]) + rng.normal(0, 200, 2), size)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    kind = rng.integers(0, 3)
    if kind == 2:
        angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 8))))
        radii = rng.uniform(80, 380, len(angles)) * length(1, size)
        cover = _filled(centre + np.column_stack([radii * np.cos(angles), radii * np.sin(angles)]), size)
        field = cv2.distanceTransform((cover > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    else:
        radius = length(rng.uniform(60, 330), size)
        squeeze = rng.uniform(0.4, 1.0)
        turn = rng.uniform(0, np.pi)
        u = (x - centre[0]) * np.cos(turn) + (y - centre[1]) * np.sin(turn)
        v = -(x - centre[0]) * np.sin(turn) + (y - centre[1]) * np.cos(turn)
        field = radius - np.hypot(u, v / squeeze)
        if kind == 1:
            field = field + radius * rng.uniform(0.1, 0.5) * paint.noise(rng, size, radius, 2)
        cover = np.clip(field + 0.5, 0, 1)
    depth = np.sqrt(np.maximum(field, 0)) * rng.uniform(0, 6) + paint.noise(rng, size, 40, 2) * rng.uniform(0, 2)
    rgb = paint.texture(rng, size) if rng.random() < 0.75 else np.ones((size, size, 3), np.float32) * paint.skin(rng)
    return paint.layer(paint.shade(rgb, depth.astype(np.float32), rng, rng.uniform(0, 0.4)), cover)
