"""Draw a performer's head turning into profile, which no clip of the footage shows, as a sequence of pictures.

    python runs/draw_turning_head.py --footage FOLDER --performer chidi --to -92 --out turn/
    pecten swap 'turn/turn.####.png' --comb COMB -s ada -o swapped.mov

A morphable model with the performer's own skin, taken from three frames of FOLDER/performers/NAME_turns*.mp4; a ball
for a skull, a column for a neck, a plain wall. `turn/turns.csv` says how far the head is turned on each picture.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from pecten.baselines.morphable import Fit, Morphable, fit_points, load
from pecten.baselines.render import rasterise
from pecten.baselines.skin import Skin, drawn, skin_of
from pecten.benchmark.footage import Take, read_footage
from pecten.footage.clip import open_clip
from pecten.types import Image

SIDE = 720
BEHIND_CM = 5.0
"""From the face's middle back to the axis that the head turns about."""
SKIN_DEG = (-40.0, 0.0, 40.0)
BLEND_DEG = 30.0
HAIR = (0.09, 0.06, 0.05)
GRAIN = 0.006
FRONT_PX = 3.0
"""How far the face must lie behind the skull to be hidden by it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--footage", type=Path, required=True, help="folder with performers/")
    parser.add_argument("--performer", default="bruno")
    parser.add_argument("--start", type=float, default=20.0, help="first turn, in degrees to the picture's right")
    parser.add_argument("--to", type=float, default=92.0, help="last turn; its sign says to which side")
    parser.add_argument("--frames", type=int, default=37)
    parser.add_argument("--wall", type=float, nargs=3, default=(0.30, 0.33, 0.36), help="red, green and blue")
    parser.add_argument("--out", type=Path, required=True, help="folder for turn.####.png and turns.csv")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    turns = np.copysign(np.linspace(args.start, abs(args.to), args.frames), args.to)
    head, noise = Head(args.footage, args.performer), np.random.default_rng(3)
    for number, turn in enumerate(turns.tolist(), 1):
        picture = head.turned(turn, wall(args.wall)) + noise.normal(0, GRAIN, (SIDE, SIDE, 3))
        picture = np.rint(np.clip(picture, 0, 1)[..., ::-1] * 255).astype(np.uint8)
        cv2.imwrite(str(args.out / f"turn.{number:04d}.png"), picture)
        print(f"{number} of {args.frames}: {turn:.0f} degrees", flush=True)
    rows = [f"{number},{turn:.2f}" for number, turn in enumerate(turns.tolist(), 1)]
    (args.out / "turns.csv").write_text("\n".join(["number,yaw_deg", *rows, ""]), encoding="utf-8")


class Head:
    """A performer's head that can be drawn at any turn."""

    def __init__(self, footage: Path, performer: str) -> None:
        takes = [take for take in read_footage(footage).performers if take.source == performer]
        take = next(take for take in takes if take.shot.startswith("turns"))
        self._model = load()
        chosen = _frames_at(take, SKIN_DEG)
        fit = fit_points(self._model, take.landmarks()[chosen], self._model.landmarks_68)
        clip = open_clip(take.clip)
        pictures = {frame.index: frame.image for frame in clip.frames() if frame.index in chosen}
        self._skins = [
            _skin(pictures[index], posed, self._model)
            for index, posed in zip(chosen, self._model.in_px(fit), strict=True)
        ]
        self._degrees = np.degrees(take.turns()[chosen, 0])
        straight = int(np.abs(self._degrees).argmin())
        self._fit = replace(
            fit.take([straight]), scale=np.array([np.median(fit.scale)]), expression=fit.expression[[straight]] * 0.5
        )
        tip = take.landmarks()[chosen[straight], 30].astype(int)
        skin = np.median(pictures[chosen[straight]][tip[1] - 4 : tip[1] + 4, tip[0] - 4 : tip[0] + 4], axis=(0, 1))
        self._behind, self._triangles, self._colours = _behind(skin)

    def turned(self, turn_deg: float, wall: Image) -> Image:
        """Draw the head, turned to the side, before a wall."""
        turn = np.radians(turn_deg)
        rotation = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
        fit = replace(self._fit, rotation=rotation[None], shift=np.array([[SIDE / 2, SIDE / 2]]))
        shape, behind = self._placed(self._model.shapes(fit)[0], fit), self._placed(self._behind, fit)
        face, rest = rasterise(shape, self._model.triangles, SIDE), rasterise(behind, self._triangles, SIDE)
        sides = behind[self._triangles]
        normals = np.cross(sides[:, 1] - sides[:, 0], sides[:, 2] - sides[:, 0])
        facing = np.abs(normals[:, 2]) / np.maximum(np.linalg.norm(normals, axis=1), 1e-9)
        picture = wall.copy()
        picture[rest.covered] = rest.values(self._colours) * (0.75 + 0.25 * facing[rest.owners])[:, None]
        depths = np.full((2, SIDE, SIDE), -np.inf)
        depths[0][face.covered], depths[1][rest.covered] = face.values(shape)[:, 2], rest.values(behind)[:, 2]
        in_front = (depths[0] > depths[1] - FRONT_PX).astype(np.float32)
        shares = np.exp(-(((turn_deg - self._degrees) / BLEND_DEG) ** 2)) + 1e-3
        skins = list(zip(self._skins, shares.tolist(), strict=True))
        return drawn(picture, in_front, shape, self._model, skins)

    @staticmethod
    def _placed(points: np.ndarray, fit: Fit) -> np.ndarray:
        """Turn points in cm about the head's axis and bring them into the picture, in px."""
        turned = (points - np.array([0.0, 0.0, BEHIND_CM])) @ fit.rotation[0].T
        scale = fit.scale[0] / (1 - fit.nearness * turned[:, 2])
        x, y = SIDE / 2 + scale * turned[:, 0], SIDE / 2 - scale * turned[:, 1]
        return np.stack([x, y, fit.scale[0] * turned[:, 2]], axis=1)


def wall(colour: tuple[float, float, float]) -> Image:
    """Paint a wall a little lighter on the right."""
    across = np.linspace(0.9, 1.1, SIDE)[None, :, None]
    return np.asarray(np.broadcast_to(np.array(colour) * across, (SIDE, SIDE, 3)), np.float32).copy()


def _frames_at(take: Take, degrees: tuple[float, ...]) -> list[int]:
    """Choose frames turned by about so many degrees, and hardly raised or lowered."""
    yaw, pitch = np.degrees(take.turns()[:, :2]).T
    return sorted({int(np.argmin(np.abs(yaw - wanted) + 0.7 * np.abs(pitch))) for wanted in degrees})


def _skin(picture: Image, posed: np.ndarray, model: Morphable) -> Skin:
    high, wide = picture.shape[:2]
    side, above = max(high, wide), (max(high, wide) - high) // 2
    square = np.zeros((side, side, 3), np.float32)
    square[above : above + high, :wide] = picture
    return skin_of(square, np.ones((side, side), np.float32), posed + np.array([0.0, above, 0.0]), model)


def _behind(skin: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Model skull and neck, in cm, as vertices, triangles and the vertices' colours."""
    down = np.linspace(0.02, np.pi - 0.02, 40)
    ball, of_ball = _lathe(np.stack([7.4 * np.sin(down), 3.5 + 9.0 * np.cos(down)], axis=1), -0.5)
    neck, of_neck = _lathe(np.array([(5.2, -2.0), (5.2, -18.0)]), 1.0)
    colours = np.concatenate([np.tile(HAIR, (len(ball), 1)), np.tile(skin * 0.75, (len(neck), 1))])
    return np.concatenate([ball, neck]), np.concatenate([of_ball, of_neck + len(ball)]), colours


def _lathe(profile: np.ndarray, z: float, around: int = 48) -> tuple[np.ndarray, np.ndarray]:
    """Turn a profile of (radius, height) about an upright axis."""
    turns = np.linspace(0, 2 * np.pi, around, endpoint=False)
    points = np.array([(r * np.sin(t), height, z + r * np.cos(t)) for r, height in profile for t in turns])
    ring, place = np.meshgrid(np.arange(len(profile) - 1), np.arange(around), indexing="ij")
    a, b = ring * around + place, ring * around + (place + 1) % around
    quads = np.stack([a, b, b + around, a + around], axis=-1).reshape(-1, 4)
    return points, np.concatenate([quads[:, [0, 3, 1]], quads[:, [1, 3, 2]]])


if __name__ == "__main__":
    main()
