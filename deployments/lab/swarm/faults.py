"""What can be wrong with one system of the swarm, and how it is written: ``hang:auth``, ``drop:mounts``, ``deny``.

K is a question's name, which is that of its fact.
"""
from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """Where a system falls silent, what it refuses, and how its answers go wrong."""

    HANG_BANNER = "hang:banner"         # the connection is accepted, and nothing is ever said
    HANG_KEX = "hang:kex"               # the banner comes, the key exchange does not
    HANG_AUTH = "hang:auth"
    HANG_CHANNEL = "hang:channel"       # logged in, but no channel is opened
    HANG_QUESTION = "hang:question"     # hang:question:K: the shell stalls in the middle of K; a new channel opens
    HANG_ALL = "hang:all"               # hang:all:K: from the middle of K on, nothing is answered on any channel
    HANG_MYSQL = "hang:mysql"           # the tunnel opens, the database never greets
    REFUSE = "refuse"                   # nobody listens on the port
    DROP = "drop"                       # drop:K cuts the connection in the middle of K
    CHANGED_KEY = "changed_key"         # another host key than the recorded one
    DENY = "deny"                       # no key is accepted
    FLOOD = "flood"                     # flood:K answers K without end
    NON_UTF8 = "non_utf8"               # non_utf8:K answers K with bytes that are not UTF-8
    SLOW = "slow"                       # slow:K outlasts the limit of K, and the system's own `timeout` kills it
    LATENCY = "latency"                 # latency:MS before the banner, at each channel and before the answers


_OF_A_QUESTION = (
    FaultKind.HANG_QUESTION, FaultKind.HANG_ALL, FaultKind.DROP, FaultKind.FLOOD, FaultKind.NON_UTF8, FaultKind.SLOW,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """``question`` is a fact's name, for the faults that concern one question."""

    kind: FaultKind
    question: str = ""
    latency_ms: int = 0

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read ``kind`` or ``kind:argument``; raises ValueError with what may be written."""
        kind = next((kind for kind in FaultKind if text == kind or text.startswith(f"{kind}:")), None)
        if kind is None:
            raise ValueError(f"unknown fault {text!r}; write one of {', '.join(FaultKind)}")
        argument = text[len(kind) + 1:]
        if kind in _OF_A_QUESTION:
            if not argument:
                raise ValueError(f"{text!r} does not say which question; write {kind}:mounts")
            return cls(kind, question=argument)
        if kind is FaultKind.LATENCY:
            if not argument.isdecimal():
                raise ValueError(f"{text!r} does not say how long; write {kind}:80 for 80 milliseconds")
            return cls(kind, latency_ms=int(argument))
        if argument:
            raise ValueError(f"{kind} takes no argument; write {kind} instead of {text!r}")
        return cls(kind)
