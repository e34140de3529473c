"""Pictures to measure on while training: the shipped sheet of held-out occluders over the truth clips' crops."""

import cv2
import numpy as np

from occluders.crops import Crops
from occluders.frame import CROP, CROP_SIZE, MARGIN, WIDE
from pecten.benchmark.faces_matte import UNSEEN_KINDS, Covered, cover, scores, sprites


def held_out(crops: Crops, seed: int, side: int) -> list[Covered]:
    """Lay every held-out occluder over four crops, and nothing over all of them."""
    rng = np.random.default_rng([seed, 200])
    y, x = np.mgrid[:side, :side].astype(np.float32)
    columns, rows = (((p + 0.5) / side * CROP + MARGIN) * (CROP_SIZE / WIDE) - 0.5 for p in (x, y))
    pictures = []
    for image, region in zip(crops.images, crops.regions, strict=True):
        crop, matte = (cv2.remap(p, columns, rows, cv2.INTER_LINEAR).astype(np.float32) / 255 for p in (image, region))
        pictures.append((crop, matte))
    held = [Covered(crop, np.ones_like(matte), matte, "nothing") for crop, matte in pictures]
    for number, (kind, sprite) in enumerate(sprites() * 4):
        crop, matte = pictures[(number * 5) % len(pictures)]
        held.append(cover(crop, matte, kind, sprite, rng))
    return held


def figures(held: list[Covered], answers: np.ndarray) -> str:
    """Sum up how well held-out pictures are cut."""
    found = [(one.kind, scores(one, answer)) for one, answer in zip(held, answers, strict=True)]
    covered = [(kind, s) for kind, s in found if s.hidden is not None]
    clean = [
        float((one.matte * (1 - answer)).sum() / one.matte.sum())
        for one, answer in zip(held, answers, strict=True)
        if one.kind == "nothing"
    ]
    parts = [
        f"seen {np.mean([s.seen for _, s in covered]):.4f}",
        f"hidden {np.mean([s.hidden for _, s in covered if s.hidden is not None]):.4f}",
        f"edge {np.mean([s.edge for _, s in covered if s.edge is not None]):.4f}",
        f"unseen kinds {np.mean([s.hidden for k, s in covered if k in UNSEEN_KINDS and s.hidden is not None]):.4f}",
        f"clean {np.mean(clean):.4f} worst {np.max(clean):.4f}",
    ]
    parts += [
        f"{kind} {np.mean([s.hidden for k, s in covered if k == kind and s.hidden is not None]):.3f}"
        for kind in dict.fromkeys(k for k, _ in covered)
    ]
    return "  " + ", ".join(parts)
