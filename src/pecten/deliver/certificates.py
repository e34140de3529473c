"""A local certificate to sign content credentials with, made on first use and kept by the user."""

import os
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pecten.consent import home_folder
from pecten.errors import CredentialsError
from pecten.files import replacing

ORGANISATION = "Pecten local development"
_AUTHORITY_LIFE = timedelta(days=3650)
_LEAF_LIFE = timedelta(days=825)
# Clocks of two machines may differ.
_BACKDATED = timedelta(days=1)
_PEM = serialization.Encoding.PEM
# C2PA specification 2.2, section 13.2.1: what a claim may be signed with, by the curve of the key.
_BY_CURVE = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_LEAST_RSA_BITS = 2048


@dataclass(frozen=True)
class Certificate:
    """Where a signing certificate is.

    Attributes:
        signer: File with the private key, its certificate and the certificate that issued it.
        authority: File with the private key and certificate of the local authority.
    """

    signer: Path
    authority: Path

    def read(self) -> "Signer":
        """Read what is signed with.

        Raises:
            CredentialsError: if the file cannot be read, holds something else, or a key that C2PA does not know.
        """
        try:
            text = self.signer.read_text(encoding="ascii")
        except (OSError, ValueError) as error:
            raise CredentialsError(f"{self.signer}: cannot be read ({error}); mend its rights or delete it") from None
        blocks = re.findall(r"(-----BEGIN ([A-Z ]+)-----.*?-----END \2-----\n?)", text, flags=re.S)
        chain = "".join(block for block, kind in blocks if kind == "CERTIFICATE").encode("ascii")
        key = "".join(block for block, kind in blocks if kind.endswith("PRIVATE KEY")).encode("ascii")
        if not chain or not key:
            raise CredentialsError(f"{self.signer}: holds no key with its certificate; delete it to have one made")
        secret, leaf = self._key_in(key), self._leaf_in(chain)
        if secret.public_key() != leaf.public_key():
            raise CredentialsError(f"{self.signer}: its first certificate is of another key; put the signer's first")
        # Keys of older programs are written in other ways, which the signer does not read.
        plain = secret.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return Signer(chain, plain, self._algorithm_of(secret), leaf)

    def _key_in(self, text: bytes) -> Any:
        try:
            return serialization.load_pem_private_key(text, None)
        except TypeError:
            fault = "its key has a password; store it without one, readable by you alone"
        except (ValueError, UnsupportedAlgorithm):
            fault = "its key is damaged or of an unknown kind; put another there"
        raise CredentialsError(f"{self.signer}: {fault}")

    def _leaf_in(self, chain: bytes) -> x509.Certificate:
        try:
            return x509.load_pem_x509_certificate(chain)
        except ValueError:
            raise CredentialsError(f"{self.signer}: damaged; delete it to have a new one made") from None

    def _algorithm_of(self, key: Any) -> str:
        if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _BY_CURVE:
            return _BY_CURVE[key.curve.name]
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return "ED25519"
        if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= _LEAST_RSA_BITS:
            return "PS256"
        raise CredentialsError(
            f"{self.signer}: C2PA does not sign with such a key; use P-256, P-384, P-521, Ed25519, or RSA of "
            f"{_LEAST_RSA_BITS} bits and more"
        )


@dataclass(frozen=True)
class Signer:
    """What is signed with.

    Attributes:
        chain: Certificates, the signer's own first (PEM).
        key: The signer's private key (PEM, PKCS 8).
        algorithm: As C2PA calls it, such as `ES256`.
        leaf: The signer's own certificate.
    """

    chain: bytes
    # Never in a message or a traceback.
    key: bytes = field(repr=False)
    algorithm: str
    leaf: x509.Certificate


def ensure_certificate(folder: Path | None = None) -> Certificate:
    """Return the local signing certificate, made when it is missing and renewed when it has run out.

    A certificate from a real authority can be put in its place: key, certificate and chain in one file.

    Args:
        folder: Where it is kept; None for `credentials` in the user's Pecten folder.
    Raises:
        CredentialsError: if the folder cannot be written or holds damaged files.
    """
    place = folder or home_folder() / "credentials"
    certificate = Certificate(place / "signer.pem", place / "authority.pem")
    if certificate.signer.exists() and not _has_run_out(certificate):
        return certificate
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make(certificate)
    except OSError as error:
        raise CredentialsError(f"{place}: cannot keep a certificate there ({error.strerror}); mend it") from None
    return certificate


def _has_run_out(certificate: Certificate) -> bool:
    leaf = certificate.read().leaf
    if leaf.not_valid_after_utc > datetime.now(UTC):
        return False
    if _organisation(leaf.issuer) != ORGANISATION:
        day = f"{leaf.not_valid_after_utc:%Y-%m-%d}"
        raise CredentialsError(f"{certificate.signer}: ran out on {day}; put a new one there")
    return True


def _make(certificate: Certificate) -> None:
    now = datetime.now(UTC) - _BACKDATED
    authority_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = (
        _builder("Pecten local authority", "Pecten local authority", authority_key.public_key(), now, _AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    leaf = (
        _builder("Pecten local signer", "Pecten local authority", leaf_key.public_key(), now, _LEAF_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        # C2PA specification 2.2, section 14.5.1: one of the usages it lists must be there.
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    _write_secret(certificate.authority, _secret(authority_key) + authority.public_bytes(_PEM))
    # Key and chain in one file, so that two runs that start together cannot mix theirs.
    _write_secret(certificate.signer, _secret(leaf_key) + leaf.public_bytes(_PEM) + authority.public_bytes(_PEM))


def _builder(subject: str, issuer: str, key: Any, start: datetime, life: timedelta) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _organisation(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return str(found[0].value) if found else ""


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _secret(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _write_secret(path: Path, content: bytes) -> None:
    # Created closed to others: to close it afterwards would leave a moment in which it can be read.
    closed = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with replacing(path) as beside, os.fdopen(os.open(beside, closed, 0o600), "wb") as handle:
        handle.write(content)
