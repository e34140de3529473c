"""Every kind of delivery can be signed offline, read back, and shows when it was altered."""

import errno
import socket
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

import pecten.files
from pecten.deliver import certificates, credentials
from pecten.deliver.credentials import Statement, check_signing, ensure_certificate, read, seal_with, sidecar_of, sign
from pecten.errors import CredentialsError, DeliveryError
from pecten.footage.clip import open_clip
from sample_clips import read_pixels, write_still, write_video

STATEMENT = Statement(
    title="out.mov",
    source_record="synthetic-ada",
    source_record_sha256="ab" * 32,
    target_record=None,
    comb_sha256="cd" * 32,
    frames="1001-1012",
    pecten_version="0.1.0",
)
NAMES = ["a.mp4", "a.mov", "a.mkv", "a.png", "a.tif", "a.jpg", "a.exr", "a.dpx"]


@pytest.fixture(scope="module")
def certificate_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home") / "credentials"
    ensure_certificate(folder)
    return folder


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("signing must not use the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def make(folder: Path, name: str) -> Path:
    path = folder / name
    codecs = {".mp4": ("libx264", "yuv420p"), ".mov": ("prores_ks", "yuv422p10le"), ".mkv": ("ffv1", "yuv420p")}
    if path.suffix in codecs:
        audio = "aac" if path.suffix == ".mp4" else "pcm_s16le"
        return write_video(path, *codecs[path.suffix], timecode="01:00:00:00", audio=audio)
    rng = np.random.default_rng(1)
    if path.suffix == ".exr":
        return write_still(path, rng.random((40, 50, 3)).astype(np.float16))
    return write_still(path, rng.integers(0, 255, (40, 50, 3)).astype(np.uint8))


@pytest.mark.parametrize("name", NAMES)
def test_signed_deliveries_say_what_they_are(tmp_path: Path, certificate_folder: Path, name: str) -> None:
    path = make(tmp_path, name)
    assert read(path) is None
    before = path.read_bytes()
    pictures = [frame.image for frame in open_clip(path).frames()]
    sign(path, STATEMENT, certificate_folder)
    manifest = read(path)
    assert manifest is not None
    assert (manifest.valid, manifest.problems) == (True, ())
    assert manifest.source_type == credentials.SOURCE_TYPE
    assert manifest.title == "out.mov"
    assert "local development certificate, not trusted by others" in manifest.trust
    assert manifest.signer == "Pecten local development, Pecten local signer"
    assert manifest.time is not None
    assert abs(datetime.fromisoformat(manifest.time) - datetime.now(UTC)) < timedelta(minutes=5)
    assert manifest.statement == {
        "source_record": "synthetic-ada",
        "source_record_sha256": "ab" * 32,
        "target_record": None,
        "comb_sha256": "cd" * 32,
        "frames": "1001-1012",
        "pecten_version": "0.1.0",
    }
    # What was delivered is still there, and nothing else is.
    sidecar = sidecar_of(path)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted({name, sidecar.name if sidecar else name})
    assert (path.read_bytes() == before) == (sidecar is not None)
    for old, new in zip(pictures, open_clip(path).frames(), strict=True):
        np.testing.assert_array_equal(new.image, old)


def test_the_actions_are_opened_then_edited(tmp_path: Path, certificate_folder: Path) -> None:
    """Golden: what a verifier is shown, but for times and random ids."""
    path = make(tmp_path, "a.png")
    sign(path, STATEMENT, certificate_folder)
    manifest = read(path)
    assert manifest is not None
    assert sorted(manifest.assertions) == ["c2pa.actions.v2", "org.pecten.replacement"]
    opened, edited = manifest.assertions["c2pa.actions.v2"]["actions"]
    assert opened["action"] == "c2pa.opened"
    assert [set(entry) for entry in opened["parameters"]["ingredients"]] == [{"url", "hash"}]
    del edited["when"]
    assert edited == {
        "action": "c2pa.edited",
        "softwareAgent": {"name": "Pecten", "version": "0.1.0"},
        "digitalSourceType": credentials.SOURCE_TYPE,
    }


@pytest.mark.parametrize("name", NAMES)
def test_altered_files_are_found_out(tmp_path: Path, certificate_folder: Path, name: str) -> None:
    path = make(tmp_path, name)
    sign(path, STATEMENT, certificate_folder)
    content = bytearray(path.read_bytes())
    # Somewhere in the pixels, wherever each format keeps them.
    place = {".tif": 200, ".mp4": len(content) // 2, ".mov": len(content) // 2, ".mkv": len(content) // 2}
    content[place.get(path.suffix, len(content) - 40)] ^= 1
    path.write_bytes(content)
    manifest = read(path)
    assert manifest is not None
    assert not manifest.valid
    assert "ash" in manifest.problems[0]


def test_nothing_of_the_picture_or_the_place_goes_in(tmp_path: Path, certificate_folder: Path) -> None:
    path = make(tmp_path, "a.exr")
    sign(path, STATEMENT, certificate_folder)
    sidecar = sidecar_of(path)
    assert sidecar is not None
    content = sidecar.read_bytes()
    assert str(tmp_path).encode() not in content
    assert b"thumbnail" not in content
    assert b"JFIF" not in content
    assert len(content) < 8000


def test_signing_again_replaces_the_statement(tmp_path: Path, certificate_folder: Path) -> None:
    path = make(tmp_path, "a.png")
    pixels = read_pixels(path)
    sign(path, STATEMENT, certificate_folder)
    sign(path, replace(STATEMENT, frames="1001-1002"), certificate_folder)
    manifest = read(path)
    assert manifest is not None
    assert manifest.valid
    assert manifest.statement["frames"] == "1001-1002"
    np.testing.assert_array_equal(read_pixels(path), pixels)


def test_the_certificate_is_private_and_of_the_right_kind(certificate_folder: Path) -> None:
    certificate = ensure_certificate(certificate_folder)
    for path in (certificate.signer, certificate.authority):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(certificate_folder.stat().st_mode) == 0o700
    signer = certificate.read()
    leaf, authority = x509.load_pem_x509_certificates(signer.chain)
    assert leaf == signer.leaf
    assert b"PRIVATE KEY" in signer.key
    assert signer.algorithm == "ES256"
    leaf.verify_directly_issued_by(authority)
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert not usage.key_cert_sign
    extended = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(extended) == [ExtendedKeyUsageOID.EMAIL_PROTECTION]
    # Kept, not made anew.
    assert ensure_certificate(certificate_folder).read() == signer


def test_the_certificate_lives_in_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PECTEN_HOME", str(tmp_path / "mine"))
    assert ensure_certificate().signer == tmp_path / "mine" / "credentials" / "signer.pem"


def test_a_certificate_that_ran_out_is_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "_LEAF_LIFE", timedelta(hours=1))
    old = ensure_certificate(tmp_path).read()
    monkeypatch.undo()
    assert ensure_certificate(tmp_path).read() != old


def test_damaged_certificates_are_refused(tmp_path: Path) -> None:
    for content in ("", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        (tmp_path / "signer.pem").write_text(content)
        with pytest.raises(CredentialsError, match=r"signer\.pem"):
            ensure_certificate(tmp_path)


def put_signer(folder: Path, key: Any, secret: Any = None, others: Any = None) -> None:
    """Write `signer.pem` as an authority would give it: for a key, its certificate and the authority's."""
    start = datetime.now(UTC) - timedelta(days=1)
    issuer = ec.generate_private_key(ec.SECP256R1())
    leaf = (
        certificates._builder("leaf", "authority", (others or key).public_key(), start, timedelta(days=9))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(certificates._usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False)
        .sign(issuer, hashes.SHA256())
    )
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8 if secret else serialization.PrivateFormat.TraditionalOpenSSL,
        secret or serialization.NoEncryption(),
    )
    (folder / "signer.pem").write_bytes(text + leaf.public_bytes(serialization.Encoding.PEM))


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ec.generate_private_key(ec.SECP384R1()), "ES384"),
        (ec.generate_private_key(ec.SECP521R1()), "ES512"),
        (rsa.generate_private_key(65537, 2048), "PS256"),
    ],
)
def test_other_kinds_of_keys_sign(tmp_path: Path, key: Any, algorithm: str) -> None:
    """As authorities hand them out, and as older programs write them."""
    put_signer(tmp_path, key)
    check_signing(tmp_path)
    assert ensure_certificate(tmp_path).read().algorithm == algorithm
    path = make(tmp_path, "a.png")
    sign(path, STATEMENT, tmp_path)
    manifest = read(path)
    assert manifest is not None
    assert (manifest.valid, manifest.problems) == (True, ())


def test_keys_that_cannot_sign_are_found_before_the_first_frame(tmp_path: Path) -> None:
    good = ec.generate_private_key(ec.SECP256R1())
    put_signer(tmp_path, ec.generate_private_key(ec.SECP256K1()))
    with pytest.raises(CredentialsError, match=r"signer\.pem: C2PA does not sign with such a key; use P-256"):
        seal_with(STATEMENT, tmp_path)
    put_signer(tmp_path, good, secret=serialization.BestAvailableEncryption(b"word"))
    with pytest.raises(CredentialsError, match=r"signer\.pem: its key has a password"):
        seal_with(STATEMENT, tmp_path)
    put_signer(tmp_path, good, others=ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(CredentialsError, match=r"signer\.pem: its first certificate is of another key"):
        seal_with(STATEMENT, tmp_path)
    put_signer(tmp_path, good)
    seal_with(STATEMENT, tmp_path)


def test_a_neighbours_credentials_are_not_of_a_file_that_carries_none(tmp_path: Path, certificate_folder: Path) -> None:
    sign(make(tmp_path, "a.exr"), STATEMENT, certificate_folder)
    (tmp_path / "a.avi").write_bytes(b"a video")
    assert read(tmp_path / "a.exr") is not None
    assert read(tmp_path / "a.avi") is None


def test_files_that_cannot_be_signed(tmp_path: Path, certificate_folder: Path) -> None:
    (tmp_path / "notes.txt").write_text("text")
    with pytest.raises(CredentialsError, match=r"\.txt cannot carry"):
        sign(tmp_path / "notes.txt", STATEMENT, certificate_folder)
    for action in (lambda path: sign(path, STATEMENT, certificate_folder), read):
        with pytest.raises(CredentialsError, match="no such file"):
            action(tmp_path / "gone.mov")
    (tmp_path / "text.png").write_text("no picture\n" * 20)
    before = (tmp_path / "text.png").read_bytes()
    with pytest.raises(CredentialsError, match="cannot be signed") as caught:
        sign(tmp_path / "text.png", STATEMENT, certificate_folder)
    assert "\n" not in str(caught.value)
    assert (tmp_path / "text.png").read_bytes() == before
    (tmp_path / "a.exr").write_bytes(b"exr")
    (tmp_path / "a.c2pa").write_bytes(b"damaged")
    with pytest.raises(CredentialsError, match="cannot be read") as caught:
        read(tmp_path / "a.exr")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["a.png", "a.exr"])
def test_a_full_disk_leaves_the_delivery_as_it_was(
    tmp_path: Path, certificate_folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = make(tmp_path, name)
    before = path.read_bytes()

    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pecten.files.os, "fsync", fail)
    with pytest.raises(DeliveryError, match="disk full"):
        sign(path, STATEMENT, certificate_folder)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
