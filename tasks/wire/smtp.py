"""Mail to a server, over TLS whose certificate is checked. Each way that it can end is told apart."""
from __future__ import annotations

import hashlib
import re
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from tasks.wire.credentials import ApiToken
from tasks.wire.mail_address import fit
from tasks.wire.mail_settings import MailServer

_LINE_END = re.compile(rb"\r\n|\r|\n")       # a lone one could be read as a message's end by the next server
_NOT_OF_RECIPIENT = (503, 530, 535, 538)    # a login is missing, or commands came in an order that it does not take


class Ending(StrEnum):
    """``unsure``: the message was on its way when the connection broke; it may have arrived."""

    TAKEN = "taken"
    REFUSED = "refused"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Sending:
    """``rejected``: recipients that were refused for good, each with the server's answer; the others stand as
    ``ending`` says. ``of_message``: it was refused itself, while the server is fit to be given others.
    """

    ending: Ending
    detail: str = ""
    rejected: tuple[tuple[str, str], ...] = ()
    of_message: bool = False


class _Untrusted(Exception):
    pass


def send(
    server: MailServer, secret: ApiToken | None, sender: str, recipients: Sequence[str], message: bytes,
    *, receipts: str | None = None,
) -> Sending:
    """Hand one message over, to all of its recipients that are not refused for good, or to nobody.

    ``receipts``: an id under which the servers on the way are asked to report (RFC 3461), where they can. Never raises
    for what a server does; ``detail`` holds no secret. Blocks: use a thread.
    """
    odd = tuple((each, "this address cannot be written in a mail's envelope") for each in recipients if not fit(each))
    meant = [each for each in recipients if fit(each)]
    if not meant:
        return Sending(Ending.REFUSED, odd[0][1], odd, of_message=True)
    session: smtplib.SMTP | None = None
    try:
        session = _session(server, secret)
        if server.user and secret:
            _login(session, server.user, secret)
        asked = receipts if receipts and session.has_extn("dsn") else None
        _must(session.mail(sender, ["RET=HDRS", f"ENVID={xtext(asked)}"] if asked else []), "the sender")
        rejected, later = _recipients(session, meant, asked)
        if later or len(rejected) == len(meant):
            return Sending(Ending.REFUSED, later or rejected[0][1], odd + rejected, of_message=True)
        gone = {each for each, _ in rejected}
        handed = _data(session, server, message, [each for each in meant if each not in gone])
        return replace(handed, rejected=odd + rejected + handed.rejected)
    except smtplib.SMTPResponseException as error:      # an answer, and it is no
        return Sending(Ending.REFUSED, _answer(error))
    except _Untrusted as error:
        return Sending(Ending.REFUSED, str(error))
    except (OSError, smtplib.SMTPException, ValueError) as error:
        return Sending(Ending.REFUSED, f"{server.host}:{server.port}: {_trouble(error)}")
    finally:
        if session is not None:
            _end(session)


def xtext(plain: str) -> str:
    """An id as RFC 3461 writes it in a parameter."""
    return "".join(c if "!" <= c <= "~" and c not in "+=" else f"+{ord(c):02X}" for c in plain if ord(c) < 128)


def _recipients(
    session: smtplib.SMTP, meant: Sequence[str], asked: str | None
) -> tuple[tuple[tuple[str, str], ...], str]:
    """Those refused for good; and the first answer that only asks to come again later, "" where there is none."""
    rejected, later = [], ""
    for each in meant:
        code, said = session.rcpt(each, ["NOTIFY=SUCCESS,FAILURE,DELAY"] if asked else [])
        if code in (250, 251):
            continue
        error = smtplib.SMTPResponseException(code, b"the recipient was refused: " + said)
        if code in _NOT_OF_RECIPIENT:
            raise error
        if code >= 500:
            rejected.append((each, _answer(error)))
        else:
            later = later or _answer(error)
    return tuple(rejected), later


def _data(session: smtplib.SMTP, server: MailServer, message: bytes, to: list[str]) -> Sending:
    """The message itself. Only an answer tells what became of it."""
    try:
        code, said = session.data(_LINE_END.sub(b"\r\n", message))
    except smtplib.SMTPDataError as error:              # it was not asked for
        code, said = error.smtp_code, error.smtp_error if isinstance(error.smtp_error, bytes) else b""
    except (OSError, smtplib.SMTPException, ValueError) as error:
        return Sending(Ending.UNSURE, f"{server.host}:{server.port}: {_trouble(error)}")
    if 200 <= code < 300:
        return Sending(Ending.TAKEN)
    answer = _answer(smtplib.SMTPResponseException(code, b"the message was refused: " + said))
    if not 400 <= code < 600:
        return Sending(Ending.UNSURE, answer, of_message=True)
    rejected = tuple((each, answer) for each in to) if code >= 500 else ()
    return Sending(Ending.REFUSED, answer, rejected, of_message=True)


def _trouble(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate was not accepted"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "it does not offer STARTTLS or a login"
    return type(error).__name__


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
