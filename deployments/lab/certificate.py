"""Certificates for an appliance: a key and its own signature in one PEM, with so many days to go."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


def self_signed(name: str, days: int) -> bytes:
    """Expires in ``days`` (negative: expired so many days ago); valid from a year before that."""
    key, end = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC) + timedelta(days=days)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    built = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    signed = built.not_valid_before(end - timedelta(days=365)).not_valid_after(end).sign(key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + signed.public_bytes(Encoding.PEM)
