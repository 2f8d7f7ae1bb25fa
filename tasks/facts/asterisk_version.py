"""The version of the running Asterisk."""
from __future__ import annotations

import re
import shlex

from tasks.model.answer import Answer
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.facts import AsteriskVersion
from tasks.model.profile import Profile
from tasks.model.reading import lines

_VERSION = re.compile(r"Asterisk (?:certified/)?((\d{1,4})[.\-~+\w]*)(?=\s|$)", re.ASCII)


def ask(profile: Profile) -> str:
    return shlex.join((*profile.commands.asterisk, "core show version"))


def parse(answer: Answer) -> AsteriskVersion:
    told = list(lines(answer))
    for line in told:
        found = _VERSION.search(line)
        if found:
            return AsteriskVersion(int(found[2]), found[1])
    if "Unable to connect" in answer.stdout + answer.stderr:
        raise Unreadable("expected the version of a running Asterisk; it is not running")
    raise Unreadable(f"expected 'Asterisk 16.28.0 built by …', got {told[0][:60]!r}" if told else
                     "expected 'Asterisk 16.28.0 built by …', got nothing")


FACT = ShellFact("asterisk_version", AsteriskVersion, ask, parse)
