"""Mail to a server, over TLS whose certificate is checked. Each way that it can end is told apart."""
from __future__ import annotations

import hashlib
import smtplib
import ssl
from dataclasses import dataclass
from enum import StrEnum

from tasks.wire.credentials import ApiToken
from tasks.wire.mail_settings import MailServer


class Ending(StrEnum):
    """``unsure``: the message was on its way when the connection broke; it may have arrived."""

    TAKEN = "taken"
    REFUSED = "refused"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Sending:
    ending: Ending
    detail: str = ""


class _Untrusted(Exception):
    pass


def send(server: MailServer, secret: ApiToken | None, sender: str, recipient: str, message: bytes) -> Sending:
    """Hand one message over. Never raises for what a server does; ``detail`` holds no secret. Blocks: use a thread."""
    session: smtplib.SMTP | None = None
    on_its_way = False
    try:
        session = _session(server, secret)
        if server.user and secret:
            _login(session, server.user, secret)
        _must(session.mail(sender), "the sender")
        _must(session.rcpt(recipient), "the recipient")
        on_its_way = True
        _must(session.data(message), "the message")
    except smtplib.SMTPResponseException as error:      # an answer, and it is no
        return Sending(Ending.REFUSED, _answer(error))
    except _Untrusted as error:
        return Sending(Ending.REFUSED, str(error))
    except (OSError, smtplib.SMTPException, ValueError) as error:
        told = "its certificate was not accepted" if isinstance(error, ssl.SSLCertVerificationError) else (
            type(error).__name__ if on_its_way or not isinstance(error, smtplib.SMTPNotSupportedError)
            else "it does not offer STARTTLS or a login")
        return Sending(Ending.UNSURE if on_its_way else Ending.REFUSED, f"{server.host}:{server.port}: {told}")
    finally:
        if session is not None:
            _end(session)
    return Sending(Ending.TAKEN)


def _session(server: MailServer, secret: ApiToken | None) -> smtplib.SMTP:
    context = _context(secret)
    if server.security == "tls":
        session: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, timeout=server.timeout_s, context=context
        )
    else:
        session = smtplib.SMTP(server.host, server.port, timeout=server.timeout_s)
    try:
        if server.security == "starttls":
            session.starttls(context=context)
        session.ehlo()
        if secret and secret.fingerprint:
            assert isinstance(session.sock, ssl.SSLSocket)
            shown = session.sock.getpeercert(binary_form=True) or b""
            if hashlib.sha256(shown).hexdigest() != secret.fingerprint:
                raise _Untrusted(f"{server.host}:{server.port} shows another certificate than the recorded one")
    except BaseException:
        session.close()
        raise
    return session


def _login(session: smtplib.SMTP, user: str, secret: ApiToken) -> None:
    """A server that hangs up on a wrong password (some do, after some tries) is told apart from a broken line."""
    try:
        session.login(user, secret.secret.get_secret_value())
    except smtplib.SMTPServerDisconnected:
        raise smtplib.SMTPAuthenticationError(535, "hung up") from None


def _context(secret: ApiToken | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(secret.ca_file) if secret and secret.ca_file else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if secret and secret.fingerprint:                   # compared after the handshake, before anything is said
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _must(reply: tuple[int, bytes], what: str) -> None:
    code, said = reply
    if code not in (250, 251):
        raise smtplib.SMTPResponseException(code, f"{what} was refused: ".encode() + said)


def _answer(error: smtplib.SMTPResponseException) -> str:
    said = error.smtp_error if isinstance(error.smtp_error, str) else error.smtp_error.decode(errors="replace")
    if isinstance(error, smtplib.SMTPAuthenticationError):
        said = "the login was rejected"                 # in our words: a server may repeat what it was told
    return f"{error.smtp_code} {' '.join(said.split())[:200]}"


def _end(session: smtplib.SMTP) -> None:
    try:
        session.quit()
    except (OSError, smtplib.SMTPException):
        session.close()
