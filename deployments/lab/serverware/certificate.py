"""The service's self-signed certificate, as most SERVERwares have one."""
from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deployments.lab.detached import write_atomically

_VALID = timedelta(days=365)


def make(certificate: Path, key: Path, address: str) -> None:
    """Write a certificate for ``address`` and its key (0600). It is made anew by each call."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SERVERware")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=3)).not_valid_after(now + _VALID)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_atomically(key, pem.decode())
    write_atomically(certificate, signed.public_bytes(serialization.Encoding.PEM).decode())


def fingerprint(certificate: Path) -> str:
    """``SHA256:`` and the digest in hexadecimal, as credentials.yaml takes it."""
    loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
    return f"SHA256:{loaded.fingerprint(hashes.SHA256()).hex()}"


def is_for(certificate: Path, address: str) -> bool:
    """Whether it names ``address`` and will still be valid tomorrow."""
    loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
    names = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = names.get_values_for_type(x509.IPAddress)
    lasts = loaded.not_valid_after_utc > datetime.now(UTC) + timedelta(days=1)
    return lasts and ipaddress.ip_address(address) in addresses
