"""The shared objects in Asterisk's module folders, with the build sum compiled into each.

Asterisk refuses a module whose AST_BUILDOPT_SUM (32 hex digits, NUL-terminated in the file) is not its own. With
``grep -z`` a NUL ends a line, so the sum is found without a disassembler in one pass over the folder.
"""
from __future__ import annotations

import re
import shlex
from collections import Counter

from tasks.model.answer import Answer
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.facts import Module, Modules
from tasks.model.profile import Profile
from tasks.model.reading import lines, permitted, whole

_SIZE = re.compile(r"^size (\d{1,15}) (\S+\.so)$", re.ASCII)
_SUM = re.compile(r"^sum (\S+\.so):.*?([0-9a-f]{32})$", re.ASCII)


def ask(profile: Profile) -> str:
    folders = shlex.join(profile.paths.modules)
    return (
        f"for folder in {folders}; do cd \"$folder\" 2>/dev/null || continue; echo folder; "
        "stat -L -c 'size %s %n' -- *.so; "
        "grep -HzaoE '[0-9a-f]{32}$' -- *.so | tr '\\0' '\\n' | sed 's/^/sum /'; done"
    )


def parse(answer: Answer) -> Modules:
    """Of a module that lies in two folders the first; of several candidates for a sum the one most modules share."""
    sizes: dict[str, int] = {}
    candidates: dict[str, set[str]] = {}
    told = list(lines(permitted(whole(answer))))
    if "folder" not in told:
        raise Unreadable("expected Asterisk's module folder where the profile says it is, found none")
    for line in told:
        if found := _SIZE.match(line):
            sizes.setdefault(found[2], int(found[1]))
        elif found := _SUM.match(line):
            candidates.setdefault(found[1], set()).add(found[2])
    shared = Counter(sum_ for sums in candidates.values() for sum_ in sums)
    modules = tuple(
        Module(name, max(candidates.get(name, ()), key=lambda sum_: (shared[sum_], sum_), default=None), size)
        for name, size in sorted(sizes.items())
    )
    return Modules(modules, max(shared, key=lambda sum_: (shared[sum_], sum_), default=None))


FACT = ShellFact("modules", Modules, ask, parse, limit_s=15.0)
