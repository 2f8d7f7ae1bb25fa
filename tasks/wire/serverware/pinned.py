"""TLS to a server with a self-signed certificate: only the one that was recorded is spoken to."""
from __future__ import annotations

import hashlib
import hmac
import ssl

from tasks.model.errors import UserError
from tasks.wire.credentials import ApiToken


class WrongCertificate(ssl.SSLCertVerificationError):
    """The server shows another certificate than the recorded one. Raised in the handshake: no request was sent."""

    def __init__(self, seen: str) -> None:
        super().__init__(1, f"certificate SHA256:{seen} is not the recorded one")
        self.seen = seen


def context(token: ApiToken) -> ssl.SSLContext:
    """Checks the server's certificate against the fingerprint, or against the authority, of the credential.

    Raises UserError where the authority's file cannot be read.
    """
    if token.fingerprint is not None:
        return _by_fingerprint(token.fingerprint)
    try:
        return ssl.create_default_context(cafile=token.ca_file)
    except (OSError, ssl.SSLError):
        raise UserError(
            "certificate_unreadable",
            f"{token.ca_file} of credential {token.name!r} holds no certificate that can be read",
            "write a PEM file there, or certificate: SHA256:… in credentials.yaml",
        ) from None


def _by_fingerprint(fingerprint: str) -> ssl.SSLContext:
    """The fingerprint takes the place of chain and name, of which a self-signed certificate has none."""

    def require_recorded(shown: bytes | None) -> None:
        seen = hashlib.sha256(shown or b"").hexdigest()
        if not hmac.compare_digest(seen, fingerprint):
            raise WrongCertificate(seen)

    class Pinned(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            require_recorded(self.getpeercert(binary_form=True))

    class PinnedSocket(ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:
            super().do_handshake(block)
            require_recorded(self.getpeercert(binary_form=True))

    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.sslobject_class = Pinned
    made.sslsocket_class = PinnedSocket
    return made
