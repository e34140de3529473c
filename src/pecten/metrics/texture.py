"""How much detail a picture holds, one frequency band at a time: contrast, sharpness and grain."""

from collections.abc import Iterable
from itertools import repeat

import numpy as np
from jaxtyping import Float64

from pecten.errors import ShapeError
from pecten.geometry import pyramid
from pecten.types import Image, Mask

BANDS = 6
"""Bands that are compared; the last holds detail of about 32 to 64 px."""


def band_energies(image: Image, matte: Mask, bands: int = BANDS) -> Float64[np.ndarray, "bands 3"]:
    """Measure the energy of each band of a Laplacian pyramid, inside a matte.

    Args:
        image: Any coding. At the plate's own resolution the first band holds the plate's grain as it is.
        matte: Weight of each pixel; a band's sample counts by the matte's share under it.
        bands: How many, finest first; what remains below them is tone and light, and not measured.
    Returns:
        Mean square of each band, a row a band, a column a channel.
    Raises:
        ShapeError: if sizes differ, the matte is empty, or the picture is too small for so many bands.
    Reference:
        Burt and Adelson 1983, section 3.
    """
    if image.shape[:2] != matte.shape:
        raise ShapeError(f"picture {image.shape[:2]} and matte {matte.shape}: give equal sizes")
    if not 1 <= bands < pyramid.levels_for(matte.shape, 2):
        raise ShapeError(f"{bands} bands of a picture of {image.shape[:2]}: give at least 1, or a larger picture")
    energies = []
    layers = zip(pyramid.split(image, bands + 1)[:-1], pyramid.gaussian(matte, bands + 1)[:-1], strict=True)
    for band, weight in layers:
        total = float(weight.sum(dtype=np.float64))
        if not total > 0:
            raise ShapeError("the matte is empty: give one that covers something")
        energies.append((band.astype(np.float64) ** 2 * weight[..., None]).sum(axis=(0, 1)) / total)
    return np.stack(energies)


def band_ratios(
    images: Iterable[Image], truths: Iterable[Image], mattes: Iterable[Mask] | Mask, bands: int = BANDS
) -> Float64[np.ndarray, " bands"]:
    """Compare the energy of a shot's bands with the truth's, over all frames and channels.

    Args:
        images: The shot to judge; read once.
        truths: What it should be, frame by frame.
        mattes: Weight of each pixel: one for all frames, or one a frame.
        bands: How many, finest first.
    Returns:
        Energy / the truth's energy, one a band; 1 is right, less is soft or smooth, more is harsh.
    Raises:
        ShapeError: if there is nothing to compare, or a band of the truth is empty.
    """
    each = repeat(mattes) if isinstance(mattes, np.ndarray) else mattes
    own, true = np.zeros(bands), np.zeros(bands)
    for image, truth, matte in zip(images, truths, each, strict=False):
        own += band_energies(image, matte, bands).sum(axis=1)
        true += band_energies(truth, matte, bands).sum(axis=1)
    if not (true > 0).all():
        raise ShapeError("the truth has no energy in some band: give frames that show something")
    return own / true
