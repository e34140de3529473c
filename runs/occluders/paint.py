"""Noise, colours and layers: what every occluder is drawn with."""

import colorsys

import cv2
import numpy as np

Rng = np.random.Generator


def noise(rng: Rng, size: int, grain_px: float, octaves: int = 3) -> np.ndarray:
    """Draw smooth noise of about unit spread; each octave is half as coarse and 0.6 as strong."""
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        cells = int(np.clip(np.ceil(size / max(grain_px / 2**octave, 1.0)) + 3, 4, size + 3))
        coarse = rng.standard_normal((cells, cells)).astype(np.float32)
        total += 0.6**octave * cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    return total / (total.std() + 1e-6)


def colour(
    rng: Rng, value: tuple[float, float] = (0.05, 0.95), saturation: tuple[float, float] = (0.0, 0.9)
) -> np.ndarray:
    """Choose a colour."""
    rgb = colorsys.hsv_to_rgb(rng.random(), rng.uniform(*saturation) ** 1.5, rng.uniform(*value))
    return np.array(rgb, np.float32)


def skin(rng: Rng) -> np.ndarray:
    """Choose a skin colour, from deep brown to pale."""
    stops = np.array(
        [[0.22, 0.13, 0.09], [0.40, 0.26, 0.19], [0.58, 0.40, 0.30], [0.74, 0.55, 0.45], [0.88, 0.70, 0.61]], np.float32
    )
    place = rng.uniform(0, len(stops) - 1.001)
    low = int(place)
    mixed = stops[low] + (place - low) * (stops[low + 1] - stops[low])
    return np.clip(mixed * (1 + 0.05 * rng.standard_normal(3).astype(np.float32)), 0.03, 0.97)


def texture(rng: Rng, size: int) -> np.ndarray:
    """Paint a surface: plain, mottled, striped, checked, dotted, printed or two-coloured."""
    kind = rng.integers(0, 7)
    first, second = colour(rng), colour(rng)
    if kind == 0:
        weight = np.zeros((size, size), np.float32)
    elif kind == 1:
        weight = 0.5 + 0.5 * np.tanh(noise(rng, size, rng.uniform(4, 80)))
    elif kind in (2, 3):
        weight = _stripes(rng, size)
        if kind == 3:
            weight = 0.5 * (weight + _stripes(rng, size))
    elif kind == 4:
        step = rng.uniform(5, 25)
        y, x = np.mgrid[:size, :size].astype(np.float32)
        weight = (np.hypot((x % step) - step / 2, (y % step) - step / 2) < step * rng.uniform(0.15, 0.45)).astype(
            np.float32
        )
    elif kind == 5:
        weight = _print(rng, size)
    else:
        weight = (noise(rng, size, rng.uniform(20, 120)) > rng.uniform(-0.8, 0.8)).astype(np.float32)
    painted = first + weight[..., None] * (second - first)
    fine = noise(rng, size, rng.uniform(1, 5), 2)
    return painted * (1 + rng.uniform(0, 0.12) * fine[..., None])


def _stripes(rng: Rng, size: int) -> np.ndarray:
    y, x = np.mgrid[:size, :size].astype(np.float32)
    angle, period = rng.uniform(0, np.pi), rng.uniform(4, 40)
    wave = np.sin(
        2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / period + 0.8 * noise(rng, size, 80, 1) * rng.random()
    )
    return 0.5 + 0.5 * np.tanh(wave * rng.uniform(1, 12))


def _print(rng: Rng, size: int) -> np.ndarray:
    """Letters and boxes, as on packets and screens."""
    page = np.zeros((size, size), np.uint8)
    for _ in range(int(rng.integers(4, 20))):
        x, y = (int(v) for v in rng.integers(0, size, 2))
        if rng.random() < 0.5:
            word = "".join(chr(int(c)) for c in rng.integers(48, 122, int(rng.integers(2, 9))))
            cv2.putText(
                page,
                word,
                (x, y),
                int(rng.integers(0, 7)),
                rng.uniform(0.3, 1.6),
                255,
                int(rng.integers(1, 3)),
                cv2.LINE_AA,
            )
        else:
            w, h = (int(v) for v in rng.integers(6, 60, 2))
            cv2.rectangle(page, (x, y), (x + w, y + h), int(rng.integers(80, 255)), -1 if rng.random() < 0.5 else 1)
    return page.astype(np.float32) / 255


def light(rng: Rng) -> np.ndarray:
    """Choose the direction that light comes from: usually above and in front."""
    direction = np.array([rng.normal(0, 0.6), rng.normal(-0.5, 0.5), rng.uniform(0.4, 1.0)])
    return (direction / np.linalg.norm(direction)).astype(np.float32)


def shade(albedo: np.ndarray, height: np.ndarray, rng: Rng, gloss: float, wrap: float = 0.3) -> np.ndarray:
    """Light a relief (heights in px towards the viewer)."""
    towards = light(rng)
    dy, dx = np.gradient(height)
    norm = np.sqrt(dx**2 + dy**2 + 1)
    facing = np.clip((-dx * towards[0] - dy * towards[1] + towards[2]) / norm, -1, 1)
    diffuse = np.clip((facing + wrap) / (1 + wrap), 0, 1)
    ambient = rng.uniform(0.25, 0.6)
    half = towards + np.array([0, 0, 1], np.float32)
    half /= np.linalg.norm(half)
    mirror = np.clip((-dx * half[0] - dy * half[1] + half[2]) / norm, 0, 1) ** rng.uniform(8, 60)
    lit = albedo * (ambient + (1 - ambient) * diffuse * rng.uniform(0.95, 1.15))[..., None]
    return np.clip(lit + gloss * mirror[..., None], 0, 1).astype(np.float32)


def layer(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Make a sprite of straight colour and coverage."""
    alpha = np.clip(alpha, 0, 1).astype(np.float32)
    return np.dstack([np.clip(rgb, 0, 1) * alpha[..., None], alpha]).astype(np.float32)


def over(top: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Lay one sprite over another."""
    return top + below * (1 - top[..., 3:])


def reduced(sprite: np.ndarray, size: int) -> np.ndarray:
    """Average a sprite that was drawn larger down to its size."""
    return cv2.resize(sprite, (size, size), interpolation=cv2.INTER_AREA)
