"""Train the comb that ships with Pecten, on a CPU (`pecten demo` swaps with it).

    python runs/train_demo_comb.py --footage FOLDER --out WORK

FOLDER holds `performers/NAME_SHOT.mp4` and `truth/bruno_interview901.mp4`, the demo's plate: as in a production, the
target's plate may be learnt from, as the target. Nothing else of `truth/` is shown to it. First the comb grows to
512 px; then it stays there at a learning rate raised again, because the rate has fallen too low by the time the last
level's layers are new; then it is given pictures of fine detail; then a trunk that all share, with which it grows once
more from 64 to 256 px, and stays at 512 px at a rate raised again; then irises, with which it stays there once more;
in the end its fine detail is sharpened.
(That is how it came about: from nothing with all of it, as the presets have it, was not tried at this length.) A run
that was stopped goes on where it was. One core takes about six hours.
WORK/demo.safetensors is the file that ships; its sha256 belongs into `ORIGINS.json`.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from pecten.comb.config import CombConfig
from pecten.comb.model import Comb
from pecten.comb.weights import FILE_NAME, file_of, load_comb, read_header, save_comb
from pecten.dataset.augment import Jitter
from pecten.dataset.crops import CropSet, load_crops
from pecten.faces.extract import extract_dataset
from pecten.faces.follow import FaceOptions
from pecten.files import sha256_of
from pecten.footage.clip import open_clip
from pecten.training.config import TrainConfig, preset
from pecten.training.loop import train

SIZE = 512
PEOPLE = ("ada", "bruno", "chidi")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--footage", type=Path, required=True, help="folder with performers/ and truth/")
    parser.add_argument("--out", type=Path, required=True, help="folder for faces/ and six combs")
    parser.add_argument("--images", type=int, default=230_000, help="of the growing part")
    parser.add_argument("--finish", type=int, default=22_000, help="images at the full size after it")
    parser.add_argument("--detail", type=int, default=30_000, help="images with a texture after that")
    parser.add_argument("--trunk", type=int, default=100_000, help="images with a shared trunk after that")
    parser.add_argument("--last", type=int, default=15_000, help="images at the full size after that")
    parser.add_argument("--irises", type=int, default=4_000, help="images with irises in the end")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    datasets = [load_crops(faces(person, args.footage, args.out / "faces" / person), SIZE) for person in PEOPLE]
    shape, config = preset("quick", PEOPLE, SIZE, args.images)
    whole = replace(shape, irises=False)
    bare = replace(whole, texture=0, trunk="own")
    config = replace(
        config,
        detail_weight=0.0,
        sharpen=False,
        # The higher the level, the dearer the image: 32 px teaches expression, 512 px only texture.
        growth=0.62,
        structure_px=256,
        ema_images=2_000,
        jitter=Jitter(rotation_rad=0.03, scale=0.02, shift=0.012, shading=0.4),
        checkpoint_images=6_000,
        preview_images=10_000,
    )
    grown = train(datasets, bare, config, args.out / "comb", said)
    last = replace(
        config,
        images=args.finish,
        start_px=SIZE,
        learning_rate=1.6e-2,
        decay_share=0.85,
        ema_images=1_000,
        checkpoint_images=3_000,
        base_sha256=sha256_of(file_of(grown)),
    )
    done = train(datasets, bare, last, args.out / "finish", said, base=load_comb(grown))
    fine = replace(
        last,
        images=args.detail,
        learning_rate=1.2e-2,
        decay_share=0.8,
        final_rate=0.03,
        detail_weight=1.0,
        ema_images=600,
        base_sha256=sha256_of(file_of(done)),
    )
    sharp = train(datasets, replace(bare, texture=whole.texture), fine, args.out / "detail", said, base=load_comb(done))
    again = replace(
        config,
        images=args.trunk,
        start_px=64,
        growth=0.75,
        fade_share=0.1,
        learning_rate=2e-2,
        warmup_images=600,
        decay_share=0.6,
        final_rate=0.03,
        detail_weight=1.0,
        checkpoint_images=3_000,
        base_sha256=sha256_of(file_of(sharp)),
    )
    trunk = train_below_full_size(datasets, whole, again, args.out / "trunk", load_comb(sharp))
    end = replace(
        again,
        images=args.last,
        start_px=SIZE,
        learning_rate=1.6e-2,
        warmup_images=300,
        decay_share=0.8,
        ema_images=600,
        checkpoint_images=1_500,
        base_sha256=sha256_of(file_of(trunk)),
    )
    still = train(datasets, whole, end, args.out / "last", said, base=load_comb(trunk))
    gaze = replace(end, images=args.irises, decay_share=0.85, ema_images=400, base_sha256=sha256_of(file_of(still)))
    gaze = replace(gaze, sharpen=True)
    ready = train(datasets, shape, gaze, args.out / "irises", said, base=load_comb(still))
    headers = [read_header(path) for path in (grown, done, sharp, trunk, still, ready)]
    kept = {key: headers[-1][key] for key in ("seen", "sharpened")}
    kept["images_seen"] = sum(header["images_seen"] for header in headers)
    save_comb(args.out / "demo.safetensors", load_comb(ready), kept, half=True)


def train_below_full_size(
    datasets: list[CropSet], shape: CombConfig, config: TrainConfig, out: Path, base: Comb
) -> Path:
    """Teach all levels but the last, for which the rate would have fallen too low."""
    below = sum(phase.images for phase in config.phases(shape) if phase.level < shape.highest_level)
    if (out / FILE_NAME).is_file() and read_header(out)["images_seen"] >= below:
        return out
    seen = [0]

    def told(stage: str, done: int, total: int) -> None:
        seen[0] = done
        said(stage, done, total)

    return train(datasets, shape, config, out, told, should_stop=lambda: seen[0] >= below, base=base)


def faces(person: str, footage: Path, out: Path) -> Path:
    clips = sorted(path for path in (footage / "performers").glob(f"{person}_*.mp4") if "_face" not in path.stem)
    if person == "bruno":
        clips.append(footage / "truth" / "bruno_interview901.mp4")
    if not (out / "record.json").exists():
        extract_dataset([open_clip(clip) for clip in clips], person, out, SIZE, FaceOptions(), said)
    return out


def said(stage: str, done: int, total: int) -> None:
    if done % 6000 < len(PEOPLE) * 4 or done == total:
        print(f"{stage}: {done} of {total}", flush=True)


if __name__ == "__main__":
    main()
