"""Which ports are listened on, and by which programs: read from /proc, as not every system has ``ss``.

Only sockets that a process of this system holds count: a container may see its neighbours' sockets, too. UDP ports from
10000 on are left out: RTP's (Asterisk's default) and those of clients come and go.
"""
from __future__ import annotations

import re

from tasks.model.answer import Answer
from tasks.model.fact import Unreadable
from tasks.model.profile import Profile
from tasks.model.reading import sections
from tasks.model.snapshot import Scalar

FIRST_PASSING_UDP = 10_000
_SOCKET = re.compile(r"^\s*\d+: [0-9A-F]+:(?P<port>[0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} (?P<state>[0-9A-F]{2}) "
                     r"(?:\S+ +){3}\d+ +\d+ (?P<inode>\d+) ")
_LISTENS = {"tcp": "0A", "udp": "07"}


def ask(profile: Profile) -> str:
    return (
        "echo --tcp--; cat /proc/net/tcp /proc/net/tcp6 2>/dev/null; "
        "echo --udp--; cat /proc/net/udp /proc/net/udp6 2>/dev/null; "
        "echo --names--; grep -H . /proc/[0-9]*/comm 2>/dev/null; "
        "echo --held--; ls -l /proc/[0-9]*/fd 2>/dev/null"
        r" | sed -n 's/.*socket:\[\([0-9]*\)\]$/\1/p;s/^\/proc\/\([0-9]*\)\/fd:$/pid \1/p'"
    )


def parse(answer: Answer) -> dict[str, Scalar]:
    told = sections(answer)
    owners = _owners(told.get("names", []), told.get("held", []))
    if not owners:
        raise Unreadable("expected the sockets of this system's processes, got none; the login may not see them")
    programs: dict[str, set[str]] = {}
    for kind, listens in _LISTENS.items():
        for line in told.get(kind, []):
            socket = _SOCKET.match(line)
            if socket is None or socket["state"] != listens or socket["inode"] not in owners:
                continue
            port = int(socket["port"], 16)
            if kind == "tcp" or port < FIRST_PASSING_UDP:
                programs.setdefault(f"{port}/{kind}", set()).add(owners[socket["inode"]])
    return {port: ", ".join(sorted(names)) for port, names in programs.items()}


def _owners(names: list[str], held: list[str]) -> dict[str, str]:
    """Socket's inode -> program."""
    programs = {found[1]: found[2] for line in names if (found := re.match(r"/proc/(\d+)/comm:(.+)$", line))}
    owners, pid = {}, ""
    for line in held:
        if line.startswith("pid "):
            pid = line.removeprefix("pid ")
        elif line.isdigit():
            owners[line] = programs.get(pid, "unknown")
    return owners
