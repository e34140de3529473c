"""Pictures to learn from: a clean crop, changed so that few faces stand for many, with an occluder laid over it."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from occluders import paint
from occluders.crops import Crops
from occluders.frame import CROP, CROP_SIZE, MARGIN, SPRITE_SIZE, WIDE
from occluders.paint import Rng
from occluders.sprites import Sprites

_CLEAN = 0.25
"""Share of pictures without any occluder: what must not be cut."""
_SECOND = 0.15
"""Share of covered pictures with a second occluder."""


@dataclass(frozen=True)
class Sample:
    """One picture to learn from.

    Attributes:
        image: (side, side, 3) RGB, display-coded, 0..1.
        visible: (side, side) 1 where the face is seen.
        region: (side, side) 1 where the answer matters.
    """

    image: np.ndarray
    visible: np.ndarray
    region: np.ndarray


def sample(crops: Crops, sprites: Sprites, rng: Rng, side: int) -> Sample:
    """Make one picture of the normalised crop's frame."""
    number = int(rng.integers(0, len(crops.images)))
    columns, rows = _bent(_placed(rng, side, 6, 0.07, 0.025, CROP_SIZE), rng, side)
    image = cv2.remap(crops.images[number], columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    region = cv2.remap(crops.regions[number], columns, rows, cv2.INTER_LINEAR) > 127
    face = image.astype(np.float32) / 255
    skin = crops.skins[number]
    if rng.random() < 0.75:
        face, skin = _other_colours(face, skin, rng)
    if rng.random() < 0.35:
        face = _surrounded(face, region, rng)
    face = _marks(_modelled(face, rng), rng)
    face = _lit(face, rng)
    visible = np.ones((side, side), np.float32)
    if rng.random() >= _CLEAN:
        for _ in range(2 if rng.random() < _SECOND else 1):
            face, visible = _covered(face, visible, skin, sprites, rng)
    face = _recorded(face, rng)
    wide_region = cv2.dilate(region.astype(np.uint8), np.ones((9, 9), np.uint8))
    return Sample(face, visible, wide_region.astype(np.float32))


def _placed(
    rng: Rng, side: int, turn_deg: float, zoom: float, shift: float, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Give for each pixel of the crop its place in a picture of the wide frame, turned, scaled, mirrored."""
    y, x = np.mgrid[:side, :side].astype(np.float32)
    u, v = (x + 0.5) / side - 0.5, (y + 0.5) / side - 0.5
    if rng.random() < 0.5:
        u = -u
    turn, scale = np.radians(rng.normal(0, turn_deg)), np.exp(rng.normal(0, zoom))
    c, s = np.float32(np.cos(turn) * scale), np.float32(np.sin(turn) * scale)
    u, v = c * u - s * v + np.float32(rng.normal(0, shift)), s * u + c * v + np.float32(rng.normal(0, shift))
    return ((u + 0.5) * CROP + MARGIN) * (size / WIDE) - 0.5, ((v + 0.5) * CROP + MARGIN) * (size / WIDE) - 0.5


def _bent(places: tuple[np.ndarray, np.ndarray], rng: Rng, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Bend a face into another's shape."""
    amount = rng.uniform(0, 0.022) * CROP_SIZE
    bends = rng.normal(0, amount, (2, 5, 5)).astype(np.float32)
    x, y = (p + cv2.resize(b, (side, side), interpolation=cv2.INTER_CUBIC) for p, b in zip(places, bends, strict=True))
    return x, y


def _other_colours(face: np.ndarray, skin: np.ndarray, rng: Rng) -> tuple[np.ndarray, np.ndarray]:
    """Give a face another skin: gamma, gain and a mixing of the channels."""
    mix = np.eye(3, dtype=np.float32) + rng.normal(0, 0.07, (3, 3)).astype(np.float32)
    gamma = np.exp(rng.normal(0, 0.3) + rng.normal(0, 0.08, 3)).astype(np.float32)
    grey = rng.uniform(0, 1) if rng.random() < 0.2 else rng.uniform(0, 0.2)

    def change(picture: np.ndarray) -> np.ndarray:
        mixed = np.clip(picture @ mix.T, 1e-3, 1) ** gamma
        return np.asarray(mixed + grey * (mixed.mean(axis=-1, keepdims=True) - mixed), np.float32)

    return np.clip(change(face), 0, 1), np.clip(change(skin[None, None])[0, 0], 0.02, 0.98)


def _surrounded(face: np.ndarray, region: np.ndarray, rng: Rng) -> np.ndarray:
    """Put other hair, cloth or background around a face: the performers wear their hair short."""
    side = len(face)
    away = cv2.distanceTransform((~region).astype(np.uint8), cv2.DIST_L2, 5)
    away = away + rng.uniform(0, 0.03) * side * paint.noise(rng, side, rng.uniform(10, 60), 2)
    alpha = np.clip((away - rng.uniform(0.01, 0.12) * side) / (rng.uniform(0.005, 0.03) * side), 0, 1)
    if rng.random() < 0.6:
        # Streaks, as of hair.
        streaks = paint.noise(rng, side, rng.uniform(2, 8), 2)
        rows = int(rng.integers(2, max(3, side // 6)))
        streaks = cv2.resize(streaks[:rows], (side, side), interpolation=cv2.INTER_CUBIC)
        if rng.random() < 0.2:
            streaks = streaks.T
        tone = paint.colour(rng, (0.03, 0.7), (0.0, 0.6))
        other = tone * (1 + rng.uniform(0.1, 0.6) * streaks[..., None])
    else:
        other = paint.texture(rng, side)
    return np.asarray(face + alpha[..., None] * (np.clip(other, 0, 1) - face), np.float32)


def _modelled(face: np.ndarray, rng: Rng) -> np.ndarray:
    """Deepen or flatten a face's own light and shade, and roughen its skin."""
    side = len(face)
    if rng.random() < 0.4:
        small = cv2.resize(face, (side // 4, side // 4), interpolation=cv2.INTER_AREA)
        broad = cv2.GaussianBlur(small, (0, 0), rng.uniform(0.015, 0.1) * side / 4)
        broad = cv2.resize(broad, (side, side), interpolation=cv2.INTER_LINEAR)
        face = np.clip(face + rng.uniform(-0.5, 0.9) * (face - broad), 0, 1)
    if rng.random() < 0.3:
        pores = paint.noise(rng, side, rng.uniform(1.5, 8), 2)
        face = np.clip(face * (1 + rng.uniform(0.01, 0.06) * pores[..., None]), 0, 1)
    return np.asarray(face, np.float32)


def _marks(face: np.ndarray, rng: Rng) -> np.ndarray:
    """Draw what belongs to a face and to none of the performers: wrinkles, stubble, spots, paint, sweat."""
    side = len(face)
    if rng.random() < 0.35:
        lines = np.zeros((side, side), np.float32)
        for _ in range(int(rng.integers(1, 14))):
            at, angle = rng.uniform(0.2, 0.85, 2) * side, rng.choice([0.0, rng.uniform(0, np.pi)])
            t = np.linspace(-0.5, 0.5, 9)[:, None] * rng.uniform(0.05, 0.25) * side
            line = (
                at
                + t * [math.cos(angle), math.sin(angle)]
                + (t**2) * rng.normal(0, 0.01) * np.array([-math.sin(angle), math.cos(angle)])
            )
            cv2.polylines(
                lines,
                [np.rint(line * 16).astype(np.int32)],
                False,
                rng.uniform(0.2, 1),
                int(rng.integers(1, 3)),
                cv2.LINE_8,
                4,
            )
        lines = cv2.GaussianBlur(lines, (0, 0), rng.uniform(0.8, 2.5))
        face = face * (1 - rng.uniform(0.1, 0.6) * lines[..., None] * np.array([0.8, 1.0, 1.0], np.float32))
    if rng.random() < 0.2:
        area = _patch(rng, side, (0.5, 0.75), 0.22)
        grain = (rng.standard_normal((side, side)) > rng.uniform(0.3, 1.5)).astype(np.float32)
        grain = cv2.GaussianBlur(grain, (0, 0), rng.uniform(0.5, 1.2))
        face = face * (1 - rng.uniform(0.2, 0.7) * (area * grain)[..., None])
    if rng.random() < 0.25:
        area = _patch(rng, side, tuple(rng.uniform(0.25, 0.8, 2)), rng.uniform(0.03, 0.2))
        tint = (
            paint.colour(rng) if rng.random() < 0.3 else np.array([0.9, 0.45, 0.4], np.float32) * rng.uniform(0.4, 1.2)
        )
        face = face + (area * rng.uniform(0.05, 0.4))[..., None] * (tint - face)
    if rng.random() < 0.2:
        area = _patch(rng, side, tuple(rng.uniform(0.25, 0.75, 2)), rng.uniform(0.03, 0.12))
        face = face + (area * rng.uniform(0.1, 0.5))[..., None] * (1 - face)
    if rng.random() < 0.35:
        # Where skin shines or lies in shade: forehead, nose, cheeks, chin.
        for _ in range(int(rng.integers(1, 4))):
            x, y = ((0.5, 0.3), (0.5, 0.55), (0.33, 0.6), (0.67, 0.6), (0.5, 0.84))[int(rng.integers(0, 5))]
            area = _patch(rng, side, (x + rng.normal(0, 0.04), y + rng.normal(0, 0.04)), rng.uniform(0.03, 0.12))
            face = np.clip(face * (1 + (rng.uniform(-0.45, 0.9) * area)[..., None]), 0, 1)
    if rng.random() < 0.15:
        for _ in range(int(rng.integers(1, 30))):
            at = tuple(int(v) for v in rng.uniform(0.2, 0.85, 2) * side)
            shade = float(rng.uniform(0.3, 0.85))
            spot = face[at[1], at[0]] * shade
            cv2.circle(face, at, int(rng.integers(1, 3)), tuple(float(v) for v in spot), -1, cv2.LINE_AA)
    return np.asarray(face, np.float32)


def _patch(rng: Rng, side: int, place: tuple[float, ...], spread: float) -> np.ndarray:
    """A soft, uneven patch."""
    y, x = np.mgrid[:side, :side].astype(np.float32) / side
    stretch = rng.uniform(0.5, 2)
    near = np.exp(-(((x - place[0]) / stretch) ** 2 + ((y - place[1]) * stretch) ** 2) / (2 * spread**2))
    return np.asarray(near * np.clip(1 + 0.4 * paint.noise(rng, side, 30, 2), 0, 1.5), np.float32)


def _lit(face: np.ndarray, rng: Rng) -> np.ndarray:
    """Change the light on a face: a slope, and shadows with soft or hard edges whose caster is not seen."""
    side = len(face)
    y, x = np.mgrid[:side, :side].astype(np.float32) / side - 0.5
    if rng.random() < 0.4:
        angle, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0, 1.6)
        slope = np.exp(strength * (math.cos(angle) * x + math.sin(angle) * y))
        face = face * slope[..., None] ** np.array([1.0, *rng.uniform(0.8, 1.2, 2)], np.float32)
    if rng.random() < 0.25:
        if rng.random() < 0.65:
            angle = rng.uniform(0, 2 * np.pi)
            field = (
                math.cos(angle) * x
                + math.sin(angle) * y
                + rng.normal(0, 0.15)
                + rng.uniform(0, 0.08) * paint.noise(rng, side, 60, 2)
            )
        else:
            field = 0.12 * paint.noise(rng, side, rng.uniform(30, 120), 2) - rng.uniform(0, 0.1)
        softness = _between(rng, 0.01, 0.2)
        shadow = 1 / (1 + np.exp(-np.clip(field / softness, -20, 20)))
        depth = rng.uniform(0.2, 0.7) * np.array([1.0, *rng.uniform(0.9, 1.1, 2)], np.float32)
        face = face * (1 - shadow[..., None] * np.minimum(depth, 0.93))
    return np.clip(face, 0, 1).astype(np.float32)


def _covered(
    face: np.ndarray, visible: np.ndarray, skin: np.ndarray, sprites: Sprites, rng: Rng
) -> tuple[np.ndarray, np.ndarray]:
    """Lay one occluder over a face, with its shadow, out of focus or moving."""
    side = len(face)
    kind, codes = sprites.choose(rng)
    steady = kind == "glasses"
    places = _placed(rng, side, *((5, 0.05, 0.012) if steady else (18, 0.16, 0.06)), SPRITE_SIZE)
    sprite = cv2.remap(codes, *places, cv2.INTER_LINEAR).astype(np.float32) / 255
    sprite = _toned(sprite, kind, skin, face, rng)
    sprite = _blurred(sprite, steady, rng)
    alpha = sprite[..., 3]
    if rng.random() < 0.65:
        shift = rng.normal(0, 0.012 if steady else 0.03, 2) * side
        move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
        shadow = cv2.GaussianBlur(cv2.warpAffine(alpha, move, (side, side)), (0, 0), _between(rng, 1.35, 13.5))
        depth = rng.uniform(0.1, 0.75) * np.array([0.9, 1.0, 1.0], np.float32)
        face = face * (1 - shadow[..., None] * depth)
    return sprite[..., :3] + face * (1 - alpha[..., None]), visible * (1 - alpha)


def _toned(sprite: np.ndarray, kind: str, skin: np.ndarray, face: np.ndarray, rng: Rng) -> np.ndarray:
    """Put an occluder into the light of the picture; a hand often takes the performer's own tone."""
    alpha = sprite[..., 3:]
    covered = float(alpha.sum())
    if covered < 1:
        return sprite
    gain = np.exp(rng.normal(0, 0.25) + rng.normal(0, 0.05, 3)).astype(np.float32)
    if kind == "hand":
        mean = sprite[..., :3].sum(axis=(0, 1)) / covered
        tone = skin if rng.random() < 0.6 else paint.skin(rng)
        gain = (tone / np.maximum(mean, 0.05)) * np.exp(rng.normal(0, 0.12) + rng.normal(0, 0.04, 3)).astype(np.float32)
    straight = sprite[..., :3] / np.maximum(alpha, 1e-3)
    straight = np.clip(straight * gain, 0, 1)
    contrast = rng.uniform(0.6, 1.25)
    middle = straight.mean()
    straight = np.clip(middle + contrast * (straight - middle), 0, 1)
    if rng.random() < 0.3:
        y, x = np.mgrid[: len(sprite), : len(sprite)].astype(np.float32) / len(sprite) - 0.5
        angle = rng.uniform(0, 2 * np.pi)
        straight = np.clip(
            straight * np.exp(rng.uniform(0, 1.5) * (math.cos(angle) * x + math.sin(angle) * y))[..., None], 0, 1
        )
    return np.dstack([straight * alpha, alpha]).astype(np.float32)


def _blurred(sprite: np.ndarray, steady: bool, rng: Rng) -> np.ndarray:
    if rng.random() < 0.35:
        sprite = cv2.GaussianBlur(sprite, (0, 0), _between(rng, 0.4, 1.2 if steady else 3))
    if rng.random() < (0.1 if steady else 0.2):
        reach, angle = rng.uniform(0.01, 0.035 if steady else 0.12) * len(sprite), rng.uniform(0, math.pi)
        sprite = _moved(sprite, (reach * math.cos(angle), reach * math.sin(angle)))
    return sprite


def _moved(sprite: np.ndarray, way: tuple[float, float]) -> np.ndarray:
    """Smear a sprite along a way (px): eight exposures, as three times the mean of two."""
    size = sprite.shape[:2]
    for part in (4, 8, 16):
        shift = np.array([[1, 0, way[0] / part], [0, 1, way[1] / part]], np.float32)
        back = np.array([[1, 0, -way[0] / part], [0, 1, -way[1] / part]], np.float32)
        sprite = 0.5 * (cv2.warpAffine(sprite, shift, size) + cv2.warpAffine(sprite, back, size))
    return sprite


def _recorded(image: np.ndarray, rng: Rng) -> np.ndarray:
    """Record a picture badly: light, colour cast, blur, few pixels, grain, compression."""
    side = len(image)
    image = np.clip(image * np.exp(rng.normal(0, 0.18) + rng.normal(0, 0.04, 3)).astype(np.float32), 0, 1)
    if rng.random() < 0.3:
        image = cv2.pow(image, float(np.exp(rng.normal(0, 0.25))))
    if rng.random() < 0.08:
        image = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)
    if rng.random() < 0.25:
        image = cv2.GaussianBlur(image, (0, 0), _between(rng, 0.4, 1.8))
    fewer = rng.random() < 0.35
    if fewer:
        small = int(side * _between(rng, 0.35, 0.95))
        image = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.6:
        grain = rng.standard_normal(image.shape, dtype=np.float32)
        image = image + _between(rng, 0.003, 0.035) * grain
    codes = np.clip(image * 255, 0, 255).astype(np.uint8)
    if rng.random() < 0.4:
        quality = int(rng.integers(30, 95))
        codes = cv2.imdecode(cv2.imencode(".jpg", codes, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    if fewer:
        codes = cv2.resize(
            codes, (side, side), interpolation=cv2.INTER_CUBIC if rng.random() < 0.6 else cv2.INTER_LINEAR
        )
    return codes.astype(np.float32) / 255


def _between(rng: Rng, low: float, high: float) -> float:
    """Choose a number, every ratio alike."""
    return math.exp(rng.uniform(math.log(low), math.log(high)))
