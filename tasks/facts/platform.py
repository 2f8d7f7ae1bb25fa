"""Release and edition of the installed PBXware.

The profile's version command tells the release; where none is known, the header that every shipped PHP file bears
(``// Bicomsystems PBXware v6.0.1.0 (cd7e9ac3)``). The edition is a key of pbxware.ini where it is there at all.
"""
from __future__ import annotations

import re
import shlex

from tasks.model.answer import Answer
from tasks.model.fact import ShellFact, Unreadable
from tasks.model.facts import Edition, Platform
from tasks.model.profile import Profile
from tasks.model.reading import sections
from tasks.model.release import Release

_EDITIONS = (
    (re.compile(r"multi.?tenant|^mt$"), Edition.MULTI_TENANT),
    (re.compile(r"(call|contact).*cent|^cc$"), Edition.CALL_CENTER),
    (re.compile(r"business"), Edition.BUSINESS),
)


def ask(profile: Profile) -> str:
    paths, version = profile.paths, profile.commands.version
    header = f"head -c 4096 {shlex.quote(paths.version_header)} | grep -a 'PBXware'"
    release = f"{shlex.join(version)} | head -n 5" if version else header
    edition = f"sed -n 's/^[[:space:]]*edition[[:space:]]*=//p' {shlex.quote(paths.settings)}"
    return f"echo --release--; {release}; echo --edition--; {edition}"


def parse(answer: Answer) -> Platform:
    told = sections(answer)
    editions = told.get("edition", [])
    return Platform(_release(told.get("release", [])), _edition(editions[-1]) if editions else None)


def _release(lines: list[str]) -> Release:
    for line in lines:
        try:
            return Release.parse(line.rstrip(" \t*/?>;'\""))
        except ValueError:
            continue
    got = repr(lines[0][:60]) if lines else "nothing"
    raise Unreadable(f"expected a PBXware release like 'PBXware v6.7.3.0 (cd7e9ac3)', got {got}")


def _edition(text: str) -> Edition | None:
    word = text.strip(" \t\"'").lower()
    return next((edition for form, edition in _EDITIONS if form.search(word)), None)


FACT = ShellFact("platform", Platform, ask, parse)
