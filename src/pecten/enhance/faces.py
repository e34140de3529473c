"""A dataset of soft crops made sharp, so that a comb learns the performer's skin and not a scaler's blur."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from pecten.enhance.apply import enhance_crops
from pecten.enhance.network import Enhancer
from pecten.errors import FacesError, UsageError
from pecten.faces.quality import BLUR_SIZE, Gates, blur
from pecten.faces.records import RECORD, DatasetRecord, FaceFrame, load_dataset, save_dataset
from pecten.files import replacing, sha256_of, write_json
from pecten.geometry.similarity import at_size, scale_of
from pecten.quiet import hushed
from pecten.types import Image, Progress, silent

NOTE = "enhanced.json"
"""What the crops of a folder are made of, so that an interrupted run is gone on with."""


def enhance_dataset(
    folder: Path, enhancer: Enhancer, enhancer_sha256: str, out: Path, progress: Progress = silent
) -> DatasetRecord:
    """Write a dataset whose crops are enhanced; one that was interrupted is gone on with.

    Args:
        folder: The dataset, its crops of the enhancer's size.
        enhancer: Of the same performer.
        enhancer_sha256: Of its file.
        out: The new dataset's folder.
        progress: Told after each crop.
    Returns:
        The new record: frames that were left out for blur alone are taken where the enhanced crop is sharp enough.
    Raises:
        FacesError: if the record or a crop is missing or damaged.
        UsageError: if the dataset is another performer's or size, or `out` holds something else.
    """
    record = load_dataset(folder)
    check_fit(record, enhancer, folder)
    job = {"enhancer": enhancer_sha256, "faces": sha256_of(folder / RECORD)}
    check_out(out, job)
    write_json(out / NOTE, job)
    total, done, gates, shots = sum(len(shot.faces) for shot in record.shots), 0, Gates(), []
    for number, shot in enumerate(record.shots):
        faces: list[FaceFrame] = []
        for face in shot.faces:
            name = record.crop_name(number, face)
            shown = _read(out / name, record.size) if (out / name).exists() else None
            if shown is None:
                soft = _read(folder / name, record.size)
                if soft is None:
                    raise FacesError(f"{folder / name}: missing, damaged, or not {record.size} px: run `pecten faces`")
                enlarged = scale_of(at_size(face.crop_from_plate, record.size))
                shown = enhance_crops(enhancer, soft[None], [enlarged])[0]
                _write(out / name, shown)
            faces.append(_judged(face, shown, gates))
            done += 1
            progress("enhance", done, total)
        shots.append(replace(shot, faces=tuple(faces)))
    made = replace(record, shots=tuple(shots))
    save_dataset(out, made)
    return made


def check_fit(record: DatasetRecord, enhancer: Enhancer, folder: Path) -> None:
    """Refuse a dataset that an enhancer was not taught for.

    Raises:
        UsageError: if it is another performer's, or its crops have another size.
    """
    config = enhancer.config
    if record.identity != config.identity:
        raise UsageError(f"{folder}: faces of {record.identity}, but the enhancer has learnt {config.identity}")
    if record.size != config.size:
        raise UsageError(
            f"{folder}: crops of {record.size} px for an enhancer of {config.size} px: "
            f"run `pecten faces --size {config.size}` again"
        )


def check_out(out: Path, job: dict[str, str]) -> None:
    """Refuse a folder that holds anything but an earlier run of the same job.

    Raises:
        UsageError: if it does.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    try:
        held = json.loads((out / NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        held = None
    if held != job:
        raise UsageError(f"{out}: holds something else already: choose another folder")


def _judged(face: FaceFrame, shown: Image, gates: Gates) -> FaceFrame:
    if face.left_out is None or not face.left_out.startswith("blurred"):
        return face
    small = np.asarray(cv2.resize(shown, (BLUR_SIZE, BLUR_SIZE), interpolation=cv2.INTER_AREA))
    soft = blur(np.clip(np.rint(small * 255), 0, 255).astype(np.uint8)) > gates.max_blur
    return face if soft else replace(face, left_out=None)


def _read(path: Path, size: int) -> Image | None:
    with hushed():
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_ANYDEPTH)
    if picture is None or picture.shape[:2] != (size, size):
        return None
    top = 65535 if picture.dtype == np.uint16 else 255
    return np.ascontiguousarray(picture, dtype=np.float32) / np.float32(top)


def _write(path: Path, image: Image) -> None:
    codes = np.rint(np.clip(image[..., ::-1], 0, 1) * 255).astype(np.uint8)
    _, data = cv2.imencode(".png", codes)
    with replacing(path) as beside:
        beside.write_bytes(data.tobytes())
