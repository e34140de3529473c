"""Blends by gradients: the face's own detail, and at its border the plate's values."""

import cv2
import numpy as np

from pecten.composite.extend import extend, numbers_only
from pecten.composite.pixels import check_sizes, chosen, times
from pecten.errors import ShapeError
from pecten.types import Image, Mask

TOLERANCE = 2e-6
"""Of the solver, relative to the greatest step at the border: far below what 16 bits can hold."""

SEAMLESS_SLACK = 0.1
"""How far beyond [0, 1] `blend_seamless` lets values go, as noise and overshoot do; what is further out is light."""

SEAMLESS_SHARE = 0.001
"""Share of a face's values that may be cut off for being further out."""

_STENCIL = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]], np.float32)
_HALVING = np.array([1, 3, 3, 1], np.float32) / 8
_DAMPING = 0.8
_SWEEPS = 2
_COARSEST_PX = 6
_ROUNDS = 60


def blend_poisson(plate: Image, face: Image, matte: Mask, *, mixed: bool = False) -> Image:
    """Blend so that the gradients are the face's and the values along the matte's inner border are the plate's.

    The equation is solved in floats, for what is added to the face: values may have any size, and light that goes
    beyond 1 stays. A soft matte dissolves between the plate and the solution.

    Args:
        plate: Crop of the plate, in any coding, unbounded.
        face: Decoded face at the same size, in the same coding; never read outside the matte.
        matte: Coverage.
        mixed: Take the plate's gradient wherever it is the greater one.
    Returns:
        The blend; where `matte` is 0 it is the plate, bit for bit.
    Raises:
        ShapeError: if sizes differ.
    Reference:
        Perez, Gangnet and Blake 2003, equations 4, 7 and 13.
    """
    check_sizes(plate, face, matte)
    covered = matte > 0
    inner = cv2.erode(covered.view(np.uint8), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    plate_seen = numbers_only(plate)
    difference = extend(face - plate, covered & np.isfinite(face - plate).all(axis=2))
    free = inner.astype(np.float32)
    # What is added to the face must undo the difference along the border; inside it starts as smooth as can be guessed.
    added = chosen(extend(-difference, covered & (inner == 0)), covered, np.zeros_like(plate))
    wanted = _mixed_divergence(plate_seen, difference, free) if mixed else np.zeros_like(plate)
    added = solve_poisson(added, wanted, free)
    change = times(cv2.add(difference, added), matte)
    return chosen(cv2.add(plate_seen, change), covered, plate)


def blend_seamless(plate: Image, face: Image, matte: Mask) -> Image:
    """Blend by OpenCV's seamlessClone in 8 bits, as widely used face swappers do, for comparison.

    Args:
        plate: Crop of the plate, display-coded.
        face: Decoded face at the same size and coding.
        matte: Coverage; what is at least one half is cloned.
    Returns:
        The blend in steps of 1/255; where `matte` is 0 it is the plate, bit for bit.
    Raises:
        ShapeError: if sizes differ, or values under the matte lie well outside [0, 1], which 8 bits would cut off.
    Reference:
        Perez, Gangnet and Blake 2003, equation 11, as in cv2.seamlessClone.
    """
    check_sizes(plate, face, matte)
    inside = matte >= 0.5
    if not inside.any():
        return plate.copy()
    for name, picture in (("plate", plate), ("face", face)):
        values = picture[inside]
        held = (values >= -SEAMLESS_SLACK) & (values <= 1 + SEAMLESS_SLACK)
        if 1 - held.mean() > SEAMLESS_SHARE:
            reach = f"{float(values.min()):.3g} to {float(values.max()):.3g}"
            raise ShapeError(f"{name} from {reach}: seamlessClone holds 0 to 1; blend by poisson instead")
    # Gradients along the border read the face a pixel beyond it, and the clone needs a rim.
    mask, source, target = (
        cv2.copyMakeBorder(picture, 2, 2, 2, 2, cv2.BORDER_REPLICATE)
        for picture in (inside.astype(np.uint8) * 255, _bytes(extend(face, inside)), _bytes(numbers_only(plate)))
    )
    mask[:2] = mask[-2:] = mask[:, :2] = mask[:, -2:] = 0
    x, y, width, height = cv2.boundingRect(mask)
    cloned = cv2.seamlessClone(source, target, mask, (x + width // 2, y + height // 2), cv2.NORMAL_CLONE)
    blended = np.asarray(cloned[2:-2, 2:-2], np.float32) / np.float32(255)
    return chosen(blended, inside, plate)


def solve_poisson(start: Image, wanted: Image, free: Mask) -> Image:
    """Solve 4 u - (sum of the four neighbours) = wanted where `free` is 1, with u = start elsewhere.

    Conjugate gradients, each round preconditioned by one multigrid cycle.

    Args:
        start: The values at the border, and a first guess inside.
        wanted: Right-hand side.
        free: 1 where to solve, else 0; 0 along the picture's edge.
    Returns:
        The solution; where `free` is 0 it is `start`, bit for bit.
    Reference:
        Briggs, Henson and McCormick 2000, chapters 3 and 10 (cycles as a preconditioner).
    """
    masks = _halved_masks(free)
    solution = start
    residual = times(wanted - _stencil(start), free)
    span = float(np.abs(start).max())
    direction, steered, before = np.zeros_like(start), residual, np.ones(3)
    for _ in range(_ROUNDS):
        if float(np.abs(residual).max()) <= TOLERANCE * span:
            break
        better = _cycle(residual, masks)
        # Polak and Ribiere's form bears a preconditioner that is not quite symmetric.
        now = _products(residual, better)
        turn = (now - _products(steered, better)) / before if direction.any() else np.zeros(3)
        direction = better + direction * turn.astype(np.float32)
        pushed = times(_stencil(direction), free)
        length = np.where(now > 0, now / np.maximum(_products(direction, pushed), 1e-30), 0).astype(np.float32)
        solution = solution + direction * length
        steered, residual, before = residual, residual - pushed * length, np.maximum(now, 1e-30)
    return chosen(solution, free > 0, start)


def _cycle(residual: Image, masks: list[Mask]) -> Image:
    """Solve roughly for a residual, from zero: smooth, correct from the half-size grid, smooth."""
    mask = masks[0]
    step = np.float32(_DAMPING / 4)
    if len(masks) == 1:
        return _smoothed(residual * step, residual, mask, 4 * _COARSEST_PX)
    guess = _smoothed(residual * step, residual, mask, _SWEEPS - 1)
    left = times(residual - _stencil(guess), mask)
    # Four children's equations add up to their parent's, whose step is twice as long.
    halved = 4 * cv2.sepFilter2D(left, -1, _HALVING, _HALVING, anchor=(1, 1), borderType=cv2.BORDER_CONSTANT)[::2, ::2]
    smaller = times(np.ascontiguousarray(halved), masks[1])
    height, width = mask.shape
    correction = cv2.resize(_cycle(smaller, masks[1:]), (2 * masks[1].shape[1], 2 * masks[1].shape[0]))
    guess = guess + times(np.ascontiguousarray(correction[:height, :width]), mask)
    return _smoothed(guess, residual, mask, _SWEEPS)


def _smoothed(guess: Image, residual: Image, mask: Mask, sweeps: int) -> Image:
    for _ in range(sweeps):
        guess = guess + times(residual - _stencil(guess), mask * np.float32(_DAMPING / 4))
    return guess


def _halved_masks(free: Mask) -> list[Mask]:
    masks = [free]
    while min(masks[-1].shape) > _COARSEST_PX:
        height, width = masks[-1].shape
        even = cv2.copyMakeBorder(masks[-1], 0, height % 2, 0, width % 2, cv2.BORDER_CONSTANT, value=0)
        share = cv2.resize(even, (even.shape[1] // 2, even.shape[0] // 2), interpolation=cv2.INTER_AREA)
        masks.append((share > 0.5).astype(np.float32))
    return masks


def _stencil(image: Image) -> Image:
    return np.asarray(cv2.filter2D(image, -1, _STENCIL, borderType=cv2.BORDER_CONSTANT), np.float32)


def _products(one: Image, other: Image) -> np.ndarray:
    return np.asarray(cv2.sumElems(cv2.multiply(one, other))[:3], np.float64)


def _mixed_divergence(plate: Image, difference: Image, free: Mask) -> Image:
    """Return the divergence of the plate's gradient minus the face's, where the plate's is the greater one."""
    divergence = np.zeros_like(plate)
    for axis in range(2):
        own = np.diff(plate, axis=axis)
        more = np.diff(difference, axis=axis)
        taken = np.where(np.abs(own) > np.abs(own + more), -more, np.float32(0))
        first, second = (np.s_[:-1], np.s_[1:]) if axis == 0 else (np.s_[:, :-1], np.s_[:, 1:])
        divergence[first] -= taken
        divergence[second] += taken
    return times(divergence, free)


def _bytes(image: Image) -> np.ndarray:
    return np.asarray(np.rint(np.clip(image, 0, 1) * 255), np.uint8)
