"""A swapped shot as a signed delivery."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from pecten import __version__
from pecten.comb.latent import LatentRecord
from pecten.comb.model import Comb
from pecten.comb.weights import file_of
from pecten.consent import PerformerRecord, fingerprint
from pecten.deliver.claim import Claim, claim_file, settle
from pecten.deliver.credentials import Statement, seal_with
from pecten.deliver.writer import Writer, open_writer
from pecten.faces.corrections import CORRECTIONS, load_entries
from pecten.faces.records import ShotFaces
from pecten.files import sha256_of
from pecten.footage.clip import Clip, open_clip, stamp_of
from pecten.shot.matte import MatteOptions, Visibility, check_mattes
from pecten.shot.options import SwapOptions, Swapped, SwapSummary
from pecten.shot.swap import swap_shot
from pecten.types import Progress, Seal, silent


def render(
    clip: Clip,
    faces: ShotFaces,
    comb: Comb,
    options: SwapOptions,
    out: Path,
    statement: Statement,
    progress: Progress = silent,
    frames: tuple[int, int] | None = None,
    overwrite: bool = False,
    observe: Callable[[Swapped], None] | None = None,
    claim: Claim | None = None,
    visibility: Visibility | None = None,
    latents: LatentRecord | None = None,
) -> SwapSummary:
    """Swap a shot, write it and sign it; frames of a sequence that an earlier run of the same job finished are kept.

    Args:
        out: Video or sequence pattern.
        statement: What the content credentials say.
        overwrite: Replace what is there.
        claim: From `claim_of`; without it, frames that exist are never kept.
        clip, faces, comb, options, progress, frames, observe, visibility, latents: As for `swap_shot`.
    Raises:
        FootageError: if the user's own matte does not fit the plate.
        DeliveryError: if the output cannot be written.
        CredentialsError: if it cannot be signed; an unsigned delivery is not left behind.
    """
    with open_output(clip, out, overwrite, claim, seal_with(statement), options.matte) as writer:
        if claim is not None:
            claim.begin(overwrite)
        done = swap_shot(clip, faces, comb, options, writer, progress, frames, observe, visibility, latents)
    if claim is not None:
        settle(claim, clip, out)
    return done


def open_output(
    clip: Clip,
    out: Path,
    overwrite: bool = False,
    claim: Claim | None = None,
    seal: Seal | None = None,
    mattes: MatteOptions | None = None,
) -> Writer:
    """Open what `render` writes to. Nothing is written before the first frame, so this also tells whether it can be.

    Args:
        clip, out, overwrite, claim: As for `render`.
        seal: Called with every finished file.
        mattes: What is read and written beside the frames.
    Raises:
        FootageError: if the user's own matte does not fit the plate.
        DeliveryError: if the place is taken, is the plate itself, or the format cannot be written.
    """
    skip = claim is not None and not overwrite and claim.holds()
    if mattes is not None:
        check_mattes(mattes, clip.info, overwrite or skip, out)
    # Of mattes that are written nobody knows whose those are that are there.
    again = claim.since() if claim and overwrite and not (mattes and mattes.written) else None
    return open_writer(out, clip, overwrite=overwrite, skip_existing=skip, since=again, seal=seal)


def claim_of(
    clip: Clip,
    options: SwapOptions,
    out: Path,
    statement: Statement,
    folder: Path,
    latents: LatentRecord | None = None,
) -> Claim:
    """Say what the pixels of a swap and their credentials depend on.

    Args:
        clip, options, out, statement, latents: As for `render`.
        folder: Where the claim is kept, beside the corrections of the plate's faces.
    """
    chosen = {name: value for name, value in asdict(options).items() if name != "batch"}
    given = chosen["matte"]["given"]
    written = chosen["matte"]["written"]
    # Mattes that are there count as this job's, so where they are belongs to it.
    chosen["matte"]["written"] = None if written is None else str(Path(written).absolute())
    chosen["given"] = None if given is None else stamp_of(open_clip(given).info)
    made_by = {"comb": statement.comb_sha256, "pecten": statement.pecten_version}
    made_by |= {"source": statement.source_record_sha256, "target": str(statement.target_record)}
    plate = {"plate": clip.info.path, "frames": clip.info.frame_count, "stamp": stamp_of(clip.info)}
    plate["colour"] = clip.info.colour_note()
    entries = load_entries(folder / CORRECTIONS)
    said: dict[str, object] = {"corrections": entries} if entries else {}
    said |= {"shot": statement.shot} if statement.shot else {}
    if options.edits and latents is not None:
        said["latents"] = hashlib.sha256(latents.directions.tobytes()).hexdigest()
    return Claim(claim_file(folder, out), {**made_by, **plate, "options": chosen, **said})


def statement_of(
    comb: Path,
    sources: Sequence[PerformerRecord],
    target: PerformerRecord | None,
    numbers: str,
    shot: str | None = None,
) -> Statement:
    """Say what the content credentials of a swap say: ids and hashes, never personal data.

    Args:
        comb: The comb's file or folder.
        sources: Consent records of the face that is shown: more than one where looks with records of their own mix.
        target: Consent record of the performer in the plate, when there is one.
        numbers: Frames of the plate, such as `1001-1100`.
        shot: Its name; said where a record is for some shots alone, so that everybody sees as which it was made.
    """
    shown = {record.record_id: fingerprint(record) for record in sources}
    return Statement(
        title="",
        source_record=" + ".join(shown),
        source_record_sha256=" + ".join(shown.values()),
        target_record=target.record_id if target else None,
        comb_sha256=sha256_of(file_of(comb)),
        frames=numbers,
        pecten_version=__version__,
        shot=shot if any(record.shots for record in (*sources, target) if record) else None,
    )
