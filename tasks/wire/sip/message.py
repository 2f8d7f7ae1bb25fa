"""SIP messages (RFC 3261), as little of them as the probes need: OPTIONS and BYE to send, answers to read."""
from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

_STATUS = re.compile(r"SIP/2\.0 (\d{3})(?: (.*))?$")
_LIMIT = 65_535


@dataclass(frozen=True)
class Message:
    """``status`` is None for a request. Header names are lower case; of a repeated header the first."""

    first_line: str
    status: int | None
    headers: dict[str, str]
    body: str

    @property
    def cseq_method(self) -> str:
        return self.headers.get("cseq", "").rpartition(" ")[2]

    @property
    def method(self) -> str:
        return "" if self.status is not None else self.first_line.partition(" ")[0]


class Dialog(BaseModel):
    """What a third party must know to end a call that is up. ``target`` is the far end's Contact."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    call_id: str
    from_header: str
    to_header: str
    target: str
    cseq: int


def parse(text: str) -> Message | None:
    """The message, or None where ``text`` is none."""
    head, _, body = text[:_LIMIT].replace("\r\n", "\n").partition("\n\n")
    first, *lines = head.split("\n")
    status = _STATUS.match(first)
    if not status and not first.endswith(" SIP/2.0"):
        return None
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(_LONG.get(name.strip().lower(), name.strip().lower()), value.strip())
    return Message(first, int(status[1]) if status else None, headers, body)


_LONG = {"i": "call-id", "f": "from", "t": "to", "m": "contact", "v": "via"}     # RFC 3261, section 7.3.3


def dialog_of(answer: Message) -> Dialog | None:
    """The dialog that a 200 to our INVITE has opened."""
    contact = re.search(r"<(sip:[^>\s]+)>|^(sip:[^;\s]+)", answer.headers.get("contact", ""))
    number = answer.headers.get("cseq", "").partition(" ")[0]
    if answer.status != 200 or answer.cseq_method != "INVITE" or not contact or not number.isdigit():
        return None
    headers = answer.headers
    return Dialog(
        call_id=headers.get("call-id", ""), from_header=headers.get("from", ""), to_header=headers.get("to", ""),
        target=contact[1] or contact[2], cseq=int(number),
    )


def codec_of(answer: Message) -> str | None:
    """The codec that an SDP answer has chosen: the first payload type of its audio line."""
    audio = re.search(r"^m=audio \d+ \S+ (\d+)", answer.body, re.MULTILINE)
    if not audio:
        return None
    named = re.search(rf"^a=rtpmap:{audio[1]} ([A-Za-z0-9._-]+)/", answer.body, re.MULTILINE)
    return named[1] if named else {"0": "PCMU", "8": "PCMA", "9": "G722"}.get(audio[1])


def options(host: str, port: int, transport: str, local: str) -> tuple[str, bytes]:
    """An OPTIONS for ``host`` from ``local`` (host:port), and its Call-ID. RFC 3581's rport lets the answer find us."""
    call_id = secrets.token_hex(12)
    uri = f"sip:{bracketed(host)}:{port}"
    lines = (
        f"OPTIONS {uri} SIP/2.0",
        f"Via: SIP/2.0/{transport.upper()} {local};branch=z9hG4bK{secrets.token_hex(8)};rport",
        "Max-Forwards: 70",
        f"From: <sip:uplift@{local}>;tag={secrets.token_hex(6)}",
        f"To: <{uri}>",
        f"Call-ID: {call_id}",
        "CSeq: 1 OPTIONS",
        f"Contact: <sip:uplift@{local};transport={transport}>",
        "User-Agent: Uplift",
        "Accept: application/sdp",
        "Content-Length: 0",
    )
    return call_id, _wire(lines)


def bye(dialog: Dialog, transport: str, local: str) -> bytes:
    """A BYE for a call whose own client is gone. Its number leaves room for what that client may still have sent."""
    return _wire((
        f"BYE {dialog.target} SIP/2.0",
        f"Via: SIP/2.0/{transport.upper()} {local};branch=z9hG4bK{secrets.token_hex(8)};rport",
        "Max-Forwards: 70",
        f"From: {dialog.from_header}",
        f"To: {dialog.to_header}",
        f"Call-ID: {dialog.call_id}",
        f"CSeq: {dialog.cseq + 100} BYE",
        "User-Agent: Uplift",
        "Content-Length: 0",
    ))


def bracketed(host: str) -> str:
    """An IPv6 address in the brackets that a URI wants."""
    return f"[{host}]" if ":" in host else host


def _wire(lines: tuple[str, ...]) -> bytes:
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
