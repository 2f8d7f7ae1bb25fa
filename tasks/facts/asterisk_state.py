"""Whether Asterisk runs, and since when.

Asterisk's own client says "Unable to connect" both of one that is stopped and of one that does not let the login in:
the names of the running processes tell the two apart.
"""
from __future__ import annotations

import re
import shlex

from tasks.model.answer import Answer
from tasks.model.asterisk_facts import AsteriskState
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.profile import Profile
from tasks.model.reading import sections

_UPTIME = re.compile(r"^System uptime: (\d{1,12})\b", re.ASCII)


def ask(profile: Profile) -> str:
    return (
        f"echo --uptime--; {shlex.join((*profile.commands.asterisk, 'core show uptime seconds'))}; "
        "echo --processes--; cat /proc/[0-9]*/comm 2>/dev/null | sort | uniq -c | awk '$2 == \"asterisk\" "
        "{ print \"asterisk\" } END { print NR, \"names\" }'"
    )


def parse(answer: Answer) -> AsteriskState:
    told = sections(answer)
    for line in told.get("uptime", []):
        if found := _UPTIME.match(line):
            return AsteriskState(running=True, uptime_s=int(found[1]))
    processes = told.get("processes", [])
    if "Unable to connect" not in answer.stdout + answer.stderr or not processes or processes[-1] == "0 names":
        raise Unreadable("expected how long Asterisk has been running, or that it is stopped")
    if "asterisk" in processes:
        raise Unreadable("expected an Asterisk that lets this login in; it runs, and cannot be asked")
    return AsteriskState(running=False, uptime_s=None)


FACT = ShellFact("asterisk_state", AsteriskState, ask, parse)
