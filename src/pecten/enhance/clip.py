"""A low-resolution clip as a signed delivery in which one performer's face has its detail back."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from pecten.colour.display import bounded
from pecten.colour.view import View
from pecten.composite.matte import feather
from pecten.composite.paste import paste
from pecten.composite.pixels import chosen
from pecten.deliver.claim import Claim, claim_file, settle
from pecten.deliver.credentials import Statement, seal_with
from pecten.deliver.writer import Writer, open_writer
from pecten.enhance.apply import enhance_crops
from pecten.enhance.network import Enhancer
from pecten.faces.chosen import one_a_frame
from pecten.faces.corrections import CORRECTIONS, load_entries
from pecten.faces.records import FaceFrame, ShotFaces
from pecten.faces.region import face_matte
from pecten.faces.shown import part_around
from pecten.footage.clip import Clip, Frame, stamp_of
from pecten.footage.enlarge import Enlarged
from pecten.geometry import similarity
from pecten.types import Image, Mask, Progress, Seal, silent

_GROWN, _SOFT = 0.03, 0.05
"""Of the crop's side: how far beyond the face the detail reaches, and how wide it fades there."""


@dataclass(frozen=True)
class EnhanceOptions:
    """What is enhanced, and how large.

    Attributes:
        times_larger: The delivery's size over the clip's.
        amount: Share of the detail that is added, 0 to 1.
        tracks: Whose faces; none for the person seen most.
    """

    times_larger: int = 1
    amount: float = 1.0
    tracks: tuple[int, ...] = ()


@dataclass(frozen=True)
class Enhanced:
    """What was done.

    Attributes:
        frames: In the range, all finished.
        enhanced: With a face that was enhanced by this run.
        kept: Finished by an earlier run.
    """

    frames: int
    enhanced: int
    kept: int


def enhance_clip(
    clip: Clip,
    faces: ShotFaces,
    enhancer: Enhancer,
    options: EnhanceOptions,
    out: Path,
    statement: Statement,
    progress: Progress = silent,
    frames: tuple[int, int] | None = None,
    overwrite: bool = False,
    claim: Claim | None = None,
) -> Enhanced:
    """Enhance a performer's face in a clip, write it and sign it; a sequence's frames of the same job are kept.

    Args:
        clip: Low-resolution footage.
        faces: What was found in it.
        enhancer: Of the performer.
        options: What and how large.
        out: Video or sequence pattern.
        statement: What the content credentials say.
        progress: Told after every frame.
        frames: First and one past the last frame index; None for all.
        overwrite: Replace what is there.
        claim: From `claim_of`; without it, frames that exist are never kept.
    Raises:
        DeliveryError: if the output cannot be written.
        CredentialsError: if it cannot be signed; an unsigned delivery is not left behind.
        FacesError: if there is no such track, or two of them share a frame.
    """
    start, stop = frames or (0, clip.info.frame_count)
    large, chosen_faces = Enlarged(clip, options.times_larger), _by_index(faces, options.tracks)
    view, enhanced, kept = clip.info.view(), 0, 0
    with open_output(clip, options, out, overwrite, claim, seal_with(statement)) as writer:
        if claim is not None:
            claim.begin(overwrite)
        for frame in clip.frames(start, stop):
            if writer.done(frame.number):
                kept += 1
            elif frame.index in chosen_faces:
                image, support = _sharpened(frame, chosen_faces[frame.index], enhancer, large, options.amount, view)
                writer.write(large.of(frame), image, support)
                enhanced += 1
            else:
                shown = large.of(frame)
                writer.write(shown, shown.image, np.zeros(shown.image.shape[:2], np.float32))
            progress("enhance", frame.index + 1 - start, stop - start)
    if claim is not None:
        settle(claim, _delivered(clip, options), out)
    return Enhanced(stop - start, enhanced, kept)


def open_output(
    clip: Clip,
    options: EnhanceOptions,
    out: Path,
    overwrite: bool = False,
    claim: Claim | None = None,
    seal: Seal | None = None,
) -> Writer:
    """Open what `enhance_clip` writes to; nothing is written before the first frame.

    Raises:
        DeliveryError: if the place is taken, is the clip itself, or the format cannot be written.
    """
    skip = claim is not None and not overwrite and claim.holds()
    again = claim.since() if claim and overwrite else None
    plate = _delivered(clip, options)
    return open_writer(out, plate, overwrite=overwrite, skip_existing=skip, since=again, seal=seal)


def _delivered(clip: Clip, options: EnhanceOptions) -> Clip:
    return clip if options.times_larger == 1 else Enlarged(clip, options.times_larger)


def claim_of(clip: Clip, options: EnhanceOptions, out: Path, statement: Statement, folder: Path) -> Claim:
    """Say what the pixels of an enhanced clip and their credentials depend on.

    Args:
        clip, options, out, statement: As for `enhance_clip`.
        folder: Where the claim is kept, beside the corrections of the plate's faces.
    """
    entries = load_entries(folder / CORRECTIONS)
    said: dict[str, object] = {"corrections": entries} if entries else {}
    said |= {"shot": statement.shot} if statement.shot else {}
    job: Mapping[str, object] = {
        "enhancer": statement.comb_sha256,
        "pecten": statement.pecten_version,
        "plate": clip.info.path,
        "stamp": stamp_of(clip.info),
        "colour": clip.info.colour_note(),
        "options": [options.times_larger, options.amount, list(options.tracks)],
        **said,
    }
    return Claim(claim_file(folder, out, ".enhanced.json"), job)


def _by_index(faces: ShotFaces, tracks: tuple[int, ...]) -> dict[int, FaceFrame]:
    main = faces.main_track()
    wanted = tracks or (() if main is None else (main,))
    return one_a_frame(faces, wanted)


def _sharpened(
    frame: Frame, face: FaceFrame, enhancer: Enhancer, large: Enlarged, amount: float, view: View
) -> tuple[Image, Mask]:
    """Return the delivery's picture, and where it may differ from the enlarged plate."""
    size = enhancer.config.size
    crop_from_plate = similarity.at_size(face.crop_from_plate, size)
    soft = part_around(frame.image, face.crop_from_plate, view).crop(size)
    seen = bounded(soft)
    added = enhance_crops(enhancer, seen[None], [similarity.scale_of(crop_from_plate)])[0] - seen
    shown = large.of(frame).image
    from_large = similarity.compose(face.crop_from_plate, similarity.invert(large.large_from_plate))
    part = part_around(shown, from_large, view)
    under = part.crop(size)
    matte = _matte(face, size)
    blend = under + (soft + added - under) * (matte * np.float32(amount))[..., None]
    support = (matte > 0).astype(np.float32)
    # Only the difference is added: a plate finer than the crop loses nothing.
    pasted, inside = paste(part.image, blend, under, similarity.at_size(part.crop_from_part, size), support, True)
    result, whole = shown.copy(), np.zeros(shown.shape[:2], np.float32)
    changed = (inside > 0) & (pasted != part.image).any(axis=2)
    result[part.place] = chosen(view.from_display(pasted), changed, shown[part.place])
    whole[part.place] = inside
    return result, whole


def _matte(face: FaceFrame, size: int) -> Mask:
    landmarks = similarity.apply(similarity.at_size(face.crop_from_plate, size), face.landmarks)
    reach = 2 * round(_GROWN * size) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    grown = np.asarray(cv2.dilate(face_matte(landmarks, size), disc), dtype=np.float32)
    return feather(grown, _SOFT * size)
