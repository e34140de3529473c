"""Hands: a jointed skeleton of tapered capsules, lit as a relief, with nails, creases and a forearm or sleeve."""

from typing import NamedTuple

import cv2
import numpy as np

from occluders import paint
from occluders.frame import BROW, CHIN, CM, EYES, MOUTH, NOSE, SPRITE_SIZE, length, wide
from occluders.paint import Rng

_OVERSAMPLING = 1.5
# A palm's length is the unit: where the fingers begin, how long their bones are, how thick.
_KNUCKLES = ((0.33, 0.98), (0.11, 1.03), (-0.12, 0.98), (-0.33, 0.86))
_BONES = (0.47, 0.29, 0.22)
_FINGERS = (0.95, 1.05, 0.98, 0.78)
_GIRTH = (0.112, 0.115, 0.108, 0.094)


class Bone(NamedTuple):
    """A tapered capsule."""

    start: np.ndarray
    end: np.ndarray
    start_radius: float
    end_radius: float


class Finger(NamedTuple):
    """Bones from the knuckle to the tip."""

    bones: list[Bone]


def pose(rng: Rng) -> tuple[list[Bone], list[Finger]]:
    """Bend a right hand, its palm's length as unit, fingers along y, back of the hand towards z."""
    style = rng.choice(["open", "relaxed", "curled", "fist", "point", "pinch"], p=[0.3, 0.3, 0.14, 0.08, 0.1, 0.08])
    spread = rng.uniform(-0.05, 0.22) if style == "open" else rng.uniform(-0.03, 0.08)
    fingers = []
    for number, (x, y) in enumerate(_KNUCKLES):
        bend = _bend(style, number, rng)
        turn = (1.4 - number) * spread + rng.normal(0, 0.03)
        fingers.append(
            _finger(np.array([x, y, 0.0]), turn, bend, _FINGERS[number] * rng.uniform(0.95, 1.05), _GIRTH[number])
        )
    fingers.append(_thumb(style, rng))
    palm = [
        Bone(np.array([0.55 * x, 0.08, -0.03]), np.array([x, y - 0.03, 0.0]), 0.19, 0.125 if number < 3 else 0.115)
        for number, (x, y) in enumerate(_KNUCKLES)
    ]
    palm.append(Bone(np.array([0.12, 0.15, -0.06]), fingers[-1].bones[0].start, 0.19, 0.14))
    return palm, fingers


def _bend(style: str, number: int, rng: Rng) -> np.ndarray:
    """Choose how far a finger's three joints bend, in radians."""
    ranges = {
        "open": (-0.1, 0.25),
        "relaxed": (0.1, 0.6),
        "curled": (0.6, 1.2),
        "fist": (1.3, 1.6),
        "point": (-0.05, 0.2) if number == 0 else (1.2, 1.6),
        "pinch": (0.5, 0.9) if number == 0 else (0.2, 1.0),
    }
    low, high = ranges[style]
    bend = rng.uniform(low, high)
    return np.array([bend * 0.8, bend, bend * 0.6]) + rng.normal(0, 0.05, 3)


def _finger(base: np.ndarray, turn: float, bend: np.ndarray, scale: float, girth: float) -> Finger:
    bones, angle, at = [], 0.0, base
    for joint in range(3):
        angle += bend[joint]
        along = np.array([np.sin(turn) * np.cos(angle), np.cos(turn) * np.cos(angle), -np.sin(angle)])
        to = at + along * _BONES[joint] * scale
        bones.append(Bone(at, to, girth * (1 - 0.1 * joint), girth * (0.9 - 0.1 * joint)))
        at = to
    return Finger(bones)


def _thumb(style: str, rng: Rng) -> Finger:
    base = np.array([0.43, 0.42, -0.08])
    away = rng.uniform(0.1, 0.9) if style in ("open", "relaxed") else rng.uniform(-0.6, 0.3)
    at, bones = base, []
    for joint, (size, radius) in enumerate(((0.36, 0.12), (0.30, 0.105))):
        turn = away - joint * rng.uniform(0.0, 0.5)
        drop = rng.uniform(0.0, 0.5)
        to = at + size * np.array([np.sin(turn) * np.cos(drop), np.cos(turn) * np.cos(drop), -np.sin(drop)])
        bones.append(Bone(at, to, radius, radius * 0.88))
        at = to
    return Finger(bones)


def _rotation(rng: Rng, up_rad: float) -> np.ndarray:
    """Choose a turn in space: the hand's own up goes to `up_rad`, its back or its palm faces the viewer."""
    side = 0.0 if rng.random() < 0.6 else np.pi
    yaw, pitch = side + rng.normal(0, 0.45), rng.normal(0, 0.35)
    c, s = np.cos(yaw), np.sin(yaw)
    about_y = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    c, s = np.cos(pitch), np.sin(pitch)
    about_x = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    c, s = np.cos(up_rad), np.sin(up_rad)
    about_z = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    mirror = np.diag([rng.choice([-1.0, 1.0]), 1.0, 1.0])
    # Pictures count y downwards.
    return np.diag([1.0, -1.0, 1.0]) @ about_z @ about_x @ about_y @ mirror


def relief(bones: list[Bone], size: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw the front surface of capsules.

    Args:
        bones: In px.
        size: Of the picture, in px.
    Returns:
        The height (px, -1e4 where there is nothing) and the signed distance to the outline (px, positive inside).
    """
    y, x = np.mgrid[:size, :size].astype(np.float32)
    height = np.full((size, size), -1e4, np.float32)
    inside = np.full((size, size), -1e4, np.float32)
    for bone in bones:
        reach = max(bone.start_radius, bone.end_radius) + 2
        ends = np.stack([bone.start[:2], bone.end[:2]])
        x0, y0 = np.clip(np.floor(ends.min(axis=0) - reach), 0, size).astype(int)
        x1, y1 = np.clip(np.ceil(ends.max(axis=0) + reach) + 1, 0, size).astype(int)
        if x0 >= x1 or y0 >= y1:
            continue
        part = np.s_[y0:y1, x0:x1]
        along = bone.end[:2] - bone.start[:2]
        t = ((x[part] - bone.start[0]) * along[0] + (y[part] - bone.start[1]) * along[1]) / max(along @ along, 1e-6)
        t = np.clip(t, 0, 1).astype(np.float32)
        off = np.hypot(x[part] - bone.start[0] - t * along[0], y[part] - bone.start[1] - t * along[1])
        radius = bone.start_radius + t * (bone.end_radius - bone.start_radius)
        z = bone.start[2] + t * (bone.end[2] - bone.start[2])
        front = z + 0.85 * np.sqrt(np.maximum(radius**2 - off**2, 0))
        height[part] = np.where(off < radius, np.maximum(height[part], front), height[part])
        inside[part] = np.maximum(inside[part], radius - off)
    return height, inside


def hand(rng: Rng, target: tuple[float, float] | None = None) -> np.ndarray:
    """Draw a hand before the face, in neutral light skin; its tone is set when it is composited."""
    size = int(SPRITE_SIZE * _OVERSAMPLING)
    palm, fingers = pose(rng)
    unit = length(rng.uniform(7.8, 11.5) * CM, size)
    up = rng.normal(0, 0.8) if rng.random() < 0.75 else rng.uniform(-np.pi, np.pi)
    turn = _rotation(rng, up) * unit
    # What is laid onto the face: the middle of the palm, a knuckle or a fingertip.
    anchors = [np.array([0.0, 0.6, 0.0]), np.array([0.1, 1.0, 0.0]), fingers[int(rng.integers(0, 4))].bones[-1].end]
    anchor = turn @ anchors[int(rng.choice(3, p=[0.35, 0.25, 0.4]))]
    if target is None:
        places = [EYES[0], EYES[1], NOSE, MOUTH, CHIN, BROW, (250.0, 620.0), (774.0, 620.0)]
        target = places[int(rng.integers(0, len(places)))]
    shift = wide(np.array(target) + rng.normal(0, 60, 2), size) - anchor[:2]
    place = np.array([*shift, 0.0])

    def moved(bone: Bone) -> Bone:
        return Bone(
            turn @ bone.start + place, turn @ bone.end + place, bone.start_radius * unit, bone.end_radius * unit
        )

    fingers = [Finger([moved(b) for b in finger.bones]) for finger in fingers]
    arm = moved(Bone(np.array([0.0, 0.05, -0.1]), np.array([rng.normal(0, 0.3), -4.0, -0.1]), 0.24, 0.42))
    flesh = [moved(b) for b in palm] + [b for finger in fingers for b in finger.bones]
    back = float((turn / unit)[2, 2]) > 0
    sprite = _flesh(flesh, arm, fingers, back, unit, size, rng)
    if rng.random() < 0.45:
        sprite = paint.over(_sleeve(arm, unit, size, rng), sprite)
    return paint.reduced(sprite, SPRITE_SIZE)


def _flesh(
    flesh: list[Bone], arm: Bone, fingers: list[Finger], back: bool, unit: float, size: int, rng: Rng
) -> np.ndarray:
    height, inside = relief([*flesh, arm], size)
    alpha = np.clip(inside + 0.5, 0, 1)
    floor = height[height > -1e3].min() if (height > -1e3).any() else 0.0
    height = np.where(height > -1e3, height, floor - 0.1 * unit).astype(np.float32)
    solid = cv2.GaussianBlur(height, (0, 0), 0.018 * unit)
    hollow = np.clip((cv2.GaussianBlur(height, (0, 0), 0.07 * unit) - height) / (0.12 * unit), 0, 1)
    base = np.array([0.80, 0.60, 0.50], np.float32)
    blotch = paint.noise(rng, size, 0.25 * unit, 2)[..., None] * np.array([0.02, 0.05, 0.06], np.float32)
    pores = paint.noise(rng, size, rng.uniform(1.5, 4), 2)[..., None] * rng.uniform(0.005, 0.035)
    albedo = base * (1 + rng.uniform(0.2, 1.0) * blotch + pores)
    red = _near_tips(fingers, size, 0.2 * unit)[..., None] * rng.uniform(0, 0.5)
    albedo = albedo * (1 - red * np.array([0.0, 0.16, 0.14], np.float32))
    albedo *= 1 - _creases(fingers, back, unit, size, rng)[..., None] * np.array([0.35, 0.45, 0.5], np.float32)
    solid = solid + paint.noise(rng, size, 0.15 * unit, 2) * rng.uniform(0.0, 0.005) * unit
    rgb = paint.shade(
        albedo, solid * rng.uniform(0.5, 1.0), rng, gloss=rng.uniform(0, 0.22), wrap=rng.uniform(0.2, 0.6)
    )
    rgb = rgb * (1 - rng.uniform(0.3, 0.7) * hollow[..., None] * np.array([0.7, 1.0, 1.0], np.float32))
    if back:
        rgb = _nails(rgb, fingers, unit, rng)
    return paint.layer(rgb, alpha)


def _near_tips(fingers: list[Finger], size: int, reach: float) -> np.ndarray:
    y, x = np.mgrid[:size, :size].astype(np.float32)
    near = np.zeros((size, size), np.float32)
    for finger in fingers:
        tip = finger.bones[-1].end
        near = np.maximum(near, np.exp(-((x - tip[0]) ** 2 + (y - tip[1]) ** 2) / (2 * reach**2)))
    return near


def _creases(fingers: list[Finger], back: bool, unit: float, size: int, rng: Rng) -> np.ndarray:
    """Lines across the joints: bundles on the back of a finger, single ones on its inside; and the palm's lines."""
    page = np.zeros((size, size), np.float32)
    for finger in fingers:
        for bone in finger.bones[1:] if back else finger.bones:
            along = bone.end[:2] - bone.start[:2]
            if np.linalg.norm(along) < 0.05 * unit:
                continue
            along = along / np.linalg.norm(along)
            across = np.array([-along[1], along[0]])
            for _ in range(int(rng.integers(2, 6)) if back else int(rng.integers(1, 3))):
                at = bone.start[:2] + along * rng.normal(0, 0.05) * unit
                half = across * bone.start_radius * rng.uniform(0.4, 0.85) + along * rng.normal(0, 0.02) * unit
                bow = along * rng.normal(0, 0.03) * unit
                line = np.stack([at - half, at + bow, at + half])
                cv2.polylines(
                    page, [np.rint(line * 16).astype(np.int32)], False, rng.uniform(0.2, 0.8), 1, cv2.LINE_8, 4
                )
    return cv2.GaussianBlur(page, (0, 0), rng.uniform(0.7, 1.3)) * rng.uniform(0.4, 1.0)


def _nails(rgb: np.ndarray, fingers: list[Finger], unit: float, rng: Rng) -> np.ndarray:
    size = len(rgb)
    polish = paint.colour(rng, (0.2, 0.9)) if rng.random() < 0.2 else None
    for finger in fingers:
        bone = finger.bones[-1]
        along = (bone.end - bone.start) / (np.linalg.norm(bone.end - bone.start) + 1e-6)
        flat = float(np.linalg.norm(along[:2]))
        if flat < 0.35:
            continue
        radius = bone.end_radius
        at = bone.end[:2] - along[:2] * radius * 0.05
        angle = float(np.degrees(np.arctan2(along[1], along[0])))
        mask = np.zeros((size, size), np.float32)
        axes = (radius * rng.uniform(0.75, 0.95) * flat, radius * 0.66)
        box = (tuple(float(v) for v in at), (2 * axes[0], 2 * axes[1]), angle)
        cv2.ellipse(mask, box, 1.0, -1, cv2.LINE_8)
        rim = cv2.GaussianBlur(mask, (0, 0), 1.2)
        mask = cv2.GaussianBlur(mask, (0, 0), 0.8)
        tone = np.array([1.06, 1.0, 0.99], np.float32) * rgb if polish is None else 0.25 * rgb + 0.75 * polish
        y, x = np.mgrid[:size, :size].astype(np.float32)
        shine = np.exp(-(((x - at[0] + 0.2 * radius) / (0.5 * radius)) ** 2 + ((y - at[1]) / (0.3 * radius)) ** 2))
        nail = np.clip(tone + rng.uniform(0.05, 0.25) * shine[..., None], 0, 1)
        rgb = rgb * (1 - 0.25 * np.clip(rim - mask, 0, 1)[..., None])
        rgb = rgb + mask[..., None] * (nail - rgb)
    return rgb


def _sleeve(arm: Bone, unit: float, size: int, rng: Rng) -> np.ndarray:
    along = arm.end - arm.start
    along = along / np.linalg.norm(along)
    start = arm.start + along * unit * rng.uniform(0.1, 0.8)
    cloth = Bone(start, arm.end, unit * rng.uniform(0.32, 0.42), unit * rng.uniform(0.45, 0.65))
    height, inside = relief([cloth], size)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    # The cuff ends straight, not round.
    past = (x - start[0]) * along[0] + (y - start[1]) * along[1]
    alpha = np.clip(np.minimum(inside, past) + 0.5, 0, 1)
    height = np.where(height > -1e3, height, 0) + paint.noise(rng, size, 0.3 * unit, 3) * 0.04 * unit
    rgb = paint.shade(paint.texture(rng, size), height * rng.uniform(0.4, 0.8), rng, gloss=0.02)
    return paint.layer(rgb, alpha)
