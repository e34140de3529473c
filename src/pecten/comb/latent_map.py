"""Pictures of a comb's latents: where identities lie, which frames lie outside, and what each direction does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from pecten import sheet
from pecten.comb.blocks import evened
from pecten.comb.latent import ATTRIBUTES, LatentRecord, Latents
from pecten.comb.model import Comb
from pecten.dataset.crops import CropSet
from pecten.metrics.overlap import Flat, mixing, mmd, principal, tsne
from pecten.types import ByteImage

COLOURS = ((232, 118, 82), (92, 168, 236), (122, 196, 108), (222, 178, 70), (186, 124, 214), (90, 200, 190))
STEPS = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Standard deviations of the strips."""

MOST_DRAWN = 400
"""Points of each drawing; more hide each other."""

_SIDE_PX, _FACE_PX, _FACES = 900, 52, 60
_WORST = 12


@dataclass(frozen=True, eq=False)
class Encoded:
    """A dataset in a comb's latent space.

    Attributes:
        crops: The dataset at the comb's size.
        latents: Of its crops, flat.
        described: Their attributes.
    """

    crops: CropSet
    latents: Latents
    described: np.ndarray


def overlaps(encoded: Mapping[str, Encoded]) -> list[tuple[str, str, float, float]]:
    """Measure for each pair of identities how their latents mix.

    Returns:
        Both names, the mixing of nearest neighbours (0 apart, about 1 one cloud), and the maximum mean discrepancy.
    """
    names, found = list(encoded), []
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            a, b = (_spread(encoded[name].latents) for name in (one, other))
            labels = np.repeat([0, 1], [len(a), len(b)])
            found.append((one, other, mixing(np.concatenate([a, b]), labels), mmd(a, b)))
    return found


def draw_map(encoded: Mapping[str, Encoded], seed: int = 0) -> ByteImage:
    """Draw all identities' latents flat, by principal axes and by t-SNE: a dot a frame, some with their face."""
    drawn = {
        name: np.linspace(0, len(e.latents) - 1, _drawn(len(e.latents), len(encoded))) for name, e in encoded.items()
    }
    rows = np.concatenate([encoded[name].latents[places.round().astype(int)] for name, places in drawn.items()])
    labels = np.repeat(np.arange(len(drawn)), [len(places) for places in drawn.values()])
    faces = np.concatenate([encoded[name].crops.images[places.round().astype(int)] for name, places in drawn.items()])
    flat = {"principal axes": principal(rows)[0], "t-SNE": tsne(rows, seed=seed)}
    panels = [_panel(points, labels, faces, seed) for points in flat.values()]
    legend = [_legend(name, COLOURS[k % len(COLOURS)]) for k, name in enumerate(drawn)]
    title = f"latents of {len(rows)} frames, a dot each, some with their face"
    canvas = sheet.contact_sheet([panels], list(flat), [" " * 30], title, (_SIDE_PX, _SIDE_PX))
    top = canvas.shape[0] - 40 * len(legend) - 10
    for k, one in enumerate(legend):
        canvas = canvas.copy()
        canvas[top + 40 * k : top + 40 * k + one.shape[0], 12 : 12 + one.shape[1]] = one
    return canvas


def draw_worst(encoded: Encoded, ratios: np.ndarray, source: str) -> ByteImage | None:
    """Lay out a target's frames that lie farthest outside what a source was trained on; None where none do.

    Args:
        encoded: The target.
        ratios: Of its frames, from `LatentRecord.beyond`.
        source: Whose training counts.
    """
    worst = [int(k) for k in np.argsort(-ratios)[:_WORST] if ratios[k] > 1]
    if not worst:
        return None
    worst += [worst[-1]] * (-len(worst) % 4)
    cells = [
        sheet.label(encoded.crops.images[k], f"{ratios[k]:.2f}  {frame_name(encoded.crops.names[k])}", 14)
        for k in worst
    ]
    rows = [cells[k : k + 4] for k in range(0, len(cells), 4)]
    title = (
        f"{encoded.crops.identity}: {int((ratios > 1).sum())} of {len(ratios)} frames beyond {source}'s training (1)"
    )
    return sheet.contact_sheet(rows, [""] * 4, [""] * len(rows), title, (256, 256))


def draw_strips(comb: Comb, record: LatentRecord, encoded: Encoded, identity: str) -> ByteImage:
    """Show what each direction does to an identity: a row an attribute, a column a step.

    Args:
        comb: The comb.
        record: Of its latents.
        encoded: Whoever gives the frame that is changed: the one with the most middling attributes.
        identity: Whose decoder shows it.
    """
    units = (encoded.described - record.middle) / record.spread
    place = int(np.argmin((units**2).sum(axis=1)))
    rows = []
    for attribute in ATTRIBUTES:
        shifts = np.stack([record.edit({attribute: step}) for step in STEPS])
        rows.append(_decoded(comb, encoded.latents[place] + shifts, identity))
    heads = [f"{step:+g} sd" if step else "as it is" for step in STEPS]
    title = f"{identity}'s decoder, latents moved along each direction"
    return sheet.contact_sheet(rows, heads, list(ATTRIBUTES), title, (256, 256))


def frame_name(name: str) -> str:
    """Return a crop's name as clip and frame."""
    return name.removeprefix("crops/").removesuffix(".png")


def _decoded(comb: Comb, latents: np.ndarray, identity: str) -> list[ByteImage]:
    config = comb.config
    side = 1 if config.latent == "dense" else 4
    with torch.inference_mode():
        z = torch.from_numpy(latents.astype(np.float32)).view(len(latents), -1, side, side)
        faces = comb.decode(z.to(next(comb.parameters()).device), identity, config.highest_level).float()
        shown = evened(faces, config.lattice).clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy()
    return [sheet.to_bytes(np.ascontiguousarray(face)) for face in shown]


def _drawn(count: int, groups: int) -> int:
    return min(count, max(4, MOST_DRAWN // groups))


def _spread(rows: Latents, most: int = 300) -> Latents:
    return np.asarray(rows[np.linspace(0, len(rows) - 1, min(len(rows), most)).round().astype(int)])


def _panel(points: Flat, labels: np.ndarray, faces: np.ndarray, seed: int) -> ByteImage:
    canvas = np.full((_SIDE_PX, _SIDE_PX, 3), sheet.BACKGROUND, np.uint8)
    low, high = np.percentile(points, [0.5, 99.5], axis=0)
    unit = np.clip((points - low) / np.maximum(high - low, 1e-9), 0, 1)
    places = np.rint(unit * (_SIDE_PX - 2 * _FACE_PX) + _FACE_PX).astype(int)
    order: Sequence[int] = np.random.default_rng(seed).permutation(len(points)).tolist()
    for k in order:
        colour = COLOURS[labels[k] % len(COLOURS)]
        cv2.circle(canvas, tuple(places[k].tolist()), 4, colour, -1, cv2.LINE_AA)
    taken = list[np.ndarray]()
    for k in order:
        if len(taken) >= _FACES or any(np.abs(places[k] - other).max() < _FACE_PX * 1.2 for other in taken):
            continue
        taken.append(places[k])
        small = np.asarray(cv2.resize(faces[k], (_FACE_PX, _FACE_PX), interpolation=cv2.INTER_AREA))
        framed = cv2.copyMakeBorder(small, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=COLOURS[labels[k] % len(COLOURS)])
        left, top = (places[k] - _FACE_PX // 2 - 2).tolist()
        canvas[top : top + _FACE_PX + 4, left : left + _FACE_PX + 4] = framed
    return canvas


def _legend(name: str, colour: tuple[int, int, int]) -> ByteImage:
    patch = np.full((30, 30 + 10 * max(4, len(name)), 3), sheet.BACKGROUND, np.uint8)
    cv2.circle(patch, (14, 15), 9, colour, -1, cv2.LINE_AA)
    cv2.putText(patch, name, (30, 21), cv2.FONT_HERSHEY_SIMPLEX, 0.55, sheet.INK, 1, cv2.LINE_AA)
    return patch
