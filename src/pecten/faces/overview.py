"""A dataset at a glance: what will be trained on, and what was left out and why."""

from pathlib import Path

import cv2
import numpy as np

from pecten import sheet
from pecten.faces.records import DatasetRecord, FaceFrame
from pecten.types import ByteImage

OVERVIEW = "overview.jpg"
COLUMNS = 8
CELL_PX = 192


def write_overview(folder: Path, record: DatasetRecord) -> Path:
    """Draw a dataset: for each clip a row of crops from its first to its last, and rows of those left out.

    Args:
        folder: Of the dataset; crops are read from it.
        record: Of the dataset.
    Returns:
        The picture, in the folder.
    """
    rows: list[list[ByteImage]] = []
    names: list[str] = []
    for place, shot in enumerate(record.shots):
        kept = [face for face in shot.faces if face.left_out is None]
        out = [face for face in shot.faces if face.left_out is not None]
        for name, faces in ((f"{len(kept)} kept", kept), (f"{len(out)} out", out)):
            if faces:
                rows.append(_row(folder, record, place, faces))
                names.append(name)
    title = f"{record.identity}: {', '.join(record.folders)}"
    picture = sheet.contact_sheet(rows, [""] * COLUMNS, names, title, (CELL_PX, CELL_PX))
    sheet.save(folder / OVERVIEW, picture)
    return folder / OVERVIEW


def _row(folder: Path, record: DatasetRecord, place: int, faces: list[FaceFrame]) -> list[ByteImage]:
    chosen = np.unique(np.linspace(0, len(faces) - 1, COLUMNS).astype(int))
    cells = [_cell(folder / record.crop_name(place, faces[i]), faces[i]) for i in chosen]
    return cells + [np.full((CELL_PX, CELL_PX, 3), sheet.BACKGROUND, np.uint8)] * (COLUMNS - len(cells))


def _cell(path: Path, face: FaceFrame) -> ByteImage:
    crop = cv2.imread(str(path))
    if crop is None:
        return np.full((CELL_PX, CELL_PX, 3), sheet.BACKGROUND, np.uint8)
    small = sheet.fit(np.ascontiguousarray(crop[..., ::-1]), CELL_PX, CELL_PX)
    words = str(face.number) if face.left_out is None else f"{face.number} {face.left_out}"
    return sheet.label(small, words, 12)
