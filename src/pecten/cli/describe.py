"""What things are, in a few lines each."""

from pathlib import Path
from typing import TYPE_CHECKING

from pecten.errors import UsageError

if TYPE_CHECKING:
    from pecten.faces.records import DatasetRecord, ShotFaces
    from pecten.footage.clip import ClipInfo
    from pecten.footage.colour import ColourChoice

_SHOWN = 60
"""Characters of frame numbers that a line tells."""

NOT_VALID = "content credentials: NOT VALID"
"""How a line begins that says so."""

_FIELDS = {
    "": "",
    "flagged": ", flagged interlaced, but its frames look whole",
    "combed": ", interlaced: de-interlace it before faces or a swap",
}


def describe(thing: str, colour: "ColourChoice | None" = None) -> list[str]:
    """Describe whatever a path names.

    Args:
        thing: The path.
        colour: How clips are coded, in place of what they say.
    Raises:
        UsageError: if it is nothing that Pecten knows, or a colour space or configuration cannot be used.
    """
    path = Path(thing)
    if path.is_dir():
        if (path / "enhancer.safetensors").exists():
            return describe_enhancer(path)
        if (path / "comb.safetensors").exists() or (path / "checkpoints").is_dir():
            return describe_comb(path)
        if (path / "record.json").exists():
            return describe_record(path)
    if path.name.endswith(".consent.json"):
        return describe_consent(path)
    if path.suffix == ".safetensors":
        return describe_enhancer(path) if path.name == "enhancer.safetensors" else describe_comb(path)
    if path.suffix in {".json", ".jsonl", ".md", ".txt", ".toml", ".c2pa"}:
        raise UsageError(f"{thing}: not a clip, dataset, comb or consent record: name one of these")
    return describe_clip(thing, colour)


def describe_clip(thing: str, choice: "ColourChoice | None" = None) -> list[str]:
    """Describe footage, and its content credentials where it has some."""
    from pecten.footage.clip import open_clip

    info = open_clip(thing, colour=choice).info
    still = info.kind == "sequence" and info.frame_count == 1
    kind = "still" if still else "image sequence" if info.kind == "sequence" else "video"
    numbers = f" ({info.first_number}-{info.first_number + info.frame_count - 1})" if info.kind == "sequence" else ""
    rate = f"{info.rate} frames/s{'' if info.rate_known else ' (assumed)'}, {float(info.frame_count / info.rate):.2f} s"
    aspect = "" if info.pixel_aspect == 1 else f", pixels {float(info.pixel_aspect):.4g}:1"
    colour, tags = info.colour, ""
    if info.kind == "video":
        codes = f"{colour.primaries}/{colour.transfer}/{colour.matrix}"
        tags = f", primaries/transfer/matrix {codes} {'full' if colour.full_range else 'video'} range"
    lines = [
        f"{info.path}: {kind}, {info.codec} {info.pixel_format}{_FIELDS[info.fields]}",
        f"  {info.width}x{info.height}{aspect}" + ("" if still else f", {info.frame_count} frames{numbers}, {rate}"),
        f"  timecode {info.timecode or 'none'}, {'with' if info.has_audio else 'no'} sound, "
        f"{info.bit_depth} bits{tags}",
        f"  {describe_colour(info)}",
        *(f"  {line}" for line in describe_parts(info)),
    ]
    return [*lines, *_credentials_of(thing, info)]


def describe_colour(info: "ClipInfo") -> str:
    """Say how a clip's numbers are taken, and why."""
    coding = info.coding
    config = f" of {coding.config}" if coding.config else ""
    exposure = f", seen {coding.exposure:+g} stops" if coding.exposure else ""
    return f"colour {info.encoding}{config}{exposure}: {coding.why}" + ("" if coding.sure else "; give --colorspace")


def describe_parts(info: "ClipInfo") -> list[str]:
    """Say which part of files with several parts is read; a delivery of the same kind keeps the others as they are."""
    return [f"part {info.parts[0]} is read, not {', '.join(info.parts[1:])}"] if info.parts else []


def _credentials_of(thing: str, info: "ClipInfo") -> list[str]:
    """Describe the credentials of the file that is named, or of every frame of a sequence."""
    from pecten.footage.sequence import numbering_of

    if Path(thing).is_file():
        return describe_credentials(Path(thing))
    name = numbering_of(Path(info.path))
    return describe_all_credentials([name.file(number) for number in name.numbers()], info.first_number)


def describe_all_credentials(frames: list[Path], first: int) -> list[str]:
    """Describe the credentials of a sequence's frames: all of them are checked.

    Args:
        frames: Its files, in order.
        first: Number of the first.
    """
    from pecten.cli.screen import Screen
    from pecten.deliver.credentials import read
    from pecten.faces.spans import spans

    altered, bare, shown = list[int](), list[int](), None
    with Screen() as screen:
        for index, path in enumerate(frames):
            manifest = read(path)
            if manifest is None:
                bare.append(first + index)
            elif not manifest.valid:
                altered.append(first + index)
            else:
                shown = shown or path
            screen("credentials", index + 1, len(frames))
    if len(bare) == len(frames):
        return describe_credentials(frames[0])
    faults = [f"  {NOT_VALID} on {spans(altered)}: changed after signing"] if altered else []
    faults += [f"  {NOT_VALID} on {spans(bare)}: none there"] if bare else []
    if shown is None:
        return faults
    good = len(frames) - len(altered) - len(bare)
    return [
        *faults,
        f"  content credentials: valid on {good} of {len(frames)} frames",
        *describe_credentials(shown)[1:],
    ]


def describe_credentials(path: Path) -> list[str]:
    """Describe the content credentials of a file."""
    from pecten.deliver.credentials import ASSERTION, read

    manifest = read(path)
    if manifest is None:
        return ["  content credentials: none"]
    where = f", in {manifest.beside}" if manifest.beside else ""
    said = manifest.assertions.get(ASSERTION) or {}
    return [
        f"  content credentials: valid{where}"
        if manifest.valid
        else f"  {NOT_VALID}, changed after signing ({'; '.join(manifest.problems)}){where}",
        f"    {manifest.source_type}",
        f"    signed on {manifest.time} by {manifest.signer}: {manifest.trust}",
        *(f"    {key.replace('_', ' ')}: {value}" for key, value in said.items() if value is not None),
    ]


def describe_record(folder: Path) -> list[str]:
    """Describe a dataset, or what was found in one plate."""
    from pecten.faces.records import RECORD, load_dataset, load_shot, record_kind

    if record_kind(folder / RECORD) == "dataset":
        return describe_dataset(load_dataset(folder))
    return describe_shot(load_shot(folder / RECORD))


def describe_dataset(record: "DatasetRecord") -> list[str]:
    """Describe a performer's crops, and why some frames are left out of training."""
    kept = sum(face.left_out is None for shot in record.shots for face in shot.faces)
    lines = [f"faces of {record.identity}: {kept} crops of {record.size} px to train on"]
    for shot in record.shots:
        lines += describe_shot(shot)
    return lines + describe_unlike(record)


def describe_unlike(record: "DatasetRecord") -> list[str]:
    """Warn of tracks that were given to a performer by hand and do not look like the others, a line a track."""
    from pecten.faces.people import SAME_LOOKS, track_name, unlike_tracks

    lines = []
    for one in unlike_tracks(record.shots):
        name, *others = (track_name(record.folders, place, track) for place, track in (one.track, *one.others))
        like = f"track {others[0]}" if len(others) == 1 else f"tracks {', '.join(others[:3])}"
        like += f" and {len(others) - 3} more" if len(others) > 3 else ""
        lines.append(
            f"warning: track {name} does not look like {like}: {one.distance:.2f} away, where one person's are rarely "
            f"over {SAME_LOOKS:g}: look at tracks.jpg whether both are {record.identity}"
        )
    return lines


def describe_shot(shot: "ShotFaces") -> list[str]:
    """Describe what was found in one clip."""
    from pecten.faces.spans import spans

    lines = [f"  {shot.clip}: {len({face.index for face in shot.faces})} of {shot.frame_count} frames with a face"]
    tracks = shot.track_ids()
    if len(tracks) > 1:
        counts = ", ".join(f"{track}: {len(shot.of_track(track))} frames" for track in tracks)
        lines.append(f"    tracks {counts}; the one seen most is {shot.main_track()}")
    if shot.corrected:
        numbers = spans(index + shot.first_number for index in shot.corrected)
        lines.append(f"    corrected by hand: frames {numbers} (corrections.json)")
    reasons: dict[str, list[int]] = {}
    for face in shot.faces:
        if face.left_out is not None:
            reasons.setdefault(face.left_out, []).append(face.number)
    for index, reason in shot.missing:
        reasons.setdefault(reason, []).append(index + shot.first_number)
    for reason, frames in sorted(reasons.items(), key=lambda item: -len(item[1])):
        where = spans(sorted(set(frames)))
        shown = where if len(where) <= _SHOWN else f"{where[:_SHOWN].rpartition(' ')[0]} ..."
        lines.append(f"    left out of training: {len(frames)} x {reason}: {shown}")
    return lines


def describe_comb(path: Path) -> list[str]:
    """Describe a trained comb."""
    from pecten.comb.config import CombConfig
    from pecten.comb.weights import read_header

    header = read_header(path)
    config = CombConfig.from_dict(header.get("config", {}))
    return [
        f"{path}: comb of {', '.join(config.identities)}",
        f"  {config.size} px, channels {config.channels}, latent {config.latent} {config.latent_size}, "
        f"down {config.down}, up {config.up}, norm {config.norm}, texture {config.texture}, "
        f"irises {'yes' if config.irises else 'no'}",
        f"  {header.get('images_seen', 'an unknown number of')} images seen",
    ]


def describe_enhancer(path: Path) -> list[str]:
    """Describe what `pecten enhance train` wrote."""
    from pecten.enhance.weights import load_enhancer

    enhancer, header = load_enhancer(path)
    config = enhancer.config
    return [
        f"{path}: enhancer of {config.identity}, {config.size} px",
        f"  {header.get('images_seen', 'an unknown number of')} of {config.images} patches seen",
    ]


def describe_consent(path: Path) -> list[str]:
    """Describe a performer's consent record."""
    from pecten.consent import load

    record = load(path)
    state = (
        f"REVOKED on {record.revoked_on}" if record.revoked_on else f"valid {record.valid_from} to {record.valid_until}"
    )
    return [
        f"{path}: consent of {record.identity} ({record.record_id}), {state}",
        f"  roles {', '.join(record.roles)}; training {'permitted' if record.training_permitted else 'not permitted'}",
        f"  production {record.production}; use {record.use}",
        f"  shots {', '.join(record.shots) or 'all'}; to be learnt from: "
        f"{f'clips by digest ({len(record.data_sha256)})' if record.data_sha256 else 'any footage'}",
    ]
