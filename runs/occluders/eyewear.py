"""Glasses. Frames cover the face; clear lenses do not; tints and reflections cover it as far as they hide it."""

import cv2
import numpy as np

from occluders import paint
from occluders.frame import CM, EYES, SPRITE_SIZE, length, wide
from occluders.paint import Rng

_OVERSAMPLING = 2


def glasses(rng: Rng) -> np.ndarray:
    """Draw a pair of glasses before the eyes."""
    size = SPRITE_SIZE * _OVERSAMPLING
    eyes = wide(np.array(EYES), size) + np.array([0, length(rng.normal(10, 22), size)])
    eyes = eyes + rng.normal(0, length(8, size), 2)
    half_w, half_h = (length(rng.uniform(low, high) * CM, size) for low, high in ((2.2, 3.0), (1.5, 2.6)))
    power, droop = rng.uniform(1.7, 5.0), rng.uniform(-0.15, 0.3)
    foreshortening = rng.uniform(0.75, 1.0) if rng.random() < 0.5 else 1.0
    lenses = []
    for side in (0, 1):
        width = half_w * (foreshortening if side else 1.0)
        lenses.append(_outline(eyes[side], width, half_h, power, droop * (1 if side else -1)))
    thick = length(rng.choice([rng.uniform(6, 14), rng.uniform(14, 38)]), size)
    frame = _frame(lenses, eyes, thick, half_w, size, rng)
    glass = _glass(lenses, size, rng)
    return paint.reduced(paint.over(frame, glass), SPRITE_SIZE)


def _outline(centre: np.ndarray, half_w: float, half_h: float, power: float, droop: float) -> np.ndarray:
    """A rounded lens: a superellipse, lower towards one side."""
    angle = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    x = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** (2 / power)
    y = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** (2 / power)
    y = y * (1 + droop * x)
    return centre + np.column_stack([half_w * x, half_h * y])


def _drawn(points: np.ndarray, size: int, thick: float, closed: bool) -> np.ndarray:
    page = np.zeros((size, size), np.uint8)
    fixed = [np.rint(points * 16).astype(np.int32)]
    cv2.polylines(page, fixed, closed, 255, max(1, round(thick)), cv2.LINE_AA, 4)
    return page.astype(np.float32) / 255


def _filled(points: np.ndarray, size: int) -> np.ndarray:
    page = np.zeros((size, size), np.uint8)
    cv2.fillPoly(page, [np.rint(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return page.astype(np.float32) / 255


def _frame(lenses: list[np.ndarray], eyes: np.ndarray, thick: float, half_w: float, size: int, rng: Rng) -> np.ndarray:
    style = rng.choice(["full", "half", "rimless"], p=[0.75, 0.15, 0.1])
    cover = np.zeros((size, size), np.float32)
    for outline in lenses:
        if style == "full":
            cover = np.maximum(cover, _drawn(outline, size, thick, True))
            top = outline[len(outline) // 2 :]
            cover = np.maximum(cover, _drawn(top, size, thick * rng.uniform(1.0, 1.8), False))
        elif style == "half":
            cover = np.maximum(cover, _drawn(outline[len(outline) // 2 :], size, thick, False))
        else:
            cover = np.maximum(cover, 0.35 * _drawn(outline, size, 2.0, True))
    inner = [lenses[0][:, 0].max(), lenses[1][:, 0].min()]
    middle = eyes.mean(axis=0)
    rise = length(rng.uniform(-20, 60), size)
    bridge = np.array(
        [[inner[0], middle[1] - rise * 0.3], [middle[0], middle[1] - rise], [inner[1], middle[1] - rise * 0.3]]
    )
    cover = np.maximum(cover, _drawn(_bowed(bridge), size, thick * rng.uniform(0.7, 1.2), False))
    if rng.random() < 0.4:
        bar = bridge - np.array([0, length(rng.uniform(30, 70), size)])
        cover = np.maximum(cover, _drawn(bar, size, thick * 0.6, False))
    for side, outline in enumerate(lenses):
        edge = outline[outline[:, 0].argmin() if side == 0 else outline[:, 0].argmax()]
        away = -1 if side == 0 else 1
        out = edge + np.array([away * length(rng.uniform(100, 260), size), length(rng.normal(-10, 35), size)])
        temple = np.array([edge - [0, 0.5 * thick], out])
        cover = np.maximum(cover, _drawn(temple, size, thick * rng.uniform(0.8, 1.6), False))
        if rng.random() < 0.5:
            pad = np.array([inner[side] + (-away) * -0.02 * half_w, middle[1] + length(rng.uniform(15, 60), size)])
            page = np.zeros((size, size), np.float32)
            cv2.circle(page, tuple(int(v) for v in pad), max(2, round(length(11, size))), 1.0, -1, cv2.LINE_AA)
            cover = np.maximum(cover, 0.6 * page)
    relief = np.sqrt(np.maximum(cv2.distanceTransform((cover > 0.5).astype(np.uint8), cv2.DIST_L2, 5), 0)) * thick**0.5
    rgb = paint.shade(_material(rng, size), cv2.GaussianBlur(relief, (0, 0), 1.5), rng, gloss=rng.uniform(0.1, 0.8))
    return paint.layer(rgb, cover)


def _bowed(points: np.ndarray) -> np.ndarray:
    t = np.linspace(0, 1, 20)[:, None]
    return (1 - t) ** 2 * points[0] + 2 * t * (1 - t) * points[1] + t**2 * points[2]


def _material(rng: Rng, size: int) -> np.ndarray:
    kind = rng.choice(["black", "metal", "tortoise", "colour", "clear"], p=[0.35, 0.25, 0.15, 0.15, 0.1])
    flat = np.ones((size, size, 1), np.float32)
    if kind == "black":
        return flat * rng.uniform(0.02, 0.15) * np.ones(3, np.float32)
    if kind == "metal":
        tint = np.array([[0.75, 0.75, 0.78], [0.80, 0.66, 0.42], [0.35, 0.35, 0.37]], np.float32)[
            int(rng.integers(0, 3))
        ]
        return flat * tint
    if kind == "tortoise":
        weight = np.clip(0.5 + 0.6 * paint.noise(rng, size, 30, 2), 0, 1)[..., None]
        return np.array([0.13, 0.06, 0.03], np.float32) + weight * np.array([0.45, 0.24, 0.08], np.float32)
    if kind == "colour":
        return flat * paint.colour(rng)
    return flat * (0.6 + 0.35 * paint.colour(rng, (0.7, 1.0), (0.0, 0.3)))


def _glass(lenses: list[np.ndarray], size: int, rng: Rng) -> np.ndarray:
    inside = np.maximum(_filled(lenses[0], size), _filled(lenses[1], size))
    y, x = np.mgrid[:size, :size].astype(np.float32) / size
    tint = np.zeros((size, size, 4), np.float32)
    kind = rng.random()
    if kind < 0.22:
        strength = rng.uniform(0.55, 0.97) * (1 - rng.uniform(0, 0.5) * np.clip((y - 0.35) * 4, 0, 1))
        tint = paint.layer(np.ones((size, size, 3)) * paint.colour(rng, (0.02, 0.25), (0, 0.7)), inside * strength)
    elif kind < 0.35:
        tint = paint.layer(
            np.ones((size, size, 3)) * paint.colour(rng, (0.2, 0.7), (0, 0.7)), inside * rng.uniform(0.1, 0.4)
        )
    if rng.random() < 0.55:
        shine = np.zeros((size, size), np.float32)
        angle = rng.uniform(-0.9, 0.9)
        for _ in range(int(rng.integers(1, 4))):
            along = np.cos(angle) * x + np.sin(angle) * y
            band = np.clip(1 - np.abs(along - rng.uniform(0.25, 0.85)) / rng.uniform(0.01, 0.05), 0, 1)
            shine = np.maximum(shine, band * rng.uniform(0.2, 1.0))
        if rng.random() < 0.5:
            shine = np.maximum(shine, np.clip(0.5 * paint.noise(rng, size, 60, 2) - 0.2, 0, 1))
        shine = cv2.GaussianBlur(shine, (0, 0), rng.uniform(1, 6)) * rng.uniform(0.3, 0.95)
        colour = paint.colour(rng, (0.7, 1.0), (0.0, 0.5))
        tint = paint.over(paint.layer(np.ones((size, size, 3)) * colour, inside * shine), tint)
    return tint
