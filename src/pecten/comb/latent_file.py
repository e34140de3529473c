"""What was learnt of a comb's latents, in a file beside the comb."""

from pathlib import Path

import numpy as np
import torch

from pecten.comb.latent import ATTRIBUTES, LatentRecord, Territory
from pecten.comb.model import Comb
from pecten.comb.weights import FILE_NAME, file_of, hash_tensors, read_tensors, write_tensors
from pecten.errors import CombError

VERSION = 1
SUFFIX = ".latent.safetensors"


def latent_file(comb: Path) -> Path:
    """Return where the record of a comb lies, given the comb's file or folder."""
    path = comb / FILE_NAME if comb.is_dir() or comb.suffix != ".safetensors" else comb
    return path.with_name(path.stem + SUFFIX)


def save_latents(path: Path, record: LatentRecord, comb: Comb) -> None:
    """Write a record.

    Args:
        path: From `latent_file`.
        record: What was learnt.
        comb: Of which; another encoder would make it void.
    """
    tensors = {"middle": record.middle, "spread": record.spread, "directions": record.directions}
    for identity, territory in record.territories.items():
        for name in ("offset", "centre", "axes", "variances"):
            tensors[f"{identity}.{name}"] = getattr(territory, name)
    numbers = {identity: [t.rest, t.reach] for identity, t in record.territories.items()}
    head = {
        "kind": "latents",
        "version": VERSION,
        "attributes": list(ATTRIBUTES),
        "encoder_sha256": hash_tensors(comb.encoder.state_dict()),
        "rest_and_reach": numbers,
    }
    held = {name: torch.from_numpy(np.asarray(value, np.float32).copy()) for name, value in tensors.items()}
    write_tensors(path, held, head)


def load_latents(path: Path, comb: Comb) -> LatentRecord | None:
    """Read the record of a comb; None where there is none, or it is of another encoder or an older Pecten's.

    Args:
        path: The comb's file or folder.
        comb: The comb.
    Raises:
        CombError: if the record is damaged.
    """
    beside = latent_file(file_of(path))
    if not beside.is_file():
        return None
    tensors, head = read_tensors(beside)
    if head.get("kind") != "latents" or head.get("version") != VERSION or tuple(head["attributes"]) != ATTRIBUTES:
        return None
    if head.get("encoder_sha256") != hash_tensors(comb.encoder.state_dict()):
        return None
    held = {name: value.double().numpy() for name, value in tensors.items()}
    try:
        territories = {
            identity: Territory(
                held[f"{identity}.offset"],
                held[f"{identity}.centre"],
                held[f"{identity}.axes"],
                held[f"{identity}.variances"],
                float(rest),
                float(reach),
            )
            for identity, (rest, reach) in head["rest_and_reach"].items()
        }
        return LatentRecord(held["middle"], held["spread"], held["directions"], territories)
    except (KeyError, TypeError, ValueError) as error:
        raise CombError(f"{beside}: incomplete ({error}): run `pecten comb latent` again") from error
