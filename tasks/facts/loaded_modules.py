"""Which modules the running Asterisk has, and which of them declined to run.

`module show` keeps a module that declined and marks it "Not Running"; modules compiled into Asterisk have no ``.so``.
"""
from __future__ import annotations

import shlex

from tasks.model.answer import Answer
from tasks.model.asterisk_facts import LoadedModules
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.profile import Profile
from tasks.model.reading import lines, whole

_AWK = (
    '/^[0-9]+ modules? loaded/ { print "listed" } '
    '$1 ~ /\\.so$/ { print (/ Not Running /  ? "declined" : "running"), $1 }'
)


def ask(profile: Profile) -> str:
    return f"{shlex.join((*profile.commands.asterisk, 'module show'))} | awk {shlex.quote(_AWK)}"


def parse(answer: Answer) -> LoadedModules:
    told = [line.split() for line in lines(whole(answer))]
    if ["listed"] not in told:
        state = "is not running" if "Unable to connect" in answer.stderr else "did not answer with one"
        raise Unreadable(f"expected the list of `module show`; Asterisk {state}")
    named = [(row[0], row[1]) for row in told if len(row) == 2]
    return LoadedModules(
        running=frozenset(name for state, name in named if state == "running"),
        declined=frozenset(name for state, name in named if state == "declined"),
    )


FACT = ShellFact("loaded_modules", LoadedModules, ask, parse)
