"""The types of the facts about telephony: who is registered, which calls are up, which modules and codecs there are.

Names of extensions and trunks leave a system; secrets, callers and the addresses of phones do not.
"""
from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tasks.model.facts import SipDriver


@dataclass(frozen=True, slots=True)
class AsteriskState:
    running: bool
    uptime_s: int | None            # None where it does not run


class Reach(StrEnum):
    """What Asterisk knows of the far end of an extension or trunk."""

    ANSWERS = "answers"             # it is asked regularly (qualify), and answers
    UNWATCHED = "unwatched"         # it has an address, and is not asked
    SILENT = "silent"               # it is asked, and does not answer
    ABSENT = "absent"               # it has no address: not registered


@dataclass(frozen=True, slots=True)
class Line:
    """An extension or a trunk."""

    name: str
    driver: SipDriver
    reach: Reach


@dataclass(frozen=True, slots=True)
class OutboundRegistration:
    """The PBX's own registration with a carrier. ``state`` as Asterisk calls it: Registered, Rejected, …"""

    host: str
    driver: SipDriver
    state: str

    @property
    def registered(self) -> bool:
        return self.state == "Registered"


@dataclass(frozen=True, slots=True)
class Registrations:
    """Extensions are those that register; trunks have an address of their own, or are known by it (PJSIP identify)."""

    extensions: tuple[Line, ...]
    trunks: tuple[Line, ...]
    outbound: tuple[OutboundRegistration, ...]


@dataclass(frozen=True, slots=True)
class Channel:
    name: str
    state: str                      # Up, Ring, …
    application: str                # the dialplan application in which it is
    duration_s: int


@dataclass(frozen=True, slots=True)
class Channels:
    """The calls that Asterisk counts, and its channels (two for most calls; at most a thousand are told)."""

    calls: int
    channels: tuple[Channel, ...]


@dataclass(frozen=True, slots=True)
class LoadedModules:
    """The modules that Asterisk has loaded, and those that it loaded and that declined to run. File names."""

    running: frozenset[str]
    declined: frozenset[str]


@dataclass(frozen=True, slots=True)
class TrunkCodecs:
    name: str
    driver: SipDriver
    codecs: tuple[str, ...]         # the allow list in its order; empty where Asterisk tells none


@dataclass(frozen=True, slots=True)
class Codecs:
    """What trunks allow, and between which codecs Asterisk can translate (`core show translation`)."""

    trunks: tuple[TrunkCodecs, ...]
    translated: frozenset[str]


@dataclass(frozen=True, slots=True)
class LogRate:
    """ERROR and WARNING lines of the last day in Asterisk's log; ``hours`` is how much of that day was read."""

    errors: int
    warnings: int
    hours: float

    @property
    def per_hour(self) -> float:
        """Lines an hour; a log that began only now counts as one of an hour."""
        return (self.errors + self.warnings) / max(1.0, self.hours)


@dataclass(frozen=True, slots=True)
class BlockedSources:
    """The addresses from which test calls come, and by which lists (fail2ban's jails, sipPROT) they are blocked."""

    sources: tuple[str, ...]
    lists: tuple[tuple[str, int], ...]          # name and how many addresses it blocks
    blocked: tuple[tuple[str, str], ...]        # (address, list)


@dataclass(frozen=True, slots=True)
class Transport:
    """A transport of PJSIP; ``protocol`` is udp, tcp, tls, ws or wss."""

    name: str
    protocol: str


@dataclass(frozen=True, slots=True)
class Transports:
    """PJSIP's transports that its configuration files name, and those that run; none of either without PJSIP."""

    configured: tuple[Transport, ...]
    running: tuple[Transport, ...]
