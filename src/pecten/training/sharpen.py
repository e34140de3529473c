"""A performer's fine detail once more, when all else is learnt: pictures fitted to footage that lies as they are shown.

A decoder places a freckle or the hair of a brow to a pixel or two, each time otherwise. Compared place by place, the
best that a picture of them can be is their mean over all those places: a blur. Where the footage is moved to where the
decoder draws, it is the freckle.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from pecten.comb.adapted import AdaptedDecoder, standing_alone
from pecten.comb.decoder import Decoder
from pecten.comb.model import Comb
from pecten.comb.texture import Texture
from pecten.dataset.crops import CropSet
from pecten.faces.eyes import eyes_of, opening
from pecten.training.aligned import moved_onto
from pecten.training.pores import seen_pores
from pecten.training.terms import fine_detail
from pecten.types import Mask, Progress, silent

FRAMES = 72
"""Of each performer, spread over the footage; twice as many show no more."""

STEPS, BATCH = 150, 4
RATE, LAST_RATE = 1e-2, 1e-4

Stop = Callable[[], bool]


@dataclass(frozen=True, eq=False)
class _Frames:
    """What a decoder made of some frames, and what its texture ought to add.

    Attributes:
        lacking: Moved footage less everything but the texture (n, 3, side, side).
        motions, gains: See `Apart`.
        weights: What counts (n, 1, side, side).
    """

    lacking: Tensor
    motions: Tensor
    gains: Tensor
    weights: Tensor


def sharpen(comb: Comb, crops: CropSet, progress: Progress = silent, should_stop: Stop = lambda: False) -> bool:
    """Fit a performer's pictures of fine detail to footage that is moved to where the decoder draws it.

    What is lacking then on skin is kept as its pores. Nothing else of the comb changes. Irises are left out: they have
    pictures of their own.

    Args:
        comb: Trained, with a texture; changed in place, in the end.
        crops: The performer's, at the comb's size.
        progress: Told frames seen and steps made.
        should_stop: Asked after each; when true the comb stays as it was.
    Returns:
        Whether it was done.
    Raises:
        CombError: if the comb does not know the performer, or has no texture.
    """
    pictures = comb.detail(crops.identity)
    decoder = _alone(comb, crops.identity)
    chosen = np.unique(np.linspace(0, len(crops.images) - 1, FRAMES).round().astype(int))

    def told(done: int) -> None:
        progress(f"sharpen {crops.identity}", done, len(chosen) + STEPS)

    seen = _look(comb, decoder, crops, chosen, told, should_stop)
    assert decoder.texture is not None
    if seen is None or not _fit(decoder.texture, seen, len(chosen), told, should_stop):
        return False
    pores = seen_pores(comb, decoder, crops)
    with torch.no_grad():
        pictures.copy_(decoder.texture.pictures)
        comb.pores(crops.identity).copy_(pores)
    return True


def _alone(comb: Comb, identity: str) -> Decoder:
    decoder = comb.decoders[identity]
    if isinstance(decoder, AdaptedDecoder):
        return standing_alone(decoder).to(next(decoder.parameters()).device).requires_grad_(False)
    copy = Decoder(comb.config).to(next(decoder.parameters()).device)
    copy.load_state_dict(decoder.state_dict())
    return copy.requires_grad_(False)


@torch.no_grad()
def _look(
    comb: Comb, decoder: Decoder, crops: CropSet, chosen: np.ndarray, told: Callable[[int], None], should_stop: Stop
) -> _Frames | None:
    """Decode frames and move their footage; None where stopped."""
    assert decoder.texture is not None
    device, level = decoder.texture.pictures.device, comb.config.highest_level
    parts: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
    for done, frame in enumerate(chosen.tolist(), 1):
        footage = crops.images[frame].astype(np.float32) / np.float32(255)
        given = torch.from_numpy(footage.transpose(2, 0, 1).copy())[None].to(device)
        rest, motions, gains = decoder.apart(comb.encode(given, level))
        shown = rest + decoder.texture(motions, gains, crops.size)
        moved = moved_onto(shown[0].clamp(0, 1).permute(1, 2, 0).cpu().numpy(), footage)
        lacking = torch.from_numpy(moved.transpose(2, 0, 1).copy())[None] - rest.cpu()
        weights = torch.from_numpy(_counting(crops, frame))[None, None]
        # In half: the detail is small, and many frames are held.
        parts.append((lacking.half(), motions.cpu(), gains.cpu(), weights.half()))
        told(done)
        if should_stop():
            return None
    return _Frames(*(torch.cat(part) for part in zip(*parts, strict=True)))


def _counting(crops: CropSet, frame: int) -> Mask:
    """Say what counts: the face, without what lies in the openings of the eyes."""
    counting = crops.mattes[frame].astype(np.float32) / np.float32(255)
    for eye in eyes_of(crops.landmarks[frame].astype(np.float64)):
        within = opening(eye.lids, (crops.size, crops.size))
        counting = counting * (1 - np.asarray(cv2.dilate(within, np.ones((3, 3), np.uint8))))
    return np.asarray(counting, np.float32)


def _fit(texture: Texture, seen: _Frames, begun: int, told: Callable[[int], None], should_stop: Stop) -> bool:
    """Fit the texture's pictures; False where stopped."""
    device, side = texture.pictures.device, seen.lacking.shape[-1]
    texture.pictures.requires_grad_(True)
    optimiser = torch.optim.Adam([texture.pictures], RATE)
    draws = torch.Generator().manual_seed(0)
    for step in range(STEPS):
        for group in optimiser.param_groups:
            group["lr"] = LAST_RATE + RATE * 0.5 * (1 + float(np.cos(np.pi * step / STEPS)))
        drawn = torch.randperm(len(seen.lacking), generator=draws)[:BATCH]
        lacking, motions, gains, weights = (
            part[drawn].to(device).float() for part in (seen.lacking, seen.motions, seen.gains, seen.weights)
        )
        with torch.enable_grad():
            loss = fine_detail(texture(motions, gains, side), lacking, weights).mean()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        told(begun + step + 1)
        if should_stop():
            return False
    texture.pictures.requires_grad_(False)
    return True
