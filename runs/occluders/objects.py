"""Things that are held before a face: microphones, cups, telephones, bars; and for the test a card, a pen, a leaf."""

import cv2
import numpy as np

from occluders import paint
from occluders.frame import CM, SPRITE_SIZE, length, wide
from occluders.hands import Bone, relief
from occluders.paint import Rng

_OVERSAMPLING = 1.5
_SIZE = int(SPRITE_SIZE * _OVERSAMPLING)


def microphone(rng: Rng) -> np.ndarray:
    """Draw a microphone before the mouth: held, on a boom with foam, or on a headset."""
    style = rng.choice(["held", "foam", "headset"], p=[0.55, 0.25, 0.2])
    mouth = wide(np.array([512.0, 730.0]) + rng.normal(0, [110, 80], 2), _SIZE)
    angle = rng.normal(np.pi / 2, 0.7) if style != "headset" else rng.choice([0.15, np.pi - 0.15]) + rng.normal(0, 0.15)
    along = np.array([np.cos(angle), np.sin(angle)])
    radius = length({"held": 2.5, "foam": 3.2, "headset": 0.7}[style] * rng.uniform(0.8, 1.3) * CM, _SIZE)
    thin = (
        radius * {"held": rng.uniform(0.4, 0.6), "foam": rng.uniform(0.2, 0.5), "headset": rng.uniform(0.2, 0.4)}[style]
    )
    head = Bone(
        np.array([*mouth, 0.0]),
        np.array([*(mouth + along * radius * rng.uniform(0.0, 1.2)), 0.0]),
        radius,
        radius * 0.95,
    )
    end = mouth + along * _SIZE * 1.5
    shaft = Bone(
        np.array([*mouth, 0.0]), np.array([*end, 0.0]), thin * 1.3, thin * (1.0 if style == "headset" else 0.8)
    )
    body = _solid([shaft], np.ones(3, np.float32) * rng.uniform(0.03, 0.6), rng, rng.uniform(0.1, 0.8))
    y, x = np.mgrid[:_SIZE, :_SIZE].astype(np.float32)
    colour = np.ones((_SIZE, _SIZE, 1), np.float32) * (
        np.ones(3, np.float32) * rng.uniform(0.03, 0.75) if rng.random() < 0.75 else paint.colour(rng)
    )
    if style == "held":
        period = rng.uniform(2.5, 6)
        mesh = np.sin(2 * np.pi * (x + y) / period) * np.sin(2 * np.pi * (x - y) / period)
        colour = colour * (1 + rng.uniform(0.1, 0.6) * mesh[..., None])
    else:
        colour = colour * (1 + rng.uniform(0.1, 0.4) * paint.noise(rng, _SIZE, 3, 2)[..., None])
    return paint.reduced(paint.over(_solid([head], colour, rng, 0.4 if style == "held" else 0.03), body), SPRITE_SIZE)


def _solid(bones: list[Bone], albedo: np.ndarray, rng: Rng, gloss: float) -> np.ndarray:
    height, inside = relief(bones, _SIZE)
    smooth = cv2.GaussianBlur(np.where(height > -1e3, height, 0).astype(np.float32), (0, 0), 1.0)
    rgb = paint.shade(np.ones((_SIZE, _SIZE, 1), np.float32) * albedo, smooth, rng, gloss)
    return paint.layer(rgb, np.clip(inside + 0.5, 0, 1))


def cup(rng: Rng) -> np.ndarray:
    """Draw a cup, a mug, a glass or a can before the mouth."""
    width, high = length(rng.uniform(6, 9.5) * CM, _SIZE), length(rng.uniform(8, 13) * CM, _SIZE)
    taper, tilt = rng.uniform(0.7, 1.05), rng.uniform(-0.15, 0.5)
    u = np.linspace(-1, 1, 40)
    top = np.column_stack([u * width / 2, -np.sqrt(1 - u**2) * width / 2 * tilt * 0.6])
    bottom = np.column_stack([u[::-1] * width / 2 * taper, high + np.sqrt(1 - u**2) * width / 2 * abs(tilt) * 0.6])
    turn = rng.normal(0, 0.5)
    c, s = np.cos(turn), np.sin(turn)
    place = wide(np.array([512.0, 720.0]) + rng.normal(0, [70, 90], 2), _SIZE)
    outline = np.concatenate([top, bottom]) @ np.array([[c, s], [-s, c]]) + place
    cover = _filled(outline)
    y, x = np.mgrid[:_SIZE, :_SIZE].astype(np.float32)
    across = ((x - place[0]) * c + (y - place[1]) * s) / (width / 2)
    depth = np.sqrt(np.clip(1 - across**2, 0, 1)) * width / 2
    rgb = paint.shade(paint.texture(rng, _SIZE), depth, rng, rng.uniform(0.0, 0.7))
    alpha = cover
    if rng.random() < 0.25:
        # A drinking glass: clear in the middle, seen by its rims and shine.
        clear = np.clip(1.2 * np.abs(across) ** 4 + 0.3 * (rgb.max(axis=2) > 0.9) + rng.uniform(0.05, 0.4), 0, 1)
        alpha = cover * clear
    sprite = paint.layer(rgb, alpha)
    if rng.random() < 0.5:
        side = rng.choice([-1, 1])
        ring = np.zeros((_SIZE, _SIZE), np.uint8)
        at = place + np.array([[c, -s], [s, c]]) @ np.array([side * width * 0.5, high * 0.5])
        axes = (float(width * 0.55), float(high * 0.55))
        cv2.ellipse(
            ring,
            ((float(at[0]), float(at[1])), axes, float(np.degrees(turn))),
            255,
            max(2, round(width * 0.11)),
            cv2.LINE_AA,
        )
        sprite = paint.over(
            sprite, paint.layer(rgb.mean(axis=(0, 1)) * np.ones_like(rgb), ring.astype(np.float32) / 255)
        )
    return paint.reduced(sprite, SPRITE_SIZE)


def _filled(outline: np.ndarray) -> np.ndarray:
    page = np.zeros((_SIZE, _SIZE), np.uint8)
    cv2.fillPoly(page, [np.rint(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return page.astype(np.float32) / 255


def _plate(rng: Rng, sides_cm: tuple[float, float], rounding: float, spread: float) -> tuple[np.ndarray, np.ndarray]:
    """Cover a flat rounded rectangle, turned in space; also give its own coordinates, -1..1."""
    half = np.array([length(side * CM / 2, _SIZE) for side in sides_cm]) * rng.uniform(0.85, 1.15, 2)
    turn = rng.uniform(-np.pi, np.pi)
    c, s = np.cos(turn), np.sin(turn)
    squeeze = np.diag([rng.uniform(0.5, 1.0), 1.0])
    matrix = np.array([[c, -s], [s, c]]) @ squeeze
    place = wide(np.array([512.0, 600.0]) + rng.normal(0, spread, 2), _SIZE)
    y, x = np.mgrid[:_SIZE, :_SIZE]
    own = np.einsum("ij,hwj->hwi", np.linalg.inv(matrix), np.dstack([x - place[0], y - place[1]]))
    inner = np.abs(own) - half + rounding * half.min()
    distance = (
        np.hypot(*np.moveaxis(np.maximum(inner, 0), -1, 0)) + np.minimum(inner.max(axis=2), 0) - rounding * half.min()
    )
    return np.clip(0.5 - distance, 0, 1).astype(np.float32), (own / half).astype(np.float32)


def phone(rng: Rng) -> np.ndarray:
    """Draw a telephone or a box."""
    cover, own = _plate(rng, (7.2, 14.5), rng.uniform(0.02, 0.25), 190)
    rgb = (
        paint.texture(rng, _SIZE)
        if rng.random() < 0.6
        else np.ones((_SIZE, _SIZE, 3), np.float32) * rng.uniform(0.02, 0.9)
    )
    rim = np.abs(own).max(axis=2) > rng.uniform(0.88, 0.99)
    rgb = np.where(rim[..., None], np.float32(rng.uniform(0.02, 0.8)), rgb)
    lens = np.abs(own + np.array([0.5, 0.75])).sum(axis=2) < 0.2
    if rng.random() < 0.4 and lens.any():
        row, column = np.argwhere(lens).mean(axis=0)
        cv2.circle(rgb, (int(column), int(row)), 9, (0.03, 0.03, 0.04), -1, cv2.LINE_AA)
    gleam = np.clip(own @ rng.normal(0, 0.5, 2).astype(np.float32), 0, 1)[..., None] * rng.uniform(0, 0.5)
    return paint.reduced(paint.layer(rgb + gleam * (1 - rgb), cover), SPRITE_SIZE)


def bar(rng: Rng) -> np.ndarray:
    """Draw one to three straps, cables, straws, sticks or rails across the picture."""
    sprite = np.zeros((_SIZE, _SIZE, 4), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        through = wide(np.array([512.0, 580.0]) + rng.normal(0, 160, 2), _SIZE)
        angle = rng.uniform(0, np.pi)
        along = np.array([np.cos(angle), np.sin(angle)])
        starts = through - along * _SIZE if rng.random() < 0.7 else through
        radius = length(np.exp(rng.uniform(np.log(4), np.log(60))), _SIZE)
        bone = Bone(
            np.array([*starts, 0.0]),
            np.array([*(through + along * _SIZE), 0.0]),
            radius,
            radius * rng.uniform(0.7, 1.4),
        )
        sprite = paint.over(_solid([bone], paint.texture(rng, _SIZE), rng, rng.uniform(0, 0.7)), sprite)
    return paint.reduced(sprite, SPRITE_SIZE)


def card(rng: Rng) -> np.ndarray:
    """Draw a sheet of paper or a playing card, with writing. Held out."""
    cover, own = _plate(rng, (rng.uniform(6, 12), rng.uniform(8, 16)), 0.06, 170)
    lines = (
        (np.sin(own[..., 1] * rng.uniform(20, 60)) > 0.3) & (np.abs(own[..., 0]) < 0.8) & (np.abs(own[..., 1]) < 0.85)
    )
    words = paint.noise(rng, _SIZE, 5, 1) > -0.5
    rgb = np.ones((_SIZE, _SIZE, 3), np.float32) * paint.colour(rng, (0.75, 0.98), (0.0, 0.25))
    rgb = np.where((lines & words)[..., None], paint.colour(rng, (0.05, 0.4)), rgb)
    fold = 1 - 0.15 * np.clip(own @ rng.normal(0, 1, 2).astype(np.float32), 0, 1)
    return paint.reduced(paint.layer(rgb * fold[..., None], cover), SPRITE_SIZE)


def pen(rng: Rng) -> np.ndarray:
    """Draw a pen or a cigarette that starts at the mouth or crosses the face. Held out."""
    start = wide(np.array([512.0, 650.0]) + rng.normal(0, [120, 110], 2), _SIZE)
    angle = rng.uniform(-0.3, np.pi + 0.3)
    along = np.array([np.cos(angle), np.sin(angle)])
    radius, size = length(rng.uniform(14, 24), _SIZE), length(rng.uniform(7, 14) * CM, _SIZE)
    bone = Bone(
        np.array([*start, 0.0]), np.array([*(start + along * size), 0.0]), radius * rng.uniform(0.4, 1.0), radius
    )
    y, x = np.mgrid[:_SIZE, :_SIZE].astype(np.float32)
    t = ((x - start[0]) * along[0] + (y - start[1]) * along[1]) / size
    first, second = paint.colour(rng), paint.colour(rng, (0.3, 0.95), (0.0, 0.4))
    albedo = np.where((t < rng.uniform(0.1, 0.5))[..., None], first, second)
    return paint.reduced(_solid([bone], albedo, rng, 0.4), SPRITE_SIZE)


def leaf(rng: Rng) -> np.ndarray:
    """Draw a spray of leaves in the foreground. Held out."""
    sprite = np.zeros((_SIZE, _SIZE, 4), np.float32)
    stem = wide(np.array([512.0, 560.0]) + rng.normal(0, 170, 2), _SIZE)
    lean = rng.uniform(0, 2 * np.pi)
    for number in range(int(rng.integers(3, 8))):
        angle = lean + rng.normal(0, 0.5)
        along = np.array([np.cos(angle), np.sin(angle)])
        across = np.array([-along[1], along[0]])
        at = stem + np.array([np.cos(lean), np.sin(lean)]) * number * length(rng.uniform(30, 70), _SIZE)
        size, plump = length(rng.uniform(3, 7) * CM, _SIZE), rng.uniform(0.15, 0.3)
        t = np.linspace(0, 1, 30)
        bulge = np.sin(np.pi * t**0.8) * size * plump
        edge = at + np.outer(t * size, along)
        cover = _filled(np.concatenate([edge + bulge[:, None] * across, (edge - bulge[:, None] * across)[::-1]]))
        y, x = np.mgrid[:_SIZE, :_SIZE].astype(np.float32)
        off = (x - at[0]) * across[0] + (y - at[1]) * across[1]
        rgb = (
            np.array([0.2, 0.4, 0.12], np.float32)
            * rng.uniform(0.5, 1.6)
            * (1 + 0.15 * np.sign(off) + 0.1 * paint.noise(rng, _SIZE, 12, 2))[..., None]
        )
        rgb = np.where((np.abs(off) < 1.3)[..., None], rgb * 1.4, rgb)
        sprite = paint.over(paint.layer(rgb, cover), sprite)
    return paint.reduced(sprite, SPRITE_SIZE)
