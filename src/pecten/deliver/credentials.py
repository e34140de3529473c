"""Content credentials (C2PA): every delivery says that it is a composite, and by whose consent. There is no way around.

Only ids and hashes go in, never a name, a path or a picture; and where a consent record is for some shots alone, as
which of them this was made. Signing needs no network; so nobody but the signer's
clock vouches for the time.
"""

import io
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal

import cv2
import numpy as np

from pecten import __version__
from pecten.deliver.certificates import ORGANISATION, Certificate, Signer, ensure_certificate
from pecten.deliver.faults import disk_full, has_room, told
from pecten.errors import CredentialsError, DeliveryError
from pecten.files import replacing
from pecten.interrupt import held_back
from pecten.types import Seal

__all__ = [
    "Certificate",
    "Manifest",
    "Statement",
    "check_signing",
    "ensure_certificate",
    "read",
    "refuse_unsigned",
    "seal_with",
    "sidecar_of",
    "sign",
]

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
ASSERTION = "org.pecten.replacement"
# Formats that carry their credentials inside, with the media type that c2pa knows them by.
_EMBEDDED = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".mp4": "video/mp4",
    ".m4v": "video/x-m4v",
    ".mov": "video/quicktime",
}
_BESIDE = {".exr": "image/x-exr", ".dpx": "image/x-dpx", ".mkv": "video/x-matroska"}
_SETTINGS = {
    # A thumbnail would put a frame of the plate where nobody looks for one.
    "builder": {"thumbnail": {"enabled": False}},
    # Trust is for the reader to decide by lists that we do not have; nothing is fetched.
    "verify": {"verify_trust": False, "remote_manifest_fetch": False, "ocsp_fetch": False},
}
_MANIFEST_SIZE = 65536


@dataclass(frozen=True)
class Statement:
    """What a delivery's credentials say: ids and hashes only.

    Attributes:
        title: Of the delivered file; its name is a good one.
        source_record: Id of the consent record of the face that is shown.
        source_record_sha256: That record's fingerprint.
        target_record: Id of the consent record of the performer in the plate, when there is one.
        comb_sha256: Of the comb that made the face.
        frames: Which frames of the plate were replaced, such as `1001-1100`.
        pecten_version: What made it.
        edit: What was done to the face: replaced, or enhanced by a network that knows the performer.
        shot: As which shot it was made, where a consent record is for some shots alone; else None.
    """

    title: str
    source_record: str
    source_record_sha256: str
    target_record: str | None
    comb_sha256: str
    frames: str
    pecten_version: str = __version__
    edit: Literal["replaced", "enhanced"] = "replaced"
    shot: str | None = None


@dataclass(frozen=True)
class Manifest:
    """What a file's credentials say.

    Attributes:
        valid: Whether the file is as it was when it was signed.
        source_type: IPTC digital source type of the edit.
        signer: Organisation and name in the signer's certificate.
        time: When it was signed, by the signer's own clock (ISO 8601).
        title: Of the file when it was signed.
        assertions: All assertions by label.
        trust: Whose certificate it is, in words.
        problems: Why `valid` is false.
        beside: The sidecar that holds the credentials; None when they are in the file.
    """

    valid: bool
    source_type: str | None
    signer: str
    time: str | None
    title: str
    assertions: dict[str, Any]
    trust: str
    problems: tuple[str, ...]
    beside: Path | None

    @property
    def statement(self) -> dict[str, Any]:
        """Return what Pecten said of the replacement; empty when another program signed."""
        return dict(self.assertions.get(ASSERTION, {}))


def sidecar_of(path: Path) -> Path | None:
    """Return where the credentials of `path` go when they cannot go into it; None when they can."""
    return None if path.suffix.lower() in _EMBEDDED else path.with_suffix(".c2pa")


def refuse_shared_sidecar(path: Path) -> None:
    """Refuse a delivery whose credentials would take the place of another file's, as `a.dpx` those of `a.exr`.

    Raises:
        DeliveryError: naming the other.
    """
    beside = sidecar_of(path)
    for suffix in _BESIDE if beside else ():
        other = path.with_suffix(suffix)
        if suffix != path.suffix.lower() and beside and beside.exists() and other.exists():
            raise DeliveryError(
                f"{path}: {beside.name} holds the credentials of {other.name}; choose another name or folder"
            )


def refuse_unsigned(kept: Sequence[Path]) -> None:
    """Refuse to keep frames of an earlier run that have lost their credentials; what is in the file cannot get lost.

    Raises:
        DeliveryError: naming the first.
    """
    bare = [path for path in kept if (beside := sidecar_of(path)) is not None and not beside.is_file()]
    if bare:
        raise DeliveryError(
            f"{bare[0]}: its credentials, {bare[0].stem}.c2pa, are missing ({len(bare)} of {len(kept)} frames): put "
            "them back, or move such frames away to have them made again"
        )


def sign(path: Path, statement: Statement, certificate_folder: Path | None = None) -> None:
    """Sign a delivered file in place; of EXR, DPX and Matroska the credentials are written beside it.

    Args:
        path: The file. It is replaced in one piece.
        statement: What to say of it.
        certificate_folder: See `ensure_certificate`.
    Raises:
        CredentialsError: if it cannot be signed.
        DeliveryError: if the disk is full.
    """
    kind = _media_type(path)
    if kind is None:
        raise CredentialsError(f"{path}: {path.suffix or 'no suffix'} cannot carry credentials; deliver another kind")
    if not path.is_file():
        raise CredentialsError(f"{path}: no such file to sign; check the path")
    signer = ensure_certificate(certificate_folder).read()
    beside = sidecar_of(path)
    with told(beside or path):
        if beside is not None:
            with path.open("rb") as source:
                content = _signed(path, statement, signer, kind, source, _Nowhere())
            with replacing(beside) as partial:
                partial.write_bytes(content)
            return
        with replacing(path) as partial:
            with path.open("rb") as source, partial.open("w+b") as target:
                _signed(path, statement, signer, kind, source, target)
            shutil.copymode(path, partial)


def check_signing(certificate_folder: Path | None = None) -> None:
    """Sign a picture in memory, so that a certificate that cannot be used is found before any frame is made.

    Raises:
        CredentialsError: saying what is wrong with it.
    """
    import c2pa

    certificate = ensure_certificate(certificate_folder)
    tried = Statement("trial.png", "", "", None, "", "")
    blank = cv2.imencode(".png", np.zeros((1, 1), np.uint8))[1].tobytes()
    # An interrupt would be lost in the signer's call-backs.
    with held_back() as interrupt, io.BytesIO(blank) as source, io.BytesIO() as target:
        try:
            _sign_as(tried, certificate.read(), "image/png", source, target)
        except c2pa.C2paError as error:
            raise CredentialsError(
                f"{certificate.signer}: cannot sign ({_one_line(error)}); put another there"
            ) from None
    interrupt.raise_if_came()


def seal_with(statement: Statement, certificate_folder: Path | None = None) -> Seal:
    """Return what a writer calls with every finished file, so that it gets its name only once it is signed.

    Raises:
        CredentialsError: if nothing can be signed with the certificate; found here, before any work is done.
    """
    check_signing(certificate_folder)

    def seal(beside: Path, final: Path) -> None:
        sign(beside, replace(statement, title=final.name), certificate_folder)
        written, wanted = sidecar_of(beside), sidecar_of(final)
        if written and wanted:
            written.replace(wanted)

    return seal


def read(path: Path) -> Manifest | None:
    """Return what a file's credentials say, from inside it or from beside it; None when it has none.

    Raises:
        CredentialsError: if the file is missing, or its credentials cannot be read.
    """
    import c2pa

    if not path.is_file():
        raise CredentialsError(f"{path}: no such file; check the path")
    kind, beside = _media_type(path), sidecar_of(path)
    # Of a kind that carries none, a `.c2pa` of its name is a neighbour's.
    if kind is None or (beside is not None and not beside.is_file()):
        return None
    try:
        with path.open("rb") as source, _context() as context:
            content = beside.read_bytes() if beside is not None else None
            reader = c2pa.Reader.try_create(kind, source, content, context)
            if reader is None:
                return None
            with reader:
                return _manifest(json.loads(reader.json()), beside)
    except c2pa.C2paError as error:
        raise CredentialsError(f"{path}: credentials cannot be read ({_one_line(error)})") from None


def _media_type(path: Path) -> str | None:
    suffix = path.suffix.lower()
    return _EMBEDDED.get(suffix) or _BESIDE.get(suffix)


def _context() -> Any:
    import c2pa

    return c2pa.Context(settings=c2pa.Settings.from_dict(_SETTINGS))


def _signed(path: Path, statement: Statement, signer: Signer, kind: str, source: BinaryIO, target: Any) -> bytes:
    """Write the signed file to `target` and return the credentials alone."""
    import c2pa

    try:
        return _sign_as(statement, signer, kind, source, target)
    except c2pa.C2paError as error:
        if not has_room(path, path.stat().st_size + _MANIFEST_SIZE):
            raise disk_full(path) from None
        raise CredentialsError(f"{path}: cannot be signed ({_one_line(error)})") from None


def _sign_as(statement: Statement, signer: Signer, kind: str, source: Any, target: Any) -> bytes:
    import c2pa

    algorithm = c2pa.C2paSigningAlg[signer.algorithm]
    information = c2pa.C2paSignerInfo(algorithm, signer.chain, signer.key, None)
    with _context() as context, c2pa.Signer.from_info(information) as signing:
        builder = c2pa.Builder(_claim(statement, kind), context)
        if isinstance(target, _Nowhere):
            builder.set_no_embed()
        content: bytes = builder.sign(signing, kind, source, target)
        return content


def _claim(statement: Statement, kind: str) -> dict[str, Any]:
    agent = {"name": "Pecten", "version": statement.pecten_version}
    actions = [
        {"action": "c2pa.opened", "parameters": {"ingredientIds": ["plate"]}},
        {
            "action": "c2pa.edited",
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "softwareAgent": agent,
            "digitalSourceType": SOURCE_TYPE,
        },
    ]
    replacement = {
        "source_record": statement.source_record,
        "source_record_sha256": statement.source_record_sha256,
        "target_record": statement.target_record,
        "comb_sha256": statement.comb_sha256,
        "frames": statement.frames,
        "pecten_version": statement.pecten_version,
        **({} if statement.edit == "replaced" else {"edit": statement.edit}),
        **({} if statement.shot is None else {"shot": statement.shot}),
    }
    return {
        "claim_generator_info": [agent],
        "title": statement.title,
        # The plate is named by its part in this, not by its file: file names carry productions' secrets.
        "ingredients": [{"title": "plate", "relationship": "parentOf", "label": "plate", "format": kind}],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": actions}},
            {"label": ASSERTION, "data": replacement},
        ],
    }


def _manifest(store: dict[str, Any], beside: Path | None) -> Manifest:
    active = store["manifests"][store["active_manifest"]]
    assertions = {entry["label"]: entry.get("data") for entry in active.get("assertions", [])}
    actions = next((data for label, data in assertions.items() if label.startswith("c2pa.actions")), None) or {}
    edit: dict[str, Any] = next(
        (act for act in reversed(actions.get("actions", [])) if act.get("digitalSourceType")), {}
    )
    signature = active.get("signature_info") or {}
    failures = store.get("validation_results", {}).get("activeManifest", {}).get("failure", [])
    organisation, name = signature.get("issuer") or "unknown", signature.get("common_name") or "unknown"
    local = organisation == ORGANISATION
    return Manifest(
        valid=store.get("validation_state") in ("Valid", "Trusted"),
        source_type=edit.get("digitalSourceType"),
        signer=f"{organisation}, {name}",
        time=signature.get("time") or edit.get("when"),
        title=active.get("title") or "",
        assertions=assertions,
        trust="signed by a local development certificate, not trusted by others"
        if local
        else f"signed by {organisation}; whether to trust it is for you to decide",
        problems=tuple(f"{failure['code']}: {failure.get('explanation', '')}" for failure in failures),
        beside=beside,
    )


class _Nowhere:
    """A file that forgets what is written: c2pa copies the asset even when the credentials stay out of it."""

    def __init__(self) -> None:
        self._position = self._size = 0

    def write(self, content: bytes) -> int:
        self._position += len(content)
        self._size = max(self._size, self._position)
        return len(content)

    def read(self, _: int = -1) -> bytes:
        return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        self._position = offset + (0, self._position, self._size)[whence]
        return self._position

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        pass


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
