"""Draw the sheet of occluders that the occlusion matte is measured on; none of them is ever trained on.

    python runs/make_held_out_occluders.py src/pecten/assets/occluders/held_out.webp

Card, pen and leaf are kinds that training never draws; the others are drawn from seeds that it never uses. Tiles lie
in the normalised crop's frame, in the order of `pecten.benchmark.faces_matte.TILES`, straight RGB and coverage.
"""

import sys
from pathlib import Path

import cv2
import numpy as np
from occluders import kinds
from occluders.frame import CROP, MARGIN, SPRITE_SIZE, WIDE

from pecten.benchmark.faces_matte import COLUMNS, TILE, TILES

SEED = 7_000_001


def tile(kind: str, number: int) -> np.ndarray:
    """Draw a tile; drawn again until it covers some of the face."""
    for attempt in range(200):
        sprite = kinds.draw(kind, np.random.default_rng([SEED, number, attempt]))
        ratio = TILE / CROP * WIDE / SPRITE_SIZE
        shift = -MARGIN * TILE / CROP + 0.5 * ratio - 0.5
        matrix = np.array([[ratio, 0, shift], [0, ratio, shift]])
        placed = cv2.warpAffine(sprite, matrix, (TILE, TILE), flags=cv2.INTER_CUBIC)
        alpha = np.clip(placed[..., 3:], 0, 1)
        face = np.zeros((TILE, TILE), np.float32)
        cv2.ellipse(face, (TILE // 2, round(TILE * 0.57)), (round(TILE * 0.27), round(TILE * 0.32)), 0, 0, 360, 1.0, -1)
        covered = float((alpha[..., 0] * face).sum() / face.sum())
        if (0.01 if kind in ("pen", "hair", "bar") else 0.06) < covered < 0.75:
            return np.dstack([np.clip(placed[..., :3] / np.maximum(alpha, 1e-3), 0, 1), alpha])
    raise SystemExit(f"{kind} {number}: covers too little or too much of the face in 200 drawings")


def main(out: Path) -> None:
    tiles = [tile(kind, number) for number, kind in enumerate(TILES)]
    rows = [np.hstack(tiles[at : at + COLUMNS]) for at in range(0, len(tiles), COLUMNS)]
    codes = np.rint(np.vstack(rows) * 255).astype(np.uint8)
    out.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(out), cv2.cvtColor(codes, cv2.COLOR_RGBA2BGRA), [cv2.IMWRITE_WEBP_QUALITY, 85])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
