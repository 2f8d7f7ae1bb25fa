"""A mail that came in, as far as Uplift understands it."""
from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Written(StrEnum):
    """By whom a mail was written."""

    SERVER = "server"           # a report on what became of a message
    MACHINE = "machine"         # a holiday notice, a receipt, a list
    PERSON = "person"


class Fate(StrEnum):
    FAILED = "failed"
    DELAYED = "delayed"
    ARRIVED = "arrived"


@dataclass(frozen=True, slots=True)
class Reported:
    """What became of a message for one recipient. ``recipient`` is "" where the report does not say whose it is."""

    recipient: str
    fate: Fate
    reason: str = ""


@dataclass(frozen=True, slots=True)
class IncomingMail:
    """``about``: message ids that it may be an answer to, likeliest first. ``answers``: those that its sender must have
    had. ``text``: a person's words without what they quote. ``digest`` tells this mail from all others.
    """

    written: Written
    digest: str
    about: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    reported: tuple[Reported, ...] = ()
    sender: str = ""
    text: str = ""
