"""Contact sheets: pictures side by side, with words."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from pecten.errors import ShapeError, UsageError
from pecten.files import replacing
from pecten.types import ByteImage, Image, Seal

BACKGROUND = (24, 24, 26)
INK = (222, 222, 222)
GAP_PX = 6


def to_bytes(image: Image) -> ByteImage:
    """Round a display-coded image to 8 bits."""
    rounded: ByteImage = np.rint(np.clip(image, 0.0, 1.0) * 255.0).astype(np.uint8)
    return rounded


def save(path: Path, picture: ByteImage, seal: Seal | None = None) -> None:
    """Write a picture in one piece, in the format that the suffix names.

    Args:
        path: PNG or JPEG.
        picture: The picture.
        seal: Signs it before it gets its name.
    Raises:
        UsageError: if no picture can be written under that suffix.
    """
    options = [cv2.IMWRITE_JPEG_QUALITY, 90] if path.suffix.lower() in (".jpg", ".jpeg") else []
    try:
        _, data = cv2.imencode(path.suffix, np.ascontiguousarray(picture[..., ::-1]), options)
    except cv2.error as error:
        raise UsageError(f"{path}: no picture can be written as {path.suffix or 'a file without suffix'}") from error
    with replacing(path) as beside:
        beside.write_bytes(data.tobytes())
        if seal is not None:
            seal(beside, path)


def fit(image: ByteImage, height: int, width: int) -> ByteImage:
    """Scale a picture to fit into a box, on the sheet's background."""
    scale = min(height / image.shape[0], width / image.shape[1])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(image, size, interpolation=kind)
    box = np.full((height, width, 3), BACKGROUND, np.uint8)
    top, left = (height - size[1]) // 2, (width - size[0]) // 2
    box[top : top + size[1], left : left + size[0]] = small
    return box


def label(image: ByteImage, text: str, size_px: int = 18) -> ByteImage:
    """Write words into the lower left corner of a copy of a picture, on a dark bar."""
    canvas = Pillow.fromarray(image)
    draw = ImageDraw.Draw(canvas, "RGBA")
    font = ImageFont.load_default(size_px)
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    width, height = right - left + size_px, bottom - top + size_px // 2
    draw.rectangle((0, image.shape[0] - height, width, image.shape[0]), fill=(0, 0, 0, 150))
    draw.text((size_px // 2 - left, image.shape[0] - height + size_px // 4 - top), text, font=font, fill=INK)
    return np.asarray(canvas)


def contact_sheet(
    rows: Sequence[Sequence[ByteImage]],
    columns: Sequence[str],
    names: Sequence[str],
    title: str,
    cell: tuple[int, int],
) -> ByteImage:
    """Lay pictures out in a grid under column heads, with a name before each row.

    Args:
        rows: Pictures, all rows equally long; each is scaled to fit its cell.
        columns: Head of each column.
        names: Name of each row.
        title: Line at the top.
        cell: Height and width of a cell in px.
    Returns:
        The sheet.
    Raises:
        ShapeError: if the counts do not fit together.
    """
    if not rows or any(len(row) != len(columns) for row in rows) or len(names) != len(rows):
        raise ShapeError(
            f"{len(rows)} rows, {len(columns)} heads, {len(names)} names: give a name a row, a head a column"
        )
    height, width = cell
    text_px = max(13, min(22, width // 16))
    font = ImageFont.load_default(text_px)
    widest = max(font.getlength(line) for name in names for line in name.split("\n") or [""])
    margin, head = max(text_px * 5, int(widest) + GAP_PX * 4), text_px * 4
    total_height = head + len(rows) * (height + GAP_PX) + GAP_PX
    total_width = margin + len(columns) * (width + GAP_PX) + GAP_PX
    canvas = np.full((total_height, total_width, 3), BACKGROUND, np.uint8)
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            top, left = head + y * (height + GAP_PX), margin + x * (width + GAP_PX)
            canvas[top : top + height, left : left + width] = fit(picture, height, width)
    drawn = Pillow.fromarray(canvas)
    draw = ImageDraw.Draw(drawn)
    draw.text((GAP_PX * 2, text_px // 2), title, font=font, fill=INK)
    for x, text in enumerate(columns):
        draw.text((margin + x * (width + GAP_PX), int(text_px * 2.2)), text, font=font, fill=INK)
    for y, text in enumerate(names):
        draw.text((GAP_PX * 2, head + y * (height + GAP_PX) + height // 2), text, font=font, fill=INK)
    return np.asarray(drawn)
