"""Ablate the comb: train one small comb a variant and measure it on clips with a known answer.

    python runs/ablate_comb.py --faces FACES --footage FOOTAGE --out OUT [--only NAME ...]

FACES holds a dataset of each performer (`pecten faces`), FOOTAGE the folder `truth/` in which all play the same
performance. A clip of `truth/` that is among the datasets is left out of training, so that every performer can be put
on every other. OUT gets a folder a variant (a training that was stopped goes on, one that is measured is not made
again), `table.md` and `sheet.png`. Every variant sees as many images of each identity as the base; with `--seeds 2`
each is trained twice, which shows how much a difference has to be to mean something. One thread. What is measured
stands in `ablation/measure.py`, what is compared in `ablation/variants.py`.
"""

import argparse
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from ablation.measure import Judges, decode, measure
from ablation.tables import table
from ablation.truth import Takes, read
from ablation.variants import BASE, VARIANTS, Variant

from pecten import sheet
from pecten.benchmark.footage import read_footage
from pecten.comb.weights import file_of, load_comb
from pecten.dataset.crops import CropSet, load_crops
from pecten.faces.landmarks import FaceMesh
from pecten.files import sha256_of, write_json, write_text
from pecten.metrics.identity import Embedder
from pecten.training.loop import train

SHOWN = (("ada", "bruno", "interview901", 5), ("bruno", "ada", "interview901", 9), ("chidi", "ada", "turns904", 4))
"""Columns of the sheet: source, target, shot, and which of the frames measured."""

CELL_PX = 256


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--faces", type=Path, required=True, help="folder with a dataset a performer")
    parser.add_argument("--footage", type=Path, required=True, help="folder with truth/")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--truth", type=Path, help="faces found in truth/, kept for other runs [default: OUT/truth]")
    parser.add_argument("--only", nargs="*", help="names of variants [default: all]")
    parser.add_argument("--size", type=int, default=64, help="of the combs, in px")
    parser.add_argument("--images", type=int, default=4000, help="of each identity")
    parser.add_argument("--seeds", type=int, default=1, help="trainings of each variant")
    parser.add_argument("--every", type=int, default=4, help="frames of a truth clip between two that are measured")
    parser.add_argument("--tables", action="store_true", help="write table and sheet of what there is, train nothing")
    return parser.parse_args()


def main() -> None:
    args = options()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    takes = truth(args)
    if not args.tables:
        datasets = performers(args.faces, args.size, {f"{who}_{shot}" for who, shot in takes})
        judges = Judges(Embedder(), FaceMesh(threads=1))
        for variant in VARIANTS:
            if args.only is None or variant.name in args.only:
                for seed in range(args.seeds):
                    run(variant.seeded(seed), datasets, takes, judges, args)
    report(takes, args)


def truth(args: argparse.Namespace) -> dict[tuple[str, str], Takes]:
    """Return the truth clips' crops by performer and shot."""
    found = read_footage(args.footage).truth
    return {(take.source, take.shot): read(take, args.every, args.truth or args.out / "truth") for take in found}


def performers(folder: Path, size: int, left_out: set[str]) -> dict[str, CropSet]:
    """Return the crops to train on, by identity, without those of the clips that are measured."""
    sets = [load_crops(record.parent, size) for record in sorted(folder.glob("*/record.json"))]
    return {crops.identity: _without(crops, left_out) for crops in sets}


def _without(crops: CropSet, clips: set[str]) -> CropSet:
    kept = np.array([Path(name).parent.name not in clips for name in crops.names])
    print(f"{crops.identity}: {kept.sum()} of {len(kept)} crops")
    columns = {key: getattr(crops, key)[kept] for key in ("images", "mattes", "features", "landmarks")}
    return replace(crops, **columns, names=tuple(np.array(crops.names)[kept]))


def run(
    variant: Variant,
    datasets: Mapping[str, CropSet],
    takes: Mapping[tuple[str, str], Takes],
    judges: Judges,
    args: argparse.Namespace,
) -> None:
    """Train and measure one variant, unless that is done."""
    folder = args.out / variant.folder
    if (folder / "measured.json").is_file():
        return
    shape, config = variant.configs(tuple(datasets), args.size, args.images)
    begun, resumed = time.process_time(), (folder / "checkpoints").exists()
    start = None
    if variant.finish:
        path = file_of(args.out / BASE)
        start, config = load_comb(path), replace(config, base_sha256=sha256_of(path))
    comb = load_comb(train([datasets[key] for key in shape.identities], shape, config, folder, base=start))
    seconds = time.process_time() - begun
    decoder = sum(p.numel() for p in comb.decoders[shape.identities[0]].parameters())
    record = {
        "name": variant.name,
        "cpu_s": None if resumed else round(seconds, 1),
        "parameters": sum(p.numel() for p in comb.parameters()),
        "an_identity": decoder,
        "pairs": measure(comb, takes, judges),
    }
    write_json(folder / "measured.json", record)
    print(f"{variant.name}: {seconds:.0f} s", flush=True)


def report(takes: Mapping[tuple[str, str], Takes], args: argparse.Namespace) -> None:
    """Write the table and the sheet of all variants that are measured."""
    folders = [args.out / variant.seeded(seed).folder for variant in VARIANTS for seed in range(args.seeds)]
    done = [folder for folder in folders if (folder / "measured.json").is_file()]
    if not done:
        raise SystemExit(f"{args.out}: no variant is measured yet")
    records = [json.loads((folder / "measured.json").read_text(encoding="utf-8")) for folder in done]
    text = table(records)
    write_text(args.out / "table.md", text)
    print(text)
    shown = [takes[key] for key in ((target, shot) for _, target, shot, _ in SHOWN)]
    rows = [[_cell(plates.crops[place]) for plates, (*_, place) in zip(shown, SHOWN, strict=True)]]
    rows += [[_cell(takes[source, shot].crops[place]) for source, _, shot, place in SHOWN]]
    for folder in done:
        comb = load_comb(folder)
        known = comb.config.identities
        rows.append(
            [
                _cell(sheet.to_bytes(decode(comb, source, plates)[place]))
                if source in known and target in known
                else np.zeros((CELL_PX, CELL_PX, 3), np.uint8)
                for plates, (source, target, _, place) in zip(shown, SHOWN, strict=True)
            ]
        )
    names = ["plate", "answer", *(record["name"] for record in records)]
    heads = [f"{source} on {target}_{shot}" for source, target, shot, _ in SHOWN]
    sheet.save(args.out / "sheet.png", sheet.contact_sheet(rows, heads, names, "Decoders", (CELL_PX, CELL_PX)))


def _cell(picture: np.ndarray) -> np.ndarray:
    kind = cv2.INTER_AREA if len(picture) > CELL_PX else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (CELL_PX, CELL_PX), interpolation=kind))


if __name__ == "__main__":
    main()
