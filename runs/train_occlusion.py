"""Train the network that cuts what stands before a face out of its matte (`pecten.faces.occlusion`).

    python runs/train_occlusion.py --footage FOLDER --out src/pecten/assets/models/occlusion.onnx

FOLDER holds `performers/` (learnt from) and `truth/` (measured on). Clean crops and drawn occluders are kept in
`--work` and made only once; a run that was stopped goes on where it was (checkpoint_NAME.pt in `--work`). Every picture
comes from (seed, images seen). Needs the development extra (onnx). An image costs about 30 ms of a core with AVX-512
bf16, half of it in a process of its own that makes the pictures: about an hour with the default number on
two free cores. Progress and figures are printed. Weights that ship need their new sha256 in `ORIGINS.json`.
"""

import argparse
import math
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import torch
from occluders import crops, sprites
from occluders.compose import Sample, sample
from occluders.held_out import figures, held_out
from occluders.network import Matter, to_onnx
from torch.nn import functional

from pecten.benchmark.faces_matte import Covered
from pecten.benchmark.footage import read_footage
from pecten.files import replacing
from pecten.types import silent

SIDE = 192
EARLY_SIDE = 160
EARLY = 0.5
"""Share of the images that are learnt from at `EARLY_SIDE`, where they cost 0.7 as much."""
BATCH = 8


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--footage", type=Path, required=True, help="folder with performers/ and truth/")
    parser.add_argument("--out", type=Path, required=True, help="ONNX file to write")
    parser.add_argument("--work", type=Path, default=Path("occlusion-work"), help="crops, sprites, checkpoint")
    parser.add_argument("--images", type=int, default=180_000)
    parser.add_argument("--sprites", type=int, default=3000)
    parser.add_argument("--every", type=int, default=2, help="frames between two crops of a clip")
    parser.add_argument("--rate", type=float, default=3e-3, help="highest learning rate")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--workers", type=int, default=1, help="processes that make pictures beside the training; 0 is none"
    )
    parser.add_argument("--start", type=Path, help="weights (.pt) to begin with")
    return parser.parse_args()


def said(stage: str, done: int, total: int) -> None:
    print(f"{stage}: {done} of {total}", flush=True)


Batch = tuple[np.ndarray, ...]
"""Images (n, 3, h, w), what is seen of the face, where the face is, and the weight of each pixel (n, 1, h, w)."""


def weight_of(made: Sample) -> np.ndarray:
    """Weigh pixels: little outside the face, much at the occluder's edge."""
    reach = np.ones((7, 7), np.uint8)
    edge = cv2.dilate(made.visible, reach) - cv2.erode(made.visible, reach)
    return (made.region + np.float32(0.15)) * (1 + 2 * edge)


class Maker:
    """Makes batches; one in every process."""

    pools: tuple[crops.Crops, sprites.Sprites]

    @classmethod
    def begin(cls, args: argparse.Namespace) -> None:
        cv2.setNumThreads(1)
        takes = list(read_footage(args.footage).performers)
        cls.pools = (
            crops.gather(takes, args.work, args.every, silent),
            sprites.gather(args.work / "sprites", args.sprites, args.seed, silent),
        )

    @classmethod
    def batch(cls, seed: int, seen: int, side: int) -> Batch:
        made = [sample(*cls.pools, np.random.default_rng([seed, 100, seen + i]), side) for i in range(BATCH)]
        weights = [weight_of(m) for m in made]
        parts = (
            [m.image.transpose(2, 0, 1) for m in made],
            [m.visible[None] for m in made],
            [m.region[None] for m in made],
        )
        return tuple(np.stack(part) for part in (*parts, [w[None] for w in weights]))


def side_at(seen: int, args: argparse.Namespace) -> int:
    return EARLY_SIDE if seen < EARLY * args.images else SIDE


def batches(args: argparse.Namespace, seen: int) -> Iterator[Batch]:
    if not args.workers:
        Maker.begin(args)
        for at in range(seen, args.images, BATCH):
            yield Maker.batch(args.seed, at, side_at(at, args))
        return
    with ProcessPoolExecutor(args.workers, initializer=Maker.begin, initargs=(args,)) as pool:
        ahead: list[Future[Batch]] = []
        for at in range(seen, args.images, BATCH):
            ahead.append(pool.submit(Maker.batch, args.seed, at, side_at(at, args)))
            if len(ahead) > 3 * args.workers + 1:
                yield ahead.pop(0).result()
        for one in ahead:
            yield one.result()


def loss_of(logit: torch.Tensor, visible: torch.Tensor, region: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Cross entropy by weight, and the soft Dice of what is covered inside the face."""
    entropy = functional.binary_cross_entropy_with_logits(logit, visible, reduction="none")
    first = (weight * entropy).sum() / weight.sum()
    hidden, truth = torch.sigmoid(-logit) * region, (1 - visible) * region
    both = 2 * (hidden * truth).sum(dim=(1, 2, 3)) + 30
    dice = both / ((hidden**2).sum(dim=(1, 2, 3)) + (truth**2).sum(dim=(1, 2, 3)) + 30)
    return first + 0.5 * (1 - dice).mean()


def rate_at(seen: int, args: argparse.Namespace) -> float:
    """Rise over the first 2 %, then fall along a cosine to a hundredth."""
    rise = min(1.0, (seen + BATCH) / (0.02 * args.images))
    return args.rate * rise * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * seen / args.images)))


def average(kept: Matter, net: Matter, seen: int) -> None:
    """Move the averaged weights on; the average looks back over a tenth of what has been seen, at most 16,000."""
    share = 1 - math.exp(-BATCH / min(16_000, 0.1 * seen + 500))
    with torch.no_grad():
        for one, other in zip(kept.state_dict().values(), net.state_dict().values(), strict=True):
            if one.dtype.is_floating_point:
                one.lerp_(other, share)
            else:
                one.copy_(other)


def measure(net: Matter, held: list[Covered]) -> str:
    """Say how well the held-out pictures are cut."""
    net.eval()
    answers = []
    with torch.no_grad():
        for at in range(0, len(held), BATCH):
            images = np.stack([one.crop for one in held[at : at + BATCH]])
            logit = net(torch.from_numpy(images.transpose(0, 3, 1, 2).copy()))
            answers.append(torch.sigmoid(logit)[:, 0].numpy())
    return figures(held, np.concatenate(answers))


class Run:
    """A network, its average, its optimiser, and how many images they have seen."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.seen = 0
        self.net, self.kept = Matter().to(memory_format=torch.channels_last), Matter()
        self.optimiser = torch.optim.AdamW(self.net.parameters(), lr=args.rate, weight_decay=1e-2, betas=(0.9, 0.98))
        self.checkpoint = args.work / f"checkpoint_{args.out.stem}.pt"
        if self.checkpoint.is_file():
            held = torch.load(self.checkpoint, weights_only=True)
            for name in ("net", "kept", "optimiser"):
                getattr(self, name).load_state_dict(held[name])
            self.seen = held["seen"]
        else:
            if args.start:
                self.net.load_state_dict(torch.load(args.start, weights_only=True)["kept"])
            self.kept.load_state_dict(self.net.state_dict())

    def step(self, batch: Batch) -> float:
        """Learn from one batch; return its loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate_at(self.seen, self.args)
        self.net.train()
        images, *truth = (torch.from_numpy(part) for part in batch)
        with torch.autocast("cpu", torch.bfloat16):
            logit = self.net(images.contiguous(memory_format=torch.channels_last))
        loss = loss_of(logit.float(), *truth)
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimiser.step()
        self.seen += BATCH
        average(self.kept, self.net, self.seen)
        return float(loss.detach())

    def save(self) -> None:
        """Write the checkpoint and the network."""
        parts = {name: getattr(self, name).state_dict() for name in ("net", "kept", "optimiser")}
        with replacing(self.checkpoint) as beside:
            torch.save({**parts, "seen": self.seen}, beside)
        with replacing(self.args.out) as beside:
            to_onnx(self.kept.eval(), beside)


def train(args: argparse.Namespace) -> None:
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(1)
    takes = read_footage(args.footage)
    held = held_out(crops.gather(list(takes.truth), args.work, 8, said), args.seed, SIDE)
    crops.gather(list(takes.performers), args.work, args.every, said)
    sprites.gather(args.work / "sprites", args.sprites, args.seed, said)
    run = Run(args)
    began, since, losses = time.monotonic(), run.seen, []
    for batch in batches(args, run.seen):
        losses.append(run.step(batch))
        if run.seen % (BATCH * 100) == 0:
            speed = (run.seen - since) / (time.monotonic() - began)
            print(f"{run.seen} images, {speed:.1f}/s, loss {np.mean(losses):.4f}", flush=True)
            losses = []
        if run.seen % (BATCH * 400) == 0 or run.seen >= args.images:
            run.save()
            print(measure(run.kept, held), flush=True)


if __name__ == "__main__":
    train(options())
    sys.exit(0)
