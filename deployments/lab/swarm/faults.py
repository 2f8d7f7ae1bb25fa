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
    MYSQL_GONE = "mysql_gone"           # nobody listens where pbxware.ini says that the database is
    MYSQL_LOST = "mysql_lost"           # the tunnel opens, and the far end closes it at once
    MYSQL_SLOW = "mysql_slow"           # mysql_slow:MS: whatever the database says comes so much later
    WRONG_LOGIN = "wrong_login"         # pbxware.ini holds a password that the database does not take
    REFUSE = "refuse"                   # nobody listens on the port
    DROP = "drop"                       # drop:K cuts the connection in the middle of K
    CHANGED_KEY = "changed_key"         # another host key than the recorded one
    DENY = "deny"                       # no key is accepted
    FLOOD = "flood"                     # flood:K answers K without end
    NON_UTF8 = "non_utf8"               # non_utf8:K answers K with bytes that are not UTF-8
    NO_PERMISSION = "no_permission"     # no_permission:K: the login may not read what K is about
    GZIP_BOMB = "gzip_bomb"             # gzip_bomb:K answers K with a gzip file that holds a thousand times its size
    SLOW = "slow"                       # slow:K outlasts the limit of K, and the system's own `timeout` kills it
    LATENCY = "latency"                 # latency:MS before the banner, at each channel and before the answers


_OF_A_QUESTION = (
    FaultKind.HANG_QUESTION, FaultKind.HANG_ALL, FaultKind.DROP, FaultKind.FLOOD, FaultKind.NON_UTF8, FaultKind.SLOW,
    FaultKind.NO_PERMISSION, FaultKind.GZIP_BOMB,
)
_FOR_SO_LONG = (FaultKind.LATENCY, FaultKind.MYSQL_SLOW)


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
        if kind in _FOR_SO_LONG:
            if not argument.isdecimal():
                raise ValueError(f"{text!r} does not say how long; write {kind}:80 for 80 milliseconds")
            return cls(kind, latency_ms=int(argument))
        if argument:
            raise ValueError(f"{kind} takes no argument; write {kind} instead of {text!r}")
        return cls(kind)
