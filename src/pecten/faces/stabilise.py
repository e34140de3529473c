"""Steady landmarks: where to look, looking again from slightly different places, and a smooth normalisation."""

from collections.abc import Collection, Sequence

import numpy as np
from jaxtyping import Float64

from pecten.faces.mesh import ROI_SIZE
from pecten.faces.normalise import FACE_CENTRE
from pecten.geometry import similarity as sim
from pecten.types import Affine, Points

# MediaPipe looks at a square 1.5 times the face's long side; in the normalised crop the mean mesh is 797 px long.
_ROI_EXPANSION = 1.5
_ROI_SIDE_PX = 797 * _ROI_EXPANSION
_ROI_CENTRE = np.array([512.0, 549.0])


def roi_of_detection(box: tuple[float, float, float, float], eyes: Points) -> Affine:
    """Return the square to look at around a detected face, turned so that the eyes are level.

    Args:
        box: x0, y0, x1, y1 in plate px.
        eyes: The two eyes, left to right in the picture, in plate px.
    Returns:
        Maps plate px to the px of a square of `ROI_SIZE`.
    """
    across = eyes[1] - eyes[0]
    side = max(box[2] - box[0], box[3] - box[1]) * _ROI_EXPANSION
    centre = np.array([box[0] + box[2], box[1] + box[3]]) / 2
    return _square(centre, side, float(np.arctan2(across[1], across[0])))


def roi_of_normalisation(crop_from_plate: Affine) -> Affine:
    """Return the square to look at, as a fixed place of the normalised crop."""
    return sim.compose(_square(_ROI_CENTRE, _ROI_SIDE_PX, 0.0), crop_from_plate)


def _square(centre: np.ndarray, side: float, turn_rad: float) -> Affine:
    turned = sim.similarity(ROI_SIZE / side, -turn_rad, (0.0, 0.0))
    turned[:, 2] = (ROI_SIZE - 1) / 2 - turned[:, :2] @ centre
    return turned


def perturbed(roi: Affine, count: int, amount: float = 0.05, seed: int = 0) -> list[Affine]:
    """Return a region of interest and `count` slight changes of it.

    The changes are uniform on x, y, width and height, the same for every frame, and their mean is none: what a change
    does to the landmarks then stays the same through the shot and cancels to first order.

    Args:
        roi: Maps plate px to the px of a square of `ROI_SIZE`.
        count: Of changes; 0 gives the region alone.
        amount: Largest change, as a share of the face's box.
        seed: Of the changes.
    """
    box = ROI_SIZE / _ROI_EXPANSION
    changes = np.random.default_rng(seed).uniform(-amount, amount, (count, 4))
    if count > 1:
        changes -= changes.mean(axis=0)
    rois = [roi]
    middle = (ROI_SIZE - 1) / 2
    for x, y, wide, high in changes.tolist():
        scale_x, scale_y = 1 + wide, 1 + high
        change = np.array(
            [[scale_x, 0.0, middle * (1 - scale_x) + x * box], [0.0, scale_y, middle * (1 - scale_y) + y * box]]
        )
        rois.append(sim.compose(change, roi))
    return rois


def trimmed_mean(samples: Float64[np.ndarray, "k n 2"], trim: float = 0.1) -> Points:
    """Average landmarks over repeated looks, without the `trim` share of lowest and of highest of each coordinate."""
    cut = int(len(samples) * trim)
    middle: Points = np.sort(samples, axis=0)[cut : len(samples) - cut].mean(axis=0)
    return middle


def spread(samples: Float64[np.ndarray, "k n 2"]) -> float:
    """Return the root mean square distance of repeated looks from their mean, in the samples' px."""
    return float(np.sqrt(((samples - samples.mean(axis=0)) ** 2).sum(axis=2).mean()))


def smooth_transforms(
    transforms: Sequence[Affine], window: int = 7, order: int = 2, around: Collection[int] | None = None
) -> list[Affine]:
    """Smooth the normalisation of consecutive frames without delay.

    Log scale, rotation and the plate position of the face's centre each follow the least-squares polynomial of their
    neighbours; the first and last frames lie on the polynomial of the first and last window. Fewer frames shorten the
    window; too few for the polynomial stay as they are.

    Args:
        transforms: `crop_from_plate` of consecutive frames without a cut.
        window: Frames, odd.
        order: Of the polynomial.
        around: Only these and their neighbours within half a window are smoothed, the farther the less; None for all.
    Reference:
        Savitzky and Golay 1964.
    """
    window = min(window, len(transforms) - 1 + len(transforms) % 2)
    if window <= order:
        return [t.copy() for t in transforms]
    centre = np.array([FACE_CENTRE])
    path = np.array(
        [
            [np.log(sim.scale_of(t)), np.arctan2(t[1, 0], t[0, 0]), *sim.apply(sim.invert(t), centre)[0]]
            for t in transforms
        ]
    )
    path[:, 1] = np.unwrap(path[:, 1])
    smooth = savitzky_golay(path, window, order)
    if around is None:
        return [_rebuilt(row) for row in smooth]
    shares = _shares_around(around, len(path), window // 2)
    blended = path + shares[:, None] * (smooth - path)
    return [_rebuilt(row) if share else t.copy() for t, row, share in zip(transforms, blended, shares, strict=True)]


def _shares_around(places: Collection[int], count: int, half: int) -> np.ndarray:
    """Return 1 at each of the places, less beside them, and 0 from more than `half` away."""
    away = np.abs(np.subtract.outer(np.arange(count), np.array(sorted(places)))).min(axis=1)
    shares: np.ndarray = np.maximum(1 - away / (half + 1), 0)
    return shares


def savitzky_golay(path: Float64[np.ndarray, "n c"], window: int, order: int) -> Float64[np.ndarray, "n c"]:
    """Lay each row on the least-squares polynomial of its neighbours, the ends on that of the first and last window.

    Args:
        path: At least `window` rows.
        window: Rows, odd, more than `order`.
        order: Of the polynomial.
    Reference:
        Savitzky and Golay 1964. SciPy's own takes a second to be loaded.
    """
    half = window // 2
    powers = np.vander(np.arange(-half, half + 1, dtype=np.float64), order + 1)
    hat = powers @ np.linalg.pinv(powers)
    smooth = np.empty_like(path)
    smooth[:half] = hat[:half] @ path[:window]
    smooth[-half:] = hat[-half:] @ path[-window:]
    for i in range(half, len(path) - half):
        smooth[i] = hat[half] @ path[i - half : i + half + 1]
    return smooth


def _rebuilt(row: np.ndarray) -> Affine:
    transform = sim.similarity(float(np.exp(row[0])), float(row[1]), (0.0, 0.0))
    transform[:, 2] = np.array(FACE_CENTRE) - transform[:, :2] @ row[2:]
    return transform
