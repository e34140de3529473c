"""Clips of several people, cut out of stills and moved over a background."""

import cv2
import numpy as np

from faces_support import still
from pecten.types import ByteImage

CENTRE = (218, 135)
"""Of the head in a still, in px."""

REACH = (78, 118)
"""Half axes of the ellipse that is cut out."""


def cut_out(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a performer's head and its soft matte, as floats."""
    image = still(name)
    matte = np.zeros(image.shape[:2], np.uint8)
    cv2.ellipse(matte, CENTRE, REACH, 0, 0, 360, 255, -1)
    soft = np.asarray(cv2.GaussianBlur(matte, (0, 0), 2.0), np.float32) / np.float32(255)
    return image.astype(np.float32), soft[..., None]


def background(width: int, height: int) -> np.ndarray:
    """Return a plain wall with soft tones."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([95 + 20 * np.sin(x / 90), 90 + 15 * np.cos(y / 70), 85 + x / width * 30], axis=-1).astype(
        np.float32
    )


def scene(places: list[tuple[str, float, float] | None], width: int = 640, height: int = 270) -> ByteImage:
    """Put heads at places (name, x, y of their centre), the last in front."""
    picture = background(width, height)
    for place in places:
        if place is None:
            continue
        name, x, y = place
        head, matte = cut_out(name)
        move = np.array([[1.0, 0.0, x - CENTRE[0]], [0.0, 1.0, y - CENTRE[1]]])
        moved = np.asarray(cv2.warpAffine(head, move, (width, height), borderMode=cv2.BORDER_REPLICATE))
        over = np.asarray(cv2.warpAffine(matte, move, (width, height)))[..., None]
        picture = picture * (1 - over) + moved * over
    shown: ByteImage = np.rint(np.clip(picture, 0, 255)).astype(np.uint8)
    return shown


def crossing(
    front: str, back: str, count: int = 30, width: int = 640
) -> tuple[list[ByteImage], list[float], list[float]]:
    """Let one head pass before another: frames, and where the front and the back head's centres are."""
    xs = np.linspace(100.0, width - 100.0, count)
    front_x, back_x = xs.tolist(), xs[::-1].tolist()
    return (
        [scene([(back, b, 130.0), (front, f, 140.0)], width) for f, b in zip(front_x, back_x, strict=True)],
        front_x,
        back_x,
    )
