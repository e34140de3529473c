"""Train the comb that ships with Pecten, on a CPU (`pecten demo` swaps with it).

    python runs/train_demo_comb.py --footage FOLDER --out WORK

FOLDER holds `performers/NAME_SHOT.mp4` and `truth/bruno_interview901.mp4`, the demo's plate: as in a production, the
target's plate may be learnt from, as the target. No clip of `truth/` shows ada to it. A run that was stopped goes on
where it was. One core of 2 GHz takes about two hours; `pecten comb keep WORK/comb ada bruno chidi -o FILE --half`
makes the file that ships, whose new sha256 belongs into `ORIGINS.json`.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from pecten.dataset.augment import Jitter
from pecten.dataset.crops import load_crops
from pecten.faces.extract import extract_dataset
from pecten.faces.follow import FaceOptions
from pecten.footage.clip import open_clip
from pecten.training.config import preset
from pecten.training.loop import train

SIZE = 512
PEOPLE = ("ada", "bruno", "chidi")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--footage", type=Path, required=True, help="folder with performers/ and truth/")
    parser.add_argument("--out", type=Path, required=True, help="folder for faces/ and comb/")
    parser.add_argument("--images", type=int, default=260_000)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    shape, config = preset("quick", PEOPLE, SIZE, args.images)
    config = replace(
        config,
        # The higher the level, the dearer the image: 32 px teaches expression, 512 px only texture.
        growth=0.62,
        structure_px=256,
        ema_images=2_000,
        jitter=Jitter(rotation_rad=0.03, scale=0.02, shift=0.012),
        checkpoint_images=6_000,
        preview_images=10_000,
        stats_images=600,
    )
    datasets = [load_crops(faces(person, args.footage, args.out / "faces" / person), SIZE) for person in PEOPLE]
    train(datasets, shape, config, args.out / "comb", said)


def faces(person: str, footage: Path, out: Path) -> Path:
    clips = sorted(path for path in (footage / "performers").glob(f"{person}_*.mp4") if "_face" not in path.stem)
    if person == "bruno":
        clips.append(footage / "truth" / "bruno_interview901.mp4")
    if not (out / "record.json").exists():
        extract_dataset([open_clip(clip) for clip in clips], person, out, SIZE, FaceOptions(), said)
    return out


def said(stage: str, done: int, total: int) -> None:
    if done % 6000 < 12 or done == total:
        print(f"{stage}: {done} of {total}", flush=True)


if __name__ == "__main__":
    main()
