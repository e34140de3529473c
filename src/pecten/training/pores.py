"""Pores of a performer's skin: what one sharp frame has besides all that a comb has learnt of its fine detail.

What differs from frame to frame by a pixel, or with the light, a comb learns as its mean: nothing. Skin without it
looks like wax. One frame's own, laid on the skin and moving with it, is what skin looks like, if not pore by pore what
another frame would have shown.
"""

from pathlib import PurePosixPath

import cv2
import numpy as np
import torch
from torch import Tensor

from pecten.comb.decoder import Decoder
from pecten.comb.model import Comb
from pecten.dataset.crops import CropSet
from pecten.faces.eyes import eyes_of, turned_by
from pecten.faces.mesh import INNER_LIPS
from pecten.training.aligned import moved_onto
from pecten.training.loss import LUMA
from pecten.types import Image, Mask

LEAST_SIDE = 256
"""Smaller faces show no pores."""

FRONTAL, AWAKE, CLOSED = 0.15, 0.6, 0.15
"""What the frame has to be: logarithm of the widths of both eyes' openings at most, openness of eyes at least, height
of the mouth's opening by its width at most."""

LIMIT = 0.15
"""Share of the brightness that a pore adds or takes at most: more is hair, or an edge."""

STRENGTHENED = 1.6
"""How much what is looked up between pixels is strengthened at most, as it is softer than what was seen."""

SHARE = 0.5
"""Of what was seen that is kept. A dark skin's pores, lit as a bright one in the plate, would be scars."""

_FINE = 1 / 256
"""Blur of what counts as fine, of the face's side."""
_AROUND = 1 / 50
"""How far from eyes and mouth pores begin, likewise."""
_DARK = 0.05
_INSIDE = 127
_LUMA = np.array(LUMA, np.float32)
_TURNS = 12


@torch.no_grad()
def seen_pores(comb: Comb, decoder: Decoder, crops: CropSet) -> Tensor:
    """Find what one frame's skin has besides what is decoded of it.

    Grain comes and goes, so the mean of that frame and its neighbours is taken, moved onto it.

    Args:
        comb: Its encoder sees the frame.
        decoder: The performer's, with weights of its own; its texture shows no pores yet.
        crops: The performer's, at the comb's size.
    Returns:
        Over the mean face, a share of the brightness, (1, 1, side, side); zero for small faces, and where no frame
        shows the face from the front with open eyes and a closed mouth.
    """
    assert decoder.texture is not None
    none = torch.zeros_like(decoder.texture.pores)
    frame = _plainest(crops) if crops.size >= LEAST_SIDE else None
    if frame is None:
        return none
    device, side = none.device, crops.size
    footage = _picture(crops, frame)
    given = torch.from_numpy(footage.transpose(2, 0, 1).copy())[None].to(device)
    rest, motions, gains = decoder.apart(comb.encode(given, comb.config.highest_level))
    shown = (rest + decoder.texture(motions, gains, side))[0].clamp(0, 1).permute(1, 2, 0).cpu().numpy()
    still = [footage, *(moved_onto(footage, _picture(crops, near)) for near in _neighbours(crops, frame))]
    share = _fine_share(moved_onto(shown, np.mean(still, axis=0)), shown) * _skin(crops, frame)
    pulled = torch.from_numpy(_on_the_mean_face(share, motions[0].cpu().numpy()))[None, None].to(device)
    decoder.texture.pores.copy_(pulled)
    laid = decoder.texture.with_pores(torch.ones_like(rest[:, :1]), motions, side) - 1
    decoder.texture.pores.zero_()
    lost = np.sqrt(float(np.square(share).sum()) / max(float(laid.square().sum()), 1e-9))
    return pulled * (SHARE * float(np.clip(lost, 1, STRENGTHENED)))


def _plainest(crops: CropSet) -> int | None:
    """Return the sharpest frame that shows the face from the front, eyes open, mouth closed; None without any."""
    best, found = 0.0, None
    for frame, mesh in enumerate(crops.landmarks.astype(np.float64)):
        right, left = eyes_of(mesh)
        lips = np.ptp(mesh[list(INNER_LIPS)], axis=0)
        plain = (
            turned_by(right, left) < FRONTAL
            and min(right.openness, left.openness) > AWAKE
            and lips[1] < CLOSED * lips[0]
        )
        if plain and (worth := _worth(crops, frame)) > best:
            best, found = worth, frame
    return found


def _worth(crops: CropSet, frame: int) -> float:
    """Say how sharp a frame is, and how evenly lit: where it is dark nothing is to be seen."""
    luma, within = _picture(crops, frame) @ _LUMA, crops.mattes[frame] > _INSIDE
    if not within.any():
        return 0.0
    dark, bright = np.percentile(luma[within], (20, 80))
    return float(np.abs(cv2.Laplacian(luma, cv2.CV_32F))[within].mean() * dark / max(bright, _DARK))


def _neighbours(crops: CropSet, frame: int) -> list[int]:
    """Return the crops of the frames before and after, those that there are."""
    place = PurePosixPath(crops.names[frame])
    if not place.stem.isdigit():
        return []
    wanted = {
        place.with_stem(f"{int(place.stem) + step:0{len(place.stem)}d}")
        for step in (-1, 1)
        if int(place.stem) + step >= 0
    }
    return [k for k, name in enumerate(crops.names) if PurePosixPath(name) in wanted]


def _picture(crops: CropSet, frame: int) -> Image:
    return np.asarray(crops.images[frame], np.float32) / np.float32(255)


def _fine_share(skin: Image, shown: Image) -> Mask:
    lacking, broad = (skin - shown) @ _LUMA, shown @ _LUMA
    blur = _FINE * len(skin)
    fine = lacking - cv2.GaussianBlur(lacking, (0, 0), blur)
    return np.asarray(
        np.clip(fine / np.maximum(cv2.GaussianBlur(broad, (0, 0), blur), _DARK), -LIMIT, LIMIT), np.float32
    )


def _skin(crops: CropSet, frame: int) -> Mask:
    """Say where skin is: within the face, without eyes and mouth, which move otherwise."""
    size = crops.size
    around = max(1, round(_AROUND * size))
    kernel = np.ones((2 * around + 1, 2 * around + 1), np.uint8)
    mesh = crops.landmarks[frame].astype(np.float64)
    skin = cv2.erode(crops.mattes[frame], kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0).astype(np.float32)
    skin /= np.float32(255)
    holes = np.zeros((size, size), np.uint8)
    for hole in (*(eye.lids for eye in eyes_of(mesh)), mesh[list(INNER_LIPS)]):
        # Also where lips meet: the outline is filled, too.
        cv2.fillPoly(holes, [np.round(hole).astype(np.int32)], 1)
    skin[cv2.dilate(holes, kernel) > 0] = 0
    return np.asarray(cv2.GaussianBlur(skin, (0, 0), around / 4), np.float32)


def _on_the_mean_face(picture: Mask, motions: np.ndarray) -> Mask:
    """Undo motions, (2, side, side) in halves of the side: the place from which each point of the mean face came."""
    side = len(picture)
    line = np.arange(side, dtype=np.float32)
    wanted_x, wanted_y = (np.ascontiguousarray(v) for v in np.meshgrid(line, line))
    across, down = (np.ascontiguousarray(m * np.float32(side / 2)) for m in motions)
    x, y = wanted_x, wanted_y
    for _ in range(_TURNS):
        moved = [cv2.remap(m, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for m in (across, down)]
        x, y = wanted_x - moved[0], wanted_y - moved[1]
    return np.asarray(
        cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=0), np.float32
    )
